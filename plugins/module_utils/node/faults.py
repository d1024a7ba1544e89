# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a node's GPUs: put them on, take them off, list them. They are part of the state, which every process sees at once."""

from __future__ import annotations

from .. import parameters
from ..errors import ParameterError
from ..layout.fault_words import COUNTED
from ..layout.state_faults import (
    DRAIN_AND_RESET,
    FIELD_OFFSET,
    GPU_RESET,
    KINDS,
    MOST_XID,
    NAMES,
    NO_INSTANCE,
    SRAM_SOURCES,
    XID,
    Event,
    Kind,
    parameter_of,
    put_event,
    take_events,
    xid_action,
)
from ..layout.state_settings import LINKS, number_of
from ..values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .state import NodeState

    Edit = Callable[[dict[int, dict[int, int]], int], None]

_MOST_COUNT = 1_000_000
_MOST_INSTANCE = 14
OPTIONS = {
    "xid": ("xid",),
    "gpu_instance": ("xid",),
    "compute_instance": ("xid",),
    "count": COUNTED,
    "source": ("ecc_sram",),
    "links": ("nvlink_down",),
    "temperature": ("thermal",),
}
"""The kinds that have each option."""
_HOTTEST = 150
_BRANCH_THAT_SPLITS = 570  # nvidia-smi of older drivers shows one number for all uncorrected errors of the SRAM
_HOT = 95  # where a board says nothing about the temperature at which it becomes slower


class Fault(Value):
    """A fault as a user wants it.

    :arg kind: one of :data:`NAMES`.
    :arg xid: the code of an Xid.
    :arg gpu_instance: in which the Xid occurred, None outside of instances.
    :arg compute_instance: the same.
    :arg count: of errors or rows.
    :arg source: the part of the SRAM.
    :arg links: NVLinks, None for all.
    :arg temperature: in degrees, None for the one at which the board becomes slower.
    """

    __slots__ = ("kind", "xid", "gpu_instance", "compute_instance", "count", "source", "links", "temperature")

    def __init__(
        self,
        kind: str,
        xid: int | None,
        gpu_instance: int | None,
        compute_instance: int | None,
        count: int,
        source: str,
        links: tuple[int, ...] | None,
        temperature: int | None,
    ) -> None:
        self.kind = kind
        self.xid = xid
        self.gpu_instance = gpu_instance
        self.compute_instance = compute_instance
        self.count = count
        self.source = source
        self.links = links
        self.temperature = temperature


def fault_of(kind: object, options: dict[str, object]) -> Fault:
    """Return the fault that a user describes.

    :arg options: xid, gpu_instance, ... -> value as given; None if it is not given.
    :raises ParameterError: a value is not allowed, missing, or of another kind of fault.
    """
    name = str(kind)
    if name not in NAMES:
        raise ParameterError("fault.kind", kind, "one of " + ", ".join(NAMES))
    for option, value in options.items():
        if value is not None and name not in OPTIONS[option]:
            raise ParameterError(
                f"fault.{option}", value, f"left out for {name}: it belongs to {', '.join(OPTIONS[option])}"
            )

    def whole(option: str, least: int, most: int) -> int | None:
        value = options.get(option)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        return None if value is None else parameters.integer(f"fault.{option}", value, least, most)

    xid = whole("xid", 1, MOST_XID)
    if name == "xid" and xid is None:
        raise ParameterError("fault.xid", None, f"the code of an Xid from 1 to {MOST_XID}, which kind xid needs")
    gpu_instance = whole("gpu_instance", 0, _MOST_INSTANCE)
    compute_instance = whole("compute_instance", 0, _MOST_INSTANCE)
    if compute_instance is not None and gpu_instance is None:
        raise ParameterError("fault.compute_instance", compute_instance, "used together with gpu_instance")
    source = options.get("source") or SRAM_SOURCES[0]
    if source not in SRAM_SOURCES:
        raise ParameterError("fault.source", source, "one of " + ", ".join(SRAM_SOURCES))
    links = options.get("links")
    return Fault(
        name,
        xid,
        gpu_instance,
        compute_instance,
        whole("count", 1, _MOST_COUNT) or 1,
        str(source),
        None if links is None else _links(links),
        whole("temperature", 1, _HOTTEST),
    )


def _links(links: object) -> tuple[int, ...]:
    if not isinstance(links, (list, tuple)) or not links:
        raise ParameterError("fault.links", links, "a list of numbers of NVLinks")
    result = []
    for link in links:
        number = int(link) if isinstance(link, str) and link.isdigit() else link
        result.append(parameters.integer("fault.links", number, 0, LINKS - 1))
    return tuple(sorted(set(result)))


def injected(state: NodeState, gpus: list[int], fault: Fault, repeat: bool = False) -> Edit:
    """Return the edit that puts a fault on GPUs.

    :arg repeat: raise its events again if it is on already.
    :raises ParameterError: a GPU does not have what the fault is about.
    """
    place = NAMES.index(fault.kind)
    stored = {gpu: _stored(state, gpu, KINDS[place], fault) for gpu in gpus}

    def edit(values: dict[int, dict[int, int]], now: int) -> None:
        number = parameter_of(place)
        for gpu in gpus:
            own = values[gpu]
            parameter, in_force = stored[gpu]
            if (own.get(number), own.get(number + 1)) == (parameter, in_force) and not repeat:
                continue
            own[number], own[number + 1] = parameter, in_force
            for event, data in KINDS[place].events:
                code = fault.xid if event == XID and data is None else data
                put_event(own, Event(event, code or 0, *_instances(fault), place), now)

    return edit


def healed(gpus: list[int], kinds: list[str] | None) -> Edit:
    """Return the edit that takes faults off GPUs.

    :arg kinds: None for all.
    """

    def edit(values: dict[int, dict[int, int]], _now: int) -> None:
        for gpu in gpus:
            for place, kind in enumerate(KINDS):
                if kinds is None or kind.name in kinds:
                    values[gpu].pop(parameter_of(place), None)
                    values[gpu].pop(parameter_of(place) + 1, None)
                    take_events(values[gpu], place)

    return edit


def requested(
    state: NodeState, gpus: list[int], is_present: bool, kind: str | None, options: dict[str, object], repeat: bool
) -> Edit:
    """Return the edit that a user wants.

    :arg kind: None for all kinds, which is only possible if they are taken off.
    :arg options: as :func:`fault_of` has them. Which fault of a kind is taken off does not depend on them.
    :raises ParameterError: something is not allowed.
    """
    if not is_present:
        return healed(gpus, None if kind is None else [kind])
    return injected(state, gpus, fault_of(kind, options), repeat)


def _instances(fault: Fault) -> tuple[int, int]:
    return (
        NO_INSTANCE if fault.gpu_instance is None else fault.gpu_instance,
        NO_INSTANCE if fault.compute_instance is None else fault.compute_instance,
    )


def _stored(state: NodeState, gpu: int, kind: Kind, fault: Fault) -> tuple[int, int]:
    """Return the parameter of a fault on a GPU, and the bits of its effects."""
    if kind.needs and all(state.rest(gpu, name) is None for name in kind.needs):
        raise ParameterError("fault.kind", kind.name, f"left out: GPU {gpu} does not have {' or '.join(kind.needs)}")
    parameter = _parameter(state, gpu, fault)
    in_force = 0
    for bit, effect in enumerate(kind.effects):
        if effect.name in ("lost", "links") or (_has(state, gpu, effect.name) and _is_meant(effect.name, fault)):
            in_force |= 1 << bit
    return parameter, in_force


def _has(state: NodeState, gpu: int, setting: str) -> bool:
    if setting.endswith("_sram_uncorrected") and state.report.version < _BRANCH_THAT_SPLITS:
        return state.rest(gpu, setting.replace("uncorrected", "corrected")) is not None
    return state.rest(gpu, setting) is not None


def _is_meant(effect: str, fault: Fault) -> bool:
    """Whether an effect of the kind belongs to this fault."""
    if fault.kind == "xid":
        action = {"reset_required": GPU_RESET, "drain_and_reset": DRAIN_AND_RESET}.get(effect)
        return xid_action(fault.xid or 0) == action if action else xid_action(fault.xid or 0) != 0
    if effect.startswith("sram_"):
        return effect == f"sram_{fault.source}_errors"
    return True


def _parameter(state: NodeState, gpu: int, fault: Fault) -> int:
    if fault.kind == "xid":
        gpu_instance, compute_instance = _instances(fault)
        code = fault.xid or 0
        return code | xid_action(code) << 16 | gpu_instance << 32 | compute_instance << 40
    if fault.kind in COUNTED:
        return fault.count
    if fault.kind == "thermal":
        cold = state.rest(gpu, "temperature") or 0
        margin = state.rest(gpu, "temperature_margin") or 0
        hot = fault.temperature or _slow_temperature(state, gpu, cold, margin)
        return hot + FIELD_OFFSET | (cold + margin - hot + FIELD_OFFSET) << 16
    if fault.kind == "nvlink_down":
        links = [link for link in range(LINKS) if state.rest(gpu, f"nvlink_{link}_state") is not None]
        for link in fault.links or ():
            if link not in links:
                raise ParameterError("fault.links", link, f"0 to {len(links) - 1} on GPU {gpu}")
        return sum([1 << link for link in (links if fault.links is None else fault.links)])
    return 1


def _slow_temperature(state: NodeState, gpu: int, cold: int, margin: int) -> int:
    found = state.report.number(gpu, "temperature/gpu_temp_slow_threshold")
    if found:
        return int(found)
    limit = state.report.number(gpu, "temperature/gpu_temp_slow_tlimit_threshold") or 0
    return cold + margin - int(limit) if margin else _HOT


def recovery_action(own: dict[int, int], now: int) -> int:
    """Return the recovery action of one GPU by its state.

    :arg now: milliseconds since 1970.
    """
    from ..layout.state_values import evaluated

    return evaluated(own, now).get(number_of("recovery_action"), 0)
