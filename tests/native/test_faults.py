# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults as programs see them: events of NVML, lost GPUs, resets, and what NVIDIA's own nvidia-smi says about the same GPUs."""

from __future__ import annotations

import os
import platform
import random
import subprocess
import threading
import time

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_faults
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_values import evaluated
from ansible_collections.nvmock.gpu.plugins.module_utils.node.faults import fault_of, healed, injected

from .nvml_node import refused
from .test_nvidia_smi import INSTALLED
from .test_state_file import Driver, driver, nvml, soon

__all__ = ["driver", "nvml"]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root resets a GPU")
XID = pynvml.nvmlEventTypeXidCriticalError
NO_INSTANCE = 0xFFFFFFFF
LOST = "Unable to determine the device handle for GPU{}: GPU is lost.  Reboot the system to recover this GPU\n\n\n"


def put(driver, kind, gpus=(0,), repeat=False, **options):
    if kind == "xid":
        options.setdefault("xid", 79)
    driver.state(lambda state: state.change(injected(state, list(gpus), fault_of(kind, options), repeat), None))


def take(driver, *kinds):
    driver.state(lambda state: state.change(healed(state.gpus(), list(kinds) or None), None))


def entries(driver):
    return driver.state(lambda state: state.read().entries)


def waiting(nvml, gpus=(0,), types=None):
    events = nvml.nvmlEventSetCreate()
    for gpu in gpus:
        handle = nvml.nvmlDeviceGetHandleByIndex(gpu)
        nvml.nvmlDeviceRegisterEvents(handle, types or nvml.nvmlDeviceGetSupportedEventTypes(handle), events)
    return events


def drained(nvml, events, milliseconds=120):
    """All events that come: type, data, GPU instance, compute instance."""
    found = []
    while True:
        try:
            data = nvml.nvmlEventSetWait_v2(events, milliseconds)
        except nvml.NVMLError_Timeout:
            return found
        found.append((data.eventType, data.eventData, data.gpuInstanceId, data.computeInstanceId))


def test_every_set_gets_the_events(driver, nvml):
    put(driver, "xid", xid=31)
    assert soon(lambda: nvml.nvmlDeviceGetHandleByIndex(0) is not None, True)
    time.sleep(0.1)
    first, second = waiting(nvml), waiting(nvml, types=XID)
    other = waiting(nvml, gpus=(1,))
    assert drained(nvml, first) == []
    put(driver, "xid", xid=94, gpu_instance=3, compute_instance=1)
    put(driver, "ecc_dram")
    put(driver, "ecc_corrected")
    xid, double = (XID, 94, 3, 1), (pynvml.nvmlEventTypeDoubleBitEccError, 0, NO_INSTANCE, NO_INSTANCE)
    of_error = (XID, 48, NO_INSTANCE, NO_INSTANCE)
    single = (pynvml.nvmlEventTypeSingleBitEccError, 0, NO_INSTANCE, NO_INSTANCE)
    assert drained(nvml, first) == [xid, double, of_error, single]
    assert drained(nvml, second) == [xid, of_error]
    assert drained(nvml, other) == []
    data = pynvml.c_nvmlEventData_t(gpuInstanceId=77)
    put(driver, "xid", xid=13)
    assert nvml.nvmlLib.nvmlEventSetWait(first, pynvml.byref(data), 1000) == 0
    assert (data.eventData, data.gpuInstanceId) == (13, 77)  # the old structure has no instances
    assert nvml.nvmlDeviceGetIndex(data.device) == 0
    for events in (first, second, other):
        nvml.nvmlEventSetFree(events)


def test_who_waits_is_woken(driver, nvml):
    events, found = waiting(nvml, gpus=(0, 1, 2, 3)), []

    def wait():
        found.append(nvml.nvmlEventSetWait_v2(events, 5000).eventData)
        found.append(time.monotonic())

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    start = time.monotonic()
    put(driver, "xid", gpus=(2,), xid=62)
    thread.join()
    assert found[0] == 62 and found[1] - start < 1


def test_a_slow_reader_gets_the_last_64(driver, nvml):
    events = waiting(nvml)
    for code in range(1, 71):
        put(driver, "xid", xid=code)
    assert [data for _type, data, _gi, _ci in drained(nvml, events)] == list(range(7, 71))
    take(driver)
    put(driver, "xid", xid=5)
    assert [data for _type, data, _gi, _ci in drained(nvml, events)] == [5]


def test_a_lost_gpu(driver, nvml):
    handle, other = (nvml.nvmlDeviceGetHandleByIndex(index) for index in (0, 1))
    uuid = nvml.nvmlDeviceGetUUID(handle)
    events = waiting(nvml, gpus=(0, 1))
    put(driver, "fallen_off_bus")
    assert nvml.nvmlEventSetWait_v2(events, 2000).eventData == 79
    for ask in (
        lambda: nvml.nvmlDeviceGetTemperature(handle, 0),
        lambda: nvml.nvmlDeviceGetName(handle),
        lambda: nvml.nvmlDeviceGetUUID(handle),
        lambda: nvml.nvmlDeviceGetHandleByIndex(0),
        lambda: nvml.nvmlDeviceGetHandleByUUID(uuid),
        lambda: nvml.nvmlDeviceGetHandleByPciBusId(driver.machine.gpus[0].pci_bus_id),
        lambda: nvml.nvmlDeviceGetHandleBySerial(driver.machine.gpus[0].serial),
        lambda: nvml.nvmlEventSetWait_v2(events, 100),
    ):
        with refused(nvml.NVML_ERROR_GPU_IS_LOST):
            ask()
    assert nvml.nvmlDeviceGetCount() == 4 and nvml.nvmlDeviceGetIndex(other) == 1
    take(driver)
    assert soon(lambda: lost(nvml, handle), False) is False and nvml.nvmlDeviceGetUUID(handle) == uuid


def lost(nvml, handle):
    try:
        nvml.nvmlDeviceGetName(handle)
    except nvml.NVMLError_GpuIsLost:
        return True
    return False


@pytest.mark.parametrize(
    "kind, fields",
    [
        ("thermal", {"clocks_event_reasons.hw_thermal_slowdown": "Active", "temperature.gpu": "89"}),
        ("power_brake", {"clocks_event_reasons.hw_power_brake_slowdown": "Active"}),
        ("power_cap", {"clocks_event_reasons.sw_power_cap": "Active"}),
        ("ecc_dram", {"ecc.errors.uncorrected.volatile.dram": "1", "ecc.errors.uncorrected.aggregate.total": "1"}),
        ("ecc_sram", {"ecc.errors.uncorrected.volatile.sram": "1", "ecc.errors.uncorrected.volatile.total": "1"}),
        ("ecc_corrected", {"ecc.errors.corrected.volatile.dram": "1"}),
        ("rows_pending", {"remapped_rows.pending": "Yes", "remapped_rows.uncorrectable": "1"}),
        ("rows_failed", {"remapped_rows.failure": "Yes"}),
    ],
)
def test_nvidia_smi_shows_it(driver, kind, fields):
    before = driver.query(0, ",".join(fields))
    put(driver, kind)
    assert driver.query(0, ",".join(fields)) == ", ".join(fields.values()) != before
    take(driver)
    assert driver.query(0, ",".join(fields)) == before


def test_links_and_fabric(tmp_path):
    driver = Driver(tmp_path, "gb200")
    put(driver, "nvlink_down", links=[2, 5])
    put(driver, "fabric_unhealthy")
    links = driver.smi("nvlink", "-s", "-i", "0")[1]
    assert "Link 2: <inactive>" in links and "Link 3: <inactive>" not in links
    assert "Route Unhealthy" in driver.smi("-q", "-i", "0")[1]
    assert driver.query(0, "fabric.health.route_unhealthy") == "True"


def test_both_languages_read_the_same(driver, nvml):
    """Random faults: NVML says what the rules in Python say."""
    numbers = random.Random(5)
    kinds = [kind for kind in state_faults.NAMES if kind not in ("gpu_lost", "fallen_off_bus", "fabric_unhealthy")]
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    for _nth in range(12):
        take(driver)
        for kind in numbers.sample(kinds, numbers.randrange(1, 6)):
            put(driver, kind, **({"xid": numbers.choice([31, 63, 79, 119])} if kind == "xid" else {}))
        own = driver.state(lambda state: state.read().of_gpu(0))
        now = evaluated(own, 0)
        time.sleep(0.06)
        assert nvml.nvmlDeviceGetFieldValues(handle, [230])[0].value.uiVal == now.get(89, 0)
        assert nvml.nvmlDeviceGetTotalEccErrors(handle, 1, 1) == now.get(61, 0) + now.get(62, 0) + now.get(64, 0)
        assert nvml.nvmlDeviceGetRemappedRows(handle)[1:] == (now.get(79, 0), now.get(82, 0), now.get(83, 0))
        assert [nvml.nvmlDeviceGetNvLinkState(handle, link) for link in range(4)] == [
            now.get(256 + 8 * link, 1) for link in range(4)
        ]


# -- Reset ---------------------------------------------------------------------------------------------------------------


@needs_root
@pytest.mark.parametrize("kind", state_faults.NAMES)
def test_what_a_reset_cures(driver, kind):
    if kind == "fabric_unhealthy":
        pytest.skip("the board has none")
    put(driver, kind)
    status, text = driver.smi("-r", "-i", "0")
    faults = driver.smi("-q", "-i", "0")[0], driver.state(lambda state: state.read().of_gpu(0))
    if kind == "fallen_off_bus":
        assert (status, text, faults[0]) == (15, LOST.format(0), 15)
        return
    assert (status, faults[0]) == (0, 0) and "successfully reset" in text
    assert state_faults.unhealthy(faults[1], evaluated(faults[1], 0).get(89, 0), frozenset()) == ""
    cured = {effect.is_cured for effect in state_faults.KINDS[state_faults.NAMES.index(kind)].effects}
    assert bool(faults[1]) == (False in cured)
    take(driver)
    assert entries(driver) == {}


@needs_root
def test_a_reset_forgets_what_was_set(driver):
    driver.set(
        [0], locked_graphics_clock_max=900, power_limit=300, volatile_dram_corrected=4, aggregate_dram_corrected=4
    )
    driver.set([0], pending_ecc_mode="off", remapped_rows_pending="yes", recovery_action="GPU Reset")
    assert driver.smi("-r", "-i", "0")[0] == 0
    told = driver.state(lambda state: state.shown(0, state.read()))
    assert told == {"aggregate_dram_corrected": 4, "pending_ecc_mode": "Disabled", "ecc_mode": "Disabled"}


@needs_root
def test_only_root_resets(driver):
    put(driver, "xid")
    before = entries(driver)
    for place in (driver.place, *driver.place.parents):
        if place.stat().st_uid == 0 and place != place.parent:
            os.chmod(place, place.stat().st_mode | 0o055)
    status, text = driver.smi("-r", "-i", "0", user=65534)
    assert status == 4 and "Insufficient Permissions" in text and entries(driver) == before


# -- NVIDIA's program -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [version for version, _path, state in INSTALLED if state == "installed"])
def test_nvidias_program_says_the_same_of_a_lost_gpu(driver, version):
    if platform.machine() != "x86_64":
        pytest.skip("NVIDIA's program is for x86_64")
    program = next(path for one, path, _state in INSTALLED if one == version)
    environment = {**driver.environment, "LD_LIBRARY_PATH": str(driver.libraries)}
    put(driver, "gpu_lost", gpus=(1,))
    for arguments in (
        *([], ["-L"], ["-q", "-i", "1"], ["-q", "-x"], ["-pm", "1"], ["nvlink", "-s"], ["dmon", "-c", "1"]),
        *(["topo", "-m"], ["topo", "-p2p", "r"], ["topo", "-c", "0"], ["--query-gpu=name", "--format=csv"]),
        *(["--query-gpu=name,temperature.gpu", "--format=csv", "-i", "0"], ["pmon", "-c", "1"]),
    ):
        real = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert driver.smi(*arguments) == (real.returncode, real.stdout), arguments
