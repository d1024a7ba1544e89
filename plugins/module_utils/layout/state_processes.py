# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that a user lists for a GPU: as users write them, and as numbers of a state (native/processes.c reads the same)."""

from __future__ import annotations

from ..errors import ParameterError
from .state_settings import (
    FIRST_PROCESS,
    PROCESS_COUNT,
    PROCESS_MEMORY,
    PROCESS_NAME,
    PROCESS_NAME_LENGTH,
    PROCESS_NAME_SIZE,
    PROCESS_PID,
    PROCESS_SIZE,
    PROCESSES,
)

NOT_AVAILABLE = -1
"""Stored for memory that is not said."""
_MOST_PID = 1 << 22  # PID_MAX_LIMIT of Linux
_MOST_MEMORY = 1 << 32
_PIECE = 6  # bytes of a name in a number
_ALLOWED = "PID[:MEMORY[:NAME]], comma separated, or a list of mappings with pid, memory (MiB) and name"


def stored_processes(value: object, where: str = "settings") -> dict[int, int]:
    """Return the numbers that a state has for listed processes.

    :arg value: a list of mappings with ``pid``, ``memory`` (MiB) and ``name``, or text: PID[:MEMORY[:NAME]], comma separated. Without a
        memory, programs say that it is not available. Without a name, they look it up.
    :raises ParameterError: it is not allowed.
    """
    where = f"{where}.processes"
    processes = _read(value, where)
    if len(processes) > PROCESSES:
        raise ParameterError(where, value, f"at most {PROCESSES} processes")
    result = {PROCESS_COUNT: len(processes)}
    for place, (pid, memory, name) in enumerate(processes):
        first = FIRST_PROCESS + place * PROCESS_SIZE
        data = _name(name, where)
        result[first + PROCESS_PID] = _number(pid, 1, _MOST_PID, f"{where}.pid")
        known = memory is not None and memory != ""
        result[first + PROCESS_MEMORY] = _number(memory, 0, _MOST_MEMORY, f"{where}.memory") if known else NOT_AVAILABLE
        result[first + PROCESS_NAME_LENGTH] = len(data)
        for at in range(0, len(data), _PIECE):
            result[first + PROCESS_NAME + at // _PIECE] = int.from_bytes(data[at : at + _PIECE], "little")
    return result


def _read(value: object, where: str) -> list[tuple[object, object, object]]:
    """Return pid, memory and name of each process, as they were written."""
    if value is None or value == "":
        return []
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        words = [(*word.strip().split(":", 2), None, None) for word in str(value).split(",")]
        return [(word[0], word[1], word[2]) for word in words]
    if not isinstance(value, list):
        raise ParameterError(where, value, _ALLOWED)
    result = []
    for one in value:
        if not isinstance(one, dict) or "pid" not in one or set(one) - {"pid", "memory", "name"}:
            raise ParameterError(where, one, _ALLOWED)
        result.append((one["pid"], one.get("memory"), one.get("name")))
    return result


def _number(value: object, least: int, most: int, where: str) -> int:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and where.endswith("memory") and text.lower().endswith("mib"):
        text = text[:-3].rstrip()
    if isinstance(text, str) and text.isdigit() and text.isascii():
        text = int(text)
    if not isinstance(text, int) or isinstance(text, bool) or not least <= text <= most:
        raise ParameterError(where, value, f"a whole number from {least} to {most}")
    return text


def _name(value: object, where: str) -> bytes:
    text = "" if value is None else value
    if (
        not isinstance(text, str)
        or len(text) > PROCESS_NAME_SIZE
        or not (text.isascii() and text.isprintable())
        or "," in text
    ):
        allowed = f"at most {PROCESS_NAME_SIZE} printable ASCII characters without a comma"
        raise ParameterError(f"{where}.name", value, allowed)
    return text.encode("ascii")


def shown_processes(values: dict[int, int]) -> list[dict[str, object]]:
    """Return the listed processes of a GPU as users write them.

    :arg values: what is stored for the GPU.
    """
    result = []
    for place in range(min(values.get(PROCESS_COUNT, 0), PROCESSES)):
        first = FIRST_PROCESS + place * PROCESS_SIZE
        one: dict[str, object] = {"pid": values.get(first + PROCESS_PID, 0)}
        if values.get(first + PROCESS_MEMORY, NOT_AVAILABLE) != NOT_AVAILABLE:
            one["memory"] = values[first + PROCESS_MEMORY]
        length = min(values.get(first + PROCESS_NAME_LENGTH, 0), PROCESS_NAME_SIZE)
        pieces = [values.get(first + PROCESS_NAME + at, 0) for at in range(-(-length // _PIECE))]
        name = b"".join([(piece & (1 << 8 * _PIECE) - 1).to_bytes(_PIECE, "little") for piece in pieces])[:length]
        if name:
            one["name"] = name.decode("ascii", "replace")
        result.append(one)
    return result


def processes_text(processes: list[dict[str, object]]) -> str:
    """Return listed processes as text that `stored_processes` reads."""
    words = []
    for one in processes:
        word = f"{one['pid']}:{one.get('memory', '')}:{one.get('name', '')}"
        words.append(word.rstrip(":") if "name" not in one else word)
    return ",".join(words)


def memory_of_processes(values: dict[int, int]) -> int:
    """Return how much memory the listed processes have, in MiB."""
    count = min(values.get(PROCESS_COUNT, 0), PROCESSES)
    memories = [values.get(FIRST_PROCESS + place * PROCESS_SIZE + PROCESS_MEMORY, 0) for place in range(count)]
    return sum([memory for memory in memories if memory > 0])
