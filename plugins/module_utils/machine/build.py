# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Builds a :class:`Machine` from a machine type (or a user's definition) and overrides.

All user input is validated here, so layouts can rely on their input. A bad value is a :class:`ParameterError` with the parameter, the
value and what is allowed.
"""

from __future__ import annotations

from .. import parameters
from ..errors import ParameterError
from . import drivers, links, mig, readings, report, types
from .identity import derive_serial, derive_uuid
from .model import Gpu, GpuModel, Machine

MAX_GPUS = 64
MOST_LINKS = 64
ADDRESSING_MODES = ("NONE", "HMM", "ATS")
_FIRST_IRQ = 64

REQUIRED = ("product_name", "driver_version", "memory_mib", "compute_capability", "architecture")
OPTIONAL: dict[str, object] = {
    "cuda_version": None,
    "gpu_count": None,
    "brand": "NVIDIA",
    "pci_device_id": "000010DE",
    "pci_subsystem_id": "000010DE",
    "vbios_version": "",
    "board_part_number": "",
    "nvlink_links": 0,
    "gpus_per_pcie_switch": 0,
    "gpus_per_socket": 0,
    "nvlink_mb_per_s": 0,
    "nvlink_inactive": False,
    "topology": [],
    "cpu_affinity": [],
    "numa_nodes": [],
    "readings": {},
    "pci_bus_ids": [],
    "uuids": [],
    "serials": [],
    "mig_profiles": [],
    "addressing_mode": "NONE",
    "report": {},
    "gpu_reports": [],
    "mig_devices": [],
}


def build_machine(
    type_name: str = "dgxa100",
    definition: dict[str, object] | None = None,
    gpu_count: object = None,
    product_name: object = None,
    pci_bus_ids: object = None,
    pci_domain: object = None,
    uuids: object = None,
    uuid_seed: str = "",
    driver_version: object = None,
    mig_layout: object = None,
    allow_unsupported: bool = False,
) -> Machine:
    """Return the machine that the parameters describe.

    :arg type_name: a registered machine type. With *definition*, only its name in messages and in the result.
    :arg definition: the user's own facts (keys as in docs/machine-types.md), with an optional ``base``, a registered
        type whose facts it changes.
    :arg gpu_count: 1 to 64; default: the type's.
    :arg product_name: overrides the product name of all GPUs.
    :arg pci_bus_ids: overrides the PCI bus IDs, at least one per GPU.
    :arg pci_domain: the PCI domain, 1 to 8 hexadecimal digits, that all GPUs move to. GPUs in several domains keep their
        distance from the lowest one.
    :arg uuids: overrides the GPU UUIDs, one per GPU.
    :arg uuid_seed: the seed of UUIDs and serial numbers. The same seed gives the same values.
    :arg driver_version: overrides the driver version, such as ``550.54.15``. The CUDA version follows.
    :arg mig_layout: mapping of GPU index to a list of MIG profile names. These GPUs are in MIG mode.
    :arg allow_unsupported: use the synthetic fallback for an unknown *type_name*.
    :raises ParameterError: a value is not allowed.
    """
    parameters.ascii_text("machine", type_name)
    facts = _facts(type_name, definition, allow_unsupported)
    if gpu_count is not None:
        count = parameters.integer("gpu_count", gpu_count, 1, MAX_GPUS)
    else:
        count = parameters.integer("machine.gpu_count", facts["gpu_count"], 1, MAX_GPUS)
    name = facts["product_name"] if product_name is None else parameters.product_name("product_name", product_name)
    driver = facts["driver_version"] if driver_version is None else driver_version
    parameters.driver_version("driver_version", driver)

    if pci_bus_ids is None:
        buses = _enough_bus_ids(list(facts["pci_bus_ids"]), count)  # type: ignore[call-overload]
    else:
        buses = parameters.bus_ids("pci_bus_ids", pci_bus_ids)
        if len(buses) < count:
            raise ParameterError("pci_bus_ids", pci_bus_ids, f"a list of at least {count} PCI bus IDs, one per GPU")
    if pci_domain is not None:
        buses = _in_domain(buses, parameters.pci_domain("pci_domain", pci_domain))
    if uuids is not None:
        ids = parameters.gpu_uuids("uuids", uuids)
        if len(ids) < count:
            raise ParameterError("uuids", uuids, f"a list of at least {count} UUIDs, one per GPU")
    else:
        ids = list(facts["uuids"])  # type: ignore[call-overload]
    ids += ["GPU-" + derive_uuid(uuid_seed, f"gpu/{index}") for index in range(len(ids), count)]

    serials = list(facts["serials"])  # type: ignore[call-overload]
    serials += [derive_serial(uuid_seed, f"serial/{index}") for index in range(len(serials), count)]
    model = _model(facts, str(name))
    layouts = mig.parse_layout("mig", mig_layout, count, model)
    reports = list(facts["gpu_reports"])  # type: ignore[call-overload]
    # A layout replaces the MIG devices of the definition, also an empty one.
    given = list(facts["mig_devices"]) if mig_layout is None else []  # type: ignore[call-overload]
    gpus = []
    for index in range(count):
        profiles = layouts.get(index)
        rows = given[index] if index < len(given) else None
        devices = mig.place("mig", ids[index], index, profiles or [], model)
        gpus.append(
            Gpu(
                index=index,
                minor=index,
                uuid=ids[index],
                name=str(name),
                pci_bus_id=buses[index],
                serial=serials[index],
                irq=_FIRST_IRQ + index,
                mig_enabled=profiles is not None or rows is not None,
                mig_devices=devices if rows is None else mig.devices(rows, ids[index], model),
                addressing_mode=str(facts["addressing_mode"]),
                report=report.build(reports[index]) if index < len(reports) else (),
            )
        )
    cuda = _cuda_version(facts, str(driver))
    return Machine(type_name, str(driver), cuda, tuple(gpus), model)


def _cuda_version(facts: dict[str, object], driver: str) -> tuple[int, int]:
    """That of the definition, unless an override chose a driver of another branch, which the definition does not describe."""
    if facts["cuda_version"] is None or drivers.branch_of(driver) != drivers.branch_of(str(facts["driver_version"])):
        return drivers.cuda_version(driver)
    return parameters.two_numbers("machine.cuda_version", facts["cuda_version"])


def _facts(type_name: str, definition: dict[str, object] | None, allow_unsupported: bool) -> dict[str, object]:
    if definition is None:
        try:
            return {**OPTIONAL, **types.definition(type_name)}
        except ParameterError:
            if allow_unsupported:
                return {**OPTIONAL, **types.definition(types.FALLBACK)}
            raise
    return _own_facts(definition)


def _own_facts(definition: object) -> dict[str, object]:
    """Validate the keys of the user's definition, and return the complete facts."""
    if not isinstance(definition, dict):
        raise ParameterError("machine_definition", definition, "a mapping of facts (docs/machine-types.md)")
    own = dict(definition)
    base = own.pop("base", None)
    known = sorted((*REQUIRED, *OPTIONAL, "base"))
    for key in own:
        if key not in known:
            raise ParameterError("machine_definition", key, "made of the keys " + ", ".join(known))
    facts = dict(OPTIONAL)
    if base is not None:
        parameter = "machine_definition.base"
        facts.update(types.definition(parameters.string(parameter, base), parameter))
    facts.update(own)
    for key in REQUIRED:
        if key not in facts:
            raise ParameterError("machine_definition", sorted(own), f"complete: {key} is missing (or name a base type)")
    where = "machine_definition."
    parameters.product_name(where + "product_name", facts["product_name"])
    parameters.driver_version(where + "driver_version", facts["driver_version"])
    parameters.integer(where + "memory_mib", facts["memory_mib"], 1, mig.MOST_MEMORY_MIB)
    parameters.two_numbers(where + "compute_capability", facts["compute_capability"])
    if "cuda_version" in own:
        parameters.two_numbers(where + "cuda_version", facts["cuda_version"])
    for key in ("architecture", "brand"):
        parameters.product_name(where + key, facts[key])
    for key in ("pci_device_id", "pci_subsystem_id"):
        parameters.hex_digits(where + key, facts[key], 8)
    if facts["vbios_version"] != "":
        parameters.vbios(where + "vbios_version", facts["vbios_version"])
    parameters.ascii_text(where + "board_part_number", facts["board_part_number"])
    parameters.integer(where + "nvlink_links", facts["nvlink_links"], 0, MOST_LINKS)
    for key in ("gpus_per_pcie_switch", "gpus_per_socket"):
        parameters.integer(where + key, facts[key], 0, MAX_GPUS)
    links.check(where, facts, MAX_GPUS)
    buses = parameters.bus_ids(where + "pci_bus_ids", facts["pci_bus_ids"])
    facts["pci_bus_ids"] = buses
    facts["uuids"] = parameters.gpu_uuids(where + "uuids", facts["uuids"])
    facts["serials"] = parameters.serials(where + "serials", facts["serials"])
    if facts["gpu_count"] is None:
        facts["gpu_count"] = len(buses) or 1
    parameters.integer(where + "gpu_count", facts["gpu_count"], 1, MAX_GPUS)
    mig.check_profiles(where + "mig_profiles", facts["mig_profiles"])
    readings.check(where + "readings", facts["readings"])
    parameters.one_of(where + "addressing_mode", facts["addressing_mode"], ADDRESSING_MODES)
    report.check(where + "report", facts["report"])
    report.check_each(where + "gpu_reports", facts["gpu_reports"], MAX_GPUS)
    mig.check_devices(where + "mig_devices", facts["mig_devices"], MAX_GPUS)
    return facts


def _model(facts: dict[str, object], name: str) -> GpuModel:
    return GpuModel(
        product_name=name,
        architecture=str(facts["architecture"]),
        brand=str(facts["brand"]),
        memory_mib=int(facts["memory_mib"]),  # type: ignore[call-overload]
        compute_capability=parameters.two_numbers("machine.compute_capability", facts["compute_capability"]),
        pci_device_id=str(facts["pci_device_id"]).upper(),
        pci_subsystem_id=str(facts["pci_subsystem_id"]).upper(),
        vbios_version=str(facts["vbios_version"]).upper(),
        board_part_number=str(facts["board_part_number"]),
        nvlink_links=int(facts["nvlink_links"]),  # type: ignore[call-overload]
        mig_profiles=mig.profiles(facts["mig_profiles"]),
        gpus_per_pcie_switch=int(facts["gpus_per_pcie_switch"]),  # type: ignore[call-overload]
        gpus_per_socket=int(facts["gpus_per_socket"]),  # type: ignore[call-overload]
        nvlink_mb_per_s=int(facts["nvlink_mb_per_s"]),  # type: ignore[call-overload]
        nvlink_inactive=bool(facts["nvlink_inactive"]),
        topology=tuple(facts["topology"]),  # type: ignore[arg-type]
        cpu_affinity=tuple(facts["cpu_affinity"]),  # type: ignore[arg-type]
        numa_nodes=tuple(facts["numa_nodes"]),  # type: ignore[arg-type]
        readings=readings.build(facts["readings"]),
        report=report.build(facts["report"]),
    )


def _enough_bus_ids(known: list[str], count: int) -> list[str]:
    """Add bus IDs with the next bus numbers, for a count above the type's own."""
    buses = [parameters.bus_id("machine.pci_bus_ids", bus) for bus in known[:count]]
    taken = set(buses)
    number = int(buses[-1][-7:-5], 16) if buses else 0  # the host bridge of an x86 machine is on bus 0
    domain = 0
    while len(buses) < count:
        number += 1
        if number > 0xFF:
            number, domain = 0, domain + 1
        candidate = f"{domain:04x}:{number:02x}:00.0"
        if candidate not in taken:
            taken.add(candidate)
            buses.append(candidate)
    return buses


def _in_domain(buses: list[str], domain: int) -> list[str]:
    """Move PCI bus IDs to another domain.

    :raises ParameterError: the last one would leave the 32 bits of a domain.
    """
    parts = [bus.split(":", 1) for bus in buses]
    numbers = [int(number, 16) for number, _place in parts]
    least = min(numbers)
    if domain + max(numbers) - least > 0xFFFFFFFF:
        raise ParameterError("pci_domain", f"{domain:x}", "a PCI domain below ffffffff that leaves room for all GPUs")
    moved = []
    for number, (_domain, place) in zip(numbers, parts):
        new = number - least + domain
        moved.append(("%04x:%s" if new <= 0xFFFF else "%08x:%s") % (new, place))
    return moved
