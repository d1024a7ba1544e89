# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG mode and instances that NVML or nvidia-smi changed at run time: a node is made of its machine with these.

The state has them (layout/state_mig.py). Every run makes device nodes, capability files, the driver installation, the machine file and the
specification of what :func:`live` returns, so that whoever reads one of these needs nothing else.
"""

from __future__ import annotations

from zlib import crc32

from ..errors import HostError
from ..host.owner import DRIVER_TREE
from ..host.root import HostRoot
from ..layout.driver_tree import library_directories
from ..layout.state_file import ACTIVE_AT, FAULTS, NAME, SIZE, State, read_state, writes
from ..machine.model import Machine
from .boot import boot_number
from .components import owners_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..host.followed import FollowedFile


def driver_root_of(root: HostRoot, instance: str) -> str | None:
    """Return where the driver installation of a mock is by the manifest, None if it has none."""
    owners = [owner for owner in owners_of(root) if owner.part == DRIVER_TREE and owner.instance == instance]
    return owners[0].path if owners else None


def state_path(root: HostRoot, machine: Machine, driver_root: str | None) -> str | None:
    """Return the path of the state file of a driver installation, None if there is none."""
    if driver_root is None:
        return None
    base = "" if driver_root == "/" else driver_root
    name = NAME.format(V=machine.driver_version)
    places = [f"{base}/{directory}/{name}" for directory in library_directories()]
    return next((place for place in places if _is_there(root, place)), None)


def _is_there(root: HostRoot, place: str) -> bool:
    try:
        return root.status(place) is not None
    except HostError:
        return False  # in the place of a directory is something else, which the run repairs or refuses


def state_that_counts(root: HostRoot, path: str | None) -> State | None:
    """Return the state that counts; None if nothing is set, or if it is damaged: the run repairs it."""
    if path is None:
        return None
    try:
        return _counting(read_state(root.read(path, SIZE), path))
    except HostError:
        return None


def has_state_faults(root: HostRoot, machine: Machine, driver_root: str) -> bool:
    """Whether the state of a driver installation has faults, as this run has seen it."""
    path = state_path(root, machine, driver_root)
    try:
        seen = None if path is None else root.seen(path)
        state = None if seen is None or not seen.content else _counting(read_state(seen.content, seen.path))
    except HostError:
        return False
    return state is not None and any(number in FAULTS for _gpu, number in state.entries)


def _counting(state: State) -> State | None:
    """Return a state if it has something, and is of this boot of the kernel or kept."""
    boot = boot_number()
    return None if not state.entries or (state.boot and boot and state.boot != boot) else state


def live(root: HostRoot, machine: Machine, instance: str = "", declared: bool = False) -> Machine:
    """Return the machine as its GPUs are cut now.

    :arg machine: as the options of the run describe it.
    :arg declared: whether these options say how the GPUs are cut: then that counts.
    """
    if declared or not _has_mig(machine):
        return machine
    state = state_that_counts(root, state_path(root, machine, driver_root_of(root, instance)))
    if state is None or state.gpu_count != len(machine.gpus):
        return machine
    from ..layout.state_mig import DECLARED, as_made

    if state.entries.get((0, DECLARED)) not in (None, declaration(machine)):
        return machine  # the options declare another layout than before
    return as_made(machine, state.entries)


def cut_by_state(root: HostRoot, machine: Machine, instance: str = "") -> Machine:
    """Return the machine of a machine file, which a run has made, as its GPUs are cut now."""
    state = (
        state_that_counts(root, state_path(root, machine, driver_root_of(root, instance)))
        if _has_mig(machine)
        else None
    )
    if state is None:
        return machine
    from ..layout.state_mig import as_made

    return as_made(machine, state.entries)


def _has_mig(machine: Machine) -> bool:
    return machine.model is not None and bool(machine.model.mig_profiles)


def declaration(machine: Machine) -> int:
    """Return a number that differs for machines whose options cut the GPUs in another way."""
    cut = [f"{gpu.mig_enabled}:{' '.join([mig.profile for mig in gpu.mig_devices])}" for gpu in machine.gpus]
    return crc32(";".join(cut).encode("ascii"))


def settle(root: HostRoot, machine: Machine, instance: str = "", declared: bool = False) -> None:
    """Bring the state in line with a run that is done.

    What was made at run time is forgotten if the run's options count instead. Otherwise the state notes which layout they declare.

    :arg machine: as the options describe it.
    """
    if not _has_mig(machine):
        return
    path = state_path(root, machine, driver_root_of(root, instance))
    state = state_that_counts(root, path)
    if path is None or state is None:
        return
    from ..host.in_place import change_in_place
    from ..layout.state_mig import DECLARED, mig_entries

    if not mig_entries(state.entries):
        return
    noted, wanted = state.entries.get((0, DECLARED)), declaration(machine)
    forgets = declared or noted not in (None, wanted)
    if not forgets and noted == wanted:
        return

    def written(data: bytes) -> list[tuple[int, bytes]]:
        now = read_state(data, path)
        entries = dict(now.entries)
        if forgets:
            for key in mig_entries(entries):
                del entries[key]
        else:
            entries[0, DECLARED] = wanted
        return writes(State(now.gpu_count, entries, now.boot, now.generation, now.slot))

    change_in_place(root, path, written)


class Follower:
    """Follows the MIG entries of a state, for a process that makes device nodes of them.

    NVML and nvidia-smi know by the lock of the followed file that somebody does (native/state_write.c, state_is_followed).
    """

    def __init__(self) -> None:
        self._file: FollowedFile | None = None
        self._seen: tuple[bytes, dict[tuple[int, int], int]] | None = None

    @property
    def follows(self) -> bool:
        """Whether there is a state to follow."""
        return self._file is not None

    def follow(self, root: HostRoot, machine: Machine, instance: str = "") -> None:
        """Follow the state of the machine's driver installation from now on, also if the file is another one."""
        path = state_path(root, machine, driver_root_of(root, instance))
        if path is None:
            self.end()
            return
        from ..host.followed import FollowedFile

        now = FollowedFile(root, path)
        if self._file is not None and now.identity == self._file.identity:
            now.close()
            return
        self.end()
        self._file = now
        self._seen = (b"", {})  # if it has entries, they may be newer than the pass that has just ended
        now.lock()

    def end(self) -> None:
        """Stop following."""
        if self._file is not None:
            self._file.close()
        self._file, self._seen = None, None

    def note(self) -> None:
        """Remember what the state says now: :meth:`moved` is False until it says something else."""
        self._seen = self._entries()

    def moved(self) -> bool:
        """Whether the MIG entries have changed since :meth:`note`. It costs one system call while the state stays the same."""
        if self._seen is None or self._file is None:
            return False
        try:
            if self._file.read(ACTIVE_AT, 8) == self._seen[0]:
                return False
            now = self._entries()
        except OSError:
            return True  # the next pass says what is wrong
        if now is None or now[1] != self._seen[1]:
            return now is not None
        self._seen = now
        return False

    def _entries(self) -> tuple[bytes, dict[tuple[int, int], int]] | None:
        if self._file is None:
            return None
        from ..layout.state_mig import DECLARED, mig_entries

        active = self._file.read(ACTIVE_AT, 8)
        try:
            state = read_state(self._file.read(0, SIZE), "state")
        except HostError:
            return None
        found = mig_entries(state.entries)
        found.pop((0, DECLARED), None)
        return active, found
