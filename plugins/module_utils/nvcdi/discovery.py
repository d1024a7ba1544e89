# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The edits of every container with a GPU (pkg/nvcdi/common-nvml.go, driver-nvml.go)."""

from __future__ import annotations

from .graphics import discover_graphics
from .hooks import APPLICATION_PROFILE
from .libraries import discover_libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cdi.spec import Found
    from .devices import DeviceFinder
    from .driver import Driver
    from .hooks import HookMaker

DISABLE_IPC = "disable-ipc-discoverer"
FIRMWARE_CLASS_PATH = "/sys/module/firmware_class/parameters/path"

CONTROL_NODES = ("/dev/nvidia-modeset", "/dev/nvidia-uvm-tools", "/dev/nvidia-uvm", "/dev/nvidiactl")
_BINARIES = (
    "nvidia-smi",
    "nvidia-debugdump",
    "nvidia-persistenced",
    "nvidia-cuda-mps-control",
    "nvidia-cuda-mps-server",
    "nvidia-imex",
    "nvidia-imex-ctl",
)
_SOCKETS = ("/nvidia-persistenced/socket", "/nvidia-fabricmanager/socket")
_MPS = "/tmp/nvidia-mps"


def discover_common(driver: Driver, devices: DeviceFinder, hooks: HookMaker, found: Found) -> None:
    """Add control nodes, graphics, the driver's files and the last hook.

    :raises SpecError: the driver is not found in its version.
    """
    devices.add(devices.find(CONTROL_NODES), found)
    discover_graphics(driver, hooks, found)
    discover_driver(driver, hooks, found)
    if driver.release.profile_hook:
        found.add_hook(hooks.make(APPLICATION_PROFILE))


def discover_driver(driver: Driver, hooks: HookMaker, found: Found) -> None:
    """Add libraries, sockets, firmware and programs of the driver.

    :raises SpecError: the driver is not found in its version.
    """
    discover_libraries(driver, hooks, found)
    _discover_sockets(driver, found)
    _discover_firmware(driver, found)
    found.mounts += driver.mounts(driver.locators.executable, _BINARIES)


def _discover_sockets(driver: Driver, found: Found) -> None:
    if driver.release.ipc_flag and DISABLE_IPC in driver.options.feature_flags:
        return

    def in_run(name: str) -> list[str]:
        return driver.locators.files(name, ("/run", "/var/run"), first=True)

    options = driver.release.socket_options
    found.mounts += driver.mounts(in_run, _SOCKETS, options)
    found.mounts += driver.mounts(driver.locators.files, (_MPS,), options)


def _discover_firmware(driver: Driver, found: Found) -> None:
    custom = driver.view.read_bytes(FIRMWARE_CLASS_PATH)
    kernel = driver.options.kernel_release
    places = [custom.decode("utf-8", "surrogateescape").strip()] if custom and custom.strip() else []
    for place in ("/lib/firmware/updates", "/lib/firmware"):
        places += [f"{place}/{kernel}", place] if kernel else [place]

    def in_firmware(name: str) -> list[str]:
        return driver.locators.files(name, places)

    names = [f"nvidia/{driver.version}/{pattern}" for pattern in driver.release.firmware]
    found.mounts += driver.mounts(in_firmware, names)
