# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Attack the product from outside, and print what was promised, how often it was tried, and how often it failed.

``run.py`` makes every try of every attack. ``run.py --seconds 240`` takes random ones until the time is over, and so
many of each attack as its share allows. Everything happens on a tmpfs in a mount namespace of its own.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import ctypes
import importlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tree
from case import Attack, Case
from product import CTL
from promises import PROMISES

_NEW_NAMESPACE, _RECURSIVE_PRIVATE = 0x20000, 0x4000 | 0x40000
_BIND, _WITH_MOUNTS, _REMOUNT, _MAKE_READ_ONLY = 0x1000, 0x4000, 0x20, 0x1
_READ_ONLY = ("/boot", "/dev", "/etc", "/opt", "/run", "/srv", "/usr", "/var")
_MOST_FAILURES = 20
_HARNESS = "harness"
_BEGIN = "<!-- The table below is written by tests/attack/run.py --write-table. -->"
_END = "<!-- End of the table. -->"
# What a try that is under way when the time is over may still take.
_LAST_SECONDS = 12.0

_attack: Attack
_seed = 0
_place = ""


def main() -> int:
    """Return the exit status: 0 if every promise was kept, 1 if not, 2 for bad arguments, 77 if nothing can be tried."""
    arguments = _arguments()
    if os.geteuid() != 0:
        print("run.py: root is needed for device nodes, owners and mounts", file=sys.stderr)
        return 77
    # A shell lets its background jobs ignore SIGINT, and what is attacked would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.nice(arguments.nice)
    os.umask(0o022)
    place = _private_tmpfs()
    tally = Tally()
    try:
        start = time.monotonic()
        names = arguments.only or list(PROMISES)
        shares = {name: _load(name).share for name in names}
        for name in names:
            left = None
            if arguments.seconds is not None:
                spare = arguments.seconds - _LAST_SECONDS - (time.monotonic() - start)
                left = spare * shares[name] / sum(shares[other] for other in names[names.index(name) :])
            began = time.monotonic()
            _run(_load(name), arguments, place, left, tally)
            print(f"{name}: {tally.tries_of(name)} checks in {time.monotonic() - began:.0f} s", flush=True)
            # A run of an hour can be stopped: what it has found so far is known then.
            print(tally.failures_of(name), end="", flush=True)
        whole = arguments.seconds is None and arguments.number is None
        tally.end(names, whole)
    finally:
        tree.clear(place)
    print()
    print(tally.report())
    if arguments.write_table:
        if not whole:
            print("run.py: --write-table needs every try of an attack: nothing is written", file=sys.stderr)
            return 2
        _write_table(arguments.write_table, tally.rows(), arguments.seed)
    return 1 if tally.failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="stop after this time; without it, make every try")
    parser.add_argument("--seed", type=int, default=1, help="what all random choices follow from (default: 1)")
    parser.add_argument("--only", action="append", choices=list(PROMISES), help="only this attack; may be repeated")
    parser.add_argument("--try", dest="number", type=int, help="only the try of this number; needs --only")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="tries side by side (default: CPUs)")
    parser.add_argument("--nice", type=int, default=0, help="added to the niceness of everything (default: 0)")
    parser.add_argument("--write-table", metavar="FILE", help="write the rows of these attacks into this Markdown file")
    arguments = parser.parse_args()
    if arguments.number is not None and len(arguments.only or ()) != 1:
        parser.error("--try needs one --only")
    return arguments


def _load(name: str) -> Attack:
    attack: Attack = importlib.import_module(name).ATTACK
    return attack


def _private_tmpfs() -> str:
    """Return a directory on a tmpfs that only this process and its children see: its mounts end with them."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NAMESPACE):
        sys.exit(f"run.py: a mount namespace can't be made: {os.strerror(ctypes.get_errno())}")
    tree.mount("none", "/", None, _RECURSIVE_PRIVATE)
    place = tempfile.mkdtemp(prefix="nvmock-attack-")
    tree.mount("attack", place, "tmpfs", 0, "mode=0755,size=8g")
    tempfile.tempdir = place
    # Whatever a hostile parameter says, it does not reach this machine. And gpu-mockctl does not write its compiled modules, so that a
    # run makes the same system calls as the one before.
    for directory in (*_READ_ONLY, os.path.dirname(CTL)):
        if os.path.isdir(directory) and not os.path.islink(directory):
            tree.mount(directory, directory, None, _BIND | _WITH_MOUNTS)
            tree.mount("none", directory, None, _BIND | _REMOUNT | _MAKE_READ_ONLY)
    return place


def _run(attack: Attack, arguments: argparse.Namespace, place: str, seconds: float | None, tally: Tally) -> None:
    """Make the tries of one attack: all of them, or random ones for so many seconds."""
    global _attack, _seed, _place
    why = attack.missing()
    if why:
        tally.skip(attack.name, why)
        return
    deadline = None if seconds is None else time.monotonic() + seconds
    shared = os.path.join(place, "shared")
    os.mkdir(shared)
    try:
        attack.prepare(shared, arguments.seed)
        numbers = list(range(attack.count()))
        tally.untried(attack.name, attack.untried)
    except Exception:
        tally.broken(attack.name, "prepare", traceback.format_exc())
        tree.clear(shared)
        return
    if arguments.number is not None:
        numbers = [arguments.number]
    elif deadline is not None:
        numbers = [number for number in numbers if not attack.is_long(number)]
        random.Random(f"{arguments.seed}/{attack.name}").shuffle(numbers)
    workers = min(attack.workers or arguments.workers, arguments.workers)
    # Workers are forked: they know what the attack has prepared.
    _attack, _seed, _place = attack, arguments.seed, place
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: dict[concurrent.futures.Future[tuple[list[tuple[str, bool, str]], str, str]], int] = {}
        rest = iter(numbers)
        submitted = 0
        while True:
            # Each attack makes a few tries, also where the ones before it have taken too long.
            over = deadline is not None and time.monotonic() > deadline and submitted >= workers
            while not over and len(waiting) < workers:
                number = next(rest, None)
                if number is None:
                    over = True
                    break
                waiting[pool.submit(_attempt, number)] = number
                submitted += 1
            if not waiting:
                break
            done, _rest = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                number = waiting.pop(future)
                try:
                    results, command, failure = future.result()
                except Exception:
                    results, command, failure = [], f"try {number}", traceback.format_exc()
                tally.add(attack.name, results, command)
                if failure:
                    tally.broken(attack.name, command, failure)
    tree.clear(shared)


def _attempt(number: int) -> tuple[list[tuple[str, bool, str]], str, str]:
    """Make one try, in a worker: its results, the command that makes it again, and a traceback of the harness itself."""
    place = os.path.join(_place, f"worker-{os.getpid()}")
    tree.clear(place)
    os.mkdir(place)
    case = Case(_attack.name, number, _seed, place)
    failure = ""
    try:
        _attack.attempt(case)
    except Exception:
        failure = traceback.format_exc()
    finally:
        tree.clear(place)
    return case.results, case.command, failure


class Tally:
    """How often each promise was tried and broken."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._failures: dict[tuple[str, str], list[str]] = {}
        self._skipped: dict[str, str] = {}
        self._untried: dict[tuple[str, str], str] = {}

    def add(self, attack: str, results: list[tuple[str, bool, str]], command: str) -> None:
        """Count the results of a try."""
        for promise, kept, detail in results:
            if promise not in PROMISES[attack]:
                self.broken(attack, command, f"{promise!r} is no promise of this attack")
                continue
            counts = self._counts.setdefault((attack, promise), [0, 0])
            counts[0] += 1
            if not kept:
                counts[1] += 1
                self._failures.setdefault((attack, promise), []).append(f"{detail}\n      {command}")

    def skip(self, attack: str, why: str) -> None:
        """An attack can't be made on this machine."""
        self._skipped[attack] = why

    def untried(self, attack: str, reasons: dict[str, str]) -> None:
        """Some promises of an attack can't be tried on this machine."""
        self._untried.update({(attack, promise): why for promise, why in reasons.items()})

    def broken(self, attack: str, command: str, what: str) -> None:
        """The harness itself has failed; that is a failure, too."""
        self._failures.setdefault((attack, _HARNESS), []).append(f"{what.strip()}\n      {command}")

    def end(self, names: list[str], whole: bool) -> None:
        """A whole run that has never tried a promise has not shown anything."""
        for name in names:
            for promise in PROMISES[name]:
                known = name in self._skipped or (name, promise) in self._counts or (name, promise) in self._untried
                if whole and not known:
                    self.broken(name, promise, "this promise was never tried")

    def tries_of(self, attack: str) -> int:
        """The number of checks of an attack."""
        return sum(counts[0] for (name, _promise), counts in self._counts.items() if name == attack)

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return bool(self._failures)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(attack, promise, tries, failures) of each promise of the attacks that were run."""
        found = []
        for attack, promises in PROMISES.items():
            for key, text in promises.items():
                counts = self._counts.get((attack, key))
                if (attack, key) in self._untried:
                    found.append((attack, f"{text} (skipped: {self._untried[attack, key]})", "0", ""))
                elif counts is not None:
                    found.append((attack, text, str(counts[0]), str(counts[1])))
            if attack in self._skipped:
                found.append((attack, f"skipped: {self._skipped[attack]}", "0", ""))
        return found

    def failures_of(self, name: str) -> str:
        """The failures of an attack, each with the command that repeats its try; an empty text if there are none."""
        lines = []
        for (attack, promise), failures in self._failures.items():
            if attack != name:
                continue
            lines.append(f"FAILED {attack}: {PROMISES[attack].get(promise, 'the attack itself works')}\n")
            lines += [f"    - {failure}\n" for failure in failures[:_MOST_FAILURES]]
            if len(failures) > _MOST_FAILURES:
                lines.append(f"    and {len(failures) - _MOST_FAILURES} more\n")
            lines.append("\n")
        return "".join(lines)

    def report(self) -> str:
        """The failures, and below them the table."""
        attacks = dict.fromkeys([attack for attack, _promise in self._failures])
        lines = ["".join([self.failures_of(attack) for attack in attacks])]
        rows = [("attack", "promise", "tries", "failures"), *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for row in rows:
            lines.append(
                f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}".rstrip()
            )
        broken = sum(len(failures) for failures in self._failures.values())
        tries = sum(counts[0] for counts in self._counts.values())
        lines.append(f"{tries} tries, {broken} failures")
        return "\n".join(lines)


def _write_table(path: str, rows: list[tuple[str, str, str, str]], seed: int) -> None:
    """Write the rows of these attacks. Those of others stay: each is of the last whole run of its attack."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, begin, rest = text.partition(_BEGIN)
    old, end, after = rest.partition(_END)
    if not begin or not end:
        sys.exit(f"run.py: {path} has no place for the table ({_BEGIN} ... {_END})")
    lines = {name: [line for line in old.split("\n") if line.startswith(f"| `{name}` |")] for name in PROMISES}
    for name in dict.fromkeys([row[0] for row in rows]):
        shown = [" | ".join([*row[1:3], str(seed), row[3]]).replace("\n", " ") for row in rows if row[0] == name]
        lines[name] = [f"| `{name}` | {text} |" for text in shown]
    table = "\n".join([line for name in PROMISES for line in lines[name]])
    head = "| attack | promise | tries | seed | failures |\n|---|---|---:|---:|---:|"
    title = "## The last whole runs\n\nEvery row is from the last run that made every try of its attack."
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{_BEGIN}\n\n{title}\n\n{head}\n{table}\n\n{_END}{after}")


if __name__ == "__main__":
    sys.exit(main())
