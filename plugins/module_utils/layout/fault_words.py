# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a GPU as users read them."""

from __future__ import annotations

from .state_faults import COUNT_MASK, FIELD_OFFSET, KINDS, NO_INSTANCE, overflowed, parameter_of, xid_text
from .state_settings import LINKS

COUNTED = ("ecc_dram", "ecc_sram", "ecc_corrected", "rows_remapped", "rows_pending")
"""Kinds whose parameter is a count."""


def listed(own: dict[int, int]) -> list[dict[str, object]]:
    """Return the faults of one GPU, as results have them.

    :arg own: what is stored of it: number -> value.
    """
    result: list[dict[str, object]] = []
    for place, kind in enumerate(KINDS):
        parameter = own.get(parameter_of(place))
        if parameter is None:
            continue
        in_force = own.get(parameter_of(place) + 1, 0)
        row: dict[str, object] = {"kind": kind.name}
        if kind.name == "xid":
            row["xid"] = parameter & 65535
            for name, shift in (("gpu_instance", 32), ("compute_instance", 40)):
                if parameter >> shift & 255 != NO_INSTANCE:
                    row[name] = parameter >> shift & 255
        elif kind.name in COUNTED:
            row["count"] = parameter & COUNT_MASK
        elif kind.name == "nvlink_down":
            row["links"] = [link for link in range(LINKS) if parameter >> link & 1]
        elif kind.name == "thermal":
            row["temperature"] = (parameter & 65535) - FIELD_OFFSET
        for bit, effect in enumerate(kind.effects):
            if effect.name.startswith("sram_") and in_force >> bit & 1:
                row["source"] = effect.name[len("sram_") : -len("_errors")]
        result.append(row)
    return result


def described(own: dict[int, int]) -> list[str]:
    """Return the faults of one GPU, a text for each; and one for events that the ring has no longer."""
    lines = []
    for row in listed(own):
        words = [f"{name}={_word(value)}" for name, value in row.items() if name != "kind"]
        about = xid_text(int(str(row["xid"]))) if "xid" in row else ""
        lines.append(" ".join([str(row["kind"]), *words, *([f"({about})"] if about else [])]))
    lost = overflowed(own)
    if lost:
        lines.append(f"events: {lost} are no longer in the ring of 64")
    return lines


def _word(value: object) -> str:
    return ",".join([str(one) for one in value]) if isinstance(value, list) else str(value)
