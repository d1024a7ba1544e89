# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A machine as plain data, for the results of the modules and of gpu-mockctl."""

from __future__ import annotations

from .mig import named_profile
from .model import Machine
from .report import nested


def gpu_facts(machine: Machine) -> list[dict[str, object]]:
    """Return the GPUs as plain data: index, minor, uuid, name, pci_bus_id, serial, mig_devices, ..."""
    return [
        {
            "index": gpu.index,
            "minor": gpu.minor,
            "uuid": gpu.uuid,
            "name": gpu.name,
            "pci_bus_id": gpu.pci_bus_id,
            "serial": gpu.serial,
            "addressing_mode": gpu.addressing_mode,
            "mig_enabled": gpu.mig_enabled,
            "report": dict(gpu.report),
            "mig_devices": [
                {
                    "index": device.index,
                    "uuid": device.uuid,
                    "profile": device.profile,
                    "gpu_instance_id": device.gi,
                    "compute_instance_id": device.ci,
                    "memory_mib": device.memory_mib,
                }
                for device in gpu.mig_devices
            ],
        }
        for gpu in machine.gpus
    ]


def machine_facts(machine: Machine) -> dict[str, object]:
    """Return a machine as plain data: machine, driver_version, cuda_version, model, gpus."""
    model = machine.model
    shared: dict[str, object] = {}
    if model is not None:
        shared = {name: getattr(model, name) for name in model.FIELDS}
        shared["compute_capability"] = "%d.%d" % model.compute_capability
        shared["mig_profiles"] = [profile.name for profile in model.mig_profiles]
        shared["report"] = dict(model.report)
        shared["readings"] = {name: getattr(model.readings, name) for name in model.readings.FIELDS}
    return {
        "machine": machine.type_name,
        "driver_version": machine.driver_version,
        "cuda_version": "%d.%d" % machine.cuda_version,
        "model": shared,
        "gpus": gpu_facts(machine),
    }


def definition_from(machine: Machine) -> dict[str, object]:
    """Return the machine definition that describes *machine*, but for its MIG layout, which is not part of a definition."""
    model = machine.model
    facts: dict[str, object] = {
        "driver_version": machine.driver_version,
        "cuda_version": "%d.%d" % machine.cuda_version,
        "gpu_count": len(machine.gpus),
        "pci_bus_ids": [gpu.pci_bus_id for gpu in machine.gpus],
        "uuids": [gpu.uuid for gpu in machine.gpus],
        "serials": [gpu.serial for gpu in machine.gpus],
        "addressing_mode": machine.gpus[0].addressing_mode,
    }
    facts["gpu_reports"] = [nested(gpu.report) for gpu in machine.gpus]
    if model is not None:
        facts.update((name, getattr(model, name)) for name in model.FIELDS)
        facts["compute_capability"] = "%d.%d" % model.compute_capability
        facts.update((name, list(getattr(model, name))) for name in ("topology", "cpu_affinity", "numa_nodes"))
        facts["mig_profiles"] = [named_profile(profile) for profile in model.mig_profiles]
        facts["report"] = nested(model.report)
        readings = {name: getattr(model.readings, name) for name in model.readings.FIELDS}
        facts["readings"] = {
            name: list(value) if isinstance(value, tuple) else value for name, value in readings.items() if value
        }
    return facts
