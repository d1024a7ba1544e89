# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""How people give the options of a specification: to the module nvmock_cdi_spec, and to ``gpu-mockctl cdi generate``.

One row an option. nvidia-ctk's names for flags, with its aliases; four options are not its own (hook mode, release).
"""

from __future__ import annotations

from .. import parameters
from ..nvcdi import devices, discovery, hooks, libraries, modes
from ..nvcdi.options import HOOK_MODES, HOOKS_TOOLKIT, STRATEGIES, Options, options_from
from ..nvcdi.releases import DEFAULT_RELEASE, PUBLISHED, RELEASES
from ..values import Value, value
from . import DEFAULT_DRIVER_ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Those of nvidia-ctk's feature flags that change something for a mock.
FEATURE_FLAGS = (
    libraries.EXPLICIT_LIBRARIES,
    devices.NO_ADDITIONAL_GIDS,
    discovery.DISABLE_IPC,
    modes.COHERENT_ANNOTATIONS,
)


@value
class Row(Value):
    """An option, by its name in :class:`..nvcdi.options.Options`."""

    name: str
    ansible: dict[str, Any]  # the module's argument; its default is that of a mock node
    flags: tuple[str, ...]  # the flag and its aliases
    help: str  # the flag's; the default is in brackets
    metavar: str = ""  # of a flag that takes one text
    choices: tuple[str, ...] = ()  # of a flag that is checked at once
    parameter: str = ""  # the module's name for it, if it is another


def _texts(choices: tuple[str, ...], default: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "list", "elements": "str", "choices": list(choices), "default": list(default)}


_HOOKS = tuple(sorted(hooks.NAMES))
_PATHS = {"type": "list", "elements": "path", "default": []}

ROWS = (
    Row(
        "mode",
        {"type": "str", "choices": list(modes.NAMES), "default": "nvml"},
        ("--mode", "--discovery-mode"),
        "auto, nvml, management, gds, mofed, gdrcopy, nvswitch, imex or mig-caps",
    ),
    Row(
        "driver_root",
        {"type": "path", "default": DEFAULT_DRIVER_ROOT},
        ("--driver-root",),
        "root of the driver installation [/]",
        "DIR",
    ),
    Row("dev_root", {"type": "path", "default": "/"}, ("--dev-root",), "where /dev is [the driver root]", "DIR"),
    Row("vendor", {"type": "str", "default": "nvidia.com"}, ("--vendor", "--cdi-vendor"), "[nvidia.com]"),
    Row("cdi_class", {"type": "str", "default": "gpu"}, ("--class", "--cdi-class"), "[gpu]", parameter="class"),
    Row("hook_path", {"type": "path"}, ("--nvidia-cdi-hook-path", "--nvidia-ctk-path"), "[looked for]", "FILE"),
    Row("ldconfig_path", {"type": "str"}, ("--ldconfig-path",), "for the hook update-ldcache", "FILE"),
    Row(
        "device_name_strategies",
        _texts(STRATEGIES, ("index", "uuid")),
        ("--device-name-strategy",),
        "index, uuid or type-index; may be repeated [index, uuid]",
    ),
    Row(
        "device_ids",
        {"type": "list", "elements": "str"},
        ("--device-id", "--device-ids", "--device", "--devices"),
        "only this device; may be repeated",
    ),
    Row(
        "disabled_hooks",
        _texts(("all", *_HOOKS)),
        ("--disable-hook", "--disable-hooks"),
        "a hook, or all; may be repeated",
    ),
    Row(
        "enabled_hooks",
        _texts(_HOOKS),
        ("--enable-hook", "--enable-hooks"),
        "a hook that is off otherwise; may be repeated",
    ),
    Row(
        "feature_flags",
        _texts(tuple(sorted(FEATURE_FLAGS))),
        ("--feature-flag", "--feature-flags"),
        "a feature flag of nvidia-ctk; may be repeated",
    ),
    Row("library_search_paths", _PATHS, ("--library-search-path",), "where libraries are, instead of the usual places"),
    Row(
        "config_search_paths",
        _PATHS,
        ("--config-search-path",),
        "where configuration files are, instead of the usual places",
    ),
    Row("all_device", {"type": "bool", "default": True}, ("--no-all-device",), "leave out the device all"),
    Row(
        "toolkit_release",
        {"type": "raw"},  # a choice of texts would turn the number 1.20 into the text 1.2, and not say to quote it
        ("--toolkit-release",),
        f"whose rules apply [those of the node's hook program, or {DEFAULT_RELEASE}]",
        choices=tuple(RELEASES),
    ),
    Row(
        "hook_mode",
        {"type": "str", "choices": list(HOOK_MODES), "default": HOOKS_TOOLKIT},
        ("--hook-mode",),
        "none: mounts instead of hooks [toolkit]",
        choices=HOOK_MODES,
    ),
)


def argument_spec() -> dict[str, dict[str, Any]]:
    """The options as arguments of an Ansible module."""
    return {row.parameter or row.name: row.ansible for row in ROWS}


def options_of(params: Mapping[str, Any]) -> Options:
    """The options that the module's parameters describe.

    :raises ParameterError: a choice that does not exist.
    """
    renamed = {row.name: params[row.parameter] for row in ROWS if row.parameter}
    if params["toolkit_release"] is not None:
        parameters.one_of("toolkit_release", params["toolkit_release"], tuple(PUBLISHED))
    return options_from({**params, **renamed})
