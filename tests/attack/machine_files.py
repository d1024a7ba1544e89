# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Hostile machine files for gpu-mockctl: definitions that a user gives it, and the file that a node has."""

from __future__ import annotations

import json

import tree
from case import Attack, Case
from hostile_files import Hostile, hostile_files
from nodes import Made
from product import CPU_SECONDS, ctl

_FLAGS = ("--gpu-count", "2", "--mig", "0=3g.20gb,1g.5gb")
_DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
MACHINE_FILE = _DRIVER_ROOT + "/etc/nvmock/machine.json"
_READERS: dict[str, tuple[str, ...]] = {
    "cdi generate": ("cdi", "generate", "--driver-root", _DRIVER_ROOT, "--dev-root", "/"),
    "verify": ("verify",),
}
_DEFINITION = {
    "base": "dgxa100",
    "product_name": "NVIDIA A30",
    "driver_version": "550.54.15",
    "architecture": "Ampere",
    "memory_mib": 24576,
    "compute_capability": "8.0",
    "cuda_version": "12.4",
    "gpu_count": 2,
    "pci_bus_ids": ["0000:17:00.0", "0000:31:00.0"],
    "uuids": ["GPU-00000000-0000-0000-0000-000000000001", "GPU-00000000-0000-0000-0000-000000000002"],
    "brand": "NVIDIA",
    "board_part_number": "692",
    "pci_device_id": "20B710DE",
    "vbios_version": "92.00.45.00.03",
    "nvlink_links": 12,
    "gpus_per_pcie_switch": 1,
    "addressing_mode": "NONE",
    "readings": {"temperature_c": 33, "power_limits_mw": [1, 2, 3], "clocks_mhz": [1, 2, 3, 4], "ecc_mode": "Enabled"},
    "mig_profiles": [
        {
            "name": "1g.6gb",
            "memory_slices": 1,
            "starts": [0, 1, 2, 3],
            "memory_mib": 5952,
            "instances": 4,
            "multiprocessors": 14,
            "engines": {"copy": 1, "decoder": 0, "encoder": 0, "jpeg": 0, "ofa": 0},
        }
    ],
}


class MachineFiles(Attack):
    """One hostile file."""

    name = "machine_files"
    share = 1.5

    def prepare(self, place: str, seed: int) -> None:
        """Make a node, and hostile variants of its file and of a definition."""
        self._node = Made(place + "/node", "used", _FLAGS)
        with open(self._node.top + MACHINE_FILE, "rb") as file:
            self._files = hostile_files(file.read(), 250, f"{seed}/machine files")
        self._definitions = hostile_files(json.dumps(_DEFINITION).encode(), 400, f"{seed}/definitions")

    def count(self) -> int:
        """Definitions first."""
        return len(self._definitions) + len(self._files)

    def attempt(self, case: Case) -> None:
        """Give the definition, or replace the node's file."""
        if case.number < len(self._definitions):
            self._define(case, self._definitions[case.number])
        else:
            self._read(case, self._files[case.number - len(self._definitions)])

    def _define(self, case: Case, hostile: Hostile) -> None:
        top = case.path("node")
        tree.copy(self._node.top, top)
        before = tree.listing(top)
        for extension in ("json", "yaml"):
            path = case.path(f"definition.{extension}")
            tree.write(path, hostile.content)
            outcome = ctl(top, "--machine-file", path, limits=True)
            words = f"a definition {hostile.name} (.{extension}): "
            slow = outcome.hung or outcome.cpu > CPU_SECONDS / 2
            case.check("bounded", not slow, f"{words}{outcome.cpu:.1f} s of CPU time")
            if outcome.ok:
                ended = ctl(top, *_FLAGS)  # it was taken: the node is another one now
                wrong = (
                    f"but the next run fails: {ended}" if not ended.ok else tree.difference(before, tree.listing(top))
                )
            else:
                wrong = outcome.complaint or tree.difference(before, tree.listing(top))
                named = "machine" in outcome.err or path in outcome.err
                wrong = wrong or ("" if named else f"the message does not name the parameter: {outcome}")
            case.check("definition", not wrong, f"{words}{wrong}")

    def _read(self, case: Case, hostile: Hostile) -> None:
        top = case.path("node")
        tree.copy(self._node.top, top)
        tree.write(top + MACHINE_FILE, hostile.content)
        before = tree.listing(top)
        words = f"the node's file {hostile.name}: "
        for name, command in _READERS.items():
            outcome = ctl(top, *command, limits=True)
            wrong = "" if outcome.ok or name == "verify" else outcome.complaint
            wrong = wrong or ("a traceback" if outcome.traceback else "") or tree.difference(before, tree.listing(top))
            case.check("reader", not wrong, f"{words}{name}: {wrong}; {outcome}")
            slow = outcome.hung or outcome.cpu > CPU_SECONDS / 2
            case.check("bounded", not slow, f"{words}{name}: {outcome.cpu:.1f} s of CPU time")
        outcome = ctl(top, *_FLAGS, limits=True)
        wrong = tree.difference(self._node.fresh, tree.listing(top))
        case.check("repair", outcome.ok and not wrong, f"{words}{outcome}; {wrong}")


ATTACK = MachineFiles()
