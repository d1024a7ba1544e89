# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a node's GPUs: read it, change settings, put a load on GPUs.

What was set belongs to the boot of the kernel in which it was set, as a real driver keeps its state in the kernel. It is kept over a
restart on request.
"""

from __future__ import annotations

import time

from .. import parameters
from ..errors import HostError, ParameterError
from ..host.in_place import change_in_place
from ..host.root import HostRoot
from ..layout.driver_tree import library_directories
from ..layout.state_file import NAME, SIZE, State, read_state, writes
from ..layout.state_processes import memory_of_processes, processes_text, shown_processes, stored_processes
from ..layout.state_settings import (
    ENERGY_POWER,
    ENERGY_SINCE,
    FIRST_LINK,
    GRAPHICS_REST,
    LOAD_PERCENT,
    LOAD_START,
    LOAD_UNTIL,
    MEMORY_AVAILABLE,
    MEMORY_CLOCK_REST,
    MEMORY_TEMPERATURE_REST,
    MEMORY_USED_REST,
    POWER_FROM,
    POWER_REST,
    POWER_TARGET,
    PROCESS_COUNT,
    PROCESS_LIST,
    SM_REST,
    TEMPERATURE_FROM,
    TEMPERATURE_REST,
    TEMPERATURE_TARGET,
    THERMAL_LIMIT,
    WHILE_LOADED,
    is_of_process,
    is_while_loaded,
    number_of,
    setting_of,
)
from ..layout.state_values import evaluated
from ..layout.state_words import at_rest, find, shown, stored
from ..machine.document.texts import Report
from ..machine.file import PATH as MACHINE_FILE
from ..machine.file import read_machine_file
from ..values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..layout.state_settings import Setting

LONGEST_LOAD = 366 * 86400
"""Seconds."""
_BOOT = "/proc/sys/kernel/random/boot_id"
_COOLER = 15  # degrees by which a GPU with full load stays below the most at which it may operate
_HOT = 70  # where boards do not say that
_WORST_MEMORY_SHARE = 2  # the memory is half as busy as the GPU


class Done(Value):
    """What a change did, or would do.

    :arg changed: whether anything differs.
    :arg before: what was set, by GPU and name, and whether it was kept.
    :arg after: what is set then.
    """

    __slots__ = ("changed", "before", "after")

    def __init__(self, changed: bool, before: list[str], after: list[str]) -> None:
        self.changed = changed
        self.before = before
        self.after = after


class NodeState:
    """The state of the GPUs of a driver installation.

    :arg root: an open host root.
    :arg driver_root: where the driver installation is.
    :raises HostError: there is none of nvmock.gpu, or its files are damaged.
    """

    def __init__(self, root: HostRoot, driver_root: str) -> None:
        base = "" if driver_root == "/" else driver_root
        path = f"{base}/{MACHINE_FILE}"
        if root.status(path) is None:
            raise HostError(
                f"{driver_root}: no driver installation of nvmock.gpu: name its driver root, or make one first"
            )
        self.machine = read_machine_file(root.read(path), path)
        self.report = Report(self.machine)
        self._root = root
        name = NAME.format(V=self.machine.driver_version)
        places = [f"{base}/{directory}/{name}" for directory in library_directories()]
        found = [place for place in places if root.status(place) is not None]
        if not found:
            raise HostError(f"{places[0]}: does not exist: run nvmock.gpu again, which makes it")
        self.path = found[0]
        self._boot = _boot()

    def gpus(self, chosen: Iterable[object] | None = None) -> list[int]:
        """Return the indices of GPUs.

        :arg chosen: indices, UUIDs or PCI bus ids; None for all.
        :raises ParameterError: there is no such GPU.
        """
        if chosen is None:
            return list(range(len(self.machine.gpus)))
        result: list[int] = []
        for word in chosen:
            text = str(word).lower()
            index = next(
                (gpu.index for gpu in self.machine.gpus if text in (str(gpu.index), gpu.uuid.lower(), gpu.pci_bus_id)),
                None,
            )
            if index is None:
                allowed = f"an index from 0 to {len(self.machine.gpus) - 1}, a UUID or a PCI bus id of this node"
                raise ParameterError("gpus", word, allowed)
            if index not in result:
                result.append(index)
        return result

    def read(self) -> State:
        """Return the state that counts: of another boot of the kernel only if it is kept.

        :raises HostError: the file is damaged.
        """
        return self._of_this_boot(read_state(self._root.read(self.path, SIZE), self.path))

    def _of_this_boot(self, state: State) -> State:
        if state.boot and self._boot and state.boot != self._boot:
            return State(state.gpu_count, {}, self._boot, state.generation, state.slot)
        return state

    def change(
        self, edit: Callable[[dict[int, dict[int, int]], int], None], keep: bool | None, check: bool = False
    ) -> Done:
        """Let *edit* change the stored values, and write them.

        :arg edit: is given GPU -> number -> value for every GPU, and the time in milliseconds. It is called with the lock held.
        :arg keep: whether the state is kept over a restart of the node; None: as before.
        :arg check: write nothing.
        """
        done: list[Done] = []

        def written(data: bytes) -> list[tuple[int, bytes]]:
            before = self._of_this_boot(read_state(data, self.path))
            values: dict[int, dict[int, int]] = {gpu: {} for gpu in self.gpus()}
            for (gpu, number), value in before.entries.items():
                values.setdefault(gpu, {})[number] = value
            now = int(time.time() * 1000)
            before_lines = self._lines(before, now)
            edit(values, now)
            entries = {(gpu, number): value for gpu, own in values.items() for number, value in own.items()}
            kept = before.generation > 0 and before.boot == 0 if keep is None else keep
            boot = 0 if kept else self._boot
            same = entries == before.entries and (keep is None or boot == before.boot)
            after = State(before.gpu_count, entries, boot, before.generation, before.slot)
            done.append(Done(not same, before_lines, self._lines(after, now, kept)))
            return [] if same else writes(after)

        if check:
            written(self._root.read(self.path, SIZE))
        else:
            change_in_place(self._root, self.path, written)
        return done[-1]

    def _lines(self, state: State, now: int, kept: bool | None = None) -> list[str]:
        """Return the state for a diff: a line per setting."""
        lines = []
        if state.generation > 0 and state.boot == 0 if kept is None else kept:
            lines.append("kept over a restart of the node\n")
        for gpu in self.gpus():
            lines += [f"GPU {gpu}: {name}={text(value)}\n" for name, value in self.shown(gpu, state, now).items()]
        return lines

    def set(self, gpus: list[int], wanted: dict[int, int]) -> Callable[[dict[int, dict[int, int]], int], None]:
        """Return the edit that sets values of GPUs.

        :raises ParameterError: a GPU does not have a setting, or not with this value.
        """
        for gpu in gpus:
            for number, value in wanted.items():
                if setting_of(number) is not None:
                    self._check(gpu, number, value)
            self._check_processes(gpu, wanted)

        def edit(values: dict[int, dict[int, int]], now: int) -> None:
            for gpu in gpus:
                own = values[gpu]
                if all(own.get(number) == value for number, value in wanted.items()):
                    continue
                if number_of("power") in wanted:
                    self._count_energy(gpu, own, now)
                if PROCESS_COUNT in wanted:
                    _drop_processes(own)
                own.update(wanted)
                if number_of("energy") in wanted:
                    own[ENERGY_SINCE] = now
                    own.setdefault(ENERGY_POWER, self._rest(gpu, "power") or 0)
                self._complete(gpu, own)

        return edit

    def reset(
        self, gpus: list[int], numbers: list[int] | None, but: frozenset[int] = frozenset()
    ) -> Callable[[dict[int, dict[int, int]], int], None]:
        """Return the edit that brings settings back to what the facts of the machine say.

        :arg numbers: None for everything, also a load.
        :arg but: what the same change sets: it stays, so that a change to the same values is none.
        """

        def edit(values: dict[int, dict[int, int]], now: int) -> None:
            for gpu in gpus:
                own = values[gpu]
                if numbers is None:
                    for number in [number for number in own if not but or not _outlives(number, but)]:
                        del own[number]
                    continue
                if number_of("power") in numbers and number_of("power") in own:
                    self._count_energy(gpu, own, now)
                for number in numbers:
                    if number in but:
                        continue
                    own.pop(number, None)
                    if number == PROCESS_COUNT:
                        _drop_processes(own)

        return edit

    def load(self, gpus: list[int], percent: int, seconds: int) -> Callable[[dict[int, dict[int, int]], int], None]:
        """Return the edit that puts a load on GPUs from now on.

        :raises ParameterError: a GPU has no reading of power that could follow it.
        """
        for gpu in gpus:
            self._check(gpu, number_of("power"), 0)

        def edit(values: dict[int, dict[int, int]], now: int) -> None:
            for gpu in gpus:
                self._put_load(gpu, values[gpu], percent, seconds, now)

        return edit

    def _put_load(self, gpu: int, own: dict[int, int], percent: int, seconds: int, now: int) -> None:
        at = evaluated(own, now)
        self._count_energy(gpu, own, now)
        for number in [number for number in own if is_while_loaded(number)]:
            del own[number]
        rest = self._rest(gpu, "power") or 0
        limit = own.get(number_of("power_limit"), self._rest(gpu, "power_limit") or rest)
        own[LOAD_START], own[LOAD_UNTIL], own[LOAD_PERCENT] = now, now + seconds * 1000, percent
        own[POWER_FROM] = at.get(number_of("power"), rest)
        own[POWER_TARGET] = rest + max(limit - rest, 0) * percent // 100
        own[POWER_REST] = rest
        cold = self._rest(gpu, "temperature")
        if cold is not None:
            own[TEMPERATURE_FROM] = at.get(number_of("temperature"), cold) * 1000
            own[TEMPERATURE_TARGET] = cold * 1000 + max(self._hot(gpu) - cold, 0) * percent * 10
            own[TEMPERATURE_REST] = cold * 1000
            memory = self._rest(gpu, "memory_temperature")
            if memory is not None:
                own[MEMORY_TEMPERATURE_REST] = memory
        loaded = {
            "gpu_utilization": percent,
            "memory_utilization": percent // _WORST_MEMORY_SHARE,
            "performance_state": 0,
            "event_reason_gpu_idle": 0,
            "graphics_clock": self._most(gpu, "graphics"),
            "sm_clock": self._most(gpu, "sm"),
            "memory_clock": self._most(gpu, "mem"),
            "video_clock": self._most(gpu, "video"),
        }
        for name, value in loaded.items():
            if percent and value is not None and self._rest(gpu, name) is not None:
                own[WHILE_LOADED + number_of(name)] = value
        self._complete(gpu, own)

    def _count_energy(self, gpu: int, own: dict[int, int], now: int) -> None:
        """Store the energy of now, because the power changes."""
        energy = number_of("energy")
        rest = self._rest(gpu, "power") or 0
        if self._rest(gpu, "energy") is None:
            return
        if energy in own:
            own[energy] = evaluated(own, now)[energy]
        else:
            power = own.get(number_of("power"), rest)
            own[energy] = int(power * time.clock_gettime(time.CLOCK_BOOTTIME)) if hasattr(time, "CLOCK_BOOTTIME") else 0
        own[ENERGY_SINCE], own[ENERGY_POWER] = now, rest

    def _complete(self, gpu: int, own: dict[int, int]) -> None:
        """Add what readers need to tell further readings."""
        margin, cold = self._rest(gpu, "temperature_margin"), self._rest(gpu, "temperature")
        if margin is not None and cold is not None:
            own[THERMAL_LIMIT] = cold + margin
        if not own.keys().isdisjoint((number_of("memory_used"), PROCESS_COUNT, PROCESS_LIST)):
            own[MEMORY_AVAILABLE] = self._memory()
            own[MEMORY_USED_REST] = self._rest(gpu, "memory_used") or 0
        for lock, clocks in (("graphics", (GRAPHICS_REST, SM_REST)), ("memory", (MEMORY_CLOCK_REST,))):
            if number_of(f"locked_{lock}_clock_min") in own or number_of(f"locked_{lock}_clock_max") in own:
                names = {GRAPHICS_REST: "graphics_clock", SM_REST: "sm_clock", MEMORY_CLOCK_REST: "memory_clock"}
                for number in clocks:
                    own[number] = self._rest(gpu, names[number]) or 0

    def _check(self, gpu: int, number: int, value: int) -> None:
        setting = _setting(number)
        if self._rest(gpu, setting.name) is None:
            raise ParameterError(
                f"settings.{setting.name}", shown(setting, value), f"left out: GPU {gpu} does not have it"
            )
        least, most = setting.least, setting.most
        if setting.name == "power_limit":
            limits = self.report.model.readings.power_limits_mw
            if limits:
                least, most = limits[0], limits[2]
        elif setting.name == "memory_used":
            most = self._memory()
        if not least <= value <= most:
            allowed = f"from {shown(setting, least)} to {shown(setting, most)} {setting.unit} on GPU {gpu}"
            raise ParameterError(f"settings.{setting.name}", shown(setting, value), allowed)

    def _check_processes(self, gpu: int, wanted: dict[int, int]) -> None:
        if not wanted.get(PROCESS_COUNT):
            return
        where, processes = "settings.processes", processes_text(shown_processes(wanted))
        if self.machine.gpus[gpu].mig_enabled:
            raise ParameterError(where, processes, f"left out: GPU {gpu} is in MIG mode")
        free = self._memory() - (self._rest(gpu, "memory_used") or 0)
        if memory_of_processes(wanted) > free:
            raise ParameterError(where, processes, f"processes with at most {free} MiB together on GPU {gpu}")

    def _memory(self) -> int:
        from ..machine.document.computed import number_in

        total = number_in(self.report.text(0, "fb_memory_usage/total")) or 0
        return int(total - (number_in(self.report.text(0, "fb_memory_usage/reserved")) or 0))

    def _rest(self, gpu: int, name: str) -> int | None:
        return at_rest(self.report, gpu, _setting(number_of(name)))

    def _most(self, gpu: int, clock: str) -> int | None:
        found = self.report.number(gpu, f"max_clocks/{clock}_clock")
        return None if found is None else int(found)

    def _hot(self, gpu: int) -> int:
        """The temperature of a GPU with full load."""
        for path in ("temperature/gpu_temp_max_gpu_threshold", "temperature/gpu_temp_slow_threshold"):
            found = self.report.number(gpu, path)
            if found:
                return int(found) - _COOLER
        return _HOT

    def shown(self, gpu: int, state: State, now: int | None = None) -> dict[str, object]:
        """Return what is set of a GPU, by name: as it is now, without what only follows from it."""
        own = {number: value for (of, number), value in state.entries.items() if of == gpu}
        values = evaluated(own, int(time.time() * 1000) if now is None else now)
        result: dict[str, object] = {}
        for number, value in sorted(values.items()):
            setting = setting_of(number)
            if setting is not None:
                result[setting.name] = shown_processes(own) if number == PROCESS_COUNT else shown(setting, value)
        return result


def requested(
    state: NodeState, gpus: list[int], reset: list[str], settings: dict[str, object], load: tuple[int, int] | None
) -> Callable[[dict[int, dict[int, int]], int], None]:
    """Return the edit that resets, then sets, then puts a load on GPUs.

    :arg reset: names of settings, or ``all``.
    :arg load: percent and seconds.
    :raises ParameterError: something is not allowed.
    """
    edits = []
    new = wanted(settings)
    if "all" in reset:
        edits.append(state.reset(gpus, None, frozenset(new)))
    elif reset:
        edits.append(state.reset(gpus, [find(name, "reset") for name in reset], frozenset(new)))
    if new:
        edits.append(state.set(gpus, new))
    if load is not None:
        edits.append(state.load(gpus, *load))

    def edit(values: dict[int, dict[int, int]], now: int) -> None:
        for one in edits:
            one(values, now)

    return edit


def _outlives(number: int, but: frozenset[int]) -> bool:
    """Whether a value stays when everything but some settings is reset: those, and what follows from them."""
    if number in (number_of("energy"), ENERGY_SINCE, ENERGY_POWER):
        return number_of("power") in but or number_of("energy") in but
    return number in but or THERMAL_LIMIT <= number < FIRST_LINK or number == MEMORY_USED_REST


def _drop_processes(own: dict[int, int]) -> None:
    for number in [number for number in own if is_of_process(number)]:
        del own[number]


def text(value: object) -> str:
    """Return a value that is shown as a user would write it on one line."""
    return processes_text(value) if isinstance(value, list) else str(value)


def load_from(option: dict[str, object] | None) -> tuple[int, int] | None:
    """Return percent and seconds of a load.

    :raises ParameterError: one is not allowed.
    """
    if option is None:
        return None
    percent = parameters.integer("load.percent", option["percent"], 0, 100)
    return percent, parameters.integer("load.seconds", option["seconds"], 1, LONGEST_LOAD)


def wanted(settings: dict[str, object], where: str = "settings") -> dict[int, int]:
    """Return the stored values of what a user wants to set: number -> value.

    :raises ParameterError: an unknown name, or a value that is not allowed.
    """
    result = {}
    for name, value in settings.items():
        number = find(name, where)
        if number == PROCESS_COUNT:
            result.update(stored_processes(value))
        else:
            result[number] = stored(_setting(number), value)
    return result


def _setting(number: int) -> Setting:
    setting = setting_of(number)
    if setting is None:
        raise KeyError(number)
    return setting


def _boot() -> int:
    """Return a number of this boot of the kernel, 0 if it is unknown."""
    try:
        with open(_BOOT, encoding="ascii") as handle:
            return int(handle.read().strip().replace("-", "")[:16], 16)
    except (OSError, ValueError):
        return 0
