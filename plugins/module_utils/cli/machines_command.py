# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl machines: lists the machine types, or shows one."""

from __future__ import annotations

import sys

from ..machine import types
from ..machine.build import build_machine
from ..machine.facts import definition_from, machine_facts
from ..machine.model import Machine
from .flags import TEXT, Flag, help_text, parse
from .machine_flags import machine_flags, machine_from

_AFTER = """machines import makes a machine definition of what nvidia-smi printed on a real machine (see its --help).
machines schema prints the JSON schema of machine definitions."""


def run(argv: list[str]) -> int:
    """Print the machine types, or with --machine (or --machine-file) the facts of one; or import one; or print the schema."""
    if argv[:1] == ["import"]:
        from .import_command import run as run_import

        return run_import(argv[1:])
    if argv[:1] == ["schema"]:
        return _run_schema(argv[1:])
    flags = [*machine_flags(), Flag("output", TEXT, "text", "output format", ("text", "json"))]
    values = parse(flags, argv)
    if values is None:
        about = "Lists the machine types; with --machine, the facts of one."
        sys.stdout.write(help_text("gpu-mockctl machines [import | schema] [flags]", about, flags, _AFTER))
        return 0
    named = any(word.lstrip("-").partition("=")[0] in ("machine", "machine-file") for word in argv)
    chosen = [machine_from(values)] if named else [build_machine(name, uuid_seed="") for name in types.names()]
    if values.text("output") == "json":
        import json

        facts = [{**machine_facts(machine), "definition": definition_from(machine)} for machine in chosen]
        json.dump(facts[0] if named else facts, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    for machine in chosen:
        sys.stdout.write(_line(machine) + "\n")
        if named:
            for gpu in machine.gpus:
                sys.stdout.write(f"  GPU {gpu.index}: {gpu.uuid}  {gpu.pci_bus_id}\n")
    return 0


def _run_schema(argv: list[str]) -> int:
    if parse([], argv) is None:
        sys.stdout.write(help_text("gpu-mockctl machines schema", "Prints the JSON schema of machine definitions.", []))
        return 0
    from ..machine.schema import schema_text

    sys.stdout.write(schema_text())
    return 0


def _line(machine: Machine) -> str:
    name = machine.gpus[0].name
    return f"{machine.type_name:<15} {len(machine.gpus)} x {name}, driver {machine.driver_version}"
