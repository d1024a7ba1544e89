# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The options of a machine: one table, for the Ansible modules, for gpu-mockctl and for the role in_cluster.

The options are documented in plugins/doc_fragments/machine.py. Unit tests compare it, the role's arguments and docs/reference.md with
this table.
"""

from __future__ import annotations

import os

from .. import parameters
from ..errors import ParameterError
from ..values import Value, value
from .build import build_machine
from .mig import has_positional_rows
from .model import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEFAULT_MACHINE = "dgxa100"


@value
class Override(Value):
    """One option of a machine."""

    name: str  # the module's option; a flag has dashes
    ansible: dict[str, Any]  # the module's argument
    argument: str  # that of build_machine
    help: str = ""  # the flag's; "" if the command line has another way


# Ansible would turn a number into text: 570.190, which YAML reads as a number, would become another version, 570.19.
_TEXT = {"type": "raw"}

OVERRIDES = (
    Override("machine", {**_TEXT, "default": DEFAULT_MACHINE}, "type_name", "machine type (env MACHINE_TYPE)"),
    Override("machine_definition", {"type": "dict"}, "definition"),
    Override("gpu_count", {"type": "int"}, "gpu_count", "number of GPUs, 1 to 64"),
    Override("product_name", _TEXT, "product_name", "product name of the GPUs"),
    Override("pci_bus_ids", {"type": "list", "elements": "raw"}, "pci_bus_ids", "PCI bus IDs, comma separated"),
    Override("pci_domain", _TEXT, "pci_domain", "PCI domain of all GPUs, such as 0001"),
    Override("uuids", {"type": "list", "elements": "raw"}, "uuids", "GPU UUIDs, comma separated"),
    Override("uuid_seed", _TEXT, "uuid_seed", "seed of the UUIDs; default: the host name"),
    Override("driver_version", _TEXT, "driver_version", "driver version, such as 550.54.15"),
    Override("mig", {"type": "dict"}, "mig_layout", "MIG devices: 0=3g.20gb,1g.5gb;1=7g.40gb"),
    Override("allow_unsupported", {"type": "bool", "default": False}, "allow_unsupported"),
)


def machine_from(given: Mapping[str, Any]) -> Machine:
    """Return the machine that *given* describes, by the names of the table. None means that an option is not given.

    :raises ParameterError: a value is not allowed.
    """
    arguments = {row.argument: given[row.name] for row in OVERRIDES if given.get(row.name) is not None}
    seed = arguments.setdefault("uuid_seed", os.uname().nodename)
    parameters.string("uuid_seed", seed)
    return build_machine(**arguments)


def deprecations(given: Mapping[str, Any]) -> list[str]:
    """Return a line for each form in *given* that the next major version will refuse. :func:`machine_from` has accepted it."""
    definition = given.get("machine_definition")
    if definition is None or not has_positional_rows(definition.get("mig_profiles")):
        return []
    return [
        "machine_definition.mig_profiles: lists of values are deprecated: give each profile as a mapping (docs/machine-types.md)"
    ]


def from_text(row: Override, text: str) -> object:
    """Parse the text of an override's flag: ``a,b`` for a list, ``0=a,b;1=c`` for a mapping.

    :raises ParameterError: it has another form.
    """
    kind = row.ansible["type"]
    if kind == "list":
        return _list(text)
    return _mapping(row.name, text) if kind == "dict" else text


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _mapping(name: str, text: str) -> dict[str, list[str]]:
    mapping = {}
    for part in text.split(";"):
        index, equals, items = part.partition("=")
        if not equals:
            raise ParameterError(name, text, "of the form <GPU>=<profile>,...;..., such as 0=3g.20gb,1g.5gb")
        mapping[index.strip()] = _list(items)
    return mapping
