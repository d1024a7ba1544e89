# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl watch: make this node a mock GPU node and repair it, until a signal ends the command.

Signals are blocked, and received between two passes, so that they never interrupt a pass. A pass that waits for the lock also
receives them. (Blocked signals are also delivered to process 1 of a container, for which the kernel drops unhandled signals.)
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time

from ..errors import NvmockError, ParameterError, UsageError
from ..host import diff
from ..host.lock import Interrupted
from ..host.plan import REMOVE, Change
from ..host.root import HostRoot
from ..machine.model import Machine
from ..node.keeper import Keeper
from ..node.mig_state import Follower
from .flags import SWITCH, TEXT, Flag, Values, help_text, parse
from .machine_flags import absolute, host_root, instance, machine_flags, node_flags
from .node_command import NodeResult, apply_node, modes_from, say_warnings
from .probe_files import beat, stop

_ENDING = (signal.SIGTERM, signal.SIGINT)
_AT_ONCE = signal.SIGHUP
_MOST_LINES = 20
_LOOK = 0.2
"""Seconds between two looks at the state."""

_AFTER = """Every change is one line on stdout. An error is reported once on stderr, and the next pass tries again. Only an invalid command
line ends the command. SIGHUP starts a pass immediately, as a change of MIG mode or instances does, SIGTERM and SIGINT end the command."""


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
        Flag("take-over", SWITCH, False, "replace unmanaged files; also change a node of another run"),
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
    keeper = Keeper(
        os.uname().nodename, absolute(values, "driver-root"), values.on("take-over"), instance(values) or ""
    )
    _keep(values, modes, interval, keeper)
    if values.on("remove-on-exit"):
        # Another mock of this node is not this command's.
        result = apply_node(values.but(remove=True, instance=values.optional("instance") or ""), modes, keeper)
        count = len(result.changes)
        _say(f"ended: {count} removed" if count else "ended: nothing to remove, or the node is another run's")
        for left in result.changes.left:
            sys.stderr.write(f"gpu-mockctl: {left}\n")
        if result.changes.half_done:
            return 1
    else:
        _say("ended: the node stays as it is")
    return 0


def _keep(values: Values, modes: set[str], interval: float, keeper: Keeper) -> None:
    """Run passes until a signal ends the command."""
    alive, ready = values.optional("alive"), values.optional("ready")
    trouble = ""
    first, followed = True, False
    said: list[str] = []
    follower = Follower()
    stop(ready)  # one that was killed may have left it
    while True:
        try:
            follower.note()
            result = apply_node(values, modes, keeper)
            _follow(values, follower, result)
        except (ParameterError, UsageError):
            raise
        except Interrupted:
            stop(ready)  # the signal that ended the wait for the lock ends the command below
        except Exception as error:  # also an unexpected one must not end the repairs
            stop(ready)
            reason = str(error) if isinstance(error, NvmockError) else f"{type(error).__name__}: {error}"
            if reason != trouble:
                sys.stderr.write(f"gpu-mockctl: {' '.join(reason.split())}\n")
                sys.stderr.flush()
            trouble = reason
        else:
            keeper.kept = True
            if trouble:
                _say("the node is as wanted again")
            _report(result, first, followed, said)
            trouble, first, said = "", False, result.warnings
            beat(ready)
        beat(alive)
        caught = _wait(interval, follower)
        followed = caught is None and follower.moved()
        if caught is not None and caught.si_signo in _ENDING:
            stop(ready)
            return


def _follow(values: Values, follower: Follower, result: NodeResult) -> None:
    """Follow the state of the node's GPUs; look again at once if this run has found another one than before it."""
    if result.machine is not None:
        with HostRoot(host_root(values)) as root:
            follower.follow(root, result.machine, instance(values) or "")


def _wait(interval: float, follower: Follower) -> signal.struct_siginfo | None:
    """Wait for the next pass: the interval, a signal, or a change of MIG mode or instances."""
    if not follower.follows:
        return signal.sigtimedwait((*_ENDING, _AT_ONCE), interval)
    deadline = time.monotonic() + interval
    while True:
        left = deadline - time.monotonic()
        caught = signal.sigtimedwait((*_ENDING, _AT_ONCE), max(0.0, min(left, _LOOK)))
        if caught is not None or left <= _LOOK or follower.moved():
            return caught


def _report(result: NodeResult, first: bool, followed: bool, said: list[str]) -> None:
    """Say what a pass has changed, and its warnings, but for those that the pass before it has *said*."""
    changes = sorted(result.changes, key=lambda change: change.path)
    if followed and result.machine is not None:
        _say(f"MIG devices: {_mig_devices(result.machine)}")
    elif len(changes) <= _MOST_LINES:
        for change in changes:
            _say(_line(change))
    elif changes:
        counts = {word: len(paths) for word, paths in diff.paths_by_action(changes).items()}
        _say(", ".join(f"{count} {word}" for word, count in counts.items()))
    say_warnings([text for text in result.warnings if text not in said])
    if first and result.machine is not None:
        gpus = result.machine.gpus
        _say(f"mock GPU node: {len(gpus)} x {gpus[0].name}, driver {result.machine.driver_version}")


def _mig_devices(machine: Machine) -> str:
    found = [
        f"GPU {gpu.index}: {', '.join([mig.profile for mig in gpu.mig_devices]) or 'none'}"
        for gpu in machine.gpus
        if gpu.mig_enabled
    ]
    return "; ".join(found) or "no GPU is in MIG mode"


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
