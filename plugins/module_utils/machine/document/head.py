# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What nvidia-smi's document says before the GPUs.

Sources: the captures that elements.py names. Drivers from 610 on call the versions KMD Version and CUDA UMD Version, and still have
the earlier names.
"""

from __future__ import annotations

from .outline import element_name, label_of
from .texts import Report

TIME = "@time"
COUNT = "@count"
SYSTEM = "system/"
_RENAMED = 610
_NOTE = " [Deprecated; will be removed in CUDA 14.0. Use %s instead]"


def head(report: Report) -> list[tuple[str, str, str]]:
    """Return element of ``-q -x``, label in ``-q``, text. TIME and COUNT stand for the time and the number of visible GPUs."""
    machine = report.machine
    version = machine.driver_version
    cuda = "%d.%d" % machine.cuda_version
    renamed = report.version >= _RENAMED
    rows = [
        ("timestamp", "Timestamp", TIME),
        ("driver_version", "Driver Version", version + (_NOTE % "KMD Version" if renamed else "")),
        ("cuda_version", "CUDA Version", cuda + (_NOTE % "CUDA UMD Version" if renamed else "")),
    ]
    if renamed:
        rows += [("kmd_version", "KMD Version", version), ("cuda_umd_version", "CUDA UMD Version", cuda)]
    own = {path[len(SYSTEM) :]: text for path, text in report.shared.items() if path.startswith(SYSTEM)}
    if not report.same_branch:
        own = {}
    rows = [(name, label, own.pop(name, text)) for name, label, text in rows]
    rows += [(element_name(name), label_of(name), text) for name, text in own.items()]
    return [*rows, ("attached_gpus", "Attached GPUs", COUNT)]


def head_differences(report: Report, system: dict[str, str]) -> dict[str, str]:
    """Return what the head of a capture says otherwise, by element; a label of ``-q`` that no version has stays as it is."""
    names = {}
    for name, label, text in head(report):
        names[name] = names[label] = (name, text)
    found = {}
    for key, text in system.items():
        name, expected = names.get(key, (key, None))
        if expected not in (TIME, COUNT, text.strip()) and "/" not in key:
            found[name] = text.strip()
    return found
