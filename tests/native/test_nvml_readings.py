# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 tells the readings of the machine's type, and says of what it does not know that it is not supported."""

from __future__ import annotations

import os
import time

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .nvml_node import refused, running

MACHINES = {
    **{
        name: build_machine("own", {"base": name, "report": {}}, uuid_seed="s", gpu_count=2, mig_layout={1: []})
        for name in types.names()
        if name.startswith("dgx")
    },
    "unknown": build_machine("own", {"base": "dgxa100", "report": {}, "readings": {}}, uuid_seed="s", gpu_count=1),
    "some": build_machine(
        "own",
        {
            "base": "dgxa100",
            "report": {},
            "readings": {"power_mw": 77, "clocks_mhz": [1, 0, 3, 4], "ecc_mode": "Disabled"},
        },
        uuid_seed="s",
        gpu_count=1,
    ),
}
CLOCKS = (pynvml.NVML_CLOCK_GRAPHICS, pynvml.NVML_CLOCK_SM, pynvml.NVML_CLOCK_MEM, pynvml.NVML_CLOCK_VIDEO)


@pytest.fixture(params=MACHINES)
def node(request, nvml_image):
    with running(nvml_image, MACHINES[request.param]) as made:
        yield made


@pytest.fixture
def readings(node):
    return node.machine.model.readings


def check(expected, ask, *arguments):
    """The answer is *expected*, or a refusal where that is not known."""
    if expected:
        assert ask(*arguments) == expected
    else:
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            ask(*arguments)


def test_temperature(node, readings):
    for handle in node.gpus():
        check(readings.temperature_c, pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU)
        check(readings.temperature_c, pynvml.nvmlDeviceGetTemperatureV, handle, pynvml.NVML_TEMPERATURE_GPU)
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlDeviceGetTemperature(handle, 1)


def test_power(node, readings):
    least, default, most = readings.power_limits_mw or (0, 0, 0)
    for handle in node.gpus():
        check(readings.power_mw, pynvml.nvmlDeviceGetPowerUsage, handle)
        for ask in (
            pynvml.nvmlDeviceGetPowerManagementLimit,
            pynvml.nvmlDeviceGetPowerManagementDefaultLimit,
            pynvml.nvmlDeviceGetEnforcedPowerLimit,
        ):
            check(default, ask, handle)
        check(default and [least, most], pynvml.nvmlDeviceGetPowerManagementLimitConstraints, handle)
        check(default and pynvml.NVML_FEATURE_ENABLED, pynvml.nvmlDeviceGetPowerManagementMode, handle)


def test_clocks(node, readings):
    for handle in node.gpus():
        for place, clock in enumerate(CLOCKS):
            now = readings.clocks_mhz[place] if readings.clocks_mhz else 0
            check(now, pynvml.nvmlDeviceGetClockInfo, handle, clock)
            check(now, pynvml.nvmlDeviceGetClock, handle, clock, pynvml.NVML_CLOCK_ID_CURRENT)
            most = readings.max_clocks_mhz[place] if readings.max_clocks_mhz else 0
            check(most, pynvml.nvmlDeviceGetMaxClockInfo, handle, clock)
            boost = most if clock in (pynvml.NVML_CLOCK_GRAPHICS, pynvml.NVML_CLOCK_SM) else 0
            check(boost, pynvml.nvmlDeviceGetClock, handle, clock, pynvml.NVML_CLOCK_ID_CUSTOMER_BOOST_MAX)
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            pynvml.nvmlDeviceGetClockInfo(handle, len(CLOCKS))
        idle = pynvml.nvmlClocksEventReasonGpuIdle
        check(idle, pynvml.nvmlDeviceGetCurrentClocksEventReasons, handle)
        check(idle, pynvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle)
        for ask in (pynvml.nvmlDeviceGetPerformanceState, pynvml.nvmlDeviceGetPowerState):
            check(readings.clocks_mhz and "P0", lambda one, ask=ask: f"P{ask(one)}", handle)


def test_pcie(node, readings):
    generation, lanes = readings.pcie_link or (0, 0)
    for handle in node.gpus():
        check(generation, pynvml.nvmlDeviceGetMaxPcieLinkGeneration, handle)
        check(generation, pynvml.nvmlDeviceGetCurrPcieLinkGeneration, handle)
        check(generation, pynvml.nvmlDeviceGetGpuMaxPcieLinkGeneration, handle)
        check(lanes, pynvml.nvmlDeviceGetMaxPcieLinkWidth, handle)
        check(lanes, pynvml.nvmlDeviceGetCurrPcieLinkWidth, handle)
        check(readings.bar1_mib, lambda one: pynvml.nvmlDeviceGetBAR1MemoryInfo(one).bar1Total >> 20, handle)
        if readings.bar1_mib:
            memory = pynvml.nvmlDeviceGetBAR1MemoryInfo(handle)
            assert (memory.bar1Free, memory.bar1Used) == (memory.bar1Total, 0)


def errors(handle, error, counter):
    """In all of memory, and in the device's; as a list, since none is no refusal."""
    return [
        pynvml.nvmlDeviceGetTotalEccErrors(handle, error, counter),
        pynvml.nvmlDeviceGetMemoryErrorCounter(handle, error, counter, pynvml.NVML_MEMORY_LOCATION_DRAM),
    ]


def test_ecc(node, readings):
    enabled = readings.ecc_mode == "Enabled"
    for handle in node.gpus():
        check(readings.ecc_mode and [enabled] * 2, pynvml.nvmlDeviceGetEccMode, handle)
        check(readings.ecc_mode and [enabled], pynvml.nvmlDeviceGetDefaultEccMode, handle)
        for error in (pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED):
            for counter in (pynvml.NVML_VOLATILE_ECC, pynvml.NVML_AGGREGATE_ECC):
                check(enabled and [0, 0], errors, handle, error, counter)
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            pynvml.nvmlDeviceGetTotalEccErrors(handle, 2, 0)


def test_fields(node, readings):
    least, default, most = readings.power_limits_mw or (0, 0, 0)
    enabled = readings.ecc_mode == "Enabled"
    expected = {
        pynvml.NVML_FI_DEV_ECC_CURRENT: int(enabled) if readings.ecc_mode else None,
        pynvml.NVML_FI_DEV_ECC_PENDING: int(enabled) if readings.ecc_mode else None,
        pynvml.NVML_FI_DEV_ECC_DBE_VOL_TOTAL: 0 if enabled else None,
        pynvml.NVML_FI_DEV_ECC_SBE_AGG_TOTAL: 0 if enabled else None,
        pynvml.NVML_FI_DEV_MEMORY_TEMP: readings.memory_temperature_c or None,
        pynvml.NVML_FI_DEV_POWER_INSTANT: readings.power_mw or None,
        pynvml.NVML_FI_DEV_POWER_MIN_LIMIT: least or None,
        pynvml.NVML_FI_DEV_POWER_MAX_LIMIT: most or None,
        pynvml.NVML_FI_DEV_POWER_DEFAULT_LIMIT: default or None,
        pynvml.NVML_FI_DEV_POWER_CURRENT_LIMIT: default or None,
        pynvml.NVML_FI_DEV_POWER_REQUESTED_LIMIT: default or None,
    }
    for handle in node.gpus():
        values = pynvml.nvmlDeviceGetFieldValues(handle, list(expected))
        told = {one.fieldId: None if one.nvmlReturn else one.value.uiVal for one in values}
        assert told == expected
        assert {one.nvmlReturn for one in values} <= {0, pynvml.NVML_ERROR_NOT_SUPPORTED}
        assert all(abs(one.timestamp / 1e6 - time.time()) < 60 for one in values)


def test_bar1_of_mig_devices(nvml_image):
    """As an A100 has it (see nvml_readings.c)."""
    machine = build_machine("dgxa100", uuid_seed="s", gpu_count=1, mig_layout={0: ["3g.20gb", "1g.5gb"]})
    with running(nvml_image, machine) as node:
        (gpu,) = node.gpus()
        devices = [pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index) for index in (0, 1)]
        assert [pynvml.nvmlDeviceGetBAR1MemoryInfo(one).bar1Total >> 20 for one in devices] == [32767, 8191]
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlDeviceGetTemperature(devices[0], pynvml.NVML_TEMPERATURE_GPU)


def test_every_cpu_is_near(nvml_image):
    machine = build_machine("dgxa100", uuid_seed="s", gpu_count=1, mig_layout={0: ["1g.5gb"]})
    mine = os.sched_getaffinity(0)
    with running(nvml_image, machine) as node:
        (gpu,) = node.gpus()
        for handle in (gpu, pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)):
            for words in (16, 40):
                for told in (
                    pynvml.nvmlDeviceGetCpuAffinity(handle, words),
                    pynvml.nvmlDeviceGetCpuAffinityWithinScope(handle, words, pynvml.NVML_AFFINITY_SCOPE_NODE),
                ):
                    assert {cpu for cpu in range(words * 64) if told[cpu // 64] >> cpu % 64 & 1} == mine
            memory = pynvml.nvmlDeviceGetMemoryAffinity(handle, 1, pynvml.NVML_AFFINITY_SCOPE_SOCKET)
            assert memory[0] & 1, "the first node is there"
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            pynvml.nvmlDeviceGetCpuAffinityWithinScope(gpu, 16, 2)


def test_no_process_has_used_the_gpu(nvml_image):
    with running(nvml_image, MACHINES["dgxa100"]) as node:
        whole, cut = node.gpus()
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetProcessUtilization(whole, 0)
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlDeviceGetProcessUtilization(cut, 0)
