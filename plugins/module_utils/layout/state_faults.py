# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a GPU in the state: what they change, and the events that they raise (native/state_faults.c computes the same).

A fault is two numbers of the state: a parameter, and a bit for each of its effects that are in force. Effects are put over the
readings when they are read. So nothing that was set is overwritten, and without these numbers the GPU is as before. Events are in
a ring of 64 numbers. A sequence number is never used twice: the first one is the time in microseconds.
"""

from __future__ import annotations

from ..values import Value
from .state_file import FAULTS
from .state_settings import FIRST_LINK, LINKS, number_of

RING = 600
RING_SIZE = 64
RING_NEXT = RING + RING_SIZE
"""Sequence number of the next event. That of event N is in the ring at N % 64."""
RING_FIRST = RING_NEXT + 1
"""Sequence number of the first event: what is older than the ring has overflowed."""
LOST = RING_FIRST + 1
"""Never stored: 1 while the GPU can't be reached."""
FIRST_FAULT = 670
"""Parameter of the first kind; the effects of it in force are the number after it. Two numbers per kind."""
MOST_FAULTS = 49

SINGLE_BIT, DOUBLE_BIT, XID = 1, 2, 8
"""Types of events: nvmlEventTypeSingleBitEccError, DoubleBitEccError and XidCriticalError."""
NO_INSTANCE = 255
"""An event that belongs to no GPU instance, or no compute instance."""

NO_ACTION, GPU_RESET, NODE_REBOOT, DRAIN_P2P, DRAIN_AND_RESET = range(5)
"""nvmlDeviceGpuRecoveryAction_t"""
_SEVERITY = (0, 2, 4, 1, 3, 5, 6, 7)
"""By recovery action: the more severe one counts."""

SET, ADD, FIELD, WORST, WORST_FIELD, CUT = range(6)
"""What an effect does with a setting: sets it to a value, adds the count of the parameter, sets it to 16 bits of the parameter less 1000,
makes the recovery action at least a value, or 16 bits of the parameter, makes links of the parameter's bits inactive."""
COUNT_MASK = (1 << 24) - 1
FIELD_MASK = (1 << 16) - 1
FIELD_OFFSET = 1000

# (number, what NVIDIA's documentation calls it, recovery action). The actions are those of NVIDIA's catalog of Xid errors: RESET_GPU,
# RESTART_BM (the node), and for the row remapper a reset when the GPU is drained. Applications cause the others.
_XIDS = (
    (13, "Graphics Engine Exception", NO_ACTION),
    (31, "GPU memory page fault", NO_ACTION),
    (43, "GPU stopped processing", NO_ACTION),
    (45, "Preemptive cleanup, due to previous errors", NO_ACTION),
    (46, "GPU stopped processing", GPU_RESET),
    (48, "Double Bit ECC Error", GPU_RESET),
    (62, "Internal micro-controller halt", GPU_RESET),
    (63, "ECC page retirement or row remapping recording event", DRAIN_AND_RESET),
    (64, "ECC page retirement or row remapper recording failure", GPU_RESET),
    (68, "NVDEC0 Exception", NO_ACTION),
    (69, "Graphics Engine class error", NO_ACTION),
    (74, "NVLINK Error", GPU_RESET),
    (79, "GPU has fallen off the bus", NODE_REBOOT),
    (92, "High single-bit ECC error rate", NO_ACTION),
    (94, "Contained ECC error", NO_ACTION),
    (95, "Uncontained ECC error", GPU_RESET),
    (109, "Context Switch Timeout Error", NO_ACTION),
    (119, "GSP RPC Timeout", GPU_RESET),
    (120, "GSP Error", GPU_RESET),
    (140, "Unrecovered ECC Error", GPU_RESET),
)
MOST_XID = 9999
HARMLESS_XIDS = frozenset((13, 31, 43, 45, 68, 109))
"""Errors of an application, which leave the GPU usable: NVIDIA's device plugin skips them."""


class Effect(Value):
    """What a fault does to one setting.

    :arg name: of the setting; "lost" and "links" are none.
    :arg what: SET, ADD, ...
    :arg value: of SET and WORST; for FIELD and WORST_FIELD the place of the lowest bit.
    :arg is_cured: whether a reset of the GPU ends it.
    """

    __slots__ = ("name", "what", "value", "is_cured")

    def __init__(self, name: str, what: int, value: int, is_cured: bool) -> None:
        self.name = name
        self.what = what
        self.value = value
        self.is_cured = is_cured

    @property
    def number(self) -> int:
        """The number that readers find it under."""
        if self.name == "lost":
            return LOST
        return FIRST_LINK if self.name == "links" else number_of(self.name)


class Kind(Value):
    """A kind of fault. Its number is its place in KINDS and is written to state files: rows are only added at the end.

    :arg name: as users write it.
    :arg about: what it is, for lists.
    :arg needs: settings that a GPU must have to have the fault: one of them.
    :arg effects: what it changes, at most 32.
    :arg events: types and data of the events that it raises when it is put on. Data of None stands for the parameter's Xid.
    """

    __slots__ = ("name", "about", "needs", "effects", "events")

    def __init__(
        self,
        name: str,
        about: str,
        needs: tuple[str, ...],
        effects: tuple[Effect, ...],
        events: tuple[tuple[int, int | None], ...],
    ) -> None:
        self.name = name
        self.about = about
        self.needs = needs
        self.effects = effects
        self.events = events


def _actions(action: int) -> tuple[Effect, ...]:
    """What a driver says about how to recover: boards and branches have one or the other."""
    flag = "drain_and_reset" if action == DRAIN_AND_RESET else "reset_required"
    return (Effect("recovery_action", WORST, action, True), Effect(flag, SET, 1, True))


SRAM_SOURCES = ("l2", "sm", "microcontroller", "pcie", "other")

KINDS = (
    Kind(
        "xid",
        "an Xid error",
        (),
        (
            Effect("recovery_action", WORST_FIELD, 16, True),
            Effect("reset_required", SET, 1, True),
            Effect("drain_and_reset", SET, 1, True),
        ),
        ((XID, None),),
    ),
    Kind(
        "ecc_dram",
        "uncorrectable ECC errors of the device memory",
        ("volatile_dram_uncorrected",),
        (
            Effect("volatile_dram_uncorrected", ADD, 0, True),
            Effect("aggregate_dram_uncorrected", ADD, 0, False),
            *_actions(GPU_RESET),
        ),
        ((DOUBLE_BIT, 0), (XID, 48)),
    ),
    Kind(
        "ecc_sram",
        "uncorrectable ECC errors of the SRAM",
        ("volatile_sram_secded", "volatile_sram_uncorrected"),
        (
            Effect("volatile_sram_secded", ADD, 0, True),
            Effect("volatile_sram_uncorrected", ADD, 0, True),
            Effect("aggregate_sram_secded", ADD, 0, False),
            Effect("aggregate_sram_uncorrected", ADD, 0, False),
            *_actions(GPU_RESET),
            *[Effect(f"sram_{source}_errors", ADD, 0, False) for source in SRAM_SOURCES],
        ),
        ((DOUBLE_BIT, 0), (XID, 48)),
    ),
    Kind(
        "ecc_corrected",
        "corrected ECC errors of the device memory",
        ("volatile_dram_corrected",),
        (
            Effect("volatile_dram_corrected", ADD, 0, True),
            Effect("aggregate_dram_corrected", ADD, 0, False),
        ),
        ((SINGLE_BIT, 0),),
    ),
    Kind(
        "rows_remapped",
        "rows of memory that were remapped because of uncorrectable errors",
        ("remapped_rows_uncorrected",),
        (Effect("remapped_rows_uncorrected", ADD, 0, False),),
        (),
    ),
    Kind(
        "rows_pending",
        "rows of memory that the next reset remaps",
        ("remapped_rows_pending",),
        (
            Effect("remapped_rows_pending", SET, 1, True),
            Effect("remapped_rows_uncorrected", ADD, 0, False),
            *_actions(DRAIN_AND_RESET),
        ),
        ((XID, 63),),
    ),
    Kind(
        "rows_failed",
        "a row of memory that could not be remapped",
        ("remapped_rows_failure",),
        (Effect("remapped_rows_failure", SET, 1, False), *_actions(GPU_RESET)),
        ((XID, 64),),
    ),
    Kind("gpu_lost", "a GPU that can't be reached until it is reset", (), (Effect("lost", SET, 1, True),), ()),
    Kind(
        "fallen_off_bus",
        "a GPU that has fallen off the PCIe bus",
        (),
        (Effect("lost", SET, 1, False), Effect("recovery_action", WORST, NODE_REBOOT, False)),
        ((XID, 79),),
    ),
    Kind(
        "thermal",
        "clocks that are lowered because the GPU is too hot",
        ("event_reason_hw_thermal_slowdown", "event_reason_sw_thermal_slowdown"),
        (
            Effect("event_reason_hw_thermal_slowdown", SET, 1, False),
            Effect("event_reason_sw_thermal_slowdown", SET, 1, False),
            Effect("event_reason_hw_slowdown", SET, 1, False),
            Effect("event_reason_gpu_idle", SET, 0, False),
            Effect("temperature", FIELD, 0, False),
            Effect("temperature_margin", FIELD, 16, False),
        ),
        (),
    ),
    Kind(
        "power_brake",
        "clocks that are lowered by an external power brake",
        ("event_reason_hw_power_brake_slowdown",),
        (
            Effect("event_reason_hw_power_brake_slowdown", SET, 1, False),
            Effect("event_reason_hw_slowdown", SET, 1, False),
            Effect("event_reason_gpu_idle", SET, 0, False),
        ),
        (),
    ),
    Kind(
        "power_cap",
        "clocks that are lowered to stay below the power limit",
        ("event_reason_sw_power_cap",),
        (Effect("event_reason_sw_power_cap", SET, 1, False), Effect("event_reason_gpu_idle", SET, 0, False)),
        (),
    ),
    Kind(
        "nvlink_down",
        "NVLinks that are inactive",
        ("nvlink_0_state",),
        (Effect("links", CUT, 0, True), *_actions(GPU_RESET)),
        ((XID, 74),),
    ),
    Kind(
        "fabric_unhealthy",
        "a GPU that the NVLink fabric reports as unhealthy",
        ("fabric_health",),
        (
            Effect("fabric_health", SET, 2, False),
            Effect("fabric_route_unhealthy", SET, 1, False),
            Effect("fabric_bandwidth", SET, 1, False),
        ),
        (),
    ),
)
NAMES = tuple([kind.name for kind in KINDS])


def parameter_of(kind: int) -> int:
    """Return the number of the state that has the parameter of a kind; the effects in force follow it."""
    return FIRST_FAULT + 2 * kind


def xid_text(code: int) -> str:
    """Return what NVIDIA's documentation calls an Xid, "" if it is not in the table."""
    return next((text for number, text, _action in _XIDS if number == code), "")


def xid_action(code: int) -> int:
    """Return the recovery action of an Xid; none for one that is not in the table."""
    return next((action for number, _text, action in _XIDS if number == code), NO_ACTION)


def worse(one: int, other: int) -> int:
    """Return the more severe of two recovery actions."""
    return max(one, other, key=lambda action: _SEVERITY[action] if 0 <= action < len(_SEVERITY) else 0)


def apply_faults(found: dict[int, int], values: dict[int, int]) -> None:
    """Put the effects of the faults over the readings of one GPU.

    :arg found: number of a setting -> reading, changed.
    :arg values: what is stored.
    """
    for place, kind in enumerate(KINDS):
        number = parameter_of(place)
        if number not in values:
            continue
        parameter, in_force = values[number], values.get(number + 1, 0)
        for bit, effect in enumerate(kind.effects):
            if in_force >> bit & 1:
                _apply(found, effect, parameter)


def _apply(found: dict[int, int], effect: Effect, parameter: int) -> None:
    if effect.what == CUT:
        for link in range(LINKS):
            if parameter >> link & 1:
                found[FIRST_LINK + 8 * link] = 0
        return
    number = effect.number
    if effect.what == SET:
        found[number] = effect.value
    elif effect.what == ADD:
        found[number] = found.get(number, 0) + (parameter & COUNT_MASK)
    elif effect.what == FIELD:
        found[number] = (parameter >> effect.value & FIELD_MASK) - FIELD_OFFSET
    else:
        action = effect.value if effect.what == WORST else parameter >> effect.value & FIELD_MASK
        found[number] = worse(found.get(number, NO_ACTION), action)


class Event(Value):
    """An event as the ring has it.

    :arg type: SINGLE_BIT, DOUBLE_BIT or XID.
    :arg data: the code of an Xid.
    :arg gpu_instance: NO_INSTANCE without one.
    :arg compute_instance: NO_INSTANCE without one.
    :arg kind: the kind of fault that it belongs to.
    """

    __slots__ = ("type", "data", "gpu_instance", "compute_instance", "kind")

    def __init__(self, type: int, data: int, gpu_instance: int, compute_instance: int, kind: int) -> None:
        self.type = type
        self.data = data
        self.gpu_instance = gpu_instance
        self.compute_instance = compute_instance
        self.kind = kind

    def packed(self) -> int:
        """Return the number in the ring: 16 bits of data, 8 of each instance, 8 of the type, 8 of the kind."""
        return (
            self.data | self.gpu_instance << 16 | self.compute_instance << 24 | self.type << 32 | (self.kind + 1) << 40
        )


def unpacked(number: int) -> Event:
    """Return the event of a number in the ring."""
    return Event(number >> 32 & 255, number & 65535, number >> 16 & 255, number >> 24 & 255, (number >> 40 & 255) - 1)


def events(values: dict[int, int]) -> list[tuple[int, Event]]:
    """Return the events in the ring of one GPU, the oldest first: sequence number and event."""
    following = values.get(RING_NEXT, 0)
    result = []
    for sequence in range(max(following - RING_SIZE, 0), following):
        number = values.get(RING + sequence % RING_SIZE)
        if number is not None:
            result.append((sequence, unpacked(number)))
    return result


def put_event(values: dict[int, int], event: Event, now: int) -> None:
    """Put an event into the ring of one GPU.

    :arg now: milliseconds since 1970.
    """
    following = values.get(RING_NEXT, now * 1000)
    values.setdefault(RING_FIRST, following)
    values[RING + following % RING_SIZE] = event.packed()
    values[RING_NEXT] = following + 1


def take_events(values: dict[int, int], kind: int) -> None:
    """Take the events of a kind of fault out of the ring of one GPU; the ring goes with the last one."""
    for number in range(RING, RING + RING_SIZE):
        if number in values and unpacked(values[number]).kind == kind:
            del values[number]
    if not any(number in values for number in range(RING, RING + RING_SIZE)):
        values.pop(RING_NEXT, None)
        values.pop(RING_FIRST, None)


def overflowed(values: dict[int, int]) -> int:
    """Return how many events of one GPU the ring no longer has, because newer ones took their places."""
    return max(values.get(RING_NEXT, 0) - values.get(RING_FIRST, 0) - RING_SIZE, 0)


def is_of_faults(number: int) -> bool:
    """Return whether a number of the state belongs to a fault."""
    return number in FAULTS


def _concerns(event: Event, instance: tuple[int, int] | None) -> bool:
    return (
        instance is None
        or NO_INSTANCE in (event.gpu_instance, event.compute_instance)
        or (instance == (event.gpu_instance, event.compute_instance))
    )


def unhealthy(
    values: dict[int, int], action: int, skipped: frozenset[int], instance: tuple[int, int] | None = None
) -> str:
    """Return why a GPU should get no more work, "" if it should.

    :arg values: what is stored.
    :arg action: its recovery action.
    :arg skipped: Xids that do not count.
    :arg instance: GPU instance and compute instance of a MIG device, which the events of other instances do not concern.
    """
    for place, kind in enumerate(KINDS):
        lost = kind.effects[0].name == "lost" and values.get(parameter_of(place) + 1, 0) & 1
        if lost:
            return "Xid 79: GPU has fallen off the bus" if kind.name == "fallen_off_bus" else "GPU is lost"
    happened = [event for _sequence, event in reversed(events(values)) if _concerns(event, instance)]
    for event in happened:
        if event.type == XID and event.data not in skipped:
            text = xid_text(event.data)
            return f"Xid {event.data}: {text}" if text else f"Xid {event.data}"
    if any(event.type == DOUBLE_BIT for event in happened):
        return "double-bit ECC error"
    if action != NO_ACTION:
        from .nvml_numbers import WORDS

        word = next((text for text, number in WORDS["RECOVERY_ACTION"].items() if number == action), str(action))
        return f"GPU recovery action: {word}"
    return ""
