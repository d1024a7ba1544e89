# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node as a list of entries: no files, no root."""

from __future__ import annotations

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import char_device, file, symlink
from ansible_collections.nvmock.gpu.plugins.module_utils.host.overlay import OverlayView
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_library import shared_object
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.generate import generate
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import Options

VERSION = "550.54.15"
DRIVER = "/driver"
LIBRARIES = DRIVER + "/usr/lib64"
HOOK = "/usr/bin/nvidia-cdi-hook"


def node_char(path, major, minor, mode=0o666, gid=0):
    entry = char_device(path, major, minor, mode)
    entry.uid, entry.gid = 0, gid
    return entry


def library(name, soname="", place=LIBRARIES, version=VERSION):
    return file(f"{place}/{name}.{version}", shared_object(soname or f"{name}.1", "x86_64"))


def control_nodes():
    return [
        node_char("/dev/nvidiactl", 195, 255),
        node_char("/dev/nvidia-uvm", 235, 0),
        node_char("/dev/nvidia-uvm-tools", 235, 1),
        node_char("/dev/nvidia-modeset", 195, 254),
    ]


def gpu_nodes(count=2, **how):
    return [node_char(f"/dev/nvidia{minor}", 195, minor, **how) for minor in range(count)]


def driver_files():
    return [
        library("libcuda.so"),
        symlink(f"{LIBRARIES}/libcuda.so.1", f"libcuda.so.{VERSION}"),
        symlink(f"{LIBRARIES}/libcuda.so", "libcuda.so.1"),
        library("libnvidia-ml.so"),
        symlink(f"{LIBRARIES}/libnvidia-ml.so.1", f"libnvidia-ml.so.{VERSION}"),
    ]


def make(root, entries, machine=None, **options):
    options = {"mode": "nvml", "driver_root": DRIVER, "dev_root": "/", "device_name_strategies": ("index",), **options}
    options.setdefault("architecture", "x86_64")
    machine = machine or build_machine(gpu_count=2, uuid_seed="s")
    view = OverlayView(str(root))
    view.add(entries)
    return generate(machine, view, Options(**options))[0][1]


def complete():
    return [*control_nodes(), *gpu_nodes(), *driver_files()]


def edits_of(spec, name):
    return next(device["containerEdits"] for device in spec["devices"] if device["name"] == name)


def hook_names(edits):
    return [hook["args"][1] for hook in edits.get("hooks", ())]


def mounted(spec):
    """Where files of the driver are mounted; the void mount, which is none, is left out."""
    mounts = spec["containerEdits"].get("mounts", ())
    return [mount["containerPath"] for mount in mounts if mount["hostPath"] != "/dev/null"]
