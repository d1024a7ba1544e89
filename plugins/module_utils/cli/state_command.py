# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl state: shows and changes the state of the GPUs of this node."""

from __future__ import annotations

import sys

from .. import parameters
from ..errors import UsageError
from ..layout.state_words import find, words_of
from ..node.state import LONGEST_LOAD, NodeState, text, wanted
from .flags import SWITCH, TEXT, Flag, Values
from .gpu_command import Command, chosen_gpus, gpu_flags, opened_root
from .machine_flags import absolute

_USAGE = """gpu-mockctl state [show] [flags]
       gpu-mockctl state set NAME=VALUE... [flags]
       gpu-mockctl state reset [NAME...] [flags]
       gpu-mockctl state load PERCENT --seconds SECONDS [flags]
       gpu-mockctl state names"""
_ABOUT = "Shows and changes the state of the GPUs of this node: readings and modes, as every process sees them at once."
_AFTER = "show prints what is set. reset without names ends a load, too. names lists all settings; docs/state.md describes them."
_COMMANDS = ("show", "set", "reset", "load", "names")


def state_flags() -> list[Flag]:
    """The flags of the command."""
    return gpu_flags(
        [
            Flag("seconds", TEXT, None, "how long a load lasts"),
            Flag("keep", SWITCH, False, "keep the state over a restart of the node (--keep=false: no longer)"),
        ]
    )


def run(argv: list[str]) -> int:
    """Run the command; return 0.

    :raises UsageError: the command line is invalid.
    :raises ParameterError: a name, a value or a GPU is not allowed.
    """
    found = Command("state", _COMMANDS, (_USAGE, _ABOUT, _AFTER), state_flags()).read(argv)
    if found is None:
        return 0
    command, words, values = found
    if command == "names":
        from ..layout.state_settings import named

        for setting in named():
            unit = ", ".join(words_of(setting)) or setting.unit
            sys.stdout.write(f"{setting.name:<40} {unit}".rstrip() + "\n")
        return 0
    with opened_root(values) as root:
        state = NodeState(root, absolute(values, "driver-root", root_allowed=True))
        gpus = state.gpus(chosen_gpus(values))
        if command != "show":
            _change(command, words, values, state, gpus)
        elif words:
            raise UsageError(f"state show: unexpected argument {words[0]!r}")
        _show(state, gpus, values.text("output"))
    return 0


def _change(command: str, words: list[str], values: Values, state: NodeState, gpus: list[int]) -> None:
    keep = values.on("keep") if values.is_given("keep") else None
    if command == "set":
        pairs: dict[str, object] = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                raise UsageError(f"state set: {word!r} is not allowed: must be NAME=VALUE")
            pairs[name] = value
        if not pairs and keep is None:
            raise UsageError("state set: needs NAME=VALUE")
        state.change(state.set(gpus, wanted(pairs, "set.names")), keep)
    elif command == "reset":
        state.change(state.reset(gpus, [find(word, "reset.names") for word in words] or None), keep)
    else:
        if len(words) != 1 or values.optional("seconds") is None:
            raise UsageError("state load: needs PERCENT and --seconds")
        percent = parameters.integer("load.percent", words[0].rstrip("%"), 0, 100)
        seconds = parameters.integer("seconds", values.text("seconds"), 1, LONGEST_LOAD)
        state.change(state.load(gpus, percent, seconds), keep)


def _show(state: NodeState, gpus: list[int], output: str) -> None:
    now = state.read()
    if output == "json":
        import json

        facts = {
            "kept": now.generation > 0 and now.boot == 0,
            "gpus": [{"index": n, **state.shown(n, now)} for n in gpus],
        }
        json.dump(facts, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for gpu in gpus:
        found = state.shown(gpu, now)
        for name, value in found.items():
            sys.stdout.write(f"GPU {gpu}: {name}={text(value)}\n")
        if not found:
            sys.stdout.write(f"GPU {gpu}: at rest\n")
