# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The machine's facts as a file in the driver tree, for other programs on the node (device plugin)."""

from __future__ import annotations

from ..errors import HostError
from ..values import Value
from .model import Gpu, GpuModel, Machine, MigDevice, MigProfile, Readings

PATH = "etc/nvmock/machine.json"
"""Below the driver root."""


def machine_file_text(machine: Machine) -> bytes:
    """Return *machine* as JSON: every field of every value object, by its name."""
    return (_json(machine, 0) + "\n").encode("ascii")


def read_machine_file(data: bytes) -> Machine:
    """Return the machine that :func:`machine_file_text` wrote.

    :raises HostError: the file is damaged.
    """
    import json

    try:
        facts = json.loads(data)
        model = facts.pop("model")
        gpus = facts.pop("gpus")
        facts["cuda_version"] = _pair(facts["cuda_version"])
        return Machine(gpus=tuple(_gpu(gpu) for gpu in gpus), model=None if model is None else _model(model), **facts)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise HostError(f"{PATH}: not a machine file ({type(error).__name__}: {error}): run nvmock.gpu again") from None


def _gpu(facts: dict[str, object]) -> Gpu:
    devices = facts.pop("mig_devices")
    return Gpu(mig_devices=tuple(MigDevice(**device) for device in devices), **facts)  # type: ignore[arg-type,attr-defined]


def _model(facts: dict[str, object]) -> GpuModel:
    profiles = []
    for profile in facts.pop("mig_profiles"):  # type: ignore[attr-defined]
        # Files of older versions have no engines.
        lists = {"starts": tuple(profile["starts"]), "engines": tuple(profile.get("engines", ()))}
        profiles.append(MigProfile(**{**profile, **lists}))
    facts["compute_capability"] = _pair(facts["compute_capability"])
    # Nor of readings.
    readings = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in facts.pop("readings", {}).items()  # type: ignore[attr-defined]
    }
    return GpuModel(mig_profiles=tuple(profiles), readings=Readings(**readings), **facts)  # type: ignore[arg-type]


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{value!r} is no pair of numbers")
    return int(value[0]), int(value[1])


def _json(value: object, depth: int) -> str:
    """A few lines for four types of value: the json module would take a fifth of gpu-mockctl's run time to import."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    pad = " " * (depth + 1)
    if isinstance(value, Value):
        fields = [f'{pad}"{name}": {_json(getattr(value, name), depth + 1)}' for name in value.FIELDS]
        return "{\n" + ",\n".join(fields) + "\n" + " " * depth + "}"
    if not isinstance(value, tuple):
        raise TypeError(f"{value!r} has no place in a machine file")
    if not any(isinstance(item, Value) for item in value):
        return "[" + ", ".join(_json(item, depth) for item in value) + "]"
    return "[\n" + ",\n".join(pad + _json(item, depth + 1) for item in value) + "\n" + " " * depth + "]"
