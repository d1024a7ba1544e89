# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Command line flags in the manner of Go's: -flag and --flag, --flag value and --flag=value, the last one is used.

argparse is not used, because it takes a quarter of the budget for gpu-mockctl's start-up time, and does not support such flags.
"""

from __future__ import annotations

from ..errors import UsageError

TEXT = "text"
SWITCH = "switch"


class Flag:
    """A flag: name without dashes, type (TEXT or SWITCH), default, help."""

    __slots__ = ("name", "kind", "default", "help", "choices")

    def __init__(
        self, name: str, kind: str, default: str | bool | None, help: str, choices: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.help = help
        self.choices = choices


class Values:
    """The values of the flags after parsing.

    :arg values: flag -> its value, or its default.
    :arg given: the flags that are on the command line.
    """

    def __init__(self, values: dict[str, str | bool | None], given: frozenset[str] = frozenset()) -> None:
        self._values = values
        self._given = given

    def text(self, name: str) -> str:
        """The text of a flag that has a default."""
        return str(self._values[name])

    def optional(self, name: str) -> str | None:
        """The text of a flag, None if it was not given."""
        value = self._values[name]
        return None if value is None else str(value)

    def is_given(self, name: str) -> bool:
        """Whether the flag is on the command line."""
        return name in self._given

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self._values[name])

    def but(self, **changed: str | bool | None) -> Values:
        """Return the same values with some changed. Dashes of a name are underscores here."""
        return Values(
            {**self._values, **{name.replace("_", "-"): value for name, value in changed.items()}}, self._given
        )


def parse(flags: list[Flag], argv: list[str]) -> Values | None:
    """Parse *argv*; None if help was requested.

    :raises UsageError: an unknown flag, a missing or bad value, an unexpected argument.
    """
    known = {flag.name: flag for flag in flags}
    values: dict[str, str | bool | None] = {flag.name: flag.default for flag in flags}
    given: set[str] = set()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word in ("-", "--"):
            raise UsageError(f"unexpected argument {word!r}: only flags are allowed (see --help)")
        name, equals, value = word.lstrip("-").partition("=")
        if name in ("h", "help"):
            return None
        flag = known.get(name)
        if flag is None:
            raise UsageError(f"unknown flag {word.partition('=')[0]}{_nearest(name, known)} (see --help)")
        given.add(name)
        if flag.kind == SWITCH:
            if equals and value not in ("true", "false"):
                raise UsageError(f"--{name}: {value!r} is not allowed: must be true or false")
            values[name] = value != "false" if equals else True
            continue
        if not equals:
            if not rest:
                raise UsageError(f"--{name} needs a value")
            value = rest.pop(0)
        if flag.choices and value not in flag.choices:
            raise UsageError(f"--{name}: {value!r} is not allowed: must be one of {', '.join(flag.choices)}")
        values[name] = value
    return Values(values, frozenset(given))


def help_text(usage: str, about: str, flags: list[Flag], after: str = "") -> str:
    """Return the help of a command."""
    lines = [about, "", f"Usage: {usage}", *(["", "Flags:"] if flags else [])]
    for flag in flags:
        head = f"  --{flag.name}" + (" " + ("|".join(flag.choices) or "VALUE") if flag.kind == TEXT else "")
        default = f" (default: {flag.default})" if flag.kind == TEXT and flag.default is not None else ""
        lines.append(f"{head:<32} {flag.help}{default}" if len(head) < 32 else f"{head}\n{'':<33}{flag.help}{default}")
    if after:
        lines += ["", after]
    return "\n".join(lines) + "\n"


def _nearest(name: str, known: dict[str, Flag]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, known, 1)
    return f": did you mean --{found[0]}?" if found else ""
