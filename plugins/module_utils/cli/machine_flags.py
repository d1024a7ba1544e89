# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The flags that describe a machine and a node, for every command that needs them."""

from __future__ import annotations

import os

from .. import parameters
from ..errors import ParameterError
from ..machine.build import build_machine
from ..machine.model import Machine
from ..node import DEFAULT_BASE, DEFAULT_DRIVER_ROOT, DEFAULT_SPEC_PATH, DEFAULT_TOOLKIT_ROOT
from .flags import SWITCH, TEXT, Flag, Values


def machine_flags() -> list[Flag]:
    """The flags of :func:`machine_from`; the default machine type comes from the environment."""
    return [
        Flag("machine", TEXT, os.environ.get("MACHINE_TYPE") or "dgxa100", "machine type (env MACHINE_TYPE)"),
        Flag("machine-file", TEXT, None, "machine type of your own: a YAML or JSON file of facts"),
        Flag("gpu-count", TEXT, None, "number of GPUs, 1 to 64"),
        Flag("product-name", TEXT, None, "product name of the GPUs"),
        Flag("pci-bus-ids", TEXT, None, "PCI bus ids, comma separated"),
        Flag("uuids", TEXT, None, "GPU UUIDs, comma separated"),
        Flag("uuid-seed", TEXT, None, "what UUIDs are derived from; default: the host name"),
        Flag("driver-version", TEXT, None, "driver version, such as 550.54.15"),
        Flag("mig", TEXT, None, "MIG devices: 0=3g.20gb,1g.5gb;1=7g.40gb"),
    ]


def node_flags() -> list[Flag]:
    """The flags that say where things lie on the node."""
    return [
        Flag("base", TEXT, DEFAULT_BASE, "driver root for device nodes and /proc/driver/nvidia"),
        Flag("driver-root", TEXT, DEFAULT_DRIVER_ROOT, "root of the driver installation"),
        Flag("cdi-output", TEXT, DEFAULT_SPEC_PATH, "path of the CDI spec"),
        Flag("toolkit-root", TEXT, DEFAULT_TOOLKIT_ROOT, "toolkit root; the hook is its bin/nvidia-cdi-hook"),
        Flag("host-root", TEXT, "/", "directory that is the node's /"),
        Flag("with-dri", SWITCH, False, "DRM nodes (/dev/dri) as well"),
        Flag("with-hook", SWITCH, False, "CDI hooks in the spec, as nvidia-ctk's; installs nvidia-cdi-hook if missing"),
        Flag("device-files", TEXT, "char", "what device nodes are", ("char", "regular", "auto")),
    ]


def machine_from(values: Values) -> Machine:
    """Return the machine that the flags describe.

    :raises ParameterError: a value is not allowed.
    """
    seed = values.optional("uuid-seed")
    mig = values.optional("mig")
    definition_path = values.optional("machine-file")
    return build_machine(
        type_name=values.text("machine"),
        definition=None if definition_path is None else read_definition(definition_path),
        gpu_count=values.optional("gpu-count"),
        product_name=values.optional("product-name"),
        pci_bus_ids=_list(values.optional("pci-bus-ids")),
        uuids=_list(values.optional("uuids")),
        uuid_seed=os.uname().nodename if seed is None else parameters.string("uuid_seed", seed),
        driver_version=values.optional("driver-version"),
        mig_layout=None if mig is None else _mig(mig),
        allow_unsupported=os.environ.get("ALLOW_UNSUPPORTED") == "true",
    )


def absolute(values: Values, flag: str, root_allowed: bool = False) -> str:
    """Return the absolute path that *flag* names.

    :raises ParameterError: it is not absolute.
    """
    return parameters.absolute_path(flag.replace("-", "_"), values.text(flag), root_allowed)


def host_root(values: Values) -> str:
    """Return the host root; a relative one is taken from the working directory, as it is a path of this machine."""
    return parameters.absolute_path("host_root", os.path.abspath(values.text("host-root")), root_allowed=True)


def read_definition(path: str) -> dict[str, object]:
    """Return the machine definition in the YAML or JSON file *path*.

    :raises ParameterError: it can't be read, or is not a mapping.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError("machine_file", path, f"a readable file ({error})") from None
    definition: object
    if path.endswith(".json"):
        import json

        try:
            definition = json.loads(text)
        except ValueError as error:
            raise ParameterError("machine_file", path, f"JSON ({error})") from None
    else:
        from .yaml_reader import load

        definition = load("machine_file", path, text)
    if not isinstance(definition, dict):
        raise ParameterError("machine_file", path, "a mapping of facts (docs/machine-types.md)")
    return definition


def _list(text: str | None) -> list[str] | None:
    return None if text is None else [item.strip() for item in text.split(",") if item.strip()]


def _mig(text: str) -> dict[str, list[str]]:
    """Parse ``0=3g.20gb,1g.5gb;1=7g.40gb``."""
    layout = {}
    for part in text.split(";"):
        index, equals, profiles = part.partition("=")
        if not equals:
            raise ParameterError("mig", text, "of the form <GPU>=<profile>,...;..., such as 0=3g.20gb,1g.5gb")
        layout[index.strip()] = [profile.strip() for profile in profiles.split(",") if profile.strip()]
    return layout
