# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Junk in every parameter: a machine, or one line that names the parameter, the value and what is allowed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import parameters
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Machine

_SETTINGS = settings(max_examples=150, deadline=None)

# What YAML, JSON and command lines can bring.
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70)
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.text(alphabet="0123456789abcdef:.-GPUgb+\n\t '\"", max_size=40)
    | st.sampled_from(["dgxa100", "dgxh100", "fallback", "0000:01:00.0", "550.54.15", "8.0", "1g.5gb", "3g.20gb"])
)
_KEYS = st.integers(-1, 9) | st.text(max_size=5) | st.sampled_from(["0", "1"])
_JUNK = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=8
)

_ROW = (_SCALARS, _SCALARS, _JUNK, _SCALARS, _SCALARS, _SCALARS)
_ENGINES = st.lists(st.integers(-1, 65), min_size=5, max_size=5) | _JUNK
_GOOD_ROW = st.sampled_from([("1g.5gb", 1, (0, 1), 4864, 7, 14)])
_PROFILES = st.lists(
    st.tuples(*_ROW).map(list)
    | st.tuples(*_ROW, _JUNK).map(list)
    | st.tuples(_GOOD_ROW, _ENGINES).map(lambda pair: [*pair[0], pair[1]])
    | _JUNK,
    max_size=2,
)
_LAYOUT = st.dictionaries(_KEYS, st.lists(_SCALARS, max_size=4), max_size=3)
_FACTS = (
    *("base", "gpu_count", "cuda_version", "brand", "pci_device_id", "pci_subsystem_id", "vbios_version"),
    *("board_part_number", "nvlink_links", "pci_bus_ids", "uuids", "product_name", "driver_version", "memory_mib"),
    *("compute_capability", "architecture"),
)
_DEFINITION = st.builds(
    lambda complete, facts, profiles: {
        **({"base": "dgxa100"} if complete else {}),
        **facts,
        **({"mig_profiles": profiles} if profiles else {}),
    },
    st.booleans(),
    st.dictionaries(st.sampled_from(_FACTS), _JUNK, max_size=3) | st.dictionaries(_KEYS, _JUNK, max_size=2),
    _PROFILES,
)

_PARAMETERS = {
    "type_name": _JUNK,
    "definition": _DEFINITION | _JUNK,
    "gpu_count": _JUNK,
    "product_name": _JUNK,
    "pci_bus_ids": _JUNK,
    "uuids": _JUNK,
    "uuid_seed": _JUNK,
    "driver_version": _JUNK,
    "mig_layout": _LAYOUT | _JUNK,
    "allow_unsupported": st.booleans(),
}
_SHOWN = {"type_name": "machine", "definition": "machine", "mig_layout": "mig"}


def _outcome(parameters):
    try:
        machine = build_machine(**parameters)
    except ParameterError as error:
        text = str(error)
        assert text.isprintable(), text
        name, separator, rest = text.partition(": ")
        assert separator and rest.partition(" is not allowed: must be ")[2], text
        assert any(name.startswith(_SHOWN.get(parameter, parameter)) for parameter in parameters), text
        return
    assert isinstance(machine, Machine)
    assert 1 <= len(machine.gpus) <= 64
    hash(machine)
    # Everything that goes into files and scripts is printable ASCII.
    for gpu in machine.gpus:
        for text in (gpu.uuid, gpu.name, gpu.pci_bus_id, gpu.serial, *(device.profile for device in gpu.mig_devices)):
            assert text.isascii() and text.isprintable()
    from ansible_collections.nvmock.gpu.plugins.module_utils.machine.file import machine_file_text, read_machine_file

    assert read_machine_file(machine_file_text(machine)) == machine


@_SETTINGS
@given(st.sampled_from(sorted(_PARAMETERS)).flatmap(lambda name: st.tuples(st.just(name), _PARAMETERS[name])))
def test_junk_in_one_parameter(pair):
    name, value = pair
    _outcome({name: value})


@_SETTINGS
@given(st.fixed_dictionaries({}, optional=_PARAMETERS))
def test_junk_in_several_parameters(parameters):
    _outcome(parameters)


@_SETTINGS
@given(_DEFINITION)
def test_junk_in_a_definition(definition):
    _outcome({"definition": definition})


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(
        [
            lambda value: parameters.integer("x", value, 0, 9),
            lambda value: parameters.string("x", value),
            lambda value: parameters.ascii_text("x", value),
            lambda value: parameters.product_name("x", value),
            lambda value: parameters.driver_version("x", value),
            lambda value: parameters.two_numbers("x", value),
            lambda value: parameters.hex_digits("x", value, 8),
            lambda value: parameters.vbios("x", value),
            lambda value: parameters.bus_id("x", value),
            lambda value: parameters.bus_ids("x", value),
            lambda value: parameters.gpu_uuid("x", value),
            lambda value: parameters.gpu_uuids("x", value),
            lambda value: parameters.absolute_path("x", value),
            lambda value: parameters.absolute_path("x", value, root_allowed=True),
            lambda value: parameters.mode("x", value),
            lambda value: parameters.one_of("x", value, ("a", "b")),
        ]
    ),
    _JUNK | st.text(alphabet="/.a\0\n", max_size=9).map(lambda text: "/" + text),
)
def test_each_check(check, value):
    """Canonical values pass again unchanged."""
    try:
        result = check(value)
    except ParameterError as error:
        assert str(error).startswith("x: ") and str(error).isprintable()
    else:
        if not isinstance(result, tuple):
            assert check(result) == result


def test_paths():
    assert parameters.absolute_path("x", "//run///nvidia/") == "/run/nvidia"
    assert parameters.absolute_path("x", "/", root_allowed=True) == "/"
    for bad in ("/", "run", "", "/a/../b", "/.", "/a\n", "/a\0", "/" + "x" * 256, "/x" * 2500, None, 7):
        try:
            parameters.absolute_path("x", bad)
        except ParameterError:
            continue
        raise AssertionError(bad)


def test_modes():
    assert [parameters.mode("x", value) for value in ("0666", "666", "0o666", 0o666)] == [0o666] * 4
    assert parameters.mode("x", "0") == 0
