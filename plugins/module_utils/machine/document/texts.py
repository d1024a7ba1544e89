# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The text of every element of nvidia-smi's document on a machine. nvidia-smi and NVML take such facts from here."""

from __future__ import annotations

from ..model import GpuModel
from ..report import FROM_DRIVER
from .computed import DEPRECATED, DEPRECATED_SINCE, NOT_AVAILABLE, computed, number_in
from .elements import TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model import Machine

ABSENT = "absent"
"""Key of a report: elements that the driver's branch has and the document does not have, separated by ``; ``."""

# Beginnings of paths that other branches have under another name. A report has one of a row.
_RENAMED = (
    ("platformInfo/module_id", "gpu_module_id"),
    ("clocks_event_reasons/clocks_event_reason_", "clocks_throttle_reasons/clocks_throttle_reason_"),
    (
        "gpu_power_readings/gpu_ceiling_power_limit/current_power_limit",
        "gpu_power_readings/current_power_limit",
        "power_readings/enforced_power_limit",
    ),
    (
        "gpu_power_readings/gpu_ceiling_power_limit/requested_power_limit",
        "gpu_power_readings/requested_power_limit",
        "power_readings/power_limit",
    ),
    (
        "gpu_power_readings/gpu_ceiling_power_limit/default_power_limit",
        "gpu_power_readings/default_power_limit",
        "power_readings/default_power_limit",
    ),
    ("gpu_power_readings/instant_power_draw", "gpu_power_readings/power_draw", "power_readings/power_draw"),
    ("gpu_power_readings/m", "power_readings/m"),
    ("module_power_readings/instant_power_draw", "module_power_readings/power_draw"),
)
_NO_MODEL = GpuModel("", "", "", 0, (0, 0), "", "", "")


def version_number(driver_version: str) -> float:
    """Return branch + minor/1000, by which elements.py names versions: ``580.173`` of ``580.173.02``."""
    branch, _dot, rest = driver_version.partition(".")
    minor = rest.partition(".")[0]
    return int(branch) + int(minor or 0) / 1000


class Report:
    """The document of each GPU of a machine.

    :ivar version: of the driver, as :func:`version_number` gives it.
    :ivar same_branch: the report of the machine's definition is that of the same branch.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.model = machine.model or _NO_MODEL
        self.version = version_number(machine.driver_version)
        self.shared = dict(self.model.report)
        self.own = [dict(gpu.report) for gpu in machine.gpus]
        of_report = self.shared.get(FROM_DRIVER, "")
        self.same_branch = of_report.partition(".")[0] == machine.driver_version.partition(".")[0]
        # What is asked first, of each GPU: its own facts, then the shared ones; of another branch only what is not deprecated.
        shared = self._of_this_branch(self.shared)
        self._facts = [{**shared, **self._of_this_branch(own)} if own else shared for own in self.own]
        # What is asked last, of another branch: the facts by the names that they have elsewhere.
        renamed = _renamed(shared) if not self.same_branch else {}
        self._renamed = [
            {**renamed, **_renamed(self._of_this_branch(own))} if own and not self.same_branch else renamed
            for own in self.own
        ]

    def _of_this_branch(self, facts: dict[str, str]) -> dict[str, str]:
        if self.same_branch:
            return facts
        return {path: text for path, text in facts.items() if text != DEPRECATED}

    def text(self, gpu: int, path: str) -> str:
        """Return the text of an element as ``nvidia-smi -q -x`` prints it, ``N/A`` if there is none.

        :arg gpu: index of the GPU in the machine.
        :arg path: such as ``temperature/gpu_temp``.
        """
        if path.startswith("mig_mode/") and self.machine.gpus[gpu].mig_enabled:
            return "Enabled"
        known = self._facts[gpu].get(path)
        if known is not None:
            return known
        if self.version >= DEPRECATED_SINCE.get(path, 100_000):
            return DEPRECATED
        known = self._renamed[gpu].get(path)
        if known is not None:
            return known
        rule = TEXTS.get(path, NOT_AVAILABLE)
        if not rule.startswith("="):
            return rule
        return computed(
            rule, path, self.machine, self.model, self.machine.gpus[gpu], lambda other: self.text(gpu, other)
        )

    def number(self, gpu: int, path: str) -> float | None:
        """Return the number in the text of an element, without its unit; None if it has none.

        A number of base 16 such as ``0x8300`` counts, too. The units are those of nvidia-smi: MiB, C, W, MHz, %, us, KB/s.
        """
        return number_in(self.text(gpu, path))

    def query(self, gpu: int, field: str) -> str | None:
        """Return the text of a field of ``--query-gpu`` that the report has apart from the document."""
        for facts in (self.own[gpu], self.shared):
            if f"query/{field}" in facts:
                return facts[f"query/{field}"]
        return None


_BEFORE_AMPERE = ("Kepler", "Maxwell", "Pascal", "Volta", "Turing")


def conditions(report: Report, gpu: int) -> list[str]:
    """Return the conditions of elements.py that a GPU meets.

    ``sram``: errors of SRAM are counted by kind. ``tlimit``: temperatures are told as distances to a limit. ``rows``: rows of memory are
    remapped, and shown, which they are not in MIG mode.
    """
    model = report.model
    if model.architecture in _BEFORE_AMPERE:
        return []
    met = ["sram"]
    if model.architecture != "Ampere":
        met.append("tlimit")
    if model.readings.ecc_mode and not report.machine.gpus[gpu].mig_enabled:
        met.append("rows")
    return met


# Beginnings of everything in _RENAMED.
_MOVED = (
    "platformInfo/m",
    "gpu_module_id",
    "clocks_event_reasons/",
    "clocks_throttle_reasons/",
    "gpu_power",
    "power_r",
    "module_p",
)


def _renamed(facts: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, text in facts.items():
        for other in other_names(path):
            found.setdefault(other, text)
    return found


def other_names(path: str) -> list[str]:
    """Return the paths of the same fact in the documents of other branches."""
    found: list[str] = []
    for names in _RENAMED if path.startswith(_MOVED) else ():
        for name in names:
            if path.startswith(name):
                found += [other + path[len(name) :] for other in names if other != name]
                break
    return found
