# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 is what programs in C take it for: those compiled with NVIDIA's nvml.h, and those that look names up."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sysconfig

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_facts import nvml_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .conftest import build_native, runner
from .nvml_node import functions, make_nodes

HERE = pathlib.Path(__file__).parent
# By package of PyPI: where it has nvml.h.
HEADERS = {"nvidia-nvml-dev-cu12": "nvidia/nvml_dev/include", "nvidia-nvml-dev": "nvidia/cu13/include"}
MACHINE = build_machine(
    definition={
        "report": {"fb_memory_usage": {"reserved": "480 MiB", "free": "81080 MiB"}},
        "base": "dgxh100",
        "addressing_mode": "HMM",
        "pci_bus_ids": ["0000:1b:00.0", "0001a2b3:43:1f.0"],
    },
    gpu_count=2,
    uuid_seed="s",
    mig_layout={1: ["3g.40gb", "1g.10gb+me"]},
)
RESERVED = (480 << 20) - (1 << 19)  # both parts are rounded: 480 + 81080 is one more than 81559
ENGINES = ("CopyEngine", "Decoder", "Encoder", "Jpeg", "Ofa")


@pytest.fixture(params=HEADERS)
def include(request):
    """A directory with nvml.h."""
    place = pathlib.Path(sysconfig.get_path("purelib"), HEADERS[request.param])
    if not (place / "nvml.h").exists():
        pytest.skip(f"NVIDIA's header is not there: pip install {request.param}")
    return place


class Client:
    """Makes and runs programs on a node with MACHINE."""

    def __init__(self, place, architecture, image):
        self.place = place
        self.architecture = architecture
        self.library = place / "libnvidia-ml.so.1"
        self.library.write_bytes(native.with_facts(image, nvml_facts(MACHINE)))
        make_nodes(MACHINE, place / "dev")

    def make(self, source, *arguments, compiler=None):
        compiler = compiler or build_native.compiler(self.architecture)
        if not compiler:
            pytest.skip(f"no compiler: install gcc-{self.architecture.replace('_', '-')}-linux-gnu")
        program = self.place / "client"
        command = [compiler, "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, HERE / source, *arguments]
        subprocess.run(command, check=True)
        return program

    def run(self, program, *arguments):
        command = runner(self.architecture)
        if command:
            prefix = f"/usr/{self.architecture}-linux-gnu"
            if not os.path.isdir(f"{prefix}/lib"):
                pytest.skip(f"no C library for {self.architecture}: install libc6-dev-*-cross")
            command += ["-L", prefix]
        environment = {"NVMOCK_DEV": str(self.place / "dev"), "LD_LIBRARY_PATH": str(self.place)}
        for name, value in environment.items() if command else ():
            command += ["-E", f"{name}={value}"]
        done = subprocess.run(
            [*command, program, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def client(libnvidia_ml, tmp_path):
    architecture, image = libnvidia_ml
    return Client(tmp_path, architecture, image)


def memory(mib, reserved=0):
    total = mib << 20
    facts = {"memory.total": total, "memory.free": total - reserved, "memory.used": reserved}
    facts.update({"memory_v2.total": total, "memory_v2.reserved": reserved, "memory_v2.used": 0})
    return {**facts, "memory_v2.free": total - reserved}


def gpu_facts(gpu):
    model = MACHINE.model
    domain, bus, device = (int(part, 16) for part in gpu.pci_bus_id.partition(".")[0].split(":"))
    short, long = (f"{domain:0{digits}X}:{bus:02X}:{device:02X}.0" for digits in (4, 8))
    places = {"domain": domain, "bus": bus, "device": device, "busId": long}
    places.update(pciDeviceId=int(model.pci_device_id, 16), pciSubSystemId=int(model.pci_subsystem_id, 16))
    facts = {f"{name}.{field}": value for name in ("pci", "ext") for field, value in places.items()}
    facts.update({"pci.busIdLegacy": short[-12:], "ext.baseClass": 3, "ext.subClass": 2})
    facts.update(name=gpu.name, uuid=gpu.uuid, serial=gpu.serial, index=gpu.index, minor_number=gpu.minor)
    facts.update(vbios=model.vbios_version, part_number=model.board_part_number, link=1)
    facts.update(major=model.compute_capability[0], minor=model.compute_capability[1], brand=14, architecture=9)
    facts.update(mig=int(gpu.mig_enabled), mig_pending=int(gpu.mig_enabled))
    facts.update({"field[0].nvmlReturn": 0, "field[0].valueType": 1, "field[0].value.uiVal": model.nvlink_links})
    facts.update({"field[1].nvmlReturn": 3})
    if not gpu.mig_enabled:
        facts.update({"utilization.gpu": 0, "utilization.memory": 0})
    return {**facts, **memory(model.memory_mib, RESERVED)}


def mig_facts(gpu, mig):
    (profile,) = [profile for profile in MACHINE.model.mig_profiles if profile.name == mig.profile]
    shared = {f"shared{name}Count": number for name, number in zip(ENGINES, profile.engines)}
    facts = {"name": f"{gpu.name} MIG {mig.profile}", "uuid": mig.uuid, "instance_id": mig.gi, "compute_id": mig.ci}
    attributes = {**shared, "multiprocessorCount": profile.multiprocessors, "memorySizeMB": mig.memory_mib}
    attributes.update(gpuInstanceSliceCount=profile.slices, computeInstanceSliceCount=profile.slices)
    facts.update({f"attributes.{name}": value for name, value in attributes.items()})
    # Ids: the listing of the MIG user guide, `nvidia-smi mig -lgip` (1g.10gb+me, 3g.40gb).
    facts.update({"instance_info.id": mig.gi, "instance_info.profileId": {1: 20, 3: 9}[profile.slices]})
    start = {"3g.40gb": 0, "1g.10gb+me": 4}[mig.profile]
    facts.update({"instance_info.placement.start": start, "instance_info.placement.size": profile.size})
    facts.update({"compute_info.id": mig.ci, "compute_info.placement.start": 0})
    facts["compute_info.placement.size"] = profile.slices
    compute = {**shared, "sliceCount": profile.slices, "instanceCount": 1}
    compute["multiprocessorCount"] = profile.multiprocessors
    for name in ("first", "second", "third"):
        facts.update({f"{name}.{field}": value for field, value in compute.items()})
    facts.update({"second.name": f"MIG {mig.profile}", "third.name": f"MIG {mig.profile}", "third.capabilities": 0})
    return {**facts, **memory(mig.memory_mib)}


def limits_facts(is_mig):
    """What the client says of limits that it sets and asks for: of a MIG device what it had before (NOT_SUPPORTED is 3)."""
    names = ("set", "get", "limits.softLimit", "limits.hardLimit", "limits.currentUsed")
    if is_mig:
        return dict(zip(names, (3, 3, 5, 6, 7)))
    return dict(zip(names, (0 if os.geteuid() == 0 else 4, 0, 0, (1 << 64) - 1, 0)))


def profile_facts(profile):
    """The fields of each of the three versions."""
    facts = {"sliceCount": profile.slices, "instanceCount": profile.instance_count}
    facts.update({f"{name[0].lower()}{name[1:]}Count": number for name, number in zip(ENGINES, profile.engines)})
    facts.update(multiprocessorCount=profile.multiprocessors, memorySizeMB=profile.memory_mib)
    result = {f"{name}.{field}": value for name in ("first", "second", "third") for field, value in facts.items()}
    result.update({"first.isP2pSupported": 1, "second.isP2pSupported": 1, "third.capabilities": 1})
    result["placements"] = " ".join(f"{start}:{profile.size}" for start in profile.starts)
    return {**result, "second.name": f"MIG {profile.name}", "third.name": f"MIG {profile.name}"}


def sections(output):
    """What the client printed, by its headings; of the profiles a list."""
    found = {"": {}}
    heading = ""
    for line in output.splitlines():
        if line.startswith("= "):
            heading = line[2:]
            found[heading] = [] if heading.startswith("profiles") else {}
            continue
        name, _blank, value = line.partition(" ")
        if heading.startswith("profiles") and name == "number":
            found[heading].append({})
        target = found[heading][-1] if heading.startswith("profiles") else found[heading]
        target[name] = value
    return found


def test_a_program_compiled_with_the_header(client, include):
    """Linked with the library: it prints the structures of nvml.h as they are filled."""
    told = sections(client.run(client.make("nvml_client.c", "-isystem", include, client.library)))
    head = {"driver": MACHINE.driver_version, "nvml": f"12.{MACHINE.driver_version}", "cuda": "12040", "count": "2"}
    assert told.pop("") == head
    first, second = MACHINE.gpus
    expected = {"gpu 0": gpu_facts(first), "gpu 1": gpu_facts(second)}
    expected.update({f"mig 1:{mig.index}": mig_facts(second, mig) for mig in second.mig_devices})
    header = (include / "nvml.h").read_text()
    if re.search(r"define NVML_API_VERSION\s+13\b", header):
        expected["gpu 0"]["addressing.value"] = expected["gpu 1"]["addressing.value"] = 1
    if "nvmlSetMemoryLimits_v1_t" in header:
        for heading, facts in expected.items():
            facts.update(limits_facts(is_mig=heading.startswith("mig")))
    for heading, facts in expected.items():
        assert told.pop(heading) == {name: str(value) for name, value in facts.items()}
    profiles = {f"MIG {profile.name}": profile for profile in MACHINE.model.mig_profiles}
    assert told.pop("profiles 0") == told["profiles 1"]
    for facts in told.pop("profiles 1"):
        profile = profiles.pop(facts["second.name"])
        ids = {facts.pop(f"{version}.id") for version in ("first", "second", "third")}
        assert len(ids) == 1 and facts.pop("number")
        assert facts == {name: str(value) for name, value in profile_facts(profile).items()}
    assert not profiles and not told


def test_every_function_of_the_header_is_there(nvml_image, include):
    declared = set(re.findall(r"\bDECLDIR\s+(nvml\w+)\s*\(", (include / "nvml.h").read_text()))
    assert len(declared) > 350
    assert declared - set(functions(nvml_image)) == set()


def test_a_program_that_looks_names_up(client):
    output = client.run(client.make("nvml_dlopen.c", "-ldl"), client.library)
    assert output.split() == [gpu.uuid for gpu in MACHINE.gpus]


def test_a_program_with_musl(nvml_image, tmp_path):
    """Its C library is another than the one that most programs have; this one needs none."""
    compiler = shutil.which("musl-gcc")
    if not compiler:
        pytest.skip("no musl: install musl-tools")
    client = Client(tmp_path, platform.machine(), nvml_image)
    program = client.make("nvml_dlopen.c", compiler=compiler)
    assert b"ld-musl" in program.read_bytes()
    assert client.run(program, client.library).split() == [gpu.uuid for gpu in MACHINE.gpus]
