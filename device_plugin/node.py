# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The state of the node: its machine file, its CDI specifications, its device nodes, and the faults that are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nvmock_gpu.cdi.registry import DEFAULT_DIRECTORIES, EXTENSIONS, Registry, load_registry
from nvmock_gpu.errors import HostError, shortened
from nvmock_gpu.host.view import HostView
from nvmock_gpu.layout.devices import CONTROL_MINOR, NVIDIA_MAJOR
from nvmock_gpu.machine.file import PATH as MACHINE_FILE
from nvmock_gpu.machine.file import read_machine_file

from .allocation import CONTROL_NODES
from .gpu_state import GpuState
from .resources import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nvmock_gpu.cdi.spec import Entry, Spec
    from nvmock_gpu.machine.model import Machine

FAULTS = "/run/nvidia-mock/faults"
_MOST_REASON = 200
_MOST_NUMA_NODE = 1023


@dataclass
class Look:
    """The machine of the node at one moment.

    :ivar machine: None without a valid machine file.
    :ivar problem: why there is no machine.
    """

    machine: Machine | None
    problem: str = ""


@dataclass
class Health:
    """The health of some devices.

    :ivar reasons: why a device is unhealthy, by UUID; healthy devices are left out.
    :ivar notes: what has happened to healthy devices, by UUID, such as a harmless Xid.
    :ivar cdi_names: the qualified CDI name of each device that has one.
    :ivar control_nodes: the control nodes that exist.
    """

    reasons: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    cdi_names: dict[str, str] = field(default_factory=dict)
    control_nodes: list[str] = field(default_factory=list)


class Node:
    """A node, read through its host root. Specifications are read again only if they have changed."""

    def __init__(
        self, host_root: str, driver_root: str, cdi: bool, kind: str, view: Callable[[str], HostView] = HostView
    ) -> None:
        self._host_root = host_root
        self._make_view = view
        self._machine_file = f"{driver_root.rstrip('/')}/{MACHINE_FILE}"
        self._state = GpuState(driver_root)
        self._cdi = cdi
        self._kind = kind
        self._view = view(host_root)
        self._look: tuple[bytes | None, Look] | None = None
        self._registry: tuple[object, Registry] | None = None

    def look(self) -> Look:
        """The machine that the machine file describes now."""
        try:
            view = self._make_view(self._host_root)
            self._view.close()
            self._view = view
            content = view.read_bytes(self._machine_file)
            if content is None and view.exists(self._machine_file):
                return Look(None, f"{self._machine_file} can't be read: it is not a regular file, or too large")
        except HostError as error:  # the host root is gone
            return Look(None, str(error))
        if self._look is None or self._look[0] != content:
            self._look = (content, self._read(content))
        return self._look[1]

    def _read(self, content: bytes | None) -> Look:
        if content is None:
            return Look(None, f"{self._machine_file} is missing: this is not a mock GPU node (run nvmock.gpu on it)")
        try:
            return Look(read_machine_file(content, self._machine_file))
        except HostError as error:
            return Look(None, str(error))

    def health(self, devices: Iterable[Device], possible: Iterable[Device] = ()) -> Health:
        """The health of *devices* as of the last :meth:`look`.

        :arg possible: devices that do not exist, because their GPU is not cut so: they are as healthy as the GPU.
        """
        found = Health(control_nodes=[path for path in CONTROL_NODES if self._view.is_char_device(path)])
        devices = list(devices)
        if self._cdi:
            self._judge_specs(devices, found)
        else:
            for device in devices:
                reason = self._gpu_node(device, f"/dev/nvidia{device.gpu.minor}") or self._control_node(
                    "/dev/nvidiactl"
                )
                if reason:
                    found.reasons[device.uuid] = reason
        if self._look is not None and self._look[1].machine is not None:
            self._state.look(self._view, self._look[1].machine.driver_version)
        for device in possible:
            reason = self._gpu_node(device, f"/dev/nvidia{device.gpu.minor}")
            if reason:
                found.reasons[device.uuid] = reason
            devices.append(device)
        for device in devices:
            reason = self._fault(device) or self._state.reason(device)
            if reason:
                found.reasons[device.uuid] = reason
            elif device.uuid not in found.reasons and self._state.note(device):
                found.notes[device.uuid] = self._state.note(device)
        return found

    # -- CDI ----------------------------------------------------------------------------------------------------

    def _judge_specs(self, devices: list[Device], found: Health) -> None:
        registry = self._specs()
        common: dict[str, str] = {}
        for device in devices:
            names = [f"{self._kind}={name}" for name in (device.uuid, device.index)]
            name = next((name for name in names if name in registry.devices), None)
            if name is None:
                why = (
                    registry.errors[0]
                    if registry.errors
                    else f"no file in {' or '.join(DEFAULT_DIRECTORIES)} defines it" + _other_kinds(registry)
                )
                # Without the device's name: a reason that all devices share is logged once.
                found.reasons[device.uuid] = f"its CDI device of kind {self._kind} can't be resolved: {why}"
                continue
            found.cdi_names[device.uuid] = name
            path = registry.devices[name]
            spec = registry.specs[path]
            if path not in common:
                common[path] = self._edits(spec.get("containerEdits") or {}, path, None)
            reason = common[path] or self._edits(_edits_of(spec, name.partition("=")[2]), path, device)
            if reason:
                found.reasons[device.uuid] = reason

    def edits(self, device: Device) -> tuple[dict[str, list[Entry]], dict[str, list[Entry]]] | None:
        """What a container needs for *device* as of the last :meth:`look`: the specification's common edits, and the device's.

        :returns: None if no valid specification defines the device.
        """
        registry = self._specs()
        for name in (device.uuid, device.index):
            path = registry.devices.get(f"{self._kind}={name}")
            if path is not None:
                spec = registry.specs[path]
                return spec.get("containerEdits") or {}, _edits_of(spec, name)
        return None

    def _specs(self) -> Registry:
        stamp = []
        for directory in DEFAULT_DIRECTORIES:
            for name in self._view.listdir(directory):
                identity = self._view.identity(f"{directory}/{name}") if name.endswith(EXTENSIONS) else None
                if identity is not None:
                    stamp.append(identity)
        if self._registry is None or self._registry[0] != stamp:
            self._registry = (stamp, load_registry(self._view))
        return self._registry[1]

    def _edits(self, edits: dict[str, list[Entry]], spec: str, device: Device | None) -> str:
        """What a specification's edits need and the node does not have, so that a runtime would not start the container."""
        for entry in edits.get("deviceNodes") or []:
            path = str(entry.get("hostPath") or entry["path"])
            status = self._view.stat(path)
            if status is None:
                return f"{path} is missing ({spec} names it)"
            if not status.is_char_device and entry.get("type", "c") == "c":
                return f"{path} is not a character device ({spec} names it)"
            numbers = (entry.get("major", status.major), entry.get("minor", status.minor))
            if (status.major, status.minor) != numbers:
                return f"{path} is {status.major}:{status.minor}, not {numbers[0]}:{numbers[1]} as in {spec}"
            if device is not None and path.endswith(f"/nvidia{device.gpu.minor}"):
                reason = self._gpu_node(device, path)
                if reason:
                    return reason
        for entry in edits.get("mounts") or []:
            if not self._view.exists(str(entry["hostPath"])):
                return f"{entry['hostPath']} is missing ({spec} mounts it)"
        for entry in edits.get("hooks") or []:
            if not self._view.exists(str(entry["path"])):
                return f"{entry['path']} is missing ({spec} uses it as a hook)"
            if not self._view.is_executable(str(entry["path"])):
                return f"{entry['path']} is not an executable file ({spec} uses it as a hook)"
        return ""

    # -- device nodes and faults --------------------------------------------------------------------------------

    def _gpu_node(self, device: Device, path: str) -> str:
        return self._character_device(path, device.gpu.minor)

    def _control_node(self, path: str) -> str:
        return self._character_device(path, CONTROL_MINOR)

    def _character_device(self, path: str, minor: int) -> str:
        status = self._view.stat(path)
        if status is None:
            return f"{path} is missing"
        if not status.is_char_device:
            return f"{path} is not a character device"
        if (status.major, status.minor) != (NVIDIA_MAJOR, minor):
            return f"{path} is {status.major}:{status.minor}, not {NVIDIA_MAJOR}:{minor}"
        return ""

    def _fault(self, device: Device) -> str:
        for name in dict.fromkeys((device.uuid, device.gpu.uuid)):
            content = self._view.read_bytes(f"{FAULTS}/{name}")
            if content is not None:
                lines = content.decode("utf-8", "replace").strip().splitlines()
                return f"fault in {FAULTS}/{name}: {shortened(lines[0], _MOST_REASON) if lines else 'no reason given'}"
        return ""

    def numa_node(self, device: Device) -> int | None:
        """The kernel's NUMA node of the GPU's PCI device; None without such a device, like on most mock nodes."""
        base = f"/sys/bus/pci/devices/{device.gpu.pci_bus_id}"
        # A mock bus id can be the id of another device of the node.
        if (self._view.read_bytes(f"{base}/vendor") or b"").strip() != b"0x10de":
            return None
        text = (self._view.read_bytes(f"{base}/numa_node") or b"").strip()
        return int(text) if text.isdigit() and len(text) < 5 and int(text) <= _MOST_NUMA_NODE else None


def _other_kinds(registry: Registry) -> str:
    kinds = sorted({name.partition("=")[0] for name in registry.devices})
    return f": they define {', '.join(kinds)} (--cdi-kind)" if kinds else ""


def _edits_of(spec: Spec, name: str) -> dict[str, list[Entry]]:
    for device in spec["devices"]:
        if device["name"] == name:
            edits: dict[str, list[Entry]] = device.get("containerEdits") or {}
            return edits
    return {}
