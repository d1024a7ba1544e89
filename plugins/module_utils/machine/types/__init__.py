# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The registry of machine types: one data file per type, found by its name.

A new type is a file ``<name>.py`` in this directory with a dict ``MACHINE`` (docs/machine-types.md describes its keys). A dash in the
name of a type is an underscore in the name of its file. The import
below is for Ansible, which only copies files in import statements to a node. A unit test compares it with the directory.
"""

from __future__ import annotations

from ...errors import ParameterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Read by Ansible's packer (and type checkers), never executed: a run imports only the type it needs.
    from . import (  # noqa: F401
        a10,
        a10g,
        a30,
        a100_80gb_pcie,
        a100_pcie_40gb,
        a100_sxm4_40gb,
        a100_sxm4_80gb,
        b200,
        b300_sxm6_ac,
        dgxa100,
        dgxa100_80gb,
        dgxb200,
        dgxh100,
        dgxh200,
        fallback,
        gb200,
        gb200_nvl72_tray,
        gb300,
        gb300_nvl72_tray,
        geforce_rtx_2080_super,
        geforce_rtx_4090,
        go_nvml_dgxa100,
        go_nvml_dgxb200,
        go_nvml_dgxh100,
        go_nvml_dgxh200,
        h100_80gb_hbm3,
        h100_pcie,
        h200,
        hgxb200,
        hgxb300,
        hgxh100,
        hgxh200,
        l4,
        l40s,
        rtx_pro_6000_blackwell_server_edition,
        rtx_pro_6000_blackwell_workstation_edition,
        tesla_t4,
        vera_rubin,
    )

FALLBACK = "fallback"
"""The synthetic 8-GPU type that replaces an unknown type if the user allows it (not listed)."""
_MOCK_PREFIX = "go-nvml-"
"""Of the types that repeat go-nvml's mock machines. They are not listed either, because they are not the real machines."""

_MACHINES = ("dgx", "hgx")
_TRAY = "-tray"


def names() -> list[str]:
    """Return the known machine types, sorted: whole machines, then single boards."""
    listed = [name for name in every_name() if name != FALLBACK and not name.startswith(_MOCK_PREFIX)]
    return sorted(listed, key=lambda name: (not is_whole_machine(name), name))


def every_name() -> list[str]:
    """Return all machine types, sorted, also those that are not listed."""
    from pkgutil import iter_modules  # also lists a zip, which is what a module runs from on a node

    return sorted([info.name.replace("_", "-") for info in iter_modules(__path__)])


def is_whole_machine(name: str) -> bool:
    """Return whether a machine type is a machine and not a single board."""
    return name.startswith(_MACHINES) or name.endswith(_TRAY)


def definition(name: str, parameter: str = "machine") -> dict[str, object]:
    """Return the facts of machine type *name*, which is the value of *parameter*.

    :raises ParameterError: the type is unknown. The message lists the known types.
    """
    file = name.replace("-", "_")
    if file.isidentifier() and "_" not in name:  # __init__ and __pycache__ can be imported, too
        try:
            # importlib would cost a tenth of gpu-mockctl's start.
            module = __import__(f"{__name__}.{file}", fromlist=["MACHINE"])
        except ModuleNotFoundError:
            pass
        else:
            facts: dict[str, object] = module.MACHINE
            return facts
    raise ParameterError(parameter, name, "one of " + ", ".join(names()) + ", or a definition of your own")
