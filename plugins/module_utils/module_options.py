# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Options that several Ansible modules share, and how they become what the core wants. No Ansible import here.

The documentation of the same options is in plugins/doc_fragments; a unit test holds the two equal.
"""

from __future__ import annotations

import os

from . import checks
from .host.guard import may_mknod
from .machine import Machine
from .machine_builder import build_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MACHINE_OPTIONS: dict[str, Any] = {
    "machine": {"type": "str", "default": "dgxa100"},
    "machine_definition": {"type": "dict"},
    "gpu_count": {"type": "int"},
    "product_name": {"type": "str"},
    "pci_bus_ids": {"type": "list", "elements": "str"},
    "uuids": {"type": "list", "elements": "str"},
    "uuid_seed": {"type": "str"},
    "driver_version": {"type": "str"},
    "mig": {"type": "dict"},
    "allow_unsupported": {"type": "bool", "default": False},
}

HOST_OPTIONS: dict[str, Any] = {
    "host_root": {"type": "path", "default": "/"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "take_over": {"type": "bool", "default": False},
    "allow_real_driver": {"type": "bool", "default": False},
}


def machine_from(params: dict[str, Any]) -> Machine:
    """Return the machine that a module's parameters describe.

    :raises ParameterError: a parameter is not allowed.
    """
    seed = params["uuid_seed"]
    return build_machine(
        type_name=params["machine"],
        definition=params["machine_definition"],
        gpu_count=params["gpu_count"],
        product_name=params["product_name"],
        pci_bus_ids=params["pci_bus_ids"],
        uuids=params["uuids"],
        uuid_seed=os.uname().nodename if seed is None else checks.string("uuid_seed", seed),
        driver_version=params["driver_version"],
        mig_layout=params["mig"],
        allow_unsupported=params["allow_unsupported"],
    )


def host_root_from(params: dict[str, Any]) -> str:
    """Return the host root as an absolute path; the node's own / if nothing else was said."""
    return checks.absolute_path("host_root", params["host_root"], root_allowed=True)


def architecture_from(value: str | None) -> str:
    """Return the CPU architecture: the one asked for, else the node's.

    :raises ParameterError: no driver for it.
    """
    from .layout.elf import ARCHITECTURES

    return checks.one_of("architecture", os.uname().machine if value is None else value, ARCHITECTURES)


def owner_for(value: int | None) -> int | None:
    """Return the owner or group to give to what is made: the one asked for, else root's if we are root."""
    if value is not None:
        return value
    return 0 if os.geteuid() == 0 else None


def wants_regular_files(device_files: str) -> bool:
    """Whether regular files stand in for device nodes: by request, or with ``auto`` where mknod is not permitted."""
    return device_files == "regular" or (device_files == "auto" and not may_mknod())
