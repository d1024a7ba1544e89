# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl without a subcommand: make this node a mock GPU node, or remove the mock."""

from __future__ import annotations

import os
import sys

from .. import parameters
from ..errors import UsageError
from ..host import diff
from ..host.converge import Component, converge, open_root
from ..host.plan import Change
from ..host.root import HostRoot
from ..layout.devices import DeviceOptions
from ..layout.driver_tree import DriverTreeOptions
from ..layout.stub_library import ARCHITECTURES
from ..machine.model import Machine
from ..node import components
from ..node.cautions import cautions
from .flags import SWITCH, TEXT, Flag, Values, help_text, parse
from .machine_flags import absolute, host_root, machine_flags, machine_from, node_flags

MODES = ("fs", "cdi", "all")

_AFTER = """Modes: fs creates device nodes and procfs below --base; cdi creates the driver installation, device nodes in /dev and below
--driver-root, and the CDI spec; all creates both. Other commands: verify, machines, cdi, watch (each has --help).
ALLOW_UNSUPPORTED=true uses a synthetic machine for an unknown --machine."""


def flags() -> list[Flag]:
    """The flags of the command."""
    return [
        Flag("mode", TEXT, "all", "what to create: fs, cdi or all, comma separated"),
        *node_flags(),
        *machine_flags(),
        Flag("check", SWITCH, False, "change nothing, show what would be changed"),
        Flag("diff", SWITCH, False, "show what is changed"),
        Flag("remove", SWITCH, False, "remove what an earlier run created"),
        Flag("take-over", SWITCH, False, "replace unmanaged files; --remove restores them"),
        Flag("allow-real-driver", SWITCH, False, "continue although the node has a real NVIDIA driver"),
        Flag("output", TEXT, "text", "output format", ("text", "json")),
    ]


def run(argv: list[str]) -> int:
    """Run the command; return its exit status."""
    known = flags()
    values = parse(known, argv)
    if values is None:
        about = "Makes this node a mock NVIDIA GPU node."
        sys.stdout.write(help_text("gpu-mockctl [command] [flags]", about, known, _AFTER))
        return 0
    modes = modes_from(values.text("mode"))
    result = apply_node(values, modes)
    warn(result)
    if values.text("output") == "json":
        _print_json(values, modes, result)
    else:
        _print_text(values, modes, result)
    return 0


class NodeResult:
    """The result of a run: the machine (None for a removal), the changes, the names of the CDI devices and warnings."""

    def __init__(
        self, machine: Machine | None, changes: list[Change], cdi_devices: list[str], warnings: list[str]
    ) -> None:
        self.machine = machine
        self.changes = changes
        self.cdi_devices = cdi_devices
        self.warnings = warnings


def warn(result: NodeResult) -> None:
    """Write the warnings of a run to standard error."""
    try:
        for warning in result.warnings:
            sys.stderr.write(f"gpu-mockctl: warning: {warning}\n")
    except OSError:
        pass  # nobody reads it


def apply_node(values: Values, modes: set[str]) -> NodeResult:
    """Apply *values* to the node (or only report the changes, with --check).

    :raises NvmockError: it failed, and nothing was changed.
    """
    base = absolute(values, "base")
    driver_root = absolute(values, "driver-root")
    spec_path = absolute(values, "cdi-output")
    root_path = host_root(values)
    if values.on("remove"):
        return NodeResult(None, _remove(values, modes, root_path, base, driver_root, spec_path), [], [])

    machine = machine_from(values)
    owner = components.user_or_root()
    device_options = DeviceOptions(
        uid=owner,
        gid=owner,
        dri=values.on("with-dri"),
        regular_files=components.wants_regular_files(values.text("device-files")),
    )
    architecture = parameters.one_of("architecture", os.uname().machine, ARCHITECTURES)
    with HostRoot(root_path) as look:
        restore = components.restore_at_boot(look, device_options, machine)
        warnings = cautions(look, machine)
    wanted: list[Component] = []
    names: list[str] = []
    if "fs" in modes:
        wanted.append(components.devices(machine, base, device_options, architecture, restore))
    if "cdi" in modes:
        for dev_root in ("/", driver_root):
            wanted.append(components.dev_root_devices(machine, base, dev_root, device_options, restore))
        tree = DriverTreeOptions(architecture=architecture, uid=owner, gid=owner)
        wanted.append(components.driver_tree(machine, driver_root, tree))
    with open_root(root_path, wanted) as root:
        if "cdi" in modes:
            from ..node import cdi_spec
            from ..nvcdi.options import options_from

            options = options_from(
                {
                    "mode": "nvml",
                    "driver_root": driver_root,
                    "dev_root": "/",
                    "hook_mode": "toolkit" if values.on("with-hook") else "none",
                    "architecture": architecture,
                }
            )
            spec_file = cdi_spec.SpecFile(
                path=spec_path,
                toolkit_root=absolute(values, "toolkit-root"),
                devices_are_files=device_options.regular_files,
                uid=owner,
                gid=owner,
            )
            spec = cdi_spec.make(machine, root, options, spec_file, list(wanted))
            names = spec.device_names
            wanted.append(spec.component)
        changes = _converge(values, root, wanted)
    return NodeResult(machine, changes, names, warnings)


def _remove(
    values: Values, modes: set[str], root_path: str, base: str, driver_root: str, spec_path: str
) -> list[Change]:
    if not os.path.isdir(root_path):
        return []
    with HostRoot(root_path) as root:
        owners = []
        if "fs" in modes:
            owners.append(components.devices_owner(base))
        if "cdi" in modes:
            owners += [owner for owner in components.owners_of(root, components.devices_owner(base)) if "@" in owner]
            owners += [components.driver_tree_owner(driver_root), components.cdi_spec_owner(spec_path)]
        return _converge(values, root, components.removed(owners))


def _converge(values: Values, root: HostRoot, wanted: list[Component]) -> list[Change]:
    return converge(
        root,
        wanted,
        check=values.on("check"),
        take_over=values.on("take-over"),
        allow_real_driver=values.on("allow-real-driver"),
    )


def modes_from(text: str) -> set[str]:
    """Return ``{"fs"}``, ``{"cdi"}`` or both.

    :raises UsageError: an unknown mode, or none.
    """
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in MODES:
            raise UsageError(f"--mode: {word!r} is not allowed: must be a comma separated list of fs, cdi, all")
    return {"fs", "cdi"} if "all" in words else set(words)


def _print_text(values: Values, modes: set[str], result: NodeResult) -> None:
    out = sys.stdout.write
    changes = result.changes
    counts = {word: len(paths) for word, paths in diff.paths_by_action(changes).items()}
    if values.on("diff"):
        for change in sorted(changes, key=lambda item: item.path):
            if change.before is not None:
                out(f"- {diff.describe(change.before)}\n")
            if change.after is not None:
                out(f"+ {diff.describe(change.after)}\n")
    would = "would be " if values.on("check") else ""
    if result.machine is None:
        out(f"mock GPU node {would}removed\n" if changes else "nothing to remove\n")
    else:
        if "fs" in modes:
            gpus = len(result.machine.gpus)
            out(f"mock filesystem (fs mode) {would}written under {values.text('base')} ({gpus} GPUs)\n")
        if "cdi" in modes:
            out(f"mock driver tree {would}written to {values.text('driver-root')}\n")
            out(f"CDI spec {would}written to {values.text('cdi-output')}\n")
    out(", ".join(f"{count} {word}" for word, count in counts.items()) + ("\n" if changes else ": up to date\n"))


def _print_json(values: Values, modes: set[str], result: NodeResult) -> None:
    import json

    from ..machine.facts import machine_facts

    facts: dict[str, object] = {"changed": bool(result.changes), "check": values.on("check"), "modes": sorted(modes)}
    facts.update(diff.paths_by_action(result.changes))
    if values.on("diff"):
        facts["diff"] = diff.diffs(result.changes)
    if result.machine is not None:
        facts.update(machine_facts(result.machine))
        facts["cdi_devices"] = result.cdi_devices
        facts["warnings"] = result.warnings
    json.dump(facts, sys.stdout, indent=2)
    sys.stdout.write("\n")
