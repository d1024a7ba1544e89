# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A tmpfiles.d(5) file that brings back at boot what lies on a tmpfs: /dev and /run are empty after a restart."""

from __future__ import annotations

from ..host.entries import CHAR, DIRECTORY, SYMLINK, Entry, file

DIRECTORY_OF_FILES = "/etc/tmpfiles.d"
_VOLATILE = ("/dev/", "/run/", "/tmp/")
_HEADER = "# Made by nvmock.gpu: brings the mock GPU's device nodes and procfs back at boot.\n"


def tmpfiles_path(place: str) -> str:
    """Return the path of the tmpfiles.d file for what lies at *place*: its slashes become dashes, its dashes ``@``."""
    return f"{DIRECTORY_OF_FILES}/nvmock{place.replace('-', '@').replace('/', '-')}.conf"


def tmpfiles_entries(entries: list[Entry], place: str) -> list[Entry]:
    """Return the tmpfiles.d file for those of *entries* that do not survive a restart; nothing if all do.

    :arg place: the directory that they have in common, which names the file.
    """
    lines = []
    for entry in sorted(entries, key=lambda item: item.path):
        if entry.path.startswith(_VOLATILE):
            lines.append(_line(entry))
    if not lines:
        return []
    return [file(tmpfiles_path(place), (_HEADER + "".join(lines)).encode("utf-8"))]


def _line(entry: Entry) -> str:
    owner = "-" if entry.uid is None else str(entry.uid)
    group = "-" if entry.gid is None else str(entry.gid)
    if entry.kind == SYMLINK:
        return f"L {_field(entry.path)} - - - - {_argument(entry.target or '')}\n"
    attributes = f"{_field(entry.path)} {entry.mode:04o} {owner} {group} -"
    if entry.kind == CHAR:
        return f"c {attributes} {entry.major}:{entry.minor}\n"
    if entry.kind == DIRECTORY:
        return f"d {attributes}\n"
    text = (entry.content or b"").decode("utf-8")
    return f"f {attributes} {_argument(text)}".rstrip(" ") + "\n"


def _field(path: str) -> str:
    """A path as a tmpfiles.d field: quoted if it has blanks or quotes, with specifiers escaped."""
    escaped = path.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return f'"{escaped}"' if not {" ", "'", '"'}.isdisjoint(escaped) else escaped


def _argument(text: str) -> str:
    """The argument field, which undoes C escapes and expands specifiers."""
    escaped = text.replace("\\", "\\\\").replace("%", "%%").replace("\n", "\\n").replace("\t", "\\t")
    # A leading blank would be taken for the separator.
    return "\\x20" + escaped[1:] if escaped.startswith(" ") else escaped
