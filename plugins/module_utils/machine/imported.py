# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""From what nvidia-smi printed about a machine to a machine definition."""

from __future__ import annotations

from ..errors import ParameterError, UsageError
from . import links, types
from .build import build_machine
from .capture import Capture, known
from .document.captured import answers_of, by_element, other_labels, report_of
from .document.head import DTD, dtd_name, head_differences
from .document.instances import captured_instances, definitions_of, found_profiles
from .document.outline import LABELS
from .document.texts import ABSENT, Report, version_number
from .model import Machine
from .report import nested

# Path in -q -x, and in -q. Later ones are of other driver branches.
_SYSTEM: dict[str, tuple[str, ...]] = {
    "driver_version": ("kmd_version", "driver_version", "KMD Version", "Driver Version"),
    "cuda_version": ("cuda_umd_version", "cuda_version", "CUDA UMD Version", "CUDA Version"),
}
_TEXTS: dict[str, tuple[str, ...]] = {
    "product_name": ("product_name", "Product Name"),
    "architecture": ("product_architecture", "Product Architecture"),
    "brand": ("product_brand", "Product Brand"),
    "pci_device_id": ("pci/pci_device_id", "PCI/Device Id"),
    "pci_subsystem_id": ("pci/pci_sub_system_id", "PCI/Sub System Id"),
    "vbios_version": ("vbios_version", "VBIOS Version"),
    "board_part_number": ("board_part_number", "Board Part Number"),
}
_MEMORY = ("fb_memory_usage/total", "FB Memory Usage/Total")
_BUS_ID = ("pci/pci_bus_id", "PCI/Bus Id")
_UUID = ("uuid", "GPU UUID")
_SERIAL = ("serial", "Serial Number")
_ADDRESSING = ("addressing_mode", "Addressing Mode")
_MIG_MODE = ("mig_mode/current_mig", "MIG Mode/Current")
_ECC_MODE = ("ecc_mode/current_ecc", "ECC Mode/Current")

_POWER = ("gpu_power_readings", "power_readings", "GPU Power Readings", "Power Readings")
_DRAWS = (
    "instant_power_draw",
    "power_draw",
    "average_power_draw",
    "Instantaneous Power Draw",
    "Power Draw",
    "Average Power Draw",
)
_LIMITS = (
    ("min_power_limit", "Min Power Limit"),
    (
        "default_power_limit",
        "Default Power Limit",
        "gpu_ceiling_power_limit/default_power_limit",
        "GPU Ceiling Power Limit/Default Power Limit",
    ),
    ("max_power_limit", "Max Power Limit"),
)
_CLOCKS = (("graphics_clock", "Graphics"), ("sm_clock", "SM"), ("mem_clock", "Memory"), ("video_clock", "Video"))
_LINK = (
    ("pci/pci_gpu_link_info/pcie_gen/max_link_gen", "PCI/GPU Link Info/PCIe Generation/Max"),
    ("pci/pci_gpu_link_info/link_widths/max_link_width", "PCI/GPU Link Info/Link Width/Max"),
)
_NUMBERS = {
    "temperature_c": ("temperature/gpu_temp", "Temperature/GPU Current Temp"),
    "memory_temperature_c": ("temperature/memory_temp", "Temperature/Memory Current Temp"),
    "bar1_mib": ("bar1_memory_usage/total", "BAR1 Memory Usage/Total"),
}
# All keys whose absence from the input is told.
_OPTIONAL = (
    *(
        "cuda_version",
        "brand",
        "pci_device_id",
        "pci_subsystem_id",
        "vbios_version",
        "board_part_number",
        "addressing_mode",
    ),
    *("nvlink_links", "gpus_per_pcie_switch", "gpus_per_socket", "mig_profiles", "uuids", "serials"),
)
_READINGS = (*_NUMBERS, "power_mw", "power_limits_mw", "clocks_mhz", "max_clocks_mhz", "pcie_link", "ecc_mode")
# nvidia-smi -q does not print these; they are the board's.
_OF_THE_BOARD = ("nvlink_links", "mig_profiles")

# Compute capabilities by the first digits of the PCI device ID, which name the chip (pci.ids; NVIDIA's list of CUDA GPUs; Rubin:
# release notes of CUDA 13.4).
_CHIPS = {
    "15": "6.0",
    "1B": "6.1",
    "1C": "6.1",
    "1D0": "6.1",
    "1D1": "6.1",
    "1D8": "7.0",
    "1DB": "7.0",
    "1DF": "7.0",
    "1E": "7.5",
    "1F": "7.5",
    "21": "7.5",
    "20": "8.0",
    "22": "8.6",
    "24": "8.6",
    "25": "8.6",
    "26": "8.9",
    "27": "8.9",
    "28": "8.9",
    "23": "9.0",
    "29": "10.0",
    "31": "10.3",
    "32": "10.3",
    "2B": "12.0",
    "2C": "12.0",
    "2D": "12.0",
    "2E": "12.1",
    "2F": "12.0",
    "30": "10.7",
}
# By architecture and whether the GPU has a MIG mode, for outputs without a PCI device ID.
_ARCHITECTURES = {
    ("Volta", False): "7.0",
    ("Turing", False): "7.5",
    ("Ampere", True): "8.0",
    ("Ampere", False): "8.6",
    ("Ada Lovelace", False): "8.9",
    ("Hopper", True): "9.0",
    ("Blackwell", False): "12.0",
    ("Rubin", True): "10.7",
}


def definition_of(capture: Capture, keep_identity: bool = False) -> tuple[dict[str, object], list[str]]:
    """Return the machine definition of a capture, and notes, one line each, on what it has from elsewhere and what it lacks.

    :arg keep_identity: take over UUIDs and serial numbers. Otherwise they are derived from the seed, as for other machines.
    :raises UsageError: the output has no value for a required key, or a value that no machine can have.
    """
    first = capture.gpus[0]
    facts: dict[str, object] = {}
    for key, paths in _SYSTEM.items():
        text = _get(capture.system, paths)
        if text is not None:
            facts[key] = text.split()[0]
    for key, paths in _TEXTS.items():
        text = _get(first, paths)
        if text is not None:
            facts[key] = text[2:] if key.endswith("_id") and text.lower().startswith("0x") else text
    _check_alike(capture)
    memory = _number(_get(first, _MEMORY))
    if memory is not None:
        facts["memory_mib"] = memory
    facts["compute_capability"] = _compute_capability(capture, facts)
    facts["gpu_count"] = len(capture.gpus)
    facts["pci_bus_ids"] = [_get(gpu, _BUS_ID) for gpu in capture.gpus]
    addressing = first.get(_ADDRESSING[0], first.get(_ADDRESSING[1], "")).strip().upper()
    if addressing in ("NONE", "HMM", "ATS"):
        facts["addressing_mode"] = addressing
    if capture.links is not None:
        facts["nvlink_links"] = capture.links
    _add_links(capture, facts)
    _add_groups(capture, facts)
    facts["readings"] = _readings(first)
    notes = _add_board(facts, first)
    if keep_identity:
        _add_identity(capture, facts)
    missing = [key for key in _OPTIONAL if key not in facts and (keep_identity or key not in ("uuids", "serials"))]
    if len(capture.gpus) == 1:
        missing = [key for key in missing if not key.startswith("gpus_per_")]
    missing += [f"readings.{key}" for key in _READINGS if key not in facts["readings"]]  # type: ignore[operator]
    if missing:
        notes.append("not in the input: " + ", ".join(missing))
    try:
        _add_instances(capture, facts)
        machine = build_machine("imported", facts)
        _add_reports(capture, machine, facts, keep_identity)
        build_machine("imported", facts)
    except ParameterError as error:
        raise UsageError(f"the output of nvidia-smi is not that of a machine: {error}") from None
    return facts, notes


def _add_instances(capture: Capture, facts: dict[str, object]) -> None:
    """Add the MIG devices of GPUs in MIG mode, and profiles for them unless the board has known ones."""
    if not any(_get(gpu, _MIG_MODE) == "Enabled" for gpu in capture.gpus):
        return
    model = build_machine("imported", facts).model
    if model is None:
        raise ValueError("a machine of a definition has a model")
    found: list[object] = []
    profiles: dict[object, dict[str, object]] = {}
    for gpu, document in zip(capture.gpus, capture.documents):
        devices = captured_instances(document)
        rows = definitions_of(devices, model)
        found.append(rows if _get(gpu, _MIG_MODE) == "Enabled" else None)
        if not model.mig_profiles and model.memory_mib:
            profiles.update((row["name"], row) for row in found_profiles(rows, devices, model.memory_mib))
    facts["mig_devices"] = found
    if profiles:
        facts["mig_profiles"] = list(profiles.values())


def _add_reports(capture: Capture, machine: Machine, facts: dict[str, object], keep_identity: bool) -> None:
    """Add what the documents of the GPUs say beyond the other keys."""
    documents = capture.documents
    if not capture.is_xml:
        documents = [by_element(document, version_number(machine.driver_version)) for document in documents]
    report, each = report_of(machine, documents, capture.is_xml, keep_identity)
    facts["report"] = report
    labels = {} if capture.is_xml else other_labels(capture.documents[0], version_number(machine.driver_version))
    if labels:
        report.update(nested(tuple([(LABELS + path, label) for path, label in labels.items()])))
    if each:
        facts["gpu_reports"] = each
    whole = build_machine("imported", facts)
    system, absent = head_differences(Report(whole), capture.system)
    if system:
        report["system"] = system
    if absent:
        report[ABSENT] = "; ".join([str(report[ABSENT]), *absent] if ABSENT in report else absent)
    if capture.dtd not in ("", dtd_name(Report(whole))):
        report[DTD] = capture.dtd
    told = answers_of(whole, capture.answers)
    if len(told) == len(documents) and any(told):
        common = {name: text for name, text in told[0].items() if all(own.get(name) == text for own in told)}
        report["query"] = common
        others = [{name: text for name, text in own.items() if name not in common} for own in told]
        if any(others):
            each = each or [{} for _gpu in documents]
            facts["gpu_reports"] = [{**one, "query": other} if other else one for one, other in zip(each, others)]


def _get(facts: dict[str, str], paths: tuple[str, ...]) -> str | None:
    """Return the first known value."""
    return next((value for value in (known(facts.get(path)) for path in paths) if value is not None), None)


def _number(text: str | None) -> int | None:
    """``81559 MiB``, ``28 C``, ``16x``: the number before the unit; None if it is none."""
    words = (text or "").replace("x", " ").split()
    return int(words[0]) if words and words[0].isascii() and words[0].isdigit() and len(words[0]) < 16 else None


def _milliwatts(text: str | None) -> int | None:
    """``69.85 W``."""
    whole, _point, part = (text or "").partition(" ")[0].partition(".")
    digits = whole + (part + "000")[:3]
    return int(digits) if whole and digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _check_alike(capture: Capture) -> None:
    """A machine has GPUs of one kind.

    :raises UsageError: two GPUs differ.
    """
    for paths in (_TEXTS["product_name"], _TEXTS["pci_device_id"], _MEMORY):
        values = [_get(gpu, paths) for gpu in capture.gpus]
        for index, value in enumerate(values):
            if value != values[0]:
                what = paths[-1].replace("/", " ")
                raise UsageError(f"GPU {index} is of another kind than GPU 0: {what} is {value} and {values[0]}")


def _compute_capability(capture: Capture, facts: dict[str, object]) -> str:
    if capture.compute_capability is not None:
        return capture.compute_capability
    device = str(facts.get("pci_device_id", "")).upper()
    for length in (3, 2):
        if device[:length] in _CHIPS:
            return _CHIPS[device[:length]]
    mig = _get(capture.gpus[0], _MIG_MODE) is not None
    found = _ARCHITECTURES.get((str(facts.get("architecture", "")), mig))
    if found is None:
        name = facts.get("product_name")
        raise UsageError(
            f"the compute capability of {name} is unknown: add a file with the query of compute_cap in CSV format"
        )
    return found


def _add_links(capture: Capture, facts: dict[str, object]) -> None:
    """The state and speed of NVLinks, and what `topo -m` says beyond the sizes of the groups."""
    if capture.links_inactive:
        facts["nvlink_inactive"] = True
        facts.setdefault("nvlink_links", 0)
    if capture.link_speed and capture.link_speed != links.usual_speed(str(facts.get("architecture", ""))):
        facts["nvlink_mb_per_s"] = capture.link_speed
    count = len(capture.gpus)
    if len(capture.cpus) == count and all(capture.cpus) and "N/A" not in capture.cpus:
        facts["cpu_affinity"] = capture.cpus
    if len(capture.nodes) == count and all(capture.nodes):
        facts["numa_nodes"] = capture.nodes
    if len(capture.matrix) == count and count > 1:
        facts["topology"] = [" ".join(row) for row in capture.matrix]


def _add_groups(capture: Capture, facts: dict[str, object]) -> None:
    """The sizes of the groups that share a CPU socket or a PCIe switch, if they are as a machine can have them."""
    if len(capture.numa) != len(capture.gpus) or len(capture.gpus) < 2:
        return
    if "" not in capture.numa:
        size = _group_size(capture.numa)
        if size:
            facts["gpus_per_socket"] = size
    size = _group_size([str(min(group)) for group in capture.switches if group])
    # With NVLink between the GPUs, the matrix does not tell how PCIe connects them.
    if size > 1:
        facts["gpus_per_pcie_switch"] = size


def _group_size(labels: list[str]) -> int:
    """The size of the groups of equal neighbours; 0 if it is not the same for all."""
    sizes = [0]
    for index, label in enumerate(labels):
        if index and label != labels[index - 1]:
            sizes.append(0)
        sizes[-1] += 1
    distinct = len(set(labels)) == len(sizes)
    return sizes[0] if distinct and len(set(sizes)) == 1 else 0


def _readings(gpu: dict[str, str]) -> dict[str, object]:
    readings: dict[str, object] = {}
    for key, paths in _NUMBERS.items():
        number = _number(_get(gpu, paths))
        if number is not None:
            readings[key] = number
    draw = _milliwatts(_get(gpu, tuple(f"{section}/{name}" for name in _DRAWS for section in _POWER)))
    if draw is not None:
        readings["power_mw"] = draw
    lists = {
        "power_limits_mw": [
            _milliwatts(_get(gpu, tuple(f"{section}/{name}" for section in _POWER for name in names)))
            for names in _LIMITS
        ],
        "clocks_mhz": [_number(_get(gpu, (f"clocks/{xml}", f"Clocks/{text}"))) for xml, text in _CLOCKS],
        "max_clocks_mhz": [_number(_get(gpu, (f"max_clocks/{xml}", f"Max Clocks/{text}"))) for xml, text in _CLOCKS],
        "pcie_link": [_number(_get(gpu, paths)) for paths in _LINK],
    }
    readings.update((key, values) for key, values in lists.items() if None not in values)
    ecc = _get(gpu, _ECC_MODE)
    if ecc in ("Enabled", "Disabled"):
        readings["ecc_mode"] = ecc
    return readings


def _add_board(facts: dict[str, object], gpu: dict[str, str]) -> list[str]:
    """Take what nvidia-smi does not print from the machine type with the same board. Returns a note if there is one."""
    device = str(facts.get("pci_device_id", "")).upper()
    for name in types.names():
        board = types.definition(name)
        if board["pci_device_id"] != device or board["memory_mib"] != facts.get("memory_mib"):
            continue
        taken = [key for key in _OF_THE_BOARD if key in board and key not in facts]
        facts.update((key, board[key]) for key in taken)
        if taken:
            return [f"from machine type {name}, which has the same board: {', '.join(taken)}"]
    if _get(gpu, _MIG_MODE) is None:
        facts["mig_profiles"] = []
    return []


def _add_identity(capture: Capture, facts: dict[str, object]) -> None:
    uuids = [_get(gpu, _UUID) or "" for gpu in capture.gpus]
    # Masked captures have the same one for all, of zeros.
    if len(set(uuids)) == len(uuids) and not any(set(uuid[4:]) <= set("0-") for uuid in uuids):
        facts["uuids"] = uuids
    serials = [_get(gpu, _SERIAL) or "" for gpu in capture.gpus]
    if not any(set(serial) <= {"0"} for serial in serials):
        facts["serials"] = serials
