# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Go's ``filepath.Match`` for one component of a path.

Python's ``fnmatch`` differs (``[!x]`` instead of ``[^x]``, no escapes). It needs ``re``, whose import takes longer than
all the matching of a run.
"""

from __future__ import annotations

_MANY = 500
"""From so many names on, a binary search takes less time than its import."""


def has_magic(pattern: str) -> bool:
    """Return whether the pattern can match another text than itself."""
    return "*" in pattern or "?" in pattern or "[" in pattern or "\\" in pattern


def prefix_of(pattern: str) -> str:
    """Return the literal text at the beginning of every match."""
    ends = [at for at in map(pattern.find, "*?[\\") if at >= 0]
    return pattern[: min(ends)] if ends else pattern


def matches(pattern: str, name: str) -> bool:
    """Return whether the whole ``name``, which has no ``/``, matches. A malformed pattern matches nothing."""
    pieces = _pieces.get(pattern)
    if pieces is None:
        if "?" in pattern or "[" in pattern or "\\" in pattern:
            return _matches_from(pattern, 0, name, 0)
        pieces = _pieces[pattern] = pattern.split("*")
    return _matches_stars(pieces, name)


def select(pattern: str, names: list[str]) -> list[str]:
    """Return those of the sorted *names* that match, in order."""
    prefix = prefix_of(pattern)
    if prefix and len(names) > _MANY:
        from bisect import bisect_left

        names = names[bisect_left(names, prefix) : bisect_left(names, prefix[:-1] + chr(ord(prefix[-1]) + 1))]
    if prefix:
        names = [name for name in names if name.startswith(prefix)]
    rest = pattern[len(prefix) :]
    if rest.startswith("*") and not has_magic(rest[1:]):
        end, least = rest[1:], len(pattern) - 1
        return [name for name in names if name.endswith(end) and len(name) >= least]
    return [name for name in names if matches(pattern, name)]


# The pieces between the stars of patterns that have no other special character. A run has a few dozen of these.
_pieces: dict[str, list[str]] = {}


def _matches_stars(pieces: list[str], name: str) -> bool:
    """Match a pattern whose only special character is ``*``, the common case.

    Each piece between two stars is searched from the left. The last piece must be at the end.
    """
    first, last = pieces[0], pieces[-1]
    if not name.startswith(first):
        return False
    if len(pieces) == 1:
        return name == first
    position = len(first)
    end = len(name) - len(last)
    if position > end or not name.endswith(last):
        return False
    for piece in pieces[1:-1]:
        found = name.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def _matches_from(pattern: str, at: int, name: str, start: int) -> bool:
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            return any(_matches_from(pattern, at + 1, name, begin) for begin in range(start, len(name) + 1))
        if start >= len(name):
            return False
        if char == "[":
            inside, at = _in_class(pattern, at + 1, name[start])
            if not inside:
                return False
        else:
            if char == "\\":
                at += 1
                if at >= len(pattern):
                    return False
            if char != "?" and pattern[at] != name[start]:
                return False
            at += 1
        start += 1
    return start == len(name)


def _in_class(pattern: str, at: int, char: str) -> tuple[bool, int]:
    """Return whether ``char`` is in the class that begins at ``at``, and the index after its ``]``."""
    negated = at < len(pattern) and pattern[at] == "^"
    if negated:
        at += 1
    inside = False
    first = True
    while at < len(pattern):
        if pattern[at] == "]" and not first:
            return inside != negated, at + 1
        first = False
        low, at = _class_char(pattern, at)
        high = low
        if at < len(pattern) and pattern[at] == "-":
            high, at = _class_char(pattern, at + 1)
        if not low or not high:
            break
        inside = inside or low <= char <= high
    return False, len(pattern)


def _class_char(pattern: str, at: int) -> tuple[str, int]:
    if at < len(pattern) and pattern[at] == "\\":
        at += 1
    elif at < len(pattern) and pattern[at] in "-]":
        return "", at + 1
    return (pattern[at], at + 1) if at < len(pattern) else ("", at)
