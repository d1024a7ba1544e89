# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The machine's facts as a file in the driver tree, for other programs on the node (device plugin)."""

from __future__ import annotations

from .. import parameters
from ..errors import HostError, ParameterError, shortened
from ..values import Value
from .model import Gpu, GpuModel, Machine, MigDevice, MigProfile, Readings

PATH = "etc/nvmock/machine.json"
"""Below the driver root."""
_MOST = 1 << 40  # of a number; memory sizes are the largest ones
_MOST_BYTES = 1 << 20
_CLASSES: dict[str, type[Value]] = {
    kind.__name__: kind for kind in (Gpu, GpuModel, Machine, MigDevice, MigProfile, Readings)
}


def machine_file_text(machine: Machine) -> bytes:
    """Return *machine* as JSON: every field of every value object, by its name."""
    return (_json(machine, 0) + "\n").encode("ascii")


def read_machine_file(data: bytes, path: str = PATH) -> Machine:
    """Return the machine that :func:`machine_file_text` wrote.

    Every field is checked, because the file can be damaged or written by another program. Fields that older versions did not
    write have their defaults.

    :arg path: the file's path, for the message.
    :raises HostError: it is not a machine file. The message is one line that names the file and the field.
    """
    import json

    try:
        if len(data) > _MOST_BYTES:
            raise ValueError(f"larger than {_MOST_BYTES} bytes")
        # Decoded here, because json also guesses UTF-16 and UTF-32, which the driver libraries do not read.
        machine = _object(Machine, json.loads(data.decode("utf-8")), "")
        if not isinstance(machine, Machine):
            raise AssertionError("the reader of a machine returns a machine")
        _check_gpus(machine)
        return machine
    except RecursionError:
        reason = "nested too deep"
    except ParameterError as error:
        reason = str(error)
    except ValueError as error:  # also bytes that are no text, and numbers of thousands of digits
        reason = shortened(str(error), 120)
    raise HostError(f"{path}: not a machine file ({reason}): run nvmock.gpu again")


def _object(kind: type[Value], data: object, where: str) -> Value:
    """Make a value object of a mapping, by the annotations of its class."""
    if not isinstance(data, dict):
        raise ParameterError(where or "the file", data, f"a mapping of the fields of a {kind.__name__}")
    for key in data:
        if key not in kind.FIELDS:
            raise ParameterError(where or "the file", key, "made of the fields " + ", ".join(kind.FIELDS))
    prefix = where + "." if where else ""
    values = {}
    for name in kind.FIELDS:
        if name in data:
            values[name] = _value(kind.__annotations__[name], data[name], prefix + name)
        elif name not in kind.__dict__:  # no default
            raise ParameterError(where or "the file", sorted(data), f"complete: {name} is missing")
    return kind(**values)


def _value(kind: str, data: object, where: str) -> object:
    """Make the value of a field.

    :arg kind: the annotation of the field, such as ``tuple[int, ...]``.
    """
    if kind == "int":
        if not isinstance(data, int) or isinstance(data, bool) or not 0 <= data <= _MOST:
            raise ParameterError(where, data, f"a whole number from 0 to {_MOST}")
        return data
    if kind == "str":
        return parameters.ascii_text(where, data)
    if kind == "bool":
        if not isinstance(data, bool):
            raise ParameterError(where, data, "true or false")
        return data
    if kind.endswith(" | None"):
        return None if data is None else _value(kind[: -len(" | None")], data, where)
    if kind in _CLASSES:
        return _object(_CLASSES[kind], data, where)
    if kind.startswith("tuple[tuple["):
        pair = kind[len("tuple[") : -len(", ...]")]
        if not isinstance(data, list):
            raise ParameterError(where, data, "a list")
        return tuple([_value(pair, item, f"{where}[{index}]") for index, item in enumerate(data)])
    items = kind.partition("[")[2].partition("]")[0].split(", ")
    counts = {len(items)} | ({0} if "tuple[()]" in kind else set())
    if not isinstance(data, list) or ("..." not in items and len(data) not in counts):
        raise ParameterError(where, data, "a list" if "..." in items else f"a list of {len(items)}")
    return tuple([_value(items[0], item, f"{where}[{index}]") for index, item in enumerate(data)])


def _check_gpus(machine: Machine) -> None:
    """Check what other programs make paths, names and labels of."""
    from .build import MAX_GPUS
    from .mig import check_device_name

    parameters.driver_version("driver_version", machine.driver_version)
    field = "gpus"
    if len(machine.gpus) > MAX_GPUS:
        raise ParameterError(field, len(machine.gpus), f"a list of at most {MAX_GPUS}")
    uuids: set[str] = set()
    for index, gpu in enumerate(machine.gpus):
        where = f"{field}[{index}]"
        if gpu.index != index:
            raise ParameterError(f"{where}.index", gpu.index, f"{index}, as in the list")
        parameters.gpu_uuid(f"{where}.uuid", gpu.uuid)
        if gpu.pci_bus_id:
            parameters.bus_id(f"{where}.pci_bus_id", gpu.pci_bus_id)
        for mig in gpu.mig_devices:
            place = f"{where}.mig_devices[{mig.index}]"
            parameters.gpu_uuid(f"{place}.uuid", mig.uuid, "MIG-")
            check_device_name(f"{place}.profile", mig.profile)
        for uuid in (gpu.uuid, *[mig.uuid for mig in gpu.mig_devices]):
            if uuid in uuids:
                raise ParameterError(f"{where}.uuid", uuid, "given once only")
            uuids.add(uuid)


def _json(value: object, depth: int) -> str:
    """A few lines for four types of value: the json module would take a fifth of gpu-mockctl's run time to import."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    pad = " " * (depth + 1)
    if isinstance(value, Value):
        fields = [f'{pad}"{name}": {_json(getattr(value, name), depth + 1)}' for name in value.FIELDS]
        return "{\n" + ",\n".join(fields) + "\n" + " " * depth + "}"
    if not isinstance(value, tuple):
        raise TypeError(f"{value!r} has no place in a machine file")
    if not [True for item in value if isinstance(item, (Value, tuple))]:
        return "[" + ", ".join(_json(item, depth) for item in value) + "]"
    return "[\n" + ",\n".join(pad + _json(item, depth + 1) for item in value) + "\n" + " " * depth + "]"
