# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVML and nvidia-smi of the same node agree about everything that both know, on every machine type and driver branch."""

from __future__ import annotations

import ctypes
import inspect
import os
import platform
import subprocess
import time

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import programs
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_numbers import NUMBERS
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.clocks import expanded
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.instances import instance_texts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.outline import Document
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.queries import fields, with_unit
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import Report, version_number

from .nvml_node import running
from .nvml_texts import NOT_AVAILABLE, Teller, mebibytes

DRIVERS = ("470.256.02", "535.261.03", "550.163.01", "570.148.08", "580.105.08", "595.80", "610.57.04", "615.10")
MACHINES = {name: (name, None) for name in types.names()}
MACHINES.update(
    {f"{name} {driver}": (name, driver) for name in ("dgxa100", "dgxh100", "tesla-t4") for driver in DRIVERS}
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes a GPU")


def build(name, driver, **more):
    return build_machine(name, uuid_seed="s", driver_version=driver, **more)


@pytest.fixture(params=[*MACHINES, "mig"])
def node(request, nvml_image):
    if request.param == "mig":
        machine = build("dgxh100", "580.105.08", gpu_count=2, mig_layout={0: ["3g.40gb", "1g.10gb"]})
    else:
        name, driver = MACHINES[request.param]
        machine = build(name, driver)
    with running(nvml_image, machine) as made:
        yield made


@pytest.fixture
def h100(nvml_image):
    with running(nvml_image, build("dgxh100", "580.105.08", gpu_count=2)) as made:
        yield made


def left_out(document, gpu, path):
    """NVML has the histogram of remapped rows as a whole, or not at all if the number of all banks is unknown."""
    histogram = "remapped_rows/row_remapper_histogram/row_remapper_histogram_"
    return path.startswith(histogram) and document.text(gpu, histogram + "max") == NOT_AVAILABLE


def test_nvml_has_the_texts_of_the_document(node):
    document = Document(Report(node.machine))
    having = {path: gpus for path, _label, gpus in document.rows}
    for gpu, handle in zip(node.machine.gpus, node.gpus()):
        teller = Teller(node, handle)
        wrong, compared = [], 0
        for path in teller.asks:
            if gpu.index not in having.get(path, ()) or left_out(document, gpu.index, path):
                continue  # another branch or another kind of board has it
            compared += 1
            if teller.text(path) != document.text(gpu.index, path).strip():
                wrong.append((path, teller.text(path), document.text(gpu.index, path)))
        assert wrong == []
        assert compared > 80


def test_nearly_all_numbers_are_compared():
    """Each number of the library has a text above, but for those that another test looks at."""

    class Nobody:
        """A node that is never asked."""

    told = set(Teller(Nobody(), None).asks)
    apart = {path for _name, path in NUMBERS if path not in told}
    assert len(apart) < 45
    assert {"fb_memory_usage/reserved", "temperature/gpu_temp_tlimit", "remapped_rows/remapped_row_corr"} <= told


def answers(machine, node):
    """What the machine's nvidia-smi answers to every field of --query-gpu: by GPU and field."""
    path = node.dev.parent / "nvidia-smi"
    path.write_bytes(programs.nvidia_smi(machine, platform.machine()))
    path.chmod(0o755)
    known = fields("gpu", version_number(machine.driver_version))
    names = [one.names[0] for one in known]
    done = subprocess.run(
        [path, f"--query-gpu={','.join(names)}", "--format=csv,noheader"],
        *(),
        capture_output=True,
        text=True,
        check=True,
        env={"NVMOCK_DEV": str(node.dev)},
    )
    return known, [dict(zip(names, line.split(", "))) for line in done.stdout.splitlines()]


def test_nvidia_smi_says_the_same(node):
    if platform.machine() not in native.ARCHITECTURES:
        pytest.skip(f"there is no nvidia-smi for {platform.machine()}")
    document = Document(Report(node.machine))
    known, told = answers(node.machine, node)
    assert len(told) == len(node.machine.gpus)
    compared, wrong = 0, []
    for gpu, handle in zip(node.machine.gpus, node.gpus()):
        teller = Teller(node, handle)
        for field in known:
            paths = [path for path in map(document.find, field.source.split()) if path in teller.asks]
            if field.source[:1] in "@&+" or not paths or document.report.query(gpu.index, field.names[0]):
                continue
            if left_out(document, gpu.index, paths[0]):
                continue
            texts = [teller.text(path) for path in paths]
            text = next((text for text in texts if text != NOT_AVAILABLE), NOT_AVAILABLE)
            compared += 1
            if with_unit(text, field).strip("[]") != told[gpu.index][field.names[0]].strip("[]"):
                wrong.append((gpu.index, field.names[0], with_unit(text, field), told[gpu.index][field.names[0]]))
    assert wrong == []
    assert compared > 50 * len(told)


@pytest.mark.parametrize("slices", [["3g.40gb", "1g.10gb"], ["1c.3g.40gb", "2c.3g.40gb"]], ids=["whole", "parts"])
def test_mig_devices_have_the_texts_of_the_document(nvml_image, slices):
    instances = [(1, 0), (11, 0)] if "1g.10gb" in slices else [(1, 0), (1, 1)]
    devices = [
        {"profile": name, "gpu_instance": gi, "compute_instance": ci} for name, (gi, ci) in zip(slices, instances)
    ]
    devices[0]["report"] = {"fb_memory_usage": {"used": "22 MiB", "free": "40426 MiB"}}
    definition = {"base": "dgxh100", "mig_devices": [devices]}
    machine = build_machine("own", definition, gpu_count=1, uuid_seed="s", driver_version="550.163.01")
    with running(nvml_image, machine) as node:
        (gpu,) = node.gpus()
        for index, mig in enumerate(machine.gpus[0].mig_devices):
            texts = instance_texts(machine.model, mig)
            handle = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
            window = pynvml.nvmlDeviceGetBAR1MemoryInfo(handle)
            told = {f"fb_memory_usage/{name}": mebibytes(getattr(memory, name)) for name in ("total", "used", "free")}
            for name in ("total", "used", "free"):
                told[f"bar1_memory_usage/{name}"] = mebibytes(getattr(window, f"bar1{name.title()}"))
            errors = pynvml.nvmlDeviceGetMemoryErrorCounter(handle, 1, 0, pynvml.NVML_MEMORY_LOCATION_SRAM)
            told["ecc_error_count/volatile_count/sram_uncorrectable"] = str(errors)
            attributes = pynvml.nvmlDeviceGetAttributes(handle)
            told["device_attributes/shared/multiprocessor_count"] = str(attributes.multiprocessorCount)
            told["device_attributes/shared/decoder_count"] = str(attributes.sharedDecoderCount)
            assert told == {path: texts[path] for path in told}
            assert (attributes.gpuInstanceSliceCount, attributes.computeInstanceSliceCount) == (
                3 if "3g" in mig.profile else 1,
                mig.compute_slices,
            )
        instance = pynvml.nvmlDeviceGetGpuInstanceById(gpu, 1)
        found = [
            pynvml.nvmlComputeInstanceGetInfo_v2(pynvml.nvmlGpuInstanceGetComputeInstanceById(instance, ci)).placement
            for gi, ci in instances
            if gi == 1
        ]
        assert [(one.start, one.size) for one in found] == ([(0, 3)] if len(found) == 1 else [(0, 1), (1, 2)])
        profile = pynvml.nvmlGpuInstanceGetInfo(instance).profileId
        handles, count = (ctypes.c_void_p * 7)(), ctypes.c_uint()
        assert node.status("nvmlDeviceGetGpuInstances", gpu, profile, handles, ctypes.byref(count)) == 0
        assert count.value == 1
        assert pynvml.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(instance, 0) == 0


def test_power_is_the_average_where_boards_have_one(node):
    report = Report(node.machine)
    for gpu, handle in zip(node.machine.gpus, node.gpus()):
        average, instant = (
            report.number(gpu.index, f"gpu_power_readings/{name}_power_draw") for name in ("average", "instant")
        )
        if average is None and instant is None:  # no source says what the board draws
            with pytest.raises(pynvml.NVMLError_NotSupported):
                pynvml.nvmlDeviceGetPowerUsage(handle)
            continue
        assert pynvml.nvmlDeviceGetPowerUsage(handle) == round(1000 * (average or instant))


def test_supported_clocks(node):
    text = Report(node.machine).text(0, "supported_clocks")
    for handle in node.gpus():
        if text in (NOT_AVAILABLE, ""):
            with pytest.raises(pynvml.NVMLError_NotSupported):
                pynvml.nvmlDeviceGetSupportedMemoryClocks(handle)
            continue
        clocks = dict(expanded(text))
        assert pynvml.nvmlDeviceGetSupportedMemoryClocks(handle) == list(clocks)
        for memory, graphics in clocks.items():
            assert pynvml.nvmlDeviceGetSupportedGraphicsClocks(handle, memory) == graphics


def test_energy_grows(h100):
    """By the power of the idle board, since the host was started."""
    (handle, _other) = h100.gpus()
    power = pynvml.nvmlDeviceGetPowerUsage(handle)
    first, since = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle), time.clock_gettime(time.CLOCK_BOOTTIME)
    assert abs(first - power * since) < power
    time.sleep(0.2)
    second, now = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle), time.clock_gettime(time.CLOCK_BOOTTIME)
    assert abs((second - first) - power * (now - since)) < power / 20
    for field in (pynvml.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, pynvml.NVML_FI_DEV_ENERGY):
        (value,) = pynvml.nvmlDeviceGetFieldValues(handle, [field])
        assert value.valueType == pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG
        assert 0 <= value.value.ullVal - second < power


def test_links(h100):
    (handle, _other) = h100.gpus()
    links = h100.machine.model.nvlink_links
    assert {pynvml.nvmlDeviceGetNvLinkVersion(handle, link) for link in range(links)} == {6}
    for counter in range(5):
        assert pynvml.nvmlDeviceGetNvLinkErrorCounter(handle, links - 1, counter) == 0
    wanted = [
        (pynvml.NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON, 0),
        (pynvml.NVML_FI_DEV_NVSWITCH_CONNECTED_LINK_COUNT, 0),
        *[(field, links - 1) for field in (164, 165, 166, 138)],
    ]
    told = pynvml.nvmlDeviceGetFieldValues(handle, wanted)
    assert [(one.nvmlReturn, one.value.ullVal) for one in told] == [
        *((0, 26562), (0, links), (0, 26562), (0, 1), (0, 6), (0, 0))
    ]
    for field in (164, 165, 166, 138):
        (one,) = pynvml.nvmlDeviceGetFieldValues(handle, [(field, links)])
        assert one.nvmlReturn == pynvml.NVML_ERROR_NOT_SUPPORTED


def test_samples_and_violations(h100):
    (handle, _other) = h100.gpus()
    kind, samples = pynvml.nvmlDeviceGetSamples(handle, pynvml.NVML_TOTAL_POWER_SAMPLES, 0)
    assert kind == pynvml.NVML_VALUE_TYPE_UNSIGNED_INT and len(samples) == 1
    assert abs(samples[0].timeStamp / 1e6 - time.time()) < 60
    assert samples[0].sampleValue.uiVal == 68920
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetSamples(handle, pynvml.NVML_TOTAL_POWER_SAMPLES, samples[0].timeStamp + 60_000_000)
    violation = pynvml.nvmlDeviceGetViolationStatus(handle, pynvml.NVML_PERF_POLICY_THERMAL)
    assert violation.violationTime == 0 and abs(violation.referenceTime / 1e6 - time.time()) < 60
    for policy in (6, 9, 12):
        with pytest.raises(pynvml.NVMLError_InvalidArgument):
            pynvml.nvmlDeviceGetViolationStatus(handle, policy)


def test_performance_monitoring(h100):
    """Of boards since Hopper: between two samples nothing happens but what PCIe always carries."""
    (handle, other) = h100.gpus()
    assert pynvml.nvmlGpmQueryDeviceSupport(handle).isSupportedDevice == 1
    samples = [pynvml.nvmlGpmSampleAlloc() for _nth in range(3)]
    request = pynvml.c_nvmlGpmMetricsGet_t()
    request.version, request.numMetrics = pynvml.NVML_GPM_METRICS_GET_VERSION, 4
    request.sample1, request.sample2 = samples[:2]
    ids = [
        pynvml.NVML_GPM_METRIC_SM_UTIL,
        pynvml.NVML_GPM_METRIC_PCIE_TX_PER_SEC,
        pynvml.NVML_GPM_METRIC_NVLINK_L17_TX_PER_SEC,
    ]
    for place, number in enumerate([*ids, 99]):
        request.metrics[place].metricId = number
    with pytest.raises(pynvml.NVMLError_InvalidArgument):  # nothing has been sampled
        pynvml.nvmlGpmMetricsGet(request)
    for sample in samples[:2]:
        pynvml.nvmlGpmSampleGet(handle, sample)
    pynvml.nvmlGpmSampleGet(other, samples[2])
    pynvml.nvmlGpmMetricsGet(request)
    rate = Report(h100.machine).number(0, "pci/tx_util")
    told = [(one.nvmlReturn, one.value) for one in request.metrics[:4]]
    assert told == [(0, 0), (0, rate / 1024), (0, 0), (pynvml.NVML_ERROR_NOT_SUPPORTED, 0)]
    request.sample2 = samples[2]  # of another GPU
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlGpmMetricsGet(request)
    for sample in samples:
        pynvml.nvmlGpmSampleFree(sample)
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlGpmSampleGet(handle, samples[0])


@needs_root
def test_settings(h100):
    """What the GPU has already, for root; a change is not supported, and other users may not ask."""
    (handle, _other) = h100.gpus()
    least, default, most = h100.machine.model.readings.power_limits_mw
    same = {
        "PersistenceMode": (1,),
        "ComputeMode": (0,),
        "EccMode": (1,),
        "AccountingMode": (0,),
        "PowerManagementLimit": (default,),
        "ApplicationsClocks": (2619, 1980),
    }
    other = {
        "PersistenceMode": (0,),
        "ComputeMode": (3,),
        "EccMode": (0,),
        "AccountingMode": (1,),
        "PowerManagementLimit": (least,),
        "ApplicationsClocks": (2619, 345),
    }
    wrong = {"PersistenceMode": (2,), "ComputeMode": (4,), "EccMode": (2,), "PowerManagementLimit": (most + 1,)}
    for cases, status in (
        (same, 0),
        (other, pynvml.NVML_ERROR_NOT_SUPPORTED),
        (wrong, pynvml.NVML_ERROR_INVALID_ARGUMENT),
    ):
        for name, arguments in cases.items():
            assert h100.status(f"nvmlDeviceSet{name}", handle, *map(ctypes.c_uint, arguments)) == status, name
    resets = ["ResetGpuLockedClocks", "ResetMemoryLockedClocks", "ResetApplicationsClocks", "ClearAccountingPids"]
    for name in resets:
        assert h100.status(f"nvmlDevice{name}", handle) == 0, name
    assert [h100.status("nvmlDeviceClearEccErrorCounts", handle, counter) for counter in range(3)] == [0, 0, 2]
    assert pynvml.nvmlDeviceSetMigMode(handle, 0) == 0
    os.seteuid(65534)
    try:
        refused = {h100.status(f"nvmlDevice{name}", handle) for name in resets}
        refused |= {h100.status(f"nvmlDeviceSet{name}", handle, *map(ctypes.c_uint, same[name])) for name in same}
    finally:
        os.seteuid(0)
    assert refused == {pynvml.NVML_ERROR_NO_PERMISSION}


ARGUMENTS = {
    "index": 0,
    "link": 0,
    "sensor": 0,
    "type": 0,
    "counter": 0,
    "counterType": 0,
    "errorType": 0,
    "locationType": 7,
    "threshold": 0,
    "profile": 0,
    "profileId": 19,
    "fan": 0,
    "cpuSetSize": 4,
    "nodeSetSize": 4,
    "scope": 0,
    "timeStamp": 0,
    "sampling_type": 0,
    "perfPolicyType": 0,
    "level": 50,
    "cpuNumber": 0,
    "infoRomObject": 0,
    "clockType": 0,
    "memoryClockMHz": 2619,
    "capability": 0,
    "apiType": 0,
    "pid": 1,
    "version": None,
    "encoderQueryType": 0,
    "fieldIds": [1],
    "gpuInstanceId": 1,
    "p2pIndex": 0,
}


def test_every_function_of_nvidia_ml_py(node):
    """That asks about a GPU: each of them answers, or refuses with a status that NVML has for it."""
    handles = node.gpus()
    answered = refused = 0
    for name, function in vars(pynvml).items():
        if not name.startswith("nvmlDeviceGet") or not inspect.isfunction(function) or "HandleBy" in name:
            continue
        names = list(inspect.signature(function).parameters)
        needed = [one for one, kind in inspect.signature(function).parameters.items() if kind.default is kind.empty]
        values = {"handle": handles[0], "device": handles[0], "handle1": handles[0], "device1": handles[0]}
        values.update(handle2=handles[-1], device2=handles[-1])
        if not names or any(one not in values and one not in ARGUMENTS for one in needed):
            continue
        try:
            function(*[values.get(one, ARGUMENTS.get(one)) for one in needed])
            answered += 1
        except pynvml.NVMLError as error:
            assert error.value in (2, 3, 4, 6, 26), (name, error)
            refused += 1
    assert answered > 70, (answered, refused)
