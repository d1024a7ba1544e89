# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Options of the parts of a mock that several modules have, and what the core makes of them."""

from __future__ import annotations

from .. import parameters
from ..layout.devices import DEFAULT_CAPS_MAJOR, DEFAULT_UVM_MAJOR, DeviceOptions
from ..layout.driver_tree import CONTENTS, LAYOUTS, DriverTreeOptions
from ..layout.stub_library import ARCHITECTURES
from ..machine.overrides import deprecations, machine_from
from ..node import DEFAULT_DRIVER_ROOT, components
from .change import owner_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..machine.model import Machine

ARCHITECTURE_OPTION: dict[str, Any] = {"architecture": {"type": "str", "choices": list(ARCHITECTURES)}}
DEVICE_OPTIONS: dict[str, Any] = {
    "base": {"type": "path"},
    "dev_roots": {"type": "list", "elements": "path", "default": ["/", DEFAULT_DRIVER_ROOT]},
    "dri": {"type": "bool", "default": False},
    "uvm_major": {"type": "int", "default": DEFAULT_UVM_MAJOR},
    "caps_major": {"type": "int", "default": DEFAULT_CAPS_MAJOR},
    "device_mode": {"type": "raw", "default": "0666"},
    "device_uid": {"type": "int"},
    "device_gid": {"type": "int"},
    "device_files": {"type": "str", "choices": ["char", "regular", "auto"], "default": "char"},
    "restore_at_boot": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    **ARCHITECTURE_OPTION,
}
TREE_OPTIONS: dict[str, Any] = {
    "driver_root": {"type": "path"},
    "layout": {"type": "str", "choices": list(LAYOUTS), "default": "lib64"},
    "content": {"type": "str", "choices": list(CONTENTS), "default": "elf"},
    **ARCHITECTURE_OPTION,
}


def owners_from(params: dict[str, Any]) -> dict[str, int | None]:
    """Return who shall own the device nodes: ``device_uid`` and ``device_gid``.

    :raises ParameterError: a number that can't own a file.
    """
    return {name: owner_from(name, params[name]) for name in ("device_uid", "device_gid")}


def machine_of(module: Any) -> Machine:
    """Return the machine of the module's parameters, and pass on which forms of them are deprecated.

    :raises ParameterError: there is no such machine.
    """
    machine = machine_from(module.params)
    for text in deprecations(module.params):
        module.deprecate(text, version="2.0.0", collection_name="nvmock.gpu")
    return machine


def devices_from(params: dict[str, Any], owners: dict[str, int | None]) -> tuple[DeviceOptions, list[str]]:
    """Return the options of the device nodes, and the dev roots.

    :arg owners: what :func:`owners_from` returned.
    :raises ParameterError: a value is not allowed.
    """
    options = DeviceOptions(
        mode=parameters.mode("device_mode", params["device_mode"]),
        uid=components.user_or_root(owners["device_uid"]),
        gid=components.user_or_root(owners["device_gid"]),
        uvm_major=parameters.major("uvm_major", params["uvm_major"]),
        caps_major=parameters.major("caps_major", params["caps_major"]),
        dri=params["dri"],
        regular_files=components.wants_regular_files(params["device_files"]),
    )
    return options, [parameters.absolute_path("dev_roots", path, root_allowed=True) for path in params["dev_roots"]]


def tree_from(params: dict[str, Any], architecture: str) -> DriverTreeOptions:
    """Return the options of the driver installation."""
    user = components.user_or_root()
    return DriverTreeOptions(
        layout=params["layout"], content=params["content"], architecture=architecture, uid=user, gid=user
    )
