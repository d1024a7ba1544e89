# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The modes: the devices of a specification, and their common edits (pkg/nvcdi/lib-*.go, management.go, gds.go ...)."""

from __future__ import annotations

from ..cdi.spec import Found, device, mount
from ..errors import ParameterError, SpecError
from ..host.view import clean
from ..values import Value, value
from .device_names import gpu_names, mig_names, select
from .devices import MIG_MINORS, NESTED, DeviceFinder, imex_node, parse_mig_minors
from .discovery import discover_common, discover_driver
from .driver import Driver
from .hooks import CHMOD, HookMaker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..cdi.spec import Entry
    from ..host.view import HostView
    from ..machine.model import Gpu, Machine
    from .options import Options
    from .releases import Release

COHERENT_ANNOTATIONS = "enable-coherent-annotations"
COHERENT = "gpu.nvidia.com/coherent"
# Displays that sit on the board of a DGX Station; NVIDIA's tools never list them (go-nvlib).
_SKIPPED_NAMES = ("DGX Display", "NVIDIA DGX Display")

_MANAGEMENT_NODES = (
    "/dev/nvidia*",
    "/dev/nvidia-caps/nvidia-cap*",
    "/dev/nvidia-modeset",
    "/dev/nvidia-uvm-tools",
    "/dev/nvidia-uvm",
    "/dev/nvidiactl",
    "/dev/nvidia-caps-imex-channels/channel*",
)
_UNMANAGED = ("nvidia-fs", "nvidia-nvswitch", "nvidia-nvlink")
_IMEX_CHANNEL = "/dev/nvidia-caps-imex-channels/channel"
# A channel's number is a minor number, which has 20 bits.
_LAST_CHANNEL = (1 << 20) - 1
# Capabilities to manage MIG devices.
_MIG_CAPABILITIES = ("config", "monitor")
_VOID_OPTIONS = ("ro", "nosuid", "nodev", "bind")


class Context:
    """The input of a mode.

    :arg machine: the facts that NVML returns.
    """

    def __init__(self, machine: Machine, view: HostView, options: Options, release: Release) -> None:
        self.machine = machine
        self.view = view
        self.options = options
        self.release = release
        self.finder = DeviceFinder(view, options, release)
        self.hooks = HookMaker(release, options)

    def driver(self) -> Driver:
        return Driver(self.machine.driver_version, self.view, self.options, self.release)


@value
class Mode(Value):
    """One mode: its devices and common edits."""

    devices: Callable[[Context], list[Entry]]
    common: Callable[[Context], Found]


def resolve(name: str, view: HostView, release: Release) -> Mode:
    """Return the mode with that name. ``auto`` detects it as the tool does.

    :raises SpecError: the release does not have the mode, or a mock does not support it.
    """
    if name not in release.modes:
        raise SpecError(f'unknown mode "{name}"')
    if name == "auto":
        name = "wsl" if view.exists("/dev/dxg") else "nvml"
    if name in ("wsl", "csv"):
        raise SpecError(f"mode {name}: a mock GPU does not support this mode: use nvml")
    return _MODES[name]


# -- nvml ---------------------------------------------------------------------------------------------------------


def _nvml_devices(context: Context) -> list[Entry]:
    options, release = context.options, context.release
    gpus = [gpu for gpu in context.machine.gpus if gpu.name not in _SKIPPED_NAMES]
    wanted = options.device_ids
    if wanted and "all" not in wanted:
        if not release.device_ids:
            raise ParameterError("device_ids", list(wanted), f"left out: release {release.name} makes all devices")
        chosen = select(gpus, wanted, release.no_device_id)
    else:
        chosen = [(gpu, None) for gpu in gpus if release.full_gpu_beside_mig or not gpu.mig_enabled]
        chosen += [(gpu, mig) for gpu in gpus if gpu.mig_enabled for mig in gpu.mig_devices]
    devices = []
    for gpu, mig in chosen:
        if gpu is None:
            devices.append(device("none", {"env": ["NVCT_EMPTY_DEVICE="]}))
        elif mig is None:
            edits = context.finder.gpu(gpu, context.hooks).edits()
            names = gpu_names(gpu, options.device_name_strategies)
            devices += [device(name, edits, _annotations(context, gpu)) for name in names]
        else:
            edits = context.finder.mig(gpu, mig, context.hooks).edits()
            names = mig_names(gpu, mig, options.device_name_strategies)
            devices += [device(name, edits) for name in names]
    return devices


def _annotations(context: Context, gpu: Gpu) -> dict[str, str]:
    if not context.release.annotations or COHERENT_ANNOTATIONS not in context.options.feature_flags:
        return {}
    return {COHERENT: "true" if gpu.addressing_mode == "ATS" else "false"}


def _nvml_common(context: Context) -> Found:
    found = Found()
    discover_common(context.driver(), context.finder, context.hooks, found)
    return _void(context, found)


def _void(context: Context, found: Found) -> Found:
    """Disable the injection by the nvidia runtime, because CDI injects the devices.

    The runtime reads the variable, or the names of mounts below that directory.
    """
    found.env.append("NVIDIA_VISIBLE_DEVICES=void")
    if context.release.void_mount:
        found.mounts.append(mount("/dev/null", "/var/run/nvidia-container-devices/void", _VOID_OPTIONS))
    return found


# -- management ---------------------------------------------------------------------------------------------------


def _management_devices(context: Context) -> list[Entry]:
    _only_all(context)
    finder, hooks = context.finder, _management_hooks(context)
    paths = list(dict.fromkeys(finder.find(_MANAGEMENT_NODES)))
    paths = [path for path in paths if not path.rpartition("/")[2].startswith(_UNMANAGED)]
    if not paths:
        raise SpecError("no NVIDIA device nodes found")
    found = Found()
    finder.add(paths, found)
    folders = dict.fromkeys([finder.container_path(path).rpartition("/")[0] for path in paths])
    found.add_hook(hooks.make(CHMOD, [folder for folder in folders if folder in NESTED]))
    return [device("all", found.edits())]


def _management_common(context: Context) -> Found:
    found = Found()
    driver = context.driver()
    discover_driver(driver, _management_hooks(context), found)
    found.mounts += driver.mounts(driver.in_library_dirs, context.release.management_libraries)
    return _void(context, found)


def _management_hooks(context: Context) -> HookMaker:
    return HookMaker(context.release, context.options, context.release.management_off_hooks)


# -- devices beside GPUs ------------------------------------------------------------------------------------------


def _nodes_as_all(patterns: Sequence[str]) -> Callable[[Context], list[Entry]]:
    """Return one device ``all`` with the matching nodes."""

    def devices(context: Context) -> list[Entry]:
        _only_all(context)
        found = Found()
        context.finder.add(context.finder.find(patterns), found)
        return [device("all", found.edits())]

    return devices


def _gds_devices(context: Context) -> list[Entry]:
    _only_all(context)
    found = Found()
    paths = context.finder.find(("/dev/nvidia-fs*",))
    context.finder.add(paths, found)
    if paths:
        driver = context.driver()
        found.mounts += driver.mounts(driver.locators.directories, ("/run/udev",))
        found.mounts += driver.mounts(driver.locators.files, ("/etc/cufile.json",))
    return [device("all", found.edits())]


def _mofed_devices(context: Context) -> list[Entry]:
    _only_all(context)
    finder = context.finder
    if context.release.mofed_in_driver_root:
        finder = DeviceFinder(context.view, context.options, context.release, context.options.driver_root or "/")
    found = Found()
    finder.add(finder.find(("/dev/infiniband/uverbs*", "/dev/infiniband/rdma_cm")), found)
    return [device("all", found.edits())]


def _imex_devices(context: Context) -> list[Entry]:
    devices = []
    for channel in _channels(context):
        node = imex_node(context.finder.root, _IMEX_CHANNEL + channel)
        devices.append(device(channel, {"deviceNodes": [node]}))
    return devices


def _channels(context: Context) -> list[str]:
    prefix = "channel"
    channels = []
    for wanted in context.options.device_ids or ("all",):
        channel = wanted[len(prefix) :] if wanted.startswith(prefix) else wanted
        if channel == "all":
            paths = context.finder.find((_IMEX_CHANNEL + "*",))
            return [path.rpartition(prefix)[2] for path in paths]
        if not (channel.isascii() and channel.isdecimal()):
            raise SpecError(f'invalid channel ID {wanted}: parsing "{channel}": invalid syntax')
        if int(channel) >= 1 << 64:
            raise SpecError(f'invalid channel ID {wanted}: parsing "{channel}": value out of range')
        if context.release.checked_channels:
            if int(channel) > _LAST_CHANNEL:
                raise SpecError(f"invalid channel ID {wanted}: must be in the range [0, {_LAST_CHANNEL}]")
            path = clean(f"{context.finder.root}/{_IMEX_CHANNEL}{channel}")
            if not context.view.exists(path):
                raise SpecError(f"IMEX channel {channel} not found at {path}: stat {path}: no such file or directory")
        channels.append(channel)
    return channels


def _only_all(context: Context) -> None:
    for wanted in context.options.device_ids:
        if wanted != "all":
            raise SpecError(f'unsupported device ID "{wanted}": mode {context.options.mode} has only the device "all"')


def _only_void(context: Context) -> Found:
    return _void(context, Found())


def _mig_caps_devices(context: Context) -> list[Entry]:
    wanted = context.options.device_ids or ("all",)
    for name in wanted:
        if name not in _MIG_CAPABILITIES:
            allowed = ", ".join(_MIG_CAPABILITIES)
            raise SpecError(f'invalid MIG capability "{name}": must be one of [{allowed}]')
    content = context.view.read_bytes(clean(f"{context.options.driver_root}/{MIG_MINORS}"))
    if content is None:
        return []  # the driver does not support MIG
    minors = parse_mig_minors(content)
    devices = []
    for name in wanted:
        if name not in minors:
            raise SpecError(f"failed to get device path for MIG {name} capability: invalid MIG capability path {name}")
        found = Found()
        context.finder.add(context.finder.find((f"/dev/nvidia-caps/nvidia-cap{minors[name]}",)), found)
        devices.append(device(name, found.edits()))
    return devices


_MODES = {
    "nvml": Mode(_nvml_devices, _nvml_common),
    "management": Mode(_management_devices, _management_common),
    "gds": Mode(_gds_devices, _only_void),
    "mofed": Mode(_mofed_devices, _only_void),
    "gdrcopy": Mode(_nodes_as_all(("/dev/gdrdrv",)), _only_void),
    "imex": Mode(_imex_devices, _only_void),
    "nvswitch": Mode(_nodes_as_all(("/dev/nvidia-nvswitchctl", "/dev/nvidia-nvswitch*")), _only_void),
    "mig-caps": Mode(_mig_caps_devices, _only_void),
}
NAMES = tuple(_MODES)
