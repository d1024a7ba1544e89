# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Changes for a person or a program to read: lists of paths, a diff, one line per entry."""

from __future__ import annotations

from .entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .plan import CREATE, REMOVE, UPDATE, Change

_LETTERS = {DIRECTORY: "d", FILE: "f", SYMLINK: "l", CHAR: "c"}
_LARGEST_SHOWN = 64 * 1024


def paths_by_action(changes: list[Change]) -> dict[str, list[str]]:
    """Return ``{"created": [...], "updated": [...], "removed": [...]}``, each sorted."""
    words = {"created": CREATE, "updated": UPDATE, "removed": REMOVE}
    return {
        word: sorted(change.path for change in changes if change.action == action) for word, action in words.items()
    }


def describe(entry: Entry) -> str:
    """Return one line: type, mode, owner, size or device numbers, path; ``c 0666 0:0 195:0 /dev/nvidia0``."""
    mode = "----" if entry.mode is None else f"{entry.mode:04o}"
    owner = ":".join("-" if number is None else str(number) for number in (entry.uid, entry.gid))
    special = "-"
    tail = ""
    if entry.kind == CHAR:
        special = f"{entry.major}:{entry.minor}"
    elif entry.kind == FILE:
        special = "?" if entry.content is None else str(len(entry.content))
    elif entry.kind == SYMLINK:
        tail = f" -> {entry.target}"
    return f"{_LETTERS.get(entry.kind, '?')} {mode} {owner} {special} {entry.path}{tail}"


def diffs(changes: list[Change], contents_of_new_files: bool = False) -> list[dict[str, str]]:
    """Return Ansible's diff structures: one listing of all changed entries, and one diff for each changed text.

    :arg contents_of_new_files: also show the text of files that are created or removed.
    """
    if not changes:
        return []
    ordered = sorted(changes, key=lambda change: change.path)
    result = [
        {
            "before_header": "entries",
            "after_header": "entries",
            "before": "".join(describe(change.before) + "\n" for change in ordered if change.before is not None),
            "after": "".join(describe(change.after) + "\n" for change in ordered if change.after is not None),
        }
    ]
    for change in ordered:
        before, after = _text(change.before), _text(change.after)
        whole = change.action == UPDATE or contents_of_new_files
        if whole and before != after and before is not None and after is not None:
            result.append({"before_header": change.path, "after_header": change.path, "before": before, "after": after})
    return result


def _text(entry: Entry | None) -> str | None:
    """The text of a file; "" for nothing and for things without text; None if it is too long or not text."""
    if entry is None or entry.kind != FILE:
        return ""
    if entry.content is None or len(entry.content) > _LARGEST_SHOWN or b"\0" in entry.content:
        return None
    try:
        return entry.content.decode("utf-8")
    except UnicodeDecodeError:
        return None
