# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The flags that describe a machine and a node, for every command that needs them."""

from __future__ import annotations

import os

from .. import parameters
from ..errors import NvmockError, ParameterError
from ..layout.devices import DEFAULT_CAPS_MAJOR, DEFAULT_UVM_MAJOR
from ..machine import overrides
from ..machine.model import Machine
from ..machine.overrides import DEFAULT_MACHINE, OVERRIDES, from_text
from ..node import DEFAULT_BASE, DEFAULT_DRIVER_ROOT, DEFAULT_SPEC_PATH, DEFAULT_TOOLKIT_ROOT
from .flags import SWITCH, TEXT, Flag, Values

_MOST_CHARACTERS = 1 << 20
_MOST_VALUES = 10_000
_MOST_DEPTH = 10
_NO_NUMBER = 1 << 64


def machine_flags() -> list[Flag]:
    """The flags of :func:`machine_from`; the default machine type comes from the environment."""
    flags = [Flag(row.name.replace("_", "-"), TEXT, None, row.help) for row in OVERRIDES if row.help]
    flags[0].default = os.environ.get("MACHINE_TYPE") or DEFAULT_MACHINE
    flags.insert(1, Flag("machine-file", TEXT, None, "custom machine type: a YAML or JSON file of facts"))
    return flags


def node_flags() -> list[Flag]:
    """The flags for paths on the node."""
    return [
        Flag("base", TEXT, DEFAULT_BASE, "driver root for device nodes and /proc/driver/nvidia"),
        Flag("driver-root", TEXT, DEFAULT_DRIVER_ROOT, "root of the driver installation"),
        Flag("cdi-output", TEXT, DEFAULT_SPEC_PATH, "path of the CDI spec"),
        Flag("toolkit-root", TEXT, DEFAULT_TOOLKIT_ROOT, "toolkit root; the hook is its bin/nvidia-cdi-hook"),
        Flag("instance", TEXT, None, "name of this mock, beside another on the same node"),
        Flag("host-root", TEXT, "/", "directory that is the node's /"),
        Flag("with-dri", SWITCH, False, "also create DRM nodes (/dev/dri)"),
        Flag(
            "with-hook",
            SWITCH,
            False,
            "write CDI hooks to the spec, as nvidia-ctk does; installs nvidia-cdi-hook if missing",
        ),
        Flag("device-files", TEXT, "char", "type of the device nodes", ("char", "regular", "auto")),
        Flag("uvm-major", TEXT, str(DEFAULT_UVM_MAJOR), "major of nvidia-uvm"),
        Flag("caps-major", TEXT, str(DEFAULT_CAPS_MAJOR), "major of nvidia-caps"),
        Flag("architecture", TEXT, None, "CPU architecture of the driver; default: this machine's"),
    ]


def machine_from(values: Values, warnings: list[str] | None = None) -> Machine:
    """Return the machine that the flags describe.

    :arg warnings: is extended by a line for each form in the machine file that is deprecated.
    :raises ParameterError: a value is not allowed.
    """
    given: dict[str, object] = {"allow_unsupported": os.environ.get("ALLOW_UNSUPPORTED") == "true"}
    definition_path = values.optional("machine-file")
    if definition_path is not None:
        given["machine_definition"] = read_definition(definition_path)
    for row in OVERRIDES:
        text = values.optional(row.name.replace("_", "-")) if row.help else None
        if text is not None:
            given[row.name] = from_text(row, text)
    machine = overrides.machine_from(given)
    if warnings is not None:
        warnings += overrides.deprecations(given)
    return machine


def absolute(values: Values, flag: str, root_allowed: bool = False) -> str:
    """Return the absolute path in *flag*.

    :raises ParameterError: it is not absolute.
    """
    return parameters.absolute_path(flag.replace("-", "_"), values.text(flag), root_allowed)


def instance(values: Values) -> str | None:
    """Return the name of the mock, "" for the mock without a name, None if the flag was not given.

    :raises ParameterError: it is not allowed.
    """
    name = values.optional("instance")
    return parameters.instance_name("instance", name) if name else name


def host_root(values: Values) -> str:
    """Return the host root. A relative path starts at the working directory, because it is a path on this machine."""
    return parameters.absolute_path("host_root", os.path.abspath(values.text("host-root")), root_allowed=True)


def read_definition(path: str) -> dict[str, object]:
    """Return the machine definition in the YAML or JSON file *path*.

    :raises ParameterError: it can't be read, or is not a mapping of plain values.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read(_MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError("machine_file", path, f"a readable file ({error})") from None
    if len(text) > _MOST_CHARACTERS:
        raise ParameterError("machine_file", path, f"a file of at most {_MOST_CHARACTERS} characters")
    language = "JSON" if path.endswith(".json") else "YAML"
    try:
        definition = _from_json(text) if language == "JSON" else _from_yaml(text)
    except NvmockError:
        raise
    except RecursionError:
        raise ParameterError("machine_file", path, f"{language} that is nested less deep") from None
    except Exception as error:  # besides their own errors, parsers raise what they meet, such as a 13th month
        said = " ".join(str(error).split()) or type(error).__name__
        raise ParameterError("machine_file", path, f"{language} ({said})") from None
    _check_plain(path, definition)
    if not isinstance(definition, dict):
        raise ParameterError("machine_file", path, "a mapping of facts (docs/machine-types.md)")
    return definition


def _from_json(text: str) -> object:
    import json

    return json.loads(text)


def _from_yaml(text: str) -> object:
    from ..cdi.read import pyyaml

    return pyyaml().safe_load(text)


def _check_plain(path: str, definition: object) -> None:
    """Check the number of values and their depth, so that reading and showing them later ends.

    Each alias of YAML counts as a copy, because that is what a reader sees.

    :raises ParameterError: too many, or too deep.
    """
    left: list[tuple[object, int]] = [(definition, 0)]
    count = 0
    while left:
        value, depth = left.pop()
        count += 1
        if count > _MOST_VALUES or depth > _MOST_DEPTH:
            allowed = f"at most {_MOST_VALUES} values (aliases count as copies), nested at most {_MOST_DEPTH} deep"
            raise ParameterError("machine_file", path, allowed)
        if isinstance(value, int) and abs(value) >= _NO_NUMBER:
            raise ParameterError("machine_file", path, "made of numbers below 2^64")  # longer ones can't even be shown
        if isinstance(value, dict):
            left += [(one, depth + 1) for one in (*value.keys(), *value.values())]
        elif isinstance(value, (list, tuple, set)):
            left += [(one, depth + 1) for one in value]
