# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The three things a mock GPU node consists of, each as a component (owner, entries, strict, exclusive).

Doors turn their parameters into components and hand them to ``host.converge``; nothing else knows what belongs together.
"""

from __future__ import annotations

import os

from ..host import guard
from ..host.converge import Component
from ..host.entries import Entry, directory, file, owned_by
from ..host.manifest import read_manifest
from ..host.root import HostRoot
from ..layout.devices import DRM_MAJOR, NESTED, NVIDIA_MAJOR, DeviceOptions, device_entries
from ..layout.driver_tree import DriverTreeOptions, driver_tree_entries
from ..layout.procfs import procfs_entries
from ..layout.tmpfiles import tmpfiles_entries
from ..machine.model import Machine

_SYSTEMD_RUNS = "/run/systemd/system"


def devices_owner(base: str, dev_root: str | None = None) -> str:
    """The owner of a driver root's device nodes and procfs, or of the device nodes in a dev root that belong to them."""
    return f"devices:{base}" if dev_root is None else f"devices:{base}@{dev_root}"


def driver_tree_owner(driver_root: str) -> str:
    """The owner of a driver installation."""
    return f"driver_tree:{driver_root}"


def cdi_spec_owner(path: str) -> str:
    """The owner of a CDI specification."""
    return f"cdi_spec:{path}"


def devices(
    machine: Machine,
    base: str,
    options: DeviceOptions,
    architecture: str,
    restore_at_boot: bool,
) -> Component:
    """Device nodes and procfs below *base*.

    :arg restore_at_boot: also write the tmpfiles.d file that brings back what lies on a tmpfs.
    """
    entries = {entry.path: entry for entry in device_entries(machine, base, options)}
    for entry in procfs_entries(machine, base, architecture, options):
        entries[entry.path] = entry
    for path in (base, base + "/dev"):
        entries[path] = directory(path)
    wanted = _complete(list(entries.values()), base, options, restore_at_boot)
    return Component(devices_owner(base), wanted, (base,), (base,))


def dev_root_devices(
    machine: Machine, base: str, dev_root: str, options: DeviceOptions, restore_at_boot: bool
) -> Component:
    """Device nodes in ``<dev_root>/dev``, belonging to the driver root *base*; ``/`` stands for the node's /dev."""
    entries = device_entries(machine, dev_root, options)
    strict: tuple[str, ...] = tuple(f"/dev/{name}" for name in NESTED)
    if dev_root != "/":
        entries += [directory(dev_root), directory(dev_root + "/dev")]
        strict = (dev_root,)
    place = dev_root if dev_root != "/" else "/dev"
    return Component(devices_owner(base, dev_root), _complete(entries, place, options, restore_at_boot), strict)


def _complete(entries: list[Entry], place: str, options: DeviceOptions, restore_at_boot: bool) -> list[Entry]:
    owned_by(entries, options.uid, options.gid)
    if restore_at_boot:
        entries += owned_by(tmpfiles_entries(entries, place), options.uid, options.gid)
    return sorted(entries, key=lambda entry: entry.path)


def driver_tree(machine: Machine, driver_root: str, options: DriverTreeOptions) -> Component:
    """A driver installation below *driver_root*."""
    entries = driver_tree_entries(machine, driver_root, options)
    return Component(driver_tree_owner(driver_root), entries, (driver_root,), (driver_root,))


def cdi_spec(path: str, contents: dict[str, bytes], uid: int | None = None, gid: int | None = None) -> Component:
    """A CDI specification, mode 0644 as nvidia-ctk writes it.

    :arg path: the file that the component is named after.
    :arg contents: path -> content of that file and of those that go with it.
    """
    return Component(cdi_spec_owner(path), owned_by([file(name, data) for name, data in contents.items()], uid, gid))


def owners_of(root: HostRoot, family: str) -> list[str]:
    """Return the owners in the node's manifest that are *family* or belong to it (``<family>@...``)."""
    owners = {owner for owned in read_manifest(root).owned.values() for owner in owned.tags}
    return sorted(owner for owner in owners if owner == family or owner.startswith(family + "@"))


def removed(owners: list[str]) -> list[Component]:
    """What is left of the components of these owners: nothing."""
    return [Component(owner, []) for owner in owners]


def user_or_root(number: int | None = None) -> int | None:
    """Return the owner or group of what is made: the one asked for, else root's if we are root, else nobody special."""
    return 0 if number is None and os.geteuid() == 0 else number


def wants_regular_files(device_files: str) -> bool:
    """Whether regular files stand in for device nodes: by request, or with ``auto`` where mknod is not permitted."""
    return device_files == "regular" or (device_files == "auto" and not guard.may_mknod())


def restore_at_boot(root: HostRoot, options: DeviceOptions, machine: Machine, when: str = "auto") -> bool:
    """Look whether device nodes may be made on the node, and whether they are to be brought back after a restart.

    :arg when: ``always``, ``never``, or ``auto``: where systemd is the node's init (sd_booted(3)).
    :raises ParameterError: a device major that the options choose belongs to another driver.
    :raises GuardError: a registered major belongs to another driver.
    """
    if not options.regular_files:
        guard.check_majors(root, majors(machine, options), registered_majors(options))
    return when == "always" or (when == "auto" and root.is_directory(_SYSTEMD_RUNS))


def majors(machine: Machine, options: DeviceOptions) -> dict[str, tuple[int, str]]:
    """Return the device majors that the options choose, for ``guard.check_majors``."""
    wanted = {"uvm_major": (options.uvm_major, "nvidia")}
    if any(gpu.mig_enabled for gpu in machine.gpus):
        wanted["caps_major"] = (options.caps_major, "nvidia")
    return wanted


def registered_majors(options: DeviceOptions) -> dict[int, str]:
    """Return the majors that no option changes, and how the names of their drivers begin, for ``guard.check_majors``."""
    return {NVIDIA_MAJOR: "nvidia", **({DRM_MAJOR: "drm"} if options.dri else {})}
