# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_node does: on a node, or in the process of Ansible if the node is a directory of its machine."""

from __future__ import annotations

import os
import tempfile

from .. import parameters
from ..host import diff
from ..host.manifest import read_manifest
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, DRIVER_TREE
from ..host.root import HostRoot
from ..layout import driver_tree
from ..machine.facts import gpu_facts
from ..node import (
    DEFAULT_BASE,
    DEFAULT_DRIVER_ROOT,
    DEFAULT_SPEC_PATH,
    DEFAULT_TOOLKIT_ROOT,
    cdi_spec,
    components,
    spec_options,
    whole,
)
from ..node.cautions import cautions
from ..node.fault_report import fault_warnings
from ..node.keeper import released
from ..node.mig_state import settle
from ..node.removal import removal
from ..node.verify import Outcome, verify_cdi, verify_filesystem
from .change import (
    HOST_OPTIONS,
    MACHINE_OPTIONS,
    architecture_from,
    change_node,
    host_root_from,
    instance_from,
    leave,
    outcome,
    place_from,
)
from .one_line import OneLine
from .parts import DEVICE_OPTIONS, TREE_OPTIONS, devices_from, machine_of, owners_from, tree_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..host.converge import Component
    from ..host.plan import Changes

ARGUMENT_SPEC: dict[str, Any] = {
    **HOST_OPTIONS,
    **MACHINE_OPTIONS,
    **spec_options.argument_spec(),
    **DEVICE_OPTIONS,
    **TREE_OPTIONS,
    "cdi": {"type": "bool", "default": True},
    "cdi_spec_path": {"type": "path"},
    "toolkit_root": {"type": "path", "default": DEFAULT_TOOLKIT_ROOT},
    "verify": {"type": "bool", "default": True},
}

_PARTS = frozenset((DEVICES, DEV_ROOT, DRIVER_TREE, CDI_SPEC))
_NOT_VERIFIED = "not verified, because files have faults"
# How the parts are removed: one after the other, each narrowed by its own path only.
_FAMILIES = (
    (CDI_SPEC, frozenset((CDI_SPEC,))),
    (DRIVER_TREE, frozenset((DRIVER_TREE,))),
    (DEVICES, frozenset((DEVICES, DEV_ROOT))),
)


def run(module: Any) -> None:
    """Create, verify or remove the node that the parameters describe, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    params = module.params
    mock = None
    narrowed = {}
    with OneLine(module):
        base, base_given = place_from(params, "base", DEFAULT_BASE)
        instance = instance_from(params)
        host_root = host_root_from(params)
        owners = owners_from(params)
        if params["state"] == "present":
            mock = _mock(module, base, instance or "", owners)
        driver_root, driver_root_given = place_from(params, "driver_root", DEFAULT_DRIVER_ROOT)
        given = params["cdi_spec_path"] is not None
        spec_path = cdi_spec.spec_path("cdi_spec_path", params["cdi_spec_path"] if given else DEFAULT_SPEC_PATH)
        if mock is not None:
            mock = _with_files(params, mock, driver_root, spec_path)
        places = {
            DEVICES: (base, base_given),
            DRIVER_TREE: (driver_root, driver_root_given),
            CDI_SPEC: (spec_path, given),
        }
        narrowed = {part: path for part, (path, is_given) in places.items() if is_given}
    if mock is None:
        _remove(module, host_root, instance, narrowed)
    else:
        _create(module, host_root, mock, instance, spec_path)


def _mock(module: Any, base: str, instance: str, owners: dict[str, int | None]) -> whole.Mock:
    """Return the mock without its files."""
    machine = machine_of(module)
    devices, dev_roots = devices_from(module.params, owners)
    return whole.Mock(
        machine=machine,
        base=base,
        devices=devices,
        architecture=architecture_from(module.params["architecture"]),
        instance=instance,
        dev_roots=tuple(dev_roots),
        restore_at_boot=module.params["restore_at_boot"],
        declares_mig=module.params["mig"] is not None,
    )


def _with_files(params: dict[str, Any], mock: whole.Mock, driver_root: str, spec_path: str) -> whole.Mock:
    """Return *mock* with its driver installation and its specification."""
    mock = mock.but(driver_root=driver_root, tree=tree_from(params, mock.architecture))
    if not params["cdi"]:
        return mock
    dev_root = parameters.absolute_path("dev_root", params["dev_root"], root_allowed=True)
    given = {**params, "driver_root": driver_root, "dev_root": dev_root, "architecture": mock.architecture}
    user = components.user_or_root()
    spec_file = cdi_spec.SpecFile(
        path=spec_path,
        toolkit_root=parameters.absolute_path("toolkit_root", params["toolkit_root"]),
        devices_are_files=mock.devices.regular_files,
        uid=user,
        gid=user,
        instance=mock.instance,
    )
    return mock.but(options=spec_options.options_of(given), spec_file=spec_file)


def _create(module: Any, host_root: str, mock: whole.Mock, instance: str | None, spec_path: str) -> None:
    params = module.params
    spec: dict[str, object] = {}
    machines = [mock.machine]  # the machine as its GPUs are cut now
    places: list[whole.Places] = []
    without: list[Component] = []  # the specification that the node should not have
    parts = _PARTS if mock.options is not None else _PARTS - {CDI_SPEC}

    def look(root: HostRoot) -> list[Component]:
        wanted = whole.look(root, mock, parts, params["take_over"], params["allow_real_driver"])
        if wanted.spec is not None:
            spec["device_names"] = wanted.spec.device_names
            spec["cdi_version"] = wanted.spec.cdi_version
            spec["hook_path"] = wanted.spec.hook_path
        else:
            without[:] = components.to_remove(root, frozenset((CDI_SPEC,)), instance, {CDI_SPEC: spec_path})
        machines[:] = [wanted.machine]
        found = [*wanted.components, *without]
        places[:] = [whole.Places(root, found)]
        return [*found, *released(root, mock.instance)]

    if module.check_mode and not os.path.lexists(host_root):
        with tempfile.TemporaryDirectory(prefix="nvmock-check.") as empty:
            changes = _change(module, look, empty, mock)
    else:
        changes = _change(module, look, host_root, mock)
    result = _result(module, changes, places[0])
    result["devices"]["gpus"] = gpu_facts(machines[0])
    result["devices"]["device_files"] = "regular" if mock.devices.regular_files else "char"
    result["driver_tree"]["driver_version"] = mock.machine.driver_version
    if mock.tree is not None:
        library_directory = driver_tree.library_directory(mock.tree)
        result["driver_tree"]["library_directory"] = f"{mock.driver_root}/{library_directory}"
    result["cdi_spec"].update(spec)
    half_done = [left for left in changes.half_done if without and places[0].of(left.path, True) == CDI_SPEC]
    if params["verify"] and not module.check_mode and not half_done:
        _verify(module, host_root, mock, spec_path, result)
    leave(module, result, half_done, changes)


def _change(module: Any, look: Callable[[HostRoot], list[Component]], host_root: str, mock: whole.Mock) -> Changes:
    with OneLine(module), HostRoot(host_root) as root:
        for text in cautions(root, mock.machine):
            module.warn(text)
        for text in fault_warnings(root, mock.driver_root):
            module.warn(text)
    return change_node(
        module,
        look,
        host_root,
        creates=True,
        after=lambda root: settle(root, mock.machine, mock.instance, mock.declares_mig),
    )


def _verify(module: Any, host_root: str, mock: whole.Mock, spec_path: str, result: dict[str, Any]) -> None:
    outcomes = []
    with OneLine(module), HostRoot(host_root) as root:
        if read_manifest(root).faults:  # what they are is said already, and files are as they have to be
            outcomes.append(Outcome([_NOT_VERIFIED], []))
        else:
            outcomes.append(verify_filesystem(root, mock.base, mock.devices.regular_files))
            if mock.options is not None:
                outcomes.append(verify_cdi(root, mock.driver_root, spec_path))
    lines = [line for outcome in outcomes for line in outcome.lines]
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    result["verification"] = {"changed": False, "lines": lines, "problems": problems}
    if problems:
        module.fail_json(msg="; ".join(problems), **result)


def _remove(module: Any, host_root: str, instance: str | None, narrowed: dict[str, str]) -> None:
    places: list[whole.Places] = []

    def look(root: HostRoot) -> list[Component]:
        gone = []
        for part, family in _FAMILIES:
            gone += removal(root, family, instance, {part: narrowed[part]} if part in narrowed else {})
        places[:] = [whole.Places(root, gone, removal=True)]
        return gone

    changes = change_node(module, look, host_root, creates=False)
    result = _result(module, changes, places[0] if places else None)
    leave(module, result, changes.half_done, changes)


def _result(module: Any, changes: Changes, places: whole.Places | None) -> dict[str, Any]:
    """Return the changes of each part, by the name of its return value."""
    parts = dict.fromkeys(whole.PARTS, changes) if places is None else whole.by_part(changes, places)
    result: dict[str, Any] = {part: outcome(of_part) for part, of_part in parts.items()}
    result.update(changed=bool(changes), verification={})
    if module._diff:
        result["diff"] = [one for part, of_part in parts.items() for one in diff.diffs(of_part, part == CDI_SPEC)]
    return result
