# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The table of deliberate differences from GPU Mock on kind (NVIDIA/k8s-test-infra ca4e4842).

docs/differences-from-go-system.md shows the same rows. A test fails for a difference that is not here, and for a row here that
no longer applies.
"""

from __future__ import annotations

ALL = ("fs", "fs-umask077", "fallback-fs", "cdi", "cdi-with-dri")
FS = ("fs", "fs-umask077", "fallback-fs")
CDI = ("cdi", "cdi-with-dri")

BASE = "/run/nvidia/driver"
PROC = BASE + "/proc/driver/nvidia"
ROOT = "/var/lib/nvidia-mock/driver"

# (runs, path pattern of fnmatch, aspect, the Go system, nvmock.gpu, why). Aspects: "only there", "only here", "type", "mode",
# "device", "target", "content" (bytes differ), "field <name>" (a fact in a text differs).
DIFFERENCES = (
    (
        FS,
        BASE + "/dev/nvidia*",
        "mode",
        "0666 minus the umask: 0644 or 0600",
        "0666 whatever the umask",
        "users other than root must be able to open the nodes in a container",
    ),
    (
        ("fs-umask077",),
        "/run*",
        "mode",
        "directories and files lose the umask's permissions",
        "0755 and 0444 whatever the umask",
        "the same input gives the same node",
    ),
    (FS, BASE + "/dev/nvidia-modeset", "only here", "-", "195:254", "the driver creates it, the toolkit looks for it"),
    (FS, PROC + "/params", "only here", "-", "the module's parameters", "part of the real procfs"),
    (FS, PROC + "/registry", "only here", "-", "the module's registry keys", "part of the real procfs"),
    (FS, PROC + "/version", "mode", "0644", "0444", "as procfs shows it"),
    (FS, PROC + "/gpus/*/information", "mode", "0644", "0444", "as procfs shows it"),
    (
        FS,
        PROC + "/version",
        "content",
        "one line in its own format",
        "the two lines of the real driver",
        "a parser written for the real file reads it",
    ),
    (
        FS,
        PROC + "/version",
        "field NVRM version",
        "mock (go-nvml dgxa100)",
        "NVIDIA UNIX <arch> Kernel Module <version> ...",
        "the driver's version can be read from it",
    ),
    (
        FS,
        PROC + "/gpus/*/information",
        "content",
        "three lines with single blanks",
        "eleven lines with the driver's tabs",
        "a parser written for the real file reads it",
    ),
    (
        ("fs", "fs-umask077"),
        PROC + "/gpus/*/information",
        "field GPU UUID",
        "random, new at every run",
        "derived from a seed",
        "stable across runs, and the same in procfs, NVML and CDI",
    ),
    (
        ("fs", "fs-umask077"),
        PROC + "/gpus/*/information",
        "field Model",
        "Mock NVIDIA A100-SXM4-40GB",
        "NVIDIA A100-SXM4-40GB",
        "programs select GPUs by the product's real name",
    ),
    (CDI, "/dev/dev*", "only there", "empty files in /dev/dev", "-", "a mistake: no program looks there"),
    (CDI, "/dev/nvidia*", "only here", "-", "character devices in /dev", "a CDI device must exist on the node"),
    (
        CDI,
        ROOT + "/dev/nvidia*",
        "type",
        "empty regular files, 0644",
        "character devices, 0666",
        "a runtime refuses a device node that is a regular file (regular files on request)",
    ),
    (CDI, ROOT + "/dev/nvidia-modeset", "only here", "-", "195:254", "the driver creates it, the toolkit looks for it"),
    (
        ("cdi-with-dri",),
        ROOT + "/dev/dri/renderD128",
        "type",
        "an empty regular file, 0644",
        "a character device, 0666",
        "the same as for the other nodes",
    ),
    (
        ("cdi-with-dri",),
        ROOT + "/dev/dri/*",
        "only here",
        "one render node for all GPUs",
        "card, render node and by-path links for each GPU",
        "the toolkit finds a GPU's DRM nodes by its PCI id",
    ),
    (("cdi-with-dri",), "/dev/dri*", "only here", "-", "the same in /dev", "a CDI device must exist on the node"),
    (
        CDI,
        ROOT + "/lib64/lib*.so.550.54.15",
        "content",
        "0 bytes",
        "a minimal shared object (0 bytes on request)",
        "ldconfig lists it and dlopen loads it",
    ),
    (
        CDI,
        ROOT + "/lib64/*",
        "only here",
        "six libraries",
        "every library of a driver installation of the branch",
        "everything that the toolkit looks for exists",
    ),
    (
        CDI,
        ROOT + "/bin/nvidia-*",
        "content",
        "prints its name, whatever the arguments",
        "a static executable that supports --version and --help (nvidia-smi also lists, queries and the table), refuses the rest",
        "an unsupported call must not look like success",
    ),
    (
        CDI,
        ROOT + "/bin/nvidia-*",
        "only here",
        "four programs",
        "every program of an installation",
        "everything that the toolkit looks for exists",
    ),
    (
        CDI,
        ROOT + "/etc/nvidia-container-runtime/config.toml",
        "content",
        "a comment",
        "a valid configuration",
        "the runtime reads it",
    ),
    (CDI, ROOT + "/etc/OpenCL*", "only here", "-", "OpenCL's list of drivers", "part of an installation"),
    (CDI, ROOT + "/etc/nvmock*", "only here", "-", "the machine's facts", "other programs on the node read them"),
    (CDI, ROOT + "/lib", "only here", "-", "firmware", "part of an installation"),
    (CDI, ROOT + "/lib/firmware*", "only here", "-", "firmware", "part of an installation"),
    (CDI, ROOT + "/usr*", "only here", "-", "loader manifests and profiles", "part of an installation"),
    (
        CDI,
        "/etc/cdi/nvidia.yaml",
        "content",
        "devices without edits: invalid CDI",
        "a valid specification",
        "a runtime can load it",
    ),
)
