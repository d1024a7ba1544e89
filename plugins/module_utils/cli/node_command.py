# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl without a subcommand: make this node a mock GPU node, or remove the mock."""

from __future__ import annotations

import os
import sys

from .. import parameters
from ..errors import UsageError
from ..host import diff, guard
from ..host.converge import Component, change
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, DRIVER_TREE, Owner
from ..host.plan import Changes
from ..host.root import HostRoot
from ..layout.devices import DeviceOptions
from ..layout.driver_tree import DriverTreeOptions
from ..layout.stub_library import ARCHITECTURES
from ..machine.model import Machine
from ..node import components, whole
from ..node.cautions import cautions
from ..node.fault_report import fault_warnings
from ..node.keeper import Keeper, released
from ..node.mig_state import settle
from ..node.removal import removal
from ..node.whole import Mock
from .flags import SWITCH, TEXT, Flag, Values, help_text, parse
from .machine_flags import absolute, host_root, instance, machine_flags, machine_from, node_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MODES = ("fs", "cdi", "all")
# What each mode makes and removes.
_PARTS = {"fs": frozenset((DEVICES,)), "cdi": frozenset((DEV_ROOT, DRIVER_TREE, CDI_SPEC))}
# The options that narrow a removal, if they are given.
_NARROWING = {"base": DEVICES, "driver-root": DRIVER_TREE, "cdi-output": CDI_SPEC}

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
        Flag("remove", SWITCH, False, "remove the mock; --base, --driver-root, --cdi-output and --instance narrow it"),
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
    say_warnings(result.warnings)
    if values.text("output") == "json":
        _print_json(values, modes, result)
    else:
        _print_text(values, modes, result)
    sys.stdout.flush()
    for left in result.changes.left:
        sys.stderr.write(f"gpu-mockctl: {left}\n")
    return 1 if result.machine is None and result.changes.half_done else 0


class NodeResult:
    """The result of a run: the machine (None for a removal), the changes, the names of the CDI devices, and warnings."""

    def __init__(self, machine: Machine | None, changes: Changes, cdi_devices: list[str], warnings: list[str]) -> None:
        self.machine = machine
        self.changes = changes
        self.cdi_devices = cdi_devices
        self.warnings = warnings


def say_warnings(warnings: list[str]) -> None:
    """Write each warning of a run as one line on standard error."""
    for text in warnings:
        sys.stderr.write(f"gpu-mockctl: warning: {text}\n")
    sys.stderr.flush()


def apply_node(values: Values, modes: set[str], keeper: Keeper | None = None) -> NodeResult:
    """Apply *values* to the node (or only report the changes, with --check).

    :arg keeper: of a watch; other runs make the node their own.
    :raises NvmockError: it failed, and nothing was changed.
    """
    base = absolute(values, "base")
    driver_root = absolute(values, "driver-root")
    spec_path = absolute(values, "cdi-output")
    root_path = host_root(values)
    parts = frozenset().union(*[_PARTS[mode] for mode in modes])
    if values.on("remove"):
        return NodeResult(None, _remove(values, parts, root_path, keeper), [], [])
    name = instance(values) or ""

    warnings: list[str] = []
    machine = machine_from(values, warnings)
    owner = components.user_or_root()
    devices = DeviceOptions(
        uid=owner,
        gid=owner,
        uvm_major=parameters.major("uvm_major", values.text("uvm-major")),
        caps_major=parameters.major("caps_major", values.text("caps-major")),
        dri=values.on("with-dri"),
        regular_files=components.wants_regular_files(values.text("device-files")),
    )
    architecture = parameters.one_of(
        "architecture", values.optional("architecture") or os.uname().machine, ARCHITECTURES
    )
    toolkit_root = absolute(values, "toolkit-root")
    mock = Mock(
        machine=machine,
        base=base,
        devices=devices,
        architecture=architecture,
        instance=name,
        below_base="fs" in modes,
    )
    if "cdi" in modes:
        from ..node.cdi_spec import SpecFile
        from ..nvcdi.options import options_from

        hook_mode = "toolkit" if values.on("with-hook") else "none"
        places = {"driver_root": driver_root, "dev_root": "/"}
        mock = mock.but(
            dev_roots=("/", driver_root),
            driver_root=driver_root,
            tree=DriverTreeOptions(architecture=architecture, uid=owner, gid=owner),
            options=options_from({"mode": "nvml", "hook_mode": hook_mode, "architecture": architecture, **places}),
            spec_file=SpecFile(
                path=spec_path,
                toolkit_root=toolkit_root,
                devices_are_files=devices.regular_files,
                uid=owner,
                gid=owner,
                instance=name,
            ),
        )
    mock = mock.but(declares_mig=keeper is None and values.optional("mig") is not None)
    names: list[str] = []
    now: list[Machine] = [machine]

    def look(root: HostRoot) -> list[Component]:
        wanted = whole.look(root, mock, parts, values.on("take-over"), values.on("allow-real-driver"))
        if wanted.spec is not None:
            names[:] = wanted.spec.device_names
        own, now[:] = wanted.components, [wanted.machine]
        return [*own, *(released(root, name) if keeper is None else keeper.components(root, wanted.machine, own))]

    with HostRoot(root_path) as root:
        changes = _change(values, root, look)
        if not values.on("check"):
            settle(root, machine, name, mock.declares_mig)
        warnings += cautions(root, machine) + guard.warnings(root) + fault_warnings(root, driver_root, machine)
    return NodeResult(now[0], changes, names, warnings)


def _remove(values: Values, parts: frozenset[str], root_path: str, keeper: Keeper | None) -> Changes:
    paths = {part: absolute(values, flag) for flag, part in _NARROWING.items() if values.is_given(flag)}
    name = instance(values)

    def look(root: HostRoot) -> list[Component]:
        if keeper is not None and not keeper.owns(root):
            return []
        return removal(root, parts, name, paths)

    if not os.path.isdir(root_path):
        return Changes()
    with HostRoot(root_path) as root:
        return _change(values, root, look)


def _change(values: Values, root: HostRoot, look: Callable[[HostRoot], list[Component]]) -> Changes:
    return change(
        root,
        look,
        check=values.on("check"),
        take_over=values.on("take-over"),
        allow_real_driver=values.on("allow-real-driver"),
        say=_say,
    )


def _say(line: str) -> None:
    sys.stderr.write(f"gpu-mockctl: {line}\n")
    sys.stderr.flush()


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
        _print_removal(changes, would)
    else:
        if "fs" in modes:
            gpus = len(result.machine.gpus)
            out(f"mock filesystem (fs mode) {would}written under {values.text('base')} ({gpus} GPUs)\n")
        if "cdi" in modes:
            out(f"mock driver tree {would}written to {values.text('driver-root')}\n")
            out(f"CDI spec {would}written to {values.text('cdi-output')}\n")
    out(", ".join(f"{count} {word}" for word, count in counts.items()) + ("\n" if changes else ": up to date\n"))


def _print_removal(changes: Changes, would: str) -> None:
    """Say what a removal did; "removed" only if nothing stays that was made."""
    out = sys.stdout.write
    if not changes.staying:
        out(f"mock GPU node {would}removed\n" if changes else "nothing to remove\n")
        return
    out(f"mock GPU node {would}removed in part\n" if changes else "nothing of this to remove\n")
    for tag in sorted(changes.staying):
        owner = Owner.from_tag(tag)
        out(f"{'would stay' if would else 'stays'}: {tag if owner is None else owner}\n")


def _print_json(values: Values, modes: set[str], result: NodeResult) -> None:
    import json

    from ..machine.facts import machine_facts

    facts: dict[str, object] = {"changed": bool(result.changes), "check": values.on("check"), "modes": sorted(modes)}
    facts.update(diff.paths_by_action(result.changes))
    facts["left"] = [{"path": left.path, "reason": left.why} for left in result.changes.left]
    if result.machine is None:
        facts["staying"] = sorted(result.changes.staying)
    if values.on("diff"):
        facts["diff"] = diff.diffs(result.changes)
    if result.machine is not None:
        facts.update(machine_facts(result.machine))
        facts["cdi_devices"] = result.cdi_devices
        facts["warnings"] = result.warnings
    json.dump(facts, sys.stdout, indent=2)
    sys.stdout.write("\n")
