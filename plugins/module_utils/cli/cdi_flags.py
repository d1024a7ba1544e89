# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The flags of ``gpu-mockctl cdi``: nvidia-ctk's names, and four additional flags (host root, release, hook mode, files)."""

from __future__ import annotations

from ..cdi.registry import DEFAULT_DIRECTORIES
from ..errors import UsageError
from ..nvcdi.options import STRATEGIES
from ..nvcdi.releases import DEFAULT_RELEASE, RELEASES
from ..nvcdi.transform import HOST, RELATIVE_TO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

USAGE = """usage: gpu-mockctl cdi generate [flags] [flags of the machine]
       gpu-mockctl cdi list [--spec-dir DIR ...]
       gpu-mockctl cdi transform root --from DIR --to DIR [--relative-to host|container] [--input FILE] [--output FILE]
       gpu-mockctl cdi validate [FILE ...]
"""


def parse_arguments(argv: list[str]) -> tuple[Namespace, list[str]]:
    """Return the arguments of a command, and its unknown arguments (only for ``generate``).

    ``command`` is the command. ``help`` is the text to print if help was requested.

    :raises UsageError: the command line is invalid.
    """
    from argparse import Namespace

    words: list[str] = []
    rest = list(argv)
    while rest and not rest[0].startswith("-") and " ".join([*words, rest[0]]) in (*_COMMANDS, "transform"):
        words.append(rest.pop(0))
    command = " ".join(words)
    if command not in _COMMANDS:
        if not argv or argv[0] in ("-h", "--help", "help") or (command and rest[:1] in (["-h"], ["--help"])):
            return Namespace(command="", help=USAGE), []
        raise UsageError(f"cdi {' '.join(argv[:2])}: must be one of {', '.join(_COMMANDS)}")
    parser = _parser(command)
    _COMMANDS[command](parser)
    if "-h" in rest or "--help" in rest:
        return Namespace(command=command, help=parser.format_help()), []
    known, unknown = parser.parse_known_args(rest)
    if unknown and command != "generate":
        raise UsageError(f"cdi {command}: unknown argument {unknown[0]!r}")
    known.command = command
    known.help = ""
    _split_commas(known)
    return known, unknown


def _parser(command: str) -> ArgumentParser:
    from argparse import ArgumentParser

    class Parser(ArgumentParser):
        def error(self, message: str) -> None:  # type: ignore[override]
            raise UsageError(f"cdi {command}: {message}")

    parser = Parser(prog=f"gpu-mockctl cdi {command}", add_help=False, allow_abbrev=False)
    parser.add_argument("--host-root", default="/", metavar="DIR", help="the directory that is the node's / [/]")
    return parser


def _add_generate(parser: ArgumentParser) -> None:
    from ..node.spec_options import ROWS

    add = parser.add_argument
    add("--output", default="", metavar="FILE", help="file to write [standard output]")
    add("--format", default="yaml", metavar="yaml|json", help="unless the output's name tells it")
    for row in ROWS:
        name, kind = row.flags[0], row.ansible["type"]
        if kind == "bool":
            add(*row.flags, action="store_false", dest=row.name, help=row.help)
        elif kind == "list":
            _add_list(parser, row.name, row.help, *row.flags)
        elif row.choices:
            add(*row.flags, default="", choices=row.choices, dest=row.name, help=row.help)
        else:
            add(*row.flags, default="", metavar=row.metavar or _metavar(name), dest=row.name, help=row.help)


def _add_registry(parser: ArgumentParser) -> None:
    _add_list(
        parser, "spec_dir", "where specifications are; the last goes first [/etc/cdi, /var/run/cdi]", "--spec-dir"
    )


def _add_transform(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--from", dest="old_root", default="", metavar="DIR", help="the root to replace")
    add("--to", default="", metavar="DIR", help="the root to put there")
    add("--relative-to", default=HOST, choices=RELATIVE_TO, help="[host]")
    add("--input", default="-", metavar="FILE", help="[standard input]")
    add("--output", default="", metavar="FILE", help="[standard output]")
    _add_release(parser)


def _add_validate(parser: ArgumentParser) -> None:
    _add_registry(parser)
    parser.add_argument("files", nargs="*", metavar="FILE", help="[all files of the directories]")


def _add_release(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--toolkit-release", default=DEFAULT_RELEASE, choices=tuple(RELEASES), help=f"whose rules [{DEFAULT_RELEASE}]"
    )


def _add_list(parser: ArgumentParser, name: str, text: str, *flags: str) -> None:
    parser.add_argument(*flags, action="append", default=[], metavar=_metavar(flags[0]), help=text, dest=name)


def _metavar(flag: str) -> str:
    return flag[2:].replace("-", "_").upper()


def _split_commas(known: Namespace) -> None:
    """Split lists at commas, as urfave/cli does."""
    for name, value in vars(known).items():
        if isinstance(value, list) and name != "files":
            setattr(known, name, [part for item in value for part in item.split(",") if part])
    if hasattr(known, "spec_dir") and not known.spec_dir:
        known.spec_dir = list(DEFAULT_DIRECTORIES)
    for strategy in getattr(known, "device_name_strategies", ()):
        if strategy not in STRATEGIES:
            raise UsageError(f"--device-name-strategy: {strategy!r}: must be one of {', '.join(STRATEGIES)}")


_COMMANDS = {
    "generate": _add_generate,
    "list": _add_registry,
    "transform root": _add_transform,
    "validate": _add_validate,
}
