# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The JSON schema of a machine definition, for editors and other programs: made of the tables that the checks of a definition use.

It is draft 2020-12. What a schema can't express, only the core checks: that values differ from each other, that a MIG profile
starts where its size allows, the range of a number that is written as text, and the sizes of a report.
"""

from __future__ import annotations

from . import links, mig, readings, report, types
from .build import ADDRESSING_MODES, MAX_GPUS, MOST_LINKS, OPTIONAL, REQUIRED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ID = "https://raw.githubusercontent.com/nvmock/gpu/main/docs/machine-definition.schema.json"
_PRINTABLE = "[ -~]"
_NAME = "[!-~]([ -~]{0,93}[!-~])?"
_HEX = "[0-9A-Fa-f]"
_UUID = f"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
_BUS_ID = f"({_HEX}{{4}}){{1,2}}:{_HEX}{{2}}:[01]{_HEX}\\.[0-7]"
_VERSION = "[0-9]{1,3}\\.[0-9]{1,3}"
_CELL = f"({'|'.join(links.CELLS)}|NV[0-9]+)"
_RANGE = "[0-9]+(-[0-9]+)?"
_VBIOS = f"({_HEX}{{2}}\\.){{4}}{_HEX}{{2}}"

_MEANINGS = {
    "base": "A machine type whose facts these keys change.",
    "product_name": "Name that NVML reports.",
    "driver_version": "Such as 550.54.15.",
    "architecture": "Such as Ampere.",
    "memory_mib": "Frame buffer in MiB.",
    "compute_capability": "Such as 8.0.",
    "cuda_version": "Highest CUDA version of the driver; by default that of its branch.",
    "gpu_count": "By default the number of PCI bus IDs, or 1.",
    "brand": "Such as NVIDIA or GeForce.",
    "pci_device_id": "Device and vendor, such as 20B010DE.",
    "pci_subsystem_id": "The same of the subsystem.",
    "vbios_version": "Empty: unknown.",
    "board_part_number": "Empty: unknown.",
    "nvlink_links": "NVLinks per GPU.",
    "gpus_per_pcie_switch": "How many consecutive GPUs share a PCIe switch; 0: unknown.",
    "gpus_per_socket": "How many consecutive GPUs share a CPU socket; 0: unknown.",
    "nvlink_mb_per_s": "Of an NVLink in one direction; 0: that of the architecture.",
    "nvlink_inactive": "NVLinks lead nowhere, as on a board without a bridge.",
    "topology": "Per GPU its row of nvidia-smi topo -m, the cells of the GPUs only.",
    "cpu_affinity": "Per GPU the CPUs near it.",
    "numa_nodes": "Per GPU the NUMA node near it.",
    "readings": "What an idle board measures, and its limits; 0: unknown.",
    "pci_bus_ids": "One per GPU.",
    "uuids": "One per GPU; by default derived from the seed.",
    "serials": "One serial number per GPU; by default derived from the seed.",
    "mig_profiles": "What a GPU can be partitioned into; empty without MIG.",
    "addressing_mode": "How a GPU reaches the memory of the host.",
    "mig_devices": "Per GPU its MIG devices, or null for a GPU that is not in MIG mode.",
    "report": "What nvidia-smi -q -x says about all GPUs, as far as no other key says it.",
    "gpu_reports": "The same for each GPU.",
}


def schema() -> dict[str, object]:
    """Return the schema."""
    kinds = {
        "base": {"enum": [*types.every_name(), None]},
        "product_name": _text(_NAME),
        "driver_version": _text("[0-9]{1,4}(\\.[0-9]{1,4}){1,2}"),
        "architecture": _text(_NAME),
        "memory_mib": _number(1, mig.MOST_MEMORY_MIB),
        "compute_capability": _text(_VERSION),
        "cuda_version": _text(_VERSION),
        "gpu_count": _either(_number(1, MAX_GPUS), {"type": "null"}),
        "brand": _text(_NAME),
        "pci_device_id": _text(f"{_HEX}{{8}}"),
        "pci_subsystem_id": _text(f"{_HEX}{{8}}"),
        "vbios_version": _text(f"({_VBIOS})?"),
        "board_part_number": _text(f"{_PRINTABLE}*"),
        "nvlink_links": _number(0, MOST_LINKS),
        "gpus_per_pcie_switch": _number(0, MAX_GPUS),
        "gpus_per_socket": _number(0, MAX_GPUS),
        "nvlink_mb_per_s": _number(0, links.MOST_SPEED),
        "nvlink_inactive": {"type": "boolean"},
        "topology": _places(f"{_CELL}( {_CELL})*"),
        "cpu_affinity": _places(f"{_RANGE}(,{_RANGE})*"),
        "numa_nodes": _places(f"(N/A|{_RANGE}(,{_RANGE})*)"),
        "readings": _readings(),
        "pci_bus_ids": _list(_text(_BUS_ID), unique=True),
        "uuids": _list(_text(f"GPU-{_UUID}"), unique=True),
        "serials": _list(_text("[0-9A-Za-z]{1,30}")),
        "mig_profiles": _list(_either({"$ref": "#/$defs/mig_profile"}, _positional_profile())),
        "addressing_mode": {"enum": list(ADDRESSING_MODES)},
        "mig_devices": {**_list(_either({"type": "null"}, _list(_mig_device()))), "maxItems": MAX_GPUS},
        "report": {"$ref": "#/$defs/report"},
        "gpu_reports": {"type": "array", "items": {"$ref": "#/$defs/report"}, "maxItems": MAX_GPUS},
    }
    properties = {key: {"description": _MEANINGS[key], **kinds[key]} for key in ("base", *REQUIRED, *OPTIONAL)}
    based = {"required": ["base"], "properties": {"base": {"type": "string"}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": "Machine definition of nvmock.gpu",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "anyOf": [based, {"required": list(REQUIRED)}],
        "$defs": {"mig_profile": _profile(), "report": _report()},
    }


def schema_text() -> str:
    """Return the schema as docs/machine-definition.schema.json has it."""
    import json

    return json.dumps(schema(), indent=2) + "\n"


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _number(low: int, high: int) -> dict[str, Any]:
    """A whole number, also as text, because templates make text of numbers."""
    return _either({"type": "integer", "minimum": low, "maximum": high}, _text("[0-9]{1,19}"))


def _either(*kinds: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(kinds)}


def _list(items: dict[str, Any], count: int | None = None, unique: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "array", "items": items}
    if count is not None:
        found.update(minItems=count, maxItems=count)
    if unique:
        found["uniqueItems"] = True
    return found


def _mapping(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [key for key in properties if key not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _places(pattern: str) -> dict[str, Any]:
    return {"type": "array", "items": {**_text(pattern), "maxLength": links.MOST_CHARACTERS}, "maxItems": MAX_GPUS}


def _readings() -> dict[str, Any]:
    properties: dict[str, Any] = {key: _number(0, most) for key, most in readings.NUMBERS.items()}
    for key, (words, most) in readings.LISTS.items():
        properties[key] = {"description": words, **_list(_number(0, most), words.count(",") + 1)}
    properties["ecc_mode"] = {"enum": list(readings.ECC_MODES)}
    return _mapping(properties, optional=tuple(properties))


def _profile_values() -> dict[str, Any]:
    slices = f"0{{0,18}}[1-{mig.COMPUTE_SLICES}]"
    return {
        "name": _text(f"{slices}g\\.[a-z0-9.+-]*gb[a-z0-9.+-]*"),
        "memory_slices": _number(1, mig.MEMORY_SLICES),
        "starts": _list(_number(0, mig.MEMORY_SLICES - 1)),
        "memory_mib": _number(1, mig.MOST_MEMORY_MIB),
        "instances": _number(1, mig.COMPUTE_SLICES),
        "multiprocessors": _number(1, mig.MOST_MULTIPROCESSORS),
    }


def _engines() -> dict[str, Any]:
    return _list(_number(0, mig.MOST_ENGINES), len(mig.ENGINES))


def _profile() -> dict[str, Any]:
    named = _mapping({key: _number(0, mig.MOST_ENGINES) for key in mig.ENGINES})
    return _mapping(
        {**_profile_values(), "engines": _either(named, _engines(), {"type": "null"})}, optional=("engines",)
    )


def _mig_device() -> dict[str, Any]:
    slices = f"0{{0,18}}[1-{mig.COMPUTE_SLICES}]"
    properties = {
        "profile": _text(f"({slices}c\\.)?{slices}g\\.[a-z0-9.+-]*gb[a-z0-9.+-]*"),
        "gpu_instance": _number(0, mig.INSTANCES_PER_GPU - 1),
        "compute_instance": _number(0, mig.COMPUTE_INSTANCES - 1),
        "memory_mib": _number(1, mig.MOST_MEMORY_MIB),
        "report": {"$ref": "#/$defs/report"},
    }
    return _mapping(properties, optional=("memory_mib", "report"))


def _positional_profile() -> dict[str, Any]:
    values = list(_profile_values().values())
    return {
        "deprecated": True,
        "type": "array",
        "prefixItems": [*values, _engines()],
        "items": False,
        "minItems": len(values),
    }


def _report() -> dict[str, Any]:
    text = {"type": "string", "pattern": f"^{_PRINTABLE}*$", "maxLength": report.MOST_CHARACTERS}
    return {
        "type": "object",
        "propertyNames": {"pattern": "^[ -.0-~]+$"},
        "additionalProperties": _either(text, {"$ref": "#/$defs/report"}),
    }
