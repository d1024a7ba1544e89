# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 makes and destroys GPU instances and compute instances as the model of the rules in Python says."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import subprocess
import sys

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_facts import profile_ids
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_mig import as_made
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.instances import instance_texts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import capability_minors
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig_instances import Layout, MigError, changed_gpu

from .nvml_node import capability
from .test_state_file import Driver, pynvml_of

SEQUENCES = int(os.environ.get("NVMOCK_MIG_SEQUENCES", "250"))  # of each machine type
SLICES = (1, 2, 3, 4, 7, 8, 6)  # of each NVML_COMPUTE_INSTANCE_PROFILE_...
MACHINES = ("dgxa100", "dgxh100", "dgxb200", "a30")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the state")


def all_capabilities(driver):
    """The device nodes of all instances that could be made, so that each MIG device is visible when it is there."""
    made = []
    for minor in capability_minors([gpu.minor for gpu in driver.machine.gpus]).values():
        made.append(driver.place / "dev" / "nvidia-caps" / f"nvidia-cap{minor}")
        made[-1].touch()
    return made


@pytest.fixture
def driver(tmp_path, request):
    made = Driver(tmp_path, getattr(request, "param", "dgxa100"))
    all_capabilities(made)
    return made


@pytest.fixture
def nvml(driver, monkeypatch):
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(pynvml_of(driver, monkeypatch))


def code_of(call, *arguments):
    """The result of a call, or the code of its error."""
    try:
        return call(*arguments)
    except (pynvml.NVMLError, MigError) as error:
        return f"error {error.value if isinstance(error, pynvml.NVMLError) else error.code}"


class Gpu:
    """A GPU by the library, and its model."""

    def __init__(self, machine, index):
        self.machine = machine
        self.index = index
        self.handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        self.profiles = machine.model.mig_profiles
        self.ids = profile_ids(self.profiles)
        self.model = Layout(self.profiles)

    def instance(self, identifier):
        return pynvml.nvmlDeviceGetGpuInstanceById(self.handle, identifier)

    def create(self, place, start):
        identifier = self.ids[place]
        if start is None:
            made = pynvml.nvmlDeviceCreateGpuInstance(self.handle, identifier)
        else:
            placement = pynvml.c_nvmlGpuInstancePlacement_t(start, self.profiles[place].size)
            made = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(self.handle, identifier, ctypes.byref(placement))
        return pynvml.nvmlGpuInstanceGetInfo(made).id

    def create_compute(self, instance, slices, start):
        handle = self.instance(instance)
        if start is None:
            made = pynvml.nvmlGpuInstanceCreateComputeInstance(handle, SLICES.index(slices))
        else:
            made = ctypes.c_void_p()
            placement = pynvml.c_nvmlComputeInstancePlacement_t(start, slices)
            function = pynvml.nvmlLib.nvmlGpuInstanceCreateComputeInstanceWithPlacement
            pynvml._nvmlCheckReturn(function(handle, SLICES.index(slices), ctypes.byref(placement), ctypes.byref(made)))
        return pynvml.nvmlComputeInstanceGetInfo_v2(made).id

    def destroy_compute(self, instance, compute):
        pynvml.nvmlComputeInstanceDestroy(
            pynvml.nvmlGpuInstanceGetComputeInstanceById(self.instance(instance), compute)
        )

    def do(self, what, *arguments):
        """One change, by both; returns what both say."""
        if what == "mode":
            function = pynvml.nvmlLib.nvmlDeviceSetMigMode
            activation = ctypes.c_int()
            both = (
                code_of(
                    lambda mode: pynvml._nvmlCheckReturn(function(self.handle, mode, ctypes.byref(activation))) or None,
                    *arguments,
                ),
                code_of(self.model.set_mode, bool(arguments[0])),
            )
        elif what == "create":
            both = code_of(self.create, *arguments), code_of(self.model.create, *arguments)
        elif what == "destroy":
            both = (
                code_of(lambda one: pynvml.nvmlGpuInstanceDestroy(self.instance(one)), *arguments),
                code_of(self.model.destroy, *arguments),
            )
        elif what == "create compute":
            both = code_of(self.create_compute, *arguments), code_of(self.model.create_compute, *arguments)
        else:
            both = code_of(self.destroy_compute, *arguments), code_of(self.model.destroy_compute, *arguments)
        return tuple(None if one == 0 and what not in ("create", "create compute") else one for one in both)

    def shown(self):
        """What the library says about the GPU."""
        current, pending = pynvml.nvmlDeviceGetMigMode(self.handle)
        found = {"mode": (current, pending), "instances": {}, "computes": {}, "left": {}, "compute left": {}}
        for place, identifier in enumerate(self.ids):
            if not current:
                break
            found["left"][place] = pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(self.handle, identifier)
            count, array = ctypes.c_uint(), (ctypes.c_void_p * 8)()
            status = pynvml.nvmlLib.nvmlDeviceGetGpuInstances(self.handle, identifier, array, ctypes.byref(count))
            assert status == 0
            for handle in array[: count.value]:
                instance = ctypes.c_void_p(handle)
                info = pynvml.nvmlGpuInstanceGetInfo(instance)
                assert (info.profileId, info.placement.size) == (identifier, self.profiles[place].size)
                found["instances"][info.id] = (place, info.placement.start)
                self.show_computes(found, instance, info.id)
        return found

    @staticmethod
    def show_computes(found, instance, identifier):
        for profile, slices in enumerate(SLICES):
            count, array = ctypes.c_uint(), (ctypes.c_void_p * 8)()
            function = pynvml.nvmlLib.nvmlGpuInstanceGetComputeInstances
            if function(instance, profile, array, ctypes.byref(count)) != 0:
                continue
            left = pynvml.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(instance, profile)
            found["compute left"][identifier, slices] = left
            for handle in array[: count.value]:
                info = pynvml.nvmlComputeInstanceGetInfo_v2(ctypes.c_void_p(handle))
                assert (info.profileId, info.placement.size) == (profile, slices)
                found["computes"][identifier, info.id] = (slices, info.placement.start)

    def expected(self):
        model = self.model
        found = {
            "mode": (model.enabled, model.pending),
            "instances": model.instances,
            "computes": model.computes,
            "left": {place: model.capacity(place) for place in range(len(self.ids))} if model.enabled else {},
            "compute left": {},
        }
        for instance, (place, _start) in model.instances.items():
            for slices in SLICES:
                if can_have(self.profiles[place].slices, slices):
                    found["compute left"][instance, slices] = model.compute_capacity(instance, slices)
        return found

    def devices(self, dev):
        """UUID, name, memory and multiprocessors of each MIG device, by the library and by the facts."""
        shown, expected = [], []
        gpu = self.machine.gpus[self.index]
        changed = changed_gpu(gpu, self.model, self.machine.model)
        nodes = [capability(dev, gpu, mig) for mig in changed.mig_devices]
        for node in nodes:
            node.touch()
        for index in range(7):
            handle = code_of(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, self.handle, index)
            if isinstance(handle, str):
                break
            attributes = pynvml.nvmlDeviceGetAttributes_v2(handle)
            shown.append(
                (
                    pynvml.nvmlDeviceGetUUID(handle),
                    pynvml.nvmlDeviceGetName(handle),
                    str(attributes.multiprocessorCount),
                    f"{attributes.memorySizeMB} MiB",
                    f"{pynvml.nvmlDeviceGetBAR1MemoryInfo(handle).bar1Total >> 20} MiB",
                    pynvml.nvmlDeviceGetGpuInstanceId(handle),
                    pynvml.nvmlDeviceGetComputeInstanceId(handle),
                )
            )
        for node in nodes:
            node.unlink()
        for mig in changed.mig_devices:
            texts = instance_texts(self.machine.model, mig)
            keys = (
                "device_attributes/shared/multiprocessor_count",
                "fb_memory_usage/total",
                "bar1_memory_usage/total",
            )
            expected.append((mig.uuid, f"{gpu.name} MIG {mig.profile}", *[texts[key] for key in keys], mig.gi, mig.ci))
        return shown, expected


def can_have(whole, slices):
    """3c.4g and 6c.7g do not exist."""
    return slices == whole or (slices < whole and slices <= (4 if whole == 7 else 2))


def one_change(chance, gpu):
    """A change that may be possible or not."""
    model = gpu.model
    instances, computes = list(model.instances), list(model.computes)
    what = chance.choice(["mode", *["create"] * 6, *["destroy"] * 3, *["create compute"] * 6, *["destroy compute"] * 3])
    if what == "mode":
        return what, chance.choice([0, 1, 1])
    if what == "create":
        place = chance.randrange(len(gpu.profiles))
        return what, place, chance.choice([None, None, chance.randrange(8)])
    if what == "destroy" and instances:
        return what, chance.choice(instances)
    if what == "create compute" and instances:
        return what, chance.choice(instances), chance.choice(SLICES), chance.choice([None, None, chance.randrange(7)])
    if what == "destroy compute" and computes:
        return what, *chance.choice(computes)
    return "mode", 1


def ends(gpu):
    """The changes after which a GPU has no instance."""
    changes = [("destroy compute", *pair) for pair in list(gpu.model.computes)]
    changes += [("destroy", instance) for instance in list(gpu.model.instances)]
    return changes


@pytest.mark.parametrize("driver", MACHINES, indirect=True)
def test_random_sequences(driver, nvml):
    chance = random.Random(18)
    for node in all_capabilities(driver):
        node.unlink()  # each would be searched in all processes when its instance is destroyed
    gpus = [Gpu(driver.machine, index) for index in range(len(driver.machine.gpus))]
    for number in range(SEQUENCES):
        gpu = chance.choice(gpus)
        done = [("mode", 1)]
        for step in range(chance.randrange(3, 14)):
            change = done[0] if step == 0 else one_change(chance, gpu)
            done.append(change)
            library, model = gpu.do(*change)
            assert library == model, (number, done)
        assert gpu.shown() == gpu.expected(), (number, done)
        if number % 5 == 0:
            shown, expected = gpu.devices(driver.place / "dev")
            assert shown == expected, (number, done)
        for change in [*ends(gpu), *[("mode", 0)] * (number % 10 == 0)] if chance.randrange(3) else ():
            library, model = gpu.do(*change)
            assert library == model, (number, done, change)
    for gpu in gpus:
        assert gpu.shown() == gpu.expected()


def test_places_and_ids_of_the_user_guide(driver, nvml):
    """The listings of NVIDIA's MIG user guide (an A100-SXM4-40GB)."""
    gpu = Gpu(driver.machine, 0)
    names = [profile.name for profile in gpu.profiles]
    for wanted, ids in (
        (["3g.20gb", "3g.20gb"], [2, 1]),
        (["1g.5gb", "2g.10gb", "4g.20gb"], [13, 5, 1]),
        (["2g.10gb", "2g.10gb", "2g.10gb"], [5, 3, 4]),
    ):
        gpu.do("mode", 1)
        assert [gpu.do("create", names.index(name), None)[0] for name in wanted] == ids
        for change in ends(gpu):
            gpu.do(*change)


def test_handles(driver, nvml):
    """A handle is refused while its instance does not exist, and is the same when it is made again."""
    gpu = Gpu(driver.machine, 1)
    gpu.do("mode", 1)
    names = [profile.name for profile in gpu.profiles]
    gpu.do("create", names.index("3g.20gb"), 0)
    gpu.do("create compute", 1, 3, None)
    instance = gpu.instance(1)
    compute = pynvml.nvmlGpuInstanceGetComputeInstanceById(instance, 0)
    device = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu.handle, 0)
    assert code_of(pynvml.nvmlGpuInstanceDestroy, instance) == "error 19"  # it has a compute instance
    assert code_of(nvml.nvmlDeviceGetUUID, device) == nvml.nvmlDeviceGetUUID(device)
    pynvml.nvmlComputeInstanceDestroy(compute)
    assert code_of(pynvml.nvmlComputeInstanceDestroy, compute) == "error 2"
    assert code_of(nvml.nvmlDeviceGetUUID, device) == "error 2"
    pynvml.nvmlGpuInstanceDestroy(instance)
    assert code_of(pynvml.nvmlGpuInstanceDestroy, instance) == "error 2"
    gpu.create(names.index("3g.20gb"), 0)
    assert pynvml.nvmlGpuInstanceGetInfo(instance).id == 1


def test_in_use(driver, nvml, tmp_path):
    """A process that has the node of an instance open keeps it."""
    gpu = Gpu(driver.machine, 0)
    gpu.do("mode", 1)
    gpu.do("create", 0, 0)
    (instance,) = gpu.model.instances
    gpu.do("create compute", instance, 1, None)
    minor = capability_minors([0])[f"gpu0/gi{instance}/ci0/access"]
    node = driver.place / "dev" / "nvidia-caps" / f"nvidia-cap{minor}"
    program = "import os, sys; os.open(sys.argv[1], os.O_PATH); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(node)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        assert code_of(gpu.destroy_compute, instance, 0) == "error 19"
        holder.stdin.close()
        holder.wait()
    gpu.destroy_compute(instance, 0)


def test_a_mode_that_waits(driver, nvml):
    """An A100 is reset to change the mode, which waits while a process uses it."""
    gpu = Gpu(driver.machine, 2)
    held = os.path.join(driver.environment["NVMOCK_DEV"], "nvidia2")
    program = "import sys; open(sys.argv[1]); handle = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    activation = ctypes.c_int()
    with subprocess.Popen(
        [sys.executable, "-c", program, held], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        assert pynvml.nvmlLib.nvmlDeviceSetMigMode(gpu.handle, 1, ctypes.byref(activation)) == 0
        holder.stdin.close()
    assert activation.value == 19
    assert pynvml.nvmlDeviceGetMigMode(gpu.handle) == [0, 1]


def test_instances_of_the_machine_stay_when_others_are_made(tmp_path, monkeypatch):
    """The first change begins with what the machine has."""
    driver = Driver(tmp_path, "dgxa100", mig_layout={0: ["3g.20gb", "1g.5gb"]})
    all_capabilities(driver)
    program = """
import pynvml
pynvml.nvmlLib = __import__("ctypes").CDLL(__import__("sys").argv[1])
pynvml.nvmlInit()
gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
before = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)
made = pynvml.nvmlDeviceCreateGpuInstance(gpu, 19)
pynvml.nvmlGpuInstanceCreateComputeInstance(made, 0)
for index in range(3):
    print(pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index)))
assert pynvml.nvmlDeviceGetUUID(before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(driver.libraries / "libnvidia-ml.so.1")],
        env=driver.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    live = as_made(driver.machine, driver.state(lambda state: state.read()).entries)
    assert done.stdout.split() == [mig.uuid for mig in live.gpus[0].mig_devices]
    declared = [mig.uuid for mig in driver.machine.gpus[0].mig_devices]
    assert set(declared) < set(done.stdout.split())


def test_only_root(driver):
    program = """
import pynvml, sys, ctypes, os
pynvml.nvmlLib = ctypes.CDLL(sys.argv[1])
os.setuid(65534)
pynvml.nvmlInit()
gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
for call in (lambda: pynvml.nvmlDeviceSetMigMode(gpu, 1), lambda: pynvml.nvmlDeviceCreateGpuInstance(gpu, 19)):
    try:
        call()
    except pynvml.NVMLError as error:
        print(error.value)
"""
    for parent in (driver.place, *driver.place.parents):
        if str(parent) not in ("/", "/tmp"):
            parent.chmod(0o711)
    done = subprocess.run(
        [sys.executable, "-c", program, str(driver.libraries / "libnvidia-ml.so.1")],
        env=driver.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["4", "4"], done.stderr
