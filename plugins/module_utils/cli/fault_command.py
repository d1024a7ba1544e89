# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl fault: puts faults on the GPUs and the files of this node, and takes them off."""

from __future__ import annotations

import sys

from ..errors import UsageError
from ..layout.state_faults import KINDS
from ..node.fault_change import ALL_NAMES, OPTIONS, FaultRequest, NodeFaults
from ..node.fault_report import faults_on
from ..node.file_fault_kinds import KINDS as FILE_KINDS
from .flags import SWITCH, Flag, Values
from .gpu_command import Command, chosen_gpus, gpu_flags, opened_root
from .machine_flags import absolute

_USAGE = """gpu-mockctl fault [list] [flags]
       gpu-mockctl fault set KIND [NAME=VALUE...] [flags]
       gpu-mockctl fault clear [KIND...] [flags]
       gpu-mockctl fault kinds"""
_ABOUT = "Puts faults on the GPUs and the files of this node, and takes them off. Every process sees them at once."
_AFTER = (
    "set takes xid, gpu_instance, compute_instance, count, source, links, temperature and step, where the kind has them. clear without"
    " kinds takes all faults off. docs/faults.md describes the kinds."
)
_COMMANDS = ("list", "set", "clear", "kinds")


def fault_flags() -> list[Flag]:
    """The flags of the command."""
    return gpu_flags(
        [
            Flag("repeat", SWITCH, False, "raise the events of a fault again that is there already"),
            Flag(
                "kernel-log",
                SWITCH,
                False,
                "write the kernel's line about an Xid to /dev/kmsg, which can't be taken back",
            ),
        ]
    )


def run(argv: list[str]) -> int:
    """Run the command; return 0.

    :raises UsageError: the command line is invalid.
    :raises ParameterError: a kind, a value or a GPU is not allowed.
    """
    found = Command("fault", _COMMANDS, (_USAGE, _ABOUT, _AFTER), fault_flags()).read(argv)
    if found is None:
        return 0
    command, words, values = found
    if command == "kinds":
        for name, about in [
            *((kind.name, kind.about) for kind in KINDS),
            *((kind.name, kind.about) for kind in FILE_KINDS),
        ]:
            sys.stdout.write(f"{name:<25} {about}\n")
        return 0
    with opened_root(values) as root:
        driver_root = absolute(values, "driver-root", root_allowed=True)
        faults = NodeFaults(root, driver_root)
        gpus = faults.gpus(chosen_gpus(values))
        if command == "set":
            faults.change(_wanted(words, values))
        elif command == "clear":
            for kind in words:
                if kind not in ALL_NAMES:
                    raise UsageError(f"fault clear: unknown kind {kind!r}: must be one of {', '.join(ALL_NAMES)}")
            kinds: list[str | None] = [*words] or [None]
            for one in kinds:
                faults.change(FaultRequest(False, one, chosen_gpus(values), {}))
        elif words:
            raise UsageError(f"fault list: unexpected argument {words[0]!r}")
        if values.text("output") == "json":
            import json

            json.dump({"gpus": faults.of_gpus(gpus), "node": faults.of_node()}, sys.stdout, indent=2)
            sys.stdout.write("\n")
        else:
            _show(faults_on(root, driver_root), gpus)
    return 0


def _wanted(words: list[str], values: Values) -> FaultRequest:
    if not words:
        raise UsageError("fault set: needs KIND")
    options: dict[str, object] = dict.fromkeys(OPTIONS)
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in OPTIONS:
            raise UsageError(f"fault set: {word!r} is not allowed: must be NAME=VALUE with one of {', '.join(OPTIONS)}")
        options[name] = value.split(",") if name == "links" else value
    return FaultRequest(True, words[0], chosen_gpus(values), options, values.on("repeat"), values.on("kernel-log"))


def _show(found: list[str], gpus: list[int]) -> None:
    """Write a line per fault, and one for each GPU without any."""
    for gpu in gpus:
        begin = f"GPU {gpu}: fault "
        for text in [line[len(begin) :] for line in found if line.startswith(begin)] or ["no faults"]:
            sys.stdout.write(f"GPU {gpu}: {text}\n")
    for line in found:
        if line.startswith("node: fault "):
            sys.stdout.write(line.replace("fault ", "", 1) + "\n")
