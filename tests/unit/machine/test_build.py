# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""From parameters to a machine: types, overrides, definitions, the fallback, identities."""

from __future__ import annotations

import ast
import json
import os
import uuid

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.facts import definition_from
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Readings

OWN = {
    "product_name": "NVIDIA L4",
    "driver_version": "535.104.05",
    "memory_mib": 23034,
    "compute_capability": "8.9",
    "architecture": "Ada Lovelace",
}

# Captures of the boards, and go-nvml's mocks of them.
TYPES = {
    "dgxa100": ("NVIDIA A100-SXM4-40GB", 8, "550.54.15", (8, 0), 40960),
    "dgxb200": ("NVIDIA B200", 8, "580.105.08", (10, 0), 183359),
    "dgxh100": ("NVIDIA H100 80GB HBM3", 8, "550.54.15", (9, 0), 81559),
    "dgxh200": ("NVIDIA H200", 8, "550.54.15", (9, 0), 143771),
    "go-nvml-dgxa100": ("NVIDIA A100-SXM4-40GB", 8, "550.54.15", (8, 0), 40960),
    "go-nvml-dgxb200": ("NVIDIA B200 180GB HBM3e", 8, "560.28.03", (10, 0), 184320),
    "go-nvml-dgxh100": ("NVIDIA H100 80GB HBM3", 8, "550.54.15", (9, 0), 81920),
    "go-nvml-dgxh200": ("NVIDIA H200 141GB HBM3e", 8, "550.54.15", (9, 0), 144384),
}


UNLISTED = {types.FALLBACK, *(name for name in TYPES if name.startswith("go-nvml-"))}
# Bus numbers in published `nvidia-smi` tables; the three newer machines are one chassis.
_HGX = ["1b", "43", "52", "61", "9d", "c3", "d1", "df"]
BUSES = {"dgxa100": ["07", "0f", "47", "4e", "87", "90", "b7", "bd"], "dgxb200": _HGX, "dgxh100": _HGX, "dgxh200": _HGX}


def test_known_types():
    assert {name for name in TYPES if not name.startswith("go-nvml-")} <= set(types.names())
    assert UNLISTED.isdisjoint(types.names())


@pytest.mark.parametrize("name", TYPES)
def test_facts_of_a_type(name):
    machine = build_machine(name)
    product, count, driver, capability, memory = TYPES[name]
    assert (machine.type_name, len(machine.gpus), machine.driver_version) == (name, count, driver)
    assert {gpu.name for gpu in machine.gpus} == {product} == {machine.model.product_name}
    assert (machine.model.compute_capability, machine.model.memory_mib) == (capability, memory)


@pytest.mark.parametrize("name", [*types.names(), *sorted(UNLISTED)])
def test_every_data_file_holds_as_a_definition(name):
    """The checks for definitions of users accept the types of our own, and give the same machine."""
    ours = types.definition(name)
    assert build_machine(name, definition=dict(ours), uuid_seed="s") == build_machine(name, uuid_seed="s")


@pytest.mark.parametrize("name", [*types.names(), *sorted(UNLISTED)])
def test_gpus_are_numbered_and_distinct(name):
    gpus = build_machine(name, uuid_seed="a").gpus
    assert [gpu.index for gpu in gpus] == [gpu.minor for gpu in gpus] == list(range(len(gpus)))
    for field in ("uuid", "serial", "pci_bus_id", "irq"):
        assert len({getattr(gpu, field) for gpu in gpus}) == len(gpus), field


def test_bus_ids_of_the_go_system():
    gpus = build_machine("go-nvml-dgxa100").gpus
    assert [gpu.pci_bus_id for gpu in gpus] == [f"0000:{bus:02x}:00.0" for bus in range(8)]


@pytest.mark.parametrize("name", BUSES)
def test_bus_ids_of_the_real_machines(name):
    assert [gpu.pci_bus_id for gpu in build_machine(name).gpus] == [f"0000:{bus}:00.0" for bus in BUSES[name]]


@pytest.mark.parametrize("name", types.names())
def test_no_type_uses_the_place_of_the_host_bridge(name):
    """On x86 machines 0000:00:00.0 is the host bridge, which programs then take for the GPU."""
    assert not [gpu.pci_bus_id for gpu in build_machine(name, gpu_count=64).gpus if gpu.pci_bus_id == "0000:00:00.0"]


# Device and subsystem IDs in the captures that the types name.
@pytest.mark.parametrize(
    ("name", "device", "subsystem"),
    [
        ("dgxa100", "20B010DE", "134F10DE"),
        ("dgxh100", "233010DE", "16C110DE"),
        ("dgxh200", "233510DE", "18BE10DE"),
        ("dgxb200", "290110DE", "199910DE"),
    ],
)
def test_pci_ids(name, device, subsystem):
    model = build_machine(name).model
    assert (model.pci_device_id, model.pci_subsystem_id) == (device, subsystem)


def test_fallback():
    machine = build_machine("nonsense", allow_unsupported=True)
    assert machine.type_name == "nonsense"
    assert [gpu.pci_bus_id for gpu in machine.gpus] == [f"0000:{bus:02x}:00.0" for bus in range(0x81, 0x89)]
    assert machine.gpus[0].uuid == "GPU-00000001-0001-0001-0001-000000000001"
    assert machine.gpus[7].uuid == "GPU-00000008-0008-0008-0008-000000000008"
    assert {gpu.name for gpu in machine.gpus} == {"NVIDIA A100-SXM4-40GB"}
    # A known type is not replaced.
    assert build_machine("dgxh100", allow_unsupported=True) == build_machine("dgxh100")


@pytest.mark.parametrize(
    "name",
    [
        "dgxz9",
        "go_nvml_dgxa100",
        "go-nvml_dgxa100",
        "-dgxa100",
        "DGXA100",
        "",
        "os",
        "__init__",
        "__pycache__",
        "../dgxa100",
        "a.b",
        "x" * 500,
    ],
)
def test_unknown_type_lists_the_known_ones(name):
    with pytest.raises(ParameterError) as error:
        build_machine(name)
    assert "dgxa100, dgxb200, dgxh100, dgxh200" in str(error.value)
    assert str(error.value).startswith("machine: ")


def test_registry_names_every_data_file():
    """Ansible ships to a node only what an import statement names; that line and the folder must be equal."""
    folder = os.path.dirname(types.__file__)
    files = {name[:-3] for name in os.listdir(folder) if name.endswith(".py") and name != "__init__.py"}
    with open(types.__file__, encoding="utf-8") as handle:
        tree = ast.parse(handle.read())
    (block,) = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    named = [alias.name for alias in block.names]
    assert sorted(named) == sorted(files)
    assert sorted(types.names()) == sorted({name.replace("_", "-") for name in files} - UNLISTED)


# --- overrides ---


@pytest.mark.parametrize("count", [1, 2, 8, 9, 64, "16"])
def test_gpu_count(count):
    machine = build_machine(gpu_count=count)
    assert len(machine.gpus) == int(count)
    assert len({gpu.pci_bus_id for gpu in machine.gpus}) == int(count)
    assert [gpu.pci_bus_id for gpu in machine.gpus][:8] == [f"0000:{bus}:00.0" for bus in BUSES["dgxa100"]][
        : int(count)
    ]
    # Fewer GPUs are the first of more: growing keeps identities.
    assert machine.gpus == build_machine(gpu_count=64).gpus[: int(count)]


def test_bus_ids_continue_without_clash():
    definition = {**OWN, "pci_bus_ids": ["0000:01:00.0", "0000:ff:00.0"], "gpu_count": 4}
    assert [gpu.pci_bus_id for gpu in build_machine("l4", definition).gpus] == [
        "0000:01:00.0",
        "0000:ff:00.0",
        "0001:00:00.0",
        "0001:01:00.0",
    ]
    definition = {**OWN, "pci_bus_ids": ["0000:02:00.0", "0000:01:00.0"], "gpu_count": 3}
    assert [gpu.pci_bus_id for gpu in build_machine("l4", definition).gpus][2] == "0000:03:00.0"


def test_bus_ids_without_any_given_begin_after_the_host_bridge():
    machine = build_machine("l4", {**OWN, "gpu_count": 2})
    assert [gpu.pci_bus_id for gpu in machine.gpus] == ["0000:01:00.0", "0000:02:00.0"]


@pytest.mark.parametrize(
    ("domain", "given", "moved"),
    [
        ("1", ["0000:07:00.0", "0000:0f:00.0"], ["0001:07:00.0", "0001:0f:00.0"]),
        ("0000", ["0008:06:00.0", "0009:06:00.0"], ["0000:06:00.0", "0001:06:00.0"]),
        ("fFfF", ["0000:07:00.0", "0001:07:00.0"], ["ffff:07:00.0", "00010000:07:00.0"]),
        ("1a2b3", ["0000:07:00.0"], ["0001a2b3:07:00.0"]),
    ],
)
def test_pci_domain_moves_all_gpus(domain, given, moved):
    machine = build_machine(gpu_count=len(given), pci_bus_ids=given, pci_domain=domain)
    assert [gpu.pci_bus_id for gpu in machine.gpus] == moved
    assert [gpu.uuid for gpu in machine.gpus] == [gpu.uuid for gpu in build_machine(gpu_count=len(given)).gpus]


def test_pci_domain_moves_the_gpus_of_a_type_and_those_above_its_own():
    plain = [gpu.pci_bus_id for gpu in build_machine(gpu_count=9).gpus]
    moved = [gpu.pci_bus_id for gpu in build_machine(gpu_count=9, pci_domain="10").gpus]
    assert moved == ["0010" + bus[4:] for bus in plain]


def test_overrides():
    machine = build_machine(
        gpu_count=2,
        product_name="Some 'quoted' \"GPU\"",
        pci_bus_ids=["0000:0F:00.0", "00000000:4e:00.0", "0001:00:00.0"],
        uuids=["GPU-ABCDEFAB-1234-1234-1234-123456789ABC", "GPU-00000000-0000-0000-0000-000000000001"],
        driver_version="580.65.06",
    )
    assert [gpu.pci_bus_id for gpu in machine.gpus] == ["0000:0f:00.0", "0000:4e:00.0"]
    assert machine.gpus[0].uuid == "GPU-abcdefab-1234-1234-1234-123456789abc"
    assert machine.gpus[1].name == machine.model.product_name == "Some 'quoted' \"GPU\""
    assert machine.driver_version == "580.65.06"


BAD = {
    "pci_domain": ["", "xyz", "123456789", 1, "0x1", [], "-1"],
    "gpu_count": [0, 65, -1, "x", "", True, 1.5, [8], "٣", 10**30],
    "product_name": ["", " ", "x" * 96, "two\nlines", "tab\t", "é", 7, " lead", ["a"]],
    "pci_bus_ids": [
        ["0000:00:00"],
        ["0000:00:20.0"],
        ["0000:00:00.8"],
        [],
        "0000:00:00.0",
        [1] * 8,
        ["0000:01:00.0"] * 8,
    ],
    "uuids": [["x"], [], "GPU-", ["GPU-00000000-0000-0000-0000-000000000001"] * 8, [None] * 8],
    "driver_version": ["550", "a.b.c", "", 550.54, "550.54.15.1", "-1.2.3", "550..1", "550.54.15\n"],
    "mig_layout": ["x", {8: []}, {0: ["1g.5gb"] * 8}, {0: ["nope"]}, {"a": []}, {0: "1g.5gb"}, {-1: []}, [0]],
    "definition": ["x", {}, {"unknown": 1}, {**OWN, "memory_mib": 0}, {**OWN, "base": "nope"}, {**OWN, "base": 7}],
    "type_name": ["é", 7, None, "a\nb", "nope"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_values_name_parameter_value_and_what_is_allowed(name, value):
    with pytest.raises(ParameterError) as error:
        build_machine(**{name: value})
    text = str(error.value)
    assert "\n" not in text and " is not allowed: must be " in text
    shown_as = {"mig_layout": "mig", "definition": "machine", "type_name": "machine"}.get(name, name)
    assert text.startswith(shown_as)


# --- definitions of users ---


def test_definition():
    machine = build_machine("my-l4", OWN)
    assert (machine.type_name, len(machine.gpus), machine.cuda_version) == ("my-l4", 1, (12, 2))
    assert machine.model.architecture == "Ada Lovelace"
    assert (
        build_machine("my-l4", {**OWN, "pci_bus_ids": ["0000:65:00.0", "0000:ca:00.0"]}).gpus[1].pci_bus_id
        == "0000:ca:00.0"
    )


def test_definition_with_a_base():
    machine = build_machine("mine", {"base": "dgxh100", "gpu_count": 4, "memory_mib": 1024})
    assert (len(machine.gpus), machine.model.memory_mib, machine.model.architecture) == (4, 1024, "Hopper")


def test_a_domain_that_leaves_no_room_is_refused():
    buses = ["0000:07:00.0", "0001:07:00.0"]
    with pytest.raises(ParameterError, match=r"^pci_domain: 'ffffffff' is not allowed"):
        build_machine(gpu_count=2, pci_bus_ids=buses, pci_domain="ffffffff")


def test_a_definition_is_not_changed():
    definition = {**OWN, "base": "dgxa100", "uuids": ["GPU-ABCDEFAB-1234-1234-1234-123456789ABC"]}
    before = repr(definition)
    build_machine("mine", definition)
    assert repr(definition) == before


@pytest.mark.parametrize("key", sorted(OWN))
def test_incomplete_definition_names_what_is_missing(key):
    definition = {name: value for name, value in OWN.items() if name != key}
    with pytest.raises(ParameterError, match=f"complete: {key} is missing"):
        build_machine("mine", definition)


BAD_FACTS = {
    "memory_mib": [0, "x", None, [], 1 << 50],
    "compute_capability": [8.9, "8", "8.9.1", None, "a.b"],
    "cuda_version": [12.4, "12"],
    "architecture": [None, "", 7],
    "brand": [None, "é"],
    "pci_device_id": ["xyz", "20B010DEF", 7],
    "pci_subsystem_id": ["", None],
    "vbios_version": ["92.00", 92, "zz.00.45.00.03"],
    "board_part_number": [None, "a\nb"],
    "addressing_mode": ["ats", "", None, "GMMU"],
    "nvlink_links": [-1, 65, "many"],
    "nvlink_mb_per_s": [-1, "fast", None, 1 << 21],
    "nvlink_inactive": [None, "yes", 1],
    "topology": [None, "X", ["X NV4"], ["X NV4", "NV4 Y"], ["X NV", "NV X"], ["X  NV4", "NV4 X"], [7], ["X"] * 65],
    "cpu_affinity": [None, ["x"], [7], [""], ["0-"], ["-1"], ["0-7,"], ["0-7\n"], ["0" * 513]],
    "numa_nodes": [None, [0], [""], ["n/a"], ["1-"], "0"],
    "pci_bus_ids": [None, "x", ["x"]],
    "uuids": [None, ["x"]],
    "serials": [None, "x", [7], ["é"], [""], ["1 2"], ["x" * 31]],
    "gpu_count": [0, "x", 65],
    "gpus_per_pcie_switch": [-1, 65, "x", None],
    "gpus_per_socket": [-1, 65, []],
    "readings": [
        None,
        [],
        {"temperature": 33},
        {"temperature_c": "hot"},
        {"memory_temperature_c": -1},
        {"power_mw": 1.5},
        {"power_limits_mw": [1, 2]},
        {"power_limits_mw": 3},
        {"clocks_mhz": [1, 2, 3, "x"]},
        {"max_clocks_mhz": None},
        {"pcie_link": [4, 33]},
        {"bar1_mib": []},
        {"ecc_mode": "on"},
    ],
    "mig_profiles": [
        None,
        "x",
        [1],
        [["1g.5gb"]],
        [["x", 1, [0], 1, 1, 1]],
        [["1g.5gb\n", 1, [0], 1, 1, 1]],
        [["1g.5gb; rm", 1, [0], 1, 1, 1]],
        [[7, 1, [0], 1, 1, 1]],
        [["1g.5gb", 9, [0], 1, 1, 1]],
        [["1g.5gb", 1, [8], 1, 1, 1]],
        [["1g.5gb", 1, 0, 1, 1, 1]],
        [["2g.5gb", 2, [1], 1, 1, 1]],
        [["3g.5gb", 3, [0, 3], 1, 1, 1]],
        [["1g.5gb", 1, [0], 1, 1, 1], ["1g.5gb", 2, [0], 1, 1, 1]],
        [["1g.5gb", 1, [0], 1, 1, 1, None]],
        [["1g.5gb", 1, [0], 1, 1, 1, 5]],
        [["1g.5gb", 1, [0], 1, 1, 1, []]],
        [["1g.5gb", 1, [0], 1, 1, 1, [1, 0, 0, 0]]],
        [["1g.5gb", 1, [0], 1, 1, 1, [1, 0, 0, 0, 0, 0]]],
        [["1g.5gb", 1, [0], 1, 1, 1, [1, 0, 0, 0, 65]]],
        [["1g.5gb", 1, [0], 1, 1, 1, [-1, 0, 0, 0, 0]]],
        [["1g.5gb", 1, [0], 1, 1, 1, [1, 0, 0, 0, 0], 1]],
    ],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_FACTS.items() for value in values])
def test_bad_facts_name_the_key(key, value):
    with pytest.raises(ParameterError) as error:
        build_machine("mine", {**OWN, key: value})
    assert str(error.value).startswith(f"machine_definition.{key}") and "\n" not in str(error.value)


def test_readings():
    readings = {
        "temperature_c": "33",
        "power_limits_mw": ["1", 2, 3],
        "clocks_mhz": [1, 2, 3, 4],
        "ecc_mode": "Disabled",
    }
    model = build_machine("mine", {**OWN, "readings": readings}).model
    assert model.readings == Readings(
        temperature_c=33, power_limits_mw=(1, 2, 3), clocks_mhz=(1, 2, 3, 4), ecc_mode="Disabled"
    )
    assert build_machine("mine", OWN).model.readings == Readings()
    based = build_machine("mine", {"base": "dgxa100", "readings": {"power_mw": 1}}).model
    assert based.readings == Readings(power_mw=1), "a mapping of one's own replaces the type's"


@pytest.mark.parametrize("name", types.names())
def test_readings_of_the_machine_types_fit_each_other(name):
    readings = build_machine(name).model.readings
    unknown = [field for field, value in zip(readings.FIELDS, readings.fields(), strict=True) if value in ("", 0, ())]
    # Memory on a board of GDDR6 has no sensor that nvidia-smi reads.
    assert unknown in ([], ["memory_temperature_c"])
    least, default, most = readings.power_limits_mw
    assert least < default <= most and readings.power_mw < least * 2
    assert all(now <= most for now, most in zip(readings.clocks_mhz, readings.max_clocks_mhz, strict=True))


def test_numbers_as_text_are_numbers():
    """YAML in, templates in between: numbers come as text."""
    rows = [["1g.5gb", "1", ["0", "1"], "4864", "7", "14", ["1", "0", "0", "0", "64"]]]
    machine = build_machine(
        "mine", {**OWN, "memory_mib": "40960", "nvlink_links": "12", "gpu_count": "2", "mig_profiles": rows}
    )
    assert (machine.model.memory_mib, machine.model.nvlink_links, len(machine.gpus)) == (40960, 12, 2)
    profile = machine.model.mig_profiles[0]
    assert (profile.size, profile.starts, profile.memory_mib, profile.instance_count) == (1, (0, 1), 4864, 7)
    assert profile.engines == (1, 0, 0, 0, 64)


@pytest.mark.parametrize("name", [*types.names(), *sorted(UNLISTED)])
def test_a_machine_as_a_definition_is_the_same_machine(name):
    machine = build_machine(name, gpu_count=9, uuid_seed="s")
    definition = definition_from(machine)
    assert json.loads(json.dumps(definition)) == definition
    assert build_machine(name, definition) == machine


NAMED = {"name": "1g.5gb", "memory_slices": 1, "starts": [0], "memory_mib": 4864, "instances": 7, "multiprocessors": 14}


def test_profiles_with_names():
    engines = {"ofa": 5, "copy": 1, "decoder": 2, "encoder": 3, "jpeg": 4}
    rows = [["1g.5gb", 1, [0], 4864, 7, 14, [1, 2, 3, 4, 5]], ["2g.10gb", 2, [0], 9856, 3, 28]]
    named = [{**NAMED, "engines": engines}, dict(zip(NAMED, rows[1], strict=True))]
    one, other = (build_machine("x", {**OWN, "mig_profiles": given}) for given in (rows, named))
    assert one == other


@pytest.mark.parametrize(
    "row",
    [
        {},
        {**NAMED, "size": 1},
        {key: value for key, value in NAMED.items() if key != "starts"},
        {**NAMED, "engines": {"copy": 1}},
        {**NAMED, "engines": 5},
        {**NAMED, "engines": [1, 2]},
        {**NAMED, "memory_mib": "much"},
        {**NAMED, 7: 1},
    ],
)
def test_bad_profiles_with_names(row):
    with pytest.raises(ParameterError) as error:
        build_machine("x", {**OWN, "mig_profiles": [row]})
    assert str(error.value).startswith("machine_definition.mig_profiles") and "\n" not in str(error.value)


# --- identities ---


def test_same_seed_same_identities_other_seed_disjoint():
    one, again, other = (build_machine(gpu_count=64, uuid_seed=seed) for seed in ("node1", "node1", "node2"))
    assert one == again
    for field in ("uuid", "serial"):
        assert not {getattr(gpu, field) for gpu in one.gpus} & {getattr(gpu, field) for gpu in other.gpus}


def test_uuids_are_of_version_5_and_pinned():
    """The derivation is a promise: a change of it would change every node's UUIDs at the next run."""
    machine = build_machine(uuid_seed="node1")
    for gpu in machine.gpus:
        parsed = uuid.UUID(gpu.uuid[4:])
        assert (parsed.version, parsed.variant) == (5, uuid.RFC_4122)
        assert len(gpu.serial) == 13 and gpu.serial.isdigit()
    namespace = uuid.uuid5(uuid.NAMESPACE_DNS, "nvmock.gpu")
    assert machine.gpus[3].uuid == f"GPU-{uuid.uuid5(namespace, chr(0).join(('node1', 'gpu/3')))}"
    assert machine.gpus[3].uuid == build_machine("dgxb200", uuid_seed="node1").gpus[3].uuid


def test_uuids_do_not_depend_on_the_environment():
    code = (
        "from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine;"
        "print(build_machine(uuid_seed='x', mig_layout={0: ['3g.20gb', '1g.5gb']}))"
    )
    import subprocess
    import sys

    path = os.pathsep.join(sys.path)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
