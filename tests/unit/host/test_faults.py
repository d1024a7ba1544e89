# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Killed at any point, and refused by the file system at any point: every mutating call of a run is made to fail once."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from host_support import (
    DRIVER_ROOT,
    LOCK,
    MANIFEST,
    MAY_MKNOD,
    SPEC,
    STAGED,
    Killed,
    absent,
    different,
    faults,
    full_node,
    present,
    small_node,
    snapshot,
    write,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest

NEVER = 1 << 30


def _drift(top):
    """Damage of several kinds, so that one run has creations, updates of every kind, and changes of type to make."""
    top = str(top)
    os.unlink(f"{top}/dev/nvidia0")
    os.mkdir(f"{top}/dev/nvidia0")
    os.chmod(f"{top}{SPEC}", 0o600)
    os.unlink(f"{top}{DRIVER_ROOT}/lib64/libcuda.so.1")
    os.unlink(f"{top}{DRIVER_ROOT}/lib64/libcuda.so.550.54.15")
    os.symlink("elsewhere", f"{top}{DRIVER_ROOT}/lib64/libcuda.so.550.54.15")
    os.rename(f"{top}{DRIVER_ROOT}/bin", f"{top}/bin-aside")
    write(top, f"{DRIVER_ROOT}/bin", b"in the way")
    write(top, f"{DRIVER_ROOT}/theirs", b"of somebody else")
    os.chmod(f"{top}{DRIVER_ROOT}/lib64", 0o700)


def _foreign(top):
    write(top, SPEC, b"somebody's specification\n", 0o640)
    if MAY_MKNOD:
        os.mknod(f"{top}/dev/nvidia0", stat.S_IFCHR | 0o660, os.makedev(195, 3))
    else:
        write(top, "/dev/nvidia0", b"", 0o640)


class Scenario:
    """A start and a run.

    :arg inhabited: whether others use the node.
    :arg prepare: what is done before the run.
    :arg run: the run that is disturbed.
    :arg detour: GPUs of another machine that comes in between.
    """

    def __init__(self, inhabited, prepare, run, detour=2):
        self.inhabited = inhabited
        self.prepare = prepare
        self.run = run
        self.detour = detour


def _nothing(top):
    pass


def _after(*steps):
    def prepare(top):
        for step in steps:
            step(top)

    return prepare


def _one(top):
    return present(top, small_node(1))


def _two(top):
    return present(top, small_node(2))


def _none(top):
    return absent(top, small_node(2))


def _taking_over(top):
    return present(top, small_node(1), take_over=True)


SCENARIOS = {
    "present on an empty node": Scenario(False, _nothing, _one),
    "present on a used node": Scenario(True, _nothing, _one),
    "present with take_over": Scenario(True, _foreign, _taking_over),
    "growing": Scenario(True, _one, _two),
    "shrinking": Scenario(True, _two, _one),
    "repair": Scenario(True, _after(_one, _drift), _one),
    "absent on a used node": Scenario(True, _one, _none),
    "absent on an empty node": Scenario(False, _one, _none),
    "absent after take_over": Scenario(True, _after(_foreign, _taking_over), _none),
    "absent of one component": Scenario(False, _one, lambda top: absent(top, small_node(1)[:1]), detour=1),
}


def _start(fresh, scenario):
    return fresh(scenario.inhabited, scenario.prepare)


def _assert_nothing_half_written(before, seen, after, where):
    """Every final path is as it was, as it will be, or not there."""
    for path, facts in seen.items():
        parts = path.split("/")
        if any(part.startswith(STAGED) for part in parts) or path == LOCK:
            continue
        if path == MANIFEST:
            Manifest.from_bytes(facts[4])
            assert facts[4].endswith(b"\n")
            continue
        expected = [facts_of.get(path) for facts_of in (before, after) if path in facts_of]
        assert facts in expected, (where, path, facts, expected)
    lost = set(before) & set(after) - set(seen)
    # What is there before and after may be missing for a moment only where a directory gives way or takes the place.
    for path in lost:
        kinds = {
            facts_of.get(place, (0,))[0] for facts_of in (before, after) for place in (path, os.path.dirname(path))
        }
        assert len(kinds) > 1, (where, path)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_every_point(fresh, name):
    scenario = SCENARIOS[name]
    top = _start(fresh, scenario)
    before = snapshot(top)
    with faults(NEVER, Killed()) as count:
        scenario.run(top)
    after = snapshot(top)
    assert before != after
    clean = absent_result(fresh, scenario)
    assert count.calls > 5
    for at in range(1, count.calls + 1):
        top = _start(fresh, scenario)
        with faults(at, Killed()), pytest.raises(Killed):
            scenario.run(top)
        seen = snapshot(top)
        _assert_nothing_half_written(before, seen, after, at)
        # Three futures, in turn with the point of the kill (each third of the points sees each):
        future = at % 3
        if future == 0:  # the same run again, then absent
            scenario.run(top)
            assert different(after, snapshot(top)) == [], (at, "again")
            _none(top)
            assert different(clean, snapshot(top)) == [], (at, "again, absent")
        elif future == 1:  # absent at once
            if _none(top).half_done:  # what was damaged before the run, and not repaired by it, stays
                scenario.run(top)
                _none(top)
            assert different(clean, snapshot(top)) == [], (at, "absent at once")
        else:  # another machine, then the same
            present(top, small_node(scenario.detour), take_over=True)
            scenario.run(top)
            assert different(after, snapshot(top)) == [], (at, "detour")
            _none(top)
            assert different(clean, snapshot(top)) == [], (at, "detour, absent")


def absent_result(fresh, scenario):
    """What is left of the node when, undisturbed, everything of ours is removed after the scenario."""
    top = _start(fresh, scenario)
    scenario.run(top)
    _none(top)
    return snapshot(top)


@pytest.mark.parametrize("at_each", range(7))
def test_killed_twice(fresh, at_each):
    """Killed, and the run that clears up is killed as well."""
    top = fresh()
    _one(top)
    after = snapshot(top)
    for first in range(1 + at_each, 90, 7):
        for second in (first // 3 + 1, first + 2):
            top = fresh()
            for at in (first, second):
                try:
                    with faults(at, Killed()):
                        _one(top)
                except Killed:
                    pass
            _one(top)
            assert different(after, snapshot(top)) == [], (first, second)


@pytest.mark.parametrize("offset", range(2))
def test_killed_while_a_full_node_is_made(fresh, offset):
    """The full node has some thousand points: a sample of them, different in the two cases."""
    wanted = full_node(4, dri=True)
    top = fresh()
    clean = snapshot(top)
    with faults(NEVER, Killed()) as count:
        present(top, wanted)
    after = snapshot(top)
    for at in range(1 + offset * 31, count.calls, 97):
        top = fresh()
        with faults(at, Killed()), pytest.raises(Killed):
            present(top, wanted)
        _assert_nothing_half_written(clean, snapshot(top), after, at)
        present(top, wanted)
        assert different(after, snapshot(top)) == [], at
        absent(top, wanted)
        assert different(clean, snapshot(top)) == [], at


ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


@pytest.mark.parametrize("name", SCENARIOS)
def test_refused_at_every_point(fresh, name):
    """One call of any kind fails: one line, and the node is as it was; each point sees one of the errors, in turn."""
    scenario = SCENARIOS[name]
    top = _start(fresh, scenario)
    with faults(NEVER, OSError(), looking=True) as count:
        scenario.run(top)
    after = snapshot(top)
    top = _start(fresh, scenario)
    before = snapshot(top)
    for at in range(1, count.calls + 1):
        number = ERRORS[at % len(ERRORS)]
        # Created as the system does: a PermissionError for EACCES and so on.
        with faults(at, OSError(number, os.strerror(number)), looking=True) as faulty:
            try:
                scenario.run(top)
            except HostError as error:
                assert "\n" not in str(error), at
                assert "could not be undone" not in str(error), (at, str(error))
                assert os.strerror(number) in str(error) or "not a directory" in str(error), (at, str(error))
            else:  # an error that the run can get around; then it must have done all of its work
                assert different(after, snapshot(top)) == [], at
                top = _start(fresh, scenario)
                continue
        assert faulty.tripped
        assert different(before, snapshot(top)) == [], (at, errno.errorcode[number])
    scenario.run(top)
    assert different(after, snapshot(top)) == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_full_from_any_point_on(fresh, name):
    """Space runs out and stays out, while what needs none goes on working: all is undone, or all is done."""
    scenario = SCENARIOS[name]
    top = _start(fresh, scenario)
    with faults(NEVER, Killed()) as count:
        scenario.run(top)
    after = snapshot(top)
    for at in range(1, count.calls + 1):
        top = _start(fresh, scenario)
        before = snapshot(top)
        fault = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with faults(at, fault, lasting=True):
            try:
                scenario.run(top)
            except HostError as error:
                assert "\n" not in str(error), at
                assert "nothing was changed" in str(error), (at, str(error))
                assert different(before, snapshot(top)) == [], at
            else:
                assert different(after, snapshot(top)) == [], at
        scenario.run(top)
        assert different(after, snapshot(top)) == [], at


def test_what_can_not_be_undone_yet_is_tried_again(fresh):
    """On a full ext4, a directory can have room for an old name only when the hidden names of others are gone."""
    top = fresh(False)
    present(top, full_node())
    before = snapshot(top)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for times in (2, 3, 20):
        with (
            faults(40, full, names=("rename",), times=times) as faulty,
            pytest.raises(HostError, match=r"No space left on device; nothing was changed") as error,
        ):
            absent(top, full_node())
        assert faulty.calls >= 40 + times
        assert "\n" not in str(error.value)
        assert different(before, snapshot(top)) == [], times
    with faults(40, full, names=("rename",), times=NEVER), pytest.raises(HostError, match=r"could not be undone"):
        absent(top, full_node())
    absent(top, full_node())
    assert snapshot(top) == {}
