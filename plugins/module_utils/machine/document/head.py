# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What nvidia-smi's document says before the GPUs.

Sources: the captures that elements.py names. Drivers from 610 on call the versions KMD Version and CUDA UMD Version, and still have
the earlier names.
"""

from __future__ import annotations

from .texts import ABSENT, Report

TIME = "@time"
COUNT = "@count"
SYSTEM = "system/"
DTD = "dtd"
"""Key of a report: the name of the DTD, if it is not that of the table."""
# First version -> name of the DTD: 515 has v11, 535 to 570 v12, 580 and later v13, as published.
_DTDS = ((580, "nvsmi_device_v13.dtd"), (535, "nvsmi_device_v12.dtd"), (0, "nvsmi_device_v11.dtd"))
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
    absent = report.shared.get(ABSENT, "").split("; ")
    if not report.same_branch:
        own, absent = {}, []
    rows = [(name, label, own.pop(name, text)) for name, label, text in rows if SYSTEM + name not in absent]
    if own:
        from .outline import element_name, label_of

        rows += [(element_name(name), label_of(name), text) for name, text in own.items()]
    return [*rows, ("attached_gpus", "Attached GPUs", COUNT)]


def dtd_name(report: Report) -> str:
    """Return the name of the DTD in ``-q -x``."""
    if report.same_branch and DTD in report.shared:
        return report.shared[DTD]
    return next(name for since, name in _DTDS if report.version >= since)


def head_differences(report: Report, system: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return what the head of a capture says otherwise, by element, and the elements that it does not have.

    A label of ``-q`` that no version has stays as it is.
    """
    names = {}
    for name, label, text in head(report):
        names[name] = names[label] = (name, text)
    found = {}
    for key, text in system.items():
        name, expected = names.get(key, (key, None))
        if expected not in (TIME, COUNT, text.strip()) and "/" not in key:
            found[name] = text.strip()
    missing = [name for name, label, _text in head(report) if name not in system and label not in system]
    return found, [SYSTEM + name for name in missing]
