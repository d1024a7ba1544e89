# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A tmpfiles.d(5) file that restores files on a tmpfs at boot: /dev and /run are empty after a restart.

systemd always applies such files to /dev. For other directories, it requires systemd-tmpfiles-setup.service, which kind's node images
do not have. So there is an additional unit that applies the file for other directories. If the service has already applied it, the unit
changes nothing.
"""

from __future__ import annotations

from ..host.entries import CHAR, DIRECTORY, SYMLINK, Entry, file, symlink

DIRECTORY_OF_FILES = "/etc/tmpfiles.d"
DIRECTORY_OF_UNITS = "/etc/systemd/system"
_VOLATILE = ("/dev/", "/run/", "/tmp/")
PREFIXES = (
    f"{DIRECTORY_OF_FILES}/nvmock",
    f"{DIRECTORY_OF_UNITS}/nvmock",
    f"{DIRECTORY_OF_UNITS}/sysinit.target.wants/nvmock",
)
"""With these begin the paths of all files that are made here."""
_HEADER = "# Made by nvmock.gpu: brings the mock GPU's device nodes and procfs back at boot.\n"

_UNIT = """\
# Made by nvmock.gpu: brings the mock GPU's device nodes and procfs back at boot.
[Unit]
Description=Mock GPU below {place}
Documentation=man:tmpfiles.d(5)
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service
Before=sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=systemd-tmpfiles --create {path}

[Install]
WantedBy=sysinit.target
"""


def tmpfiles_path(place: str, instance: str = "") -> str:
    """Return the path of the tmpfiles.d file for what is at *place*.

    Its slashes become dashes and its dashes ``@``; what would be ambiguous then is escaped as systemd-escape(1) does. So no
    two places share a file, and the names are those of earlier versions.
    """
    escaped = place.replace("\\", "\\x5c").replace("@", "\\x40").replace("-", "@").replace("/", "-")
    return f"{DIRECTORY_OF_FILES}/{_stem(instance)}{escaped}.conf"


def _stem(instance: str) -> str:
    """How the names of an instance's files begin; a place goes on with a dash, which an instance has none of any more."""
    return "nvmock." + systemd_escaped(instance) if instance else "nvmock"


def tmpfiles_entries(entries: list[Entry], place: str, instance: str = "") -> list[Entry]:
    """Return the tmpfiles.d file for those of *entries* that do not survive a restart, and its unit; nothing if all do.

    :arg place: the directory that they have in common, which names the file.
    :arg instance: name of the mock, if the node has another, too.
    """
    lines = []
    for entry in sorted(entries, key=lambda item: item.path):
        if entry.path.startswith(_VOLATILE):
            lines.append(_line(entry))
    if not lines:
        return []
    path = tmpfiles_path(place, instance)
    wanted = [file(path, (_HEADER + "".join(lines)).encode("utf-8"))]
    if not place.startswith("/dev/") and place != "/dev":
        unit = unit_name(place, instance)
        text = _UNIT.format(place=place.replace("%", "%%"), path=_word(path))
        wanted.append(file(f"{DIRECTORY_OF_UNITS}/{unit}", text.encode("utf-8")))
        wanted.append(symlink(f"{DIRECTORY_OF_UNITS}/sysinit.target.wants/{unit}", f"../{unit}"))
    return wanted


def restored_otherwise(content: bytes, path: str, node: Entry | None) -> bytes:
    """Return the content of a tmpfiles.d file that restores another device node at *path*, or none.

    Owner and group stay as they are.
    """
    lines = []
    begins = tuple([f"{letter} {_field(path)} " for letter in "cf"])
    for line in content.decode("utf-8", "surrogateescape").splitlines(True):
        if not line.startswith(begins):
            lines.append(line)
        elif node is not None:
            words = line[len(begins[0]) :].split()
            words[0] = f"{node.mode:04o}"
            if node.kind == CHAR:
                words[-1] = f"{node.major}:{node.minor}"
            lines.append(f"{line[: len(begins[0])]}{' '.join(words)}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def unit_name(place: str, instance: str = "") -> str:
    """Return the name of the unit for what is at *place*."""
    return f"{_stem(instance)}{systemd_escaped(place)}.service"


def systemd_escaped(text: str) -> str:
    """*text* as systemd-escape(1) writes it, but for a slash at the beginning, which it would drop from a path."""
    out = ""
    for character in text:
        if character == "/":
            out += "-"
        elif character.isascii() and (character.isalnum() or character in ":_."):
            out += character
        else:
            out += "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8"))
    return out


def _word(text: str) -> str:
    """Return a word of ExecStart= with escaped blanks, specifiers and variables."""
    escaped = text.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    return f'"{escaped}"' if not {" ", "'", '"', ";"}.isdisjoint(escaped) else escaped


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
    """Return the argument field, with C escapes and escaped specifiers."""
    escaped = text.replace("\\", "\\\\").replace("%", "%%").replace("\n", "\\n").replace("\t", "\\t")
    # A leading blank would be taken for the separator.
    return "\\x20" + escaped[1:] if escaped.startswith(" ") else escaped
