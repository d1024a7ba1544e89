# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl fault: puts faults on the GPUs of this node, and takes them off."""

from __future__ import annotations

import sys

from .. import parameters
from ..errors import UsageError
from ..host.root import HostRoot
from ..layout.fault_words import described, listed
from ..layout.state_faults import KINDS, NAMES
from ..node import DEFAULT_DRIVER_ROOT
from ..node.faults import OPTIONS, fault_of, healed, injected
from ..node.state import NodeState
from .flags import SWITCH, TEXT, Flag, Values, help_text, parse
from .machine_flags import absolute
from .words import split_words

_USAGE = """gpu-mockctl fault [list] [flags]
       gpu-mockctl fault set KIND [NAME=VALUE...] [flags]
       gpu-mockctl fault clear [KIND...] [flags]
       gpu-mockctl fault kinds"""
_ABOUT = "Puts faults on the GPUs of this node, and takes them off. Every process sees them at once."
_AFTER = (
    "set takes xid, gpu_instance, compute_instance, count, source, links and temperature, where the kind has them. clear without kinds"
    " takes all faults off. docs/faults.md describes the kinds."
)
_COMMANDS = ("list", "set", "clear", "kinds")


def fault_flags() -> list[Flag]:
    """The flags of the command."""
    return [
        Flag("gpus", TEXT, None, "GPUs: indices, UUIDs or PCI bus IDs, comma separated; all without it"),
        Flag("repeat", SWITCH, False, "raise the events of a fault again that is there already"),
        Flag("driver-root", TEXT, DEFAULT_DRIVER_ROOT, "root of the driver installation"),
        Flag("host-root", TEXT, "/", "directory that is the node's /"),
        Flag("output", TEXT, "text", "output format", ("text", "json")),
    ]


def run(argv: list[str]) -> int:
    """Run the command; return 0.

    :raises UsageError: the command line is invalid.
    :raises ParameterError: a kind, a value or a GPU is not allowed.
    """
    flags = fault_flags()
    words, rest = split_words(argv, flags)
    values = parse(flags, rest)
    if values is None:
        sys.stdout.write(help_text(_USAGE, _ABOUT, flags, _AFTER))
        return 0
    command = words.pop(0) if words else "list"
    if command not in _COMMANDS:
        raise UsageError(f"fault: unknown command {command!r}: must be one of {', '.join(_COMMANDS)}")
    if command == "kinds":
        for kind in KINDS:
            sys.stdout.write(f"{kind.name:<17} {kind.about}\n")
        return 0
    with HostRoot(parameters.absolute_path("host_root", values.text("host-root"), root_allowed=True)) as root:
        state = NodeState(root, absolute(values, "driver-root", root_allowed=True))
        chosen = values.optional("gpus")
        gpus = state.gpus(None if chosen is None else [word.strip() for word in chosen.split(",")])
        if command != "list":
            _change(command, words, values, state, gpus)
        elif words:
            raise UsageError(f"fault list: unexpected argument {words[0]!r}")
        _show(state, gpus, values.text("output"))
    return 0


def _change(command: str, words: list[str], values: Values, state: NodeState, gpus: list[int]) -> None:
    if command == "clear":
        for word in words:
            if word not in NAMES:
                raise UsageError(f"fault clear: unknown kind {word!r}: must be one of {', '.join(NAMES)}")
        state.change(healed(gpus, words or None), None)
        return
    if not words:
        raise UsageError("fault set: needs KIND")
    options: dict[str, object] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in OPTIONS:
            raise UsageError(f"fault set: {word!r} is not allowed: must be NAME=VALUE with one of {', '.join(OPTIONS)}")
        options[name] = value.split(",") if name == "links" else value
    state.change(injected(state, gpus, fault_of(words[0], options), values.on("repeat")), None)


def _show(state: NodeState, gpus: list[int], output: str) -> None:
    now = state.read()
    if output == "json":
        import json

        json.dump({"gpus": [{"index": gpu, "faults": listed(now.of_gpu(gpu))} for gpu in gpus]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for gpu in gpus:
        for text in described(now.of_gpu(gpu)) or ["no faults"]:
            sys.stdout.write(f"GPU {gpu}: {text}\n")
