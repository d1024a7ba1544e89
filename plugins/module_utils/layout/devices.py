# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The device nodes of a machine.

Numbers: 195 is NVIDIA's registered major (Documentation/admin-guide/devices.txt); minor 255 is nvidiactl and 254
nvidia-modeset (open-gpu-kernel-modules, kernel-open/common/inc/nv.h). nvidia-uvm and nvidia-caps get a major at load
time from the kernel's dynamic range. 235 is the number in the GPU Mock on kind, and 236 the number in the recorded MIG trees.
226 is DRM, whose minors drm.py chooses.
"""

from __future__ import annotations

from ..host.entries import Entry, char_device, directory, file, symlink
from ..machine.mig import GLOBAL_CAPABILITIES, capability_minor, capability_name
from ..machine.model import Machine
from ..values import Value, value

NVIDIA_MAJOR = 195
CONTROL_MINOR = 255
MODESET_MINOR = 254
DRM_MAJOR = 226
DEFAULT_UVM_MAJOR = 235
DEFAULT_CAPS_MAJOR = 236

# Names in /dev and minors: those of the driver's own major, and those of nvidia-uvm's.
CONTROL_NODES = (("nvidiactl", CONTROL_MINOR), ("nvidia-modeset", MODESET_MINOR))
UVM_NODES = (("nvidia-uvm", 0), ("nvidia-uvm-tools", 1))
# The directories in /dev that hold nothing but device nodes of GPUs.
NESTED = ("dri", "nvidia-caps")

_CAPABILITY_MODES = {"config": 0o400, "monitor": 0o444}


@value
class DeviceOptions(Value):
    """How to create device nodes."""

    mode: int = 0o666  # permission bits of all nodes but the MIG capabilities, which have the driver's own
    uid: int | None = None  # owner; if None, the caller decides
    gid: int | None = None  # group; if None, the caller decides
    uvm_major: int = DEFAULT_UVM_MAJOR  # major of nvidia-uvm and nvidia-uvm-tools
    caps_major: int = DEFAULT_CAPS_MAJOR  # major of nvidia-caps
    dri: bool = False  # also create DRM nodes and their by-path links
    # (card, render node) of each GPU, where other graphics cards have the lowest numbers; () stands for the lowest
    drm_minors: tuple[tuple[int, int], ...] = ()
    regular_files: bool = False  # create empty regular files instead of character devices


def device_entries(machine: Machine, dev_root: str, options: DeviceOptions) -> list[Entry]:
    """Return the nodes of *machine* in ``<dev_root>/dev``, by path.

    :arg dev_root: the directory whose ``dev`` holds the nodes; ``/`` for the node's own /dev.
    """
    dev = ("" if dev_root == "/" else dev_root) + "/dev"
    nodes = [char_device(f"{dev}/{name}", NVIDIA_MAJOR, minor, options.mode) for name, minor in CONTROL_NODES]
    nodes += [char_device(f"{dev}/{name}", options.uvm_major, minor, options.mode) for name, minor in UVM_NODES]
    nodes += [char_device(f"{dev}/nvidia{gpu.minor}", NVIDIA_MAJOR, gpu.minor, options.mode) for gpu in machine.gpus]
    links: list[Entry] = []
    if options.dri:
        from . import drm

        nodes.append(directory(f"{dev}/dri"))
        minors = options.drm_minors or drm.choose([gpu.pci_bus_id for gpu in machine.gpus], {}, set())
        for gpu, (card, render) in zip(machine.gpus, minors):
            nodes.append(char_device(f"{dev}/dri/card{card}", DRM_MAJOR, card, options.mode))
            nodes.append(char_device(f"{dev}/dri/renderD{render}", DRM_MAJOR, render, options.mode))
            if gpu.pci_bus_id:
                by_path = f"{dev}/dri/by-path/pci-{gpu.pci_bus_id}"
                links.append(symlink(f"{by_path}-card", f"../card{card}"))
                links.append(symlink(f"{by_path}-render", f"../renderD{render}"))
    nodes += _capability_nodes(machine, dev, options)
    if options.regular_files:
        nodes = [_as_file(node) for node in nodes]
    for node in nodes:
        node.uid, node.gid = options.uid, options.gid
    return sorted(nodes + links, key=lambda entry: entry.path)


def capability_names(machine: Machine) -> dict[str, int]:
    """Return the capabilities that *machine* has nodes for: ``{"config": 1, "gpu0/gi1/access": 12, ...}``."""
    enabled = [gpu for gpu in machine.gpus if gpu.mig_enabled]
    names = dict(GLOBAL_CAPABILITIES) if enabled else {}
    for gpu in enabled:
        for device in gpu.mig_devices:
            for ci in (None, device.ci):
                names[capability_name(gpu.minor, device.gi, ci)] = capability_minor(gpu.minor, device.gi, ci)
    return names


def _capability_nodes(machine: Machine, dev: str, options: DeviceOptions) -> list[Entry]:
    capabilities = capability_names(machine)
    if not capabilities:
        return []
    nodes = [directory(f"{dev}/nvidia-caps")]
    for name, minor in capabilities.items():
        mode = _CAPABILITY_MODES.get(name, 0o444)
        nodes.append(char_device(f"{dev}/nvidia-caps/nvidia-cap{minor}", options.caps_major, minor, mode))
    return nodes


def _as_file(node: Entry) -> Entry:
    return node if node.major is None else file(node.path, b"", node.mode or 0)
