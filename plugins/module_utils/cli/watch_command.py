# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl watch: make this node a mock GPU node and repair it, until a signal ends the command.

Signals are blocked, and received between two passes, so that they never interrupt a pass. (Blocked signals are also delivered to
process 1 of a container, for which the kernel drops unhandled signals.)
"""

from __future__ import annotations

import gc
import signal
import sys

from ..errors import NvmockError, ParameterError, UsageError
from ..host import diff
from ..host.plan import REMOVE, Change
from .flags import SWITCH, TEXT, Flag, Values, help_text, parse
from .machine_flags import machine_flags, node_flags
from .node_command import NodeResult, apply_node, modes_from, warn
from .probe_files import beat, stop

_ENDING = (signal.SIGTERM, signal.SIGINT)
_AT_ONCE = signal.SIGHUP
_MOST_LINES = 20

_AFTER = """Every change is one line on stdout. An error is reported once on stderr, and the next pass tries again. Only an invalid command
line ends the command. SIGHUP starts a pass immediately, SIGTERM and SIGINT end the command."""


def flags() -> list[Flag]:
    """The flags of the command."""
    return [
        Flag("mode", TEXT, "all", "what to create: fs, cdi or all, comma separated"),
        *node_flags(),
        *machine_flags(),
        Flag("interval", TEXT, "15", "seconds between two passes"),
        Flag("alive", TEXT, None, "file that is written in every pass, for a liveness probe"),
        Flag("ready", TEXT, None, "file that exists while the node is up to date, for a readiness probe"),
        Flag("remove-on-exit", SWITCH, False, "remove what was created when SIGTERM or SIGINT ends the command"),
        Flag("take-over", SWITCH, False, "replace unmanaged files; a removal restores them"),
        Flag("allow-real-driver", SWITCH, False, "continue although the node has a real NVIDIA driver"),
    ]


def run(argv: list[str]) -> int:
    """Run until a signal ends it; return 0, or 1 if the removal at the end failed."""
    known = flags()
    given = parse(known, argv)
    if given is None:
        about = "Makes this node a mock NVIDIA GPU node and keeps it one."
        sys.stdout.write(help_text("gpu-mockctl watch [flags]", about, known, _AFTER))
        return 0
    values = given.but(check=False, remove=False)
    modes = modes_from(values.text("mode"))
    interval = _interval(values.text("interval"))
    gc.enable()  # bin/gpu-mockctl, made for short runs, goes without
    signal.pthread_sigmask(signal.SIG_BLOCK, (*_ENDING, _AT_ONCE))
    _keep(values, modes, interval)
    if values.on("remove-on-exit"):
        result = apply_node(values.but(remove=True), modes)
        _say(f"ended: {len(result.changes)} removed")
    else:
        _say("ended: the node stays as it is")
    return 0


def _keep(values: Values, modes: set[str], interval: float) -> None:
    """Run passes until a signal ends the command."""
    alive, ready = values.optional("alive"), values.optional("ready")
    trouble = ""
    first = True
    stop(ready)  # one that was killed may have left it
    while True:
        try:
            result = apply_node(values, modes)
        except (ParameterError, UsageError):
            raise
        except NvmockError as error:
            stop(ready)
            if str(error) != trouble:
                sys.stderr.write(f"gpu-mockctl: {error}\n")
                sys.stderr.flush()
            trouble = str(error)
        else:
            if trouble:
                _say("the node is as wanted again")
            _report(result, first)
            trouble, first = "", False
            beat(ready)
        beat(alive)
        caught = signal.sigtimedwait((*_ENDING, _AT_ONCE), interval)
        if caught is not None and caught.si_signo in _ENDING:
            stop(ready)
            return


def _report(result: NodeResult, first: bool) -> None:
    changes = sorted(result.changes, key=lambda change: change.path)
    if len(changes) <= _MOST_LINES:
        for change in changes:
            _say(_line(change))
    elif changes:
        counts = {word: len(paths) for word, paths in diff.paths_by_action(changes).items()}
        _say(", ".join(f"{count} {word}" for word, count in counts.items()))
    if first and result.machine is not None:
        warn(result)
        gpus = result.machine.gpus
        _say(f"mock GPU node: {len(gpus)} x {gpus[0].name}, driver {result.machine.driver_version}")


def _line(change: Change) -> str:
    entry = change.before if change.after is None else change.after
    word = "removed" if change.action == REMOVE else "repaired"
    return f"{word} {change.path}" if entry is None else f"{word} {diff.describe(entry)}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86400:
        raise UsageError(f"--interval: {text!r} is not allowed: must be a number of seconds, 0.1 to 86400")
    return seconds
