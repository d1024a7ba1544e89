# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVLinks, and where the GPUs of a machine are: the keys of a definition about them.

Speeds: `nvidia-smi nvlink -s` of an A100, and of a captured H100 and H200 (590.48.01); of a V100 and a B200: published output.
"""

from __future__ import annotations

from .. import parameters
from ..errors import ParameterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .model import GpuModel

# MB/s of a link in one direction.
_SPEEDS = {"Volta": 25781, "Turing": 25781, "Ampere": 25000, "Hopper": 26562, "Blackwell": 53125}
CELLS = ("X", "PIX", "PXB", "PHB", "NODE", "SYS")
MOST_CHARACTERS = 512
MOST_SPEED = 1 << 20  # of nvlink_mb_per_s
_DIGITS = frozenset("0123456789")


def speed(model: GpuModel) -> int:
    """Return the MB/s of an NVLink, as `nvidia-smi nvlink -s` shows it; 0 if the GPU has none or it is unknown."""
    return model.nvlink_mb_per_s or (usual_speed(model.architecture) if model.nvlink_links else 0)


def usual_speed(architecture: str) -> int:
    """Return the MB/s of an NVLink of GPUs of this architecture; 0 if it is unknown."""
    return _SPEEDS.get(architecture, 0)


def check(where: str, facts: dict[str, object], most: int) -> None:
    """Check the keys of a user's definition about NVLinks and places.

    :arg most: GPUs of a machine.
    :raises ParameterError: a value is not allowed.
    """
    parameters.integer(where + "nvlink_mb_per_s", facts["nvlink_mb_per_s"], 0, MOST_SPEED)
    if not isinstance(facts["nvlink_inactive"], bool):
        raise ParameterError(where + "nvlink_inactive", facts["nvlink_inactive"], "true or false")
    for text in _texts(where + "cpu_affinity", facts["cpu_affinity"], most):
        if not all(_is_range(part) for part in text.split(",")):
            raise ParameterError(where + "cpu_affinity", text, "CPUs and ranges of them, such as 0-19,40-59")
    for text in _texts(where + "numa_nodes", facts["numa_nodes"], most):
        if text != "N/A" and not all(_is_range(part) for part in text.split(",")):
            raise ParameterError(where + "numa_nodes", text, 'a number in quotes, such as "0", or N/A')
    rows = _texts(where + "topology", facts["topology"], most)
    for row in rows:
        cells = row.split(" ")
        if len(cells) != len(rows) or not all(_is_cell(cell) for cell in cells):
            allowed = f"one of {', '.join(CELLS)}, NV and a number for each of {len(rows)} GPUs, separated by blanks"
            raise ParameterError(where + "topology", row, allowed)


def _texts(where: str, values: object, most: int) -> list[str]:
    if not isinstance(values, (list, tuple)) or len(values) > most:
        raise ParameterError(where, values, f"a list of texts, at most {most}, one per GPU")
    for value in values:
        parameters.ascii_text(where, value)
        if len(value) > MOST_CHARACTERS:
            raise ParameterError(where, value, f"a text of at most {MOST_CHARACTERS} characters")
    return list(values)


def _is_range(text: str) -> bool:
    first, separator, last = text.partition("-")
    return bool(first) and _DIGITS.issuperset(first) and _DIGITS.issuperset(last) and bool(separator) == bool(last)


def _is_cell(text: str) -> bool:
    return text in CELLS or (text.startswith("NV") and len(text) > 2 and _DIGITS.issuperset(text[2:]))
