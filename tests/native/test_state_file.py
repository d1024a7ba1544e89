# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The programs in C and the state file: hostile files, files that are cut under readers, and writers in both languages."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import random
import subprocess
import threading
import time

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import converge, open_root
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_file import read_state
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_values import evaluated
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components
from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState, wanted

from .conftest import ROOT, build_native
from .nvml_node import make_nodes

DRIVER = "/opt/driver"
PERIOD = 0.06  # seconds after which a reader has looked again
FILES = int(os.environ.get("NVMOCK_STATE_FILES", "100000"))


class Driver:
    """A driver installation in a directory, its device nodes as plain files, and its state."""

    def __init__(self, place, machine="dgxh100", **changes):
        self.place = place
        self.machine = build_machine(machine, gpu_count=4, uuid_seed="state", **changes)
        wanted_now = [components.driver_tree(self.machine, DRIVER, DriverTreeOptions(architecture=platform.machine()))]
        with open_root(str(place), wanted_now) as root:
            converge(root, wanted_now)
        make_nodes(self.machine, place / "dev")
        self.libraries = place / "opt/driver/lib64"
        self.file = self.libraries / f"libnvidia-mockstate.so.{self.machine.driver_version}"
        self.environment = {**os.environ, "NVMOCK_DEV": str(place / "dev")}

    def state(self, call):
        with HostRoot(str(self.place)) as root:
            return call(NodeState(root, DRIVER))

    def set(self, gpus, **settings):
        self.state(lambda state: state.change(state.set(gpus, wanted(settings)), None))

    def smi(self, *arguments, user=None):
        program = self.place / "opt/driver/bin/nvidia-smi"
        done = subprocess.run(
            [program, *arguments], env=self.environment, capture_output=True, text=True, user=user, check=False
        )
        return done.returncode, done.stdout

    def query(self, gpu, fields):
        return self.smi("-i", str(gpu), f"--query-gpu={fields}", "--format=csv,noheader")[1].strip()


@pytest.fixture
def driver(tmp_path):
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("no programs for this machine")
    return Driver(tmp_path)


@contextlib.contextmanager
def pynvml_of(driver, monkeypatch):
    """pynvml with the library of a driver installation."""
    monkeypatch.setenv("NVMOCK_DEV", driver.environment["NVMOCK_DEV"])
    library = ctypes.CDLL(str(driver.libraries / "libnvidia-ml.so.1"))
    monkeypatch.setattr(pynvml, "nvmlLib", library)
    pynvml._nvmlGetFunctionPointer_cache.clear()
    pynvml.nvmlInit()
    yield pynvml
    pynvml.nvmlShutdown()
    pynvml._nvmlGetFunctionPointer_cache.clear()


@pytest.fixture
def nvml(driver, monkeypatch):
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(pynvml_of(driver, monkeypatch))


def soon(ask, expected, seconds=1.0):
    """Ask again until the answer is the expected one."""
    end = time.monotonic() + seconds
    while (found := ask()) != expected and time.monotonic() < end:
        time.sleep(0.002)
    return found


# -- Readers -------------------------------------------------------------------------------------------------------------


def test_a_set_is_seen_in_nvml_and_nvidia_smi(driver, nvml):
    handle = nvml.nvmlDeviceGetHandleByIndex(1)
    other = nvml.nvmlDeviceGetHandleByIndex(0)
    cold = nvml.nvmlDeviceGetTemperature(handle, 0)
    driver.set(
        [1], temperature=88, power=321.5, gpu_utilization=44, memory_used=2000, persistence_mode="off", nvlink_3_state="off",
        nvlink_5_replay_errors=7, event_reason_hw_slowdown="on", remapped_rows_pending="yes", volatile_dram_uncorrected=3,
        fabric_state="In Progress", recovery_action="Drain P2P", pcie_replays=9,
    )  # fmt: skip
    assert soon(lambda: nvml.nvmlDeviceGetTemperature(handle, 0), 88) == 88
    assert nvml.nvmlDeviceGetTemperature(other, 0) == cold
    assert nvml.nvmlDeviceGetPowerUsage(handle) == 321500
    assert nvml.nvmlDeviceGetUtilizationRates(handle).gpu == 44
    memory = nvml.nvmlDeviceGetMemoryInfo(handle, nvml.nvmlMemory_v2)
    assert memory.used == 2000 << 20 and memory.free + memory.used + memory.reserved == memory.total
    assert nvml.nvmlDeviceGetPersistenceMode(handle) == 0
    assert [nvml.nvmlDeviceGetNvLinkState(handle, link) for link in (2, 3)] == [1, 0]
    assert nvml.nvmlDeviceGetNvLinkErrorCounter(handle, 5, nvml.NVML_NVLINK_ERROR_DL_REPLAY) == 7
    assert nvml.nvmlDeviceGetCurrentClocksEventReasons(handle) & nvml.nvmlClocksThrottleReasonHwSlowdown
    assert nvml.nvmlDeviceGetRemappedRows(handle)[2] == 1
    assert nvml.nvmlDeviceGetTotalEccErrors(handle, 1, 0) == 3
    assert nvml.nvmlDeviceGetPcieReplayCounter(handle) == 9
    fields = "temperature.gpu,power.draw,utilization.gpu,memory.used,persistence_mode,remapped_rows.pending,pcie.link.gen.current"
    assert driver.query(1, fields).startswith("88, 321.50 W, 44 %, 2000 MiB, Disabled, Yes")
    assert "Link 3: <inactive>" in driver.smi("nvlink", "-s", "-i", "1")[1]
    driver.state(lambda state: state.change(state.reset([1], None), None))
    assert soon(lambda: nvml.nvmlDeviceGetTemperature(handle, 0), cold) == cold


@pytest.mark.parametrize("machine", ["dgxb200", "tesla-t4"])
def test_every_setting_changes_the_document(tmp_path, machine):
    """Each setting that the board has, set to another value than at rest."""
    driver = Driver(tmp_path, machine)
    before = driver.smi("-q", "-x", "-i", "2")[1].partition("<gpu id")[2]

    def differs(state):
        from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_settings import SETTINGS
        from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_words import at_rest

        silent = []
        for number, setting in enumerate(SETTINGS):
            rest = at_rest(state.report, 2, setting)
            if rest is None or not setting.paths:
                continue
            value = next(
                value
                for value in (rest + 1, rest - 1, setting.least)
                if setting.least <= value <= setting.most and value != rest
            )
            if setting.unit == "W":  # the document rounds
                value = rest - 10_000
            state.change(state.reset([2], None), None)
            state.change(state.set([2], {number: value}), None)
            if driver.smi("-q", "-x", "-i", "2")[1].partition("<gpu id")[2] == before:
                silent.append(setting.name)
        return silent

    of_other_branches = {
        "unrepairable_memory",
        "remapped_rows_corrected_inactive",
        "remapped_rows_uncorrected_inactive",
    }
    assert set(driver.state(differs)) <= of_other_branches


def test_without_the_file_everything_is_at_rest(driver, nvml):
    """As in a container whose runtime does not mount it."""
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    driver.set([0], temperature=88)
    assert soon(lambda: nvml.nvmlDeviceGetTemperature(handle, 0), 88) == 88
    driver.file.unlink()
    assert driver.query(0, "temperature.gpu") != "88"
    code = (
        f"import ctypes; l = ctypes.CDLL({str(driver.libraries / 'libnvidia-ml.so.1')!r}); assert l.nvmlInit_v2() == 0"
    )
    assert subprocess.run([os.sys.executable, "-c", code], env=driver.environment, check=False).returncode == 0


def test_the_first_question_has_the_state(driver):
    """Also if several threads ask at once, and after another initialization."""
    driver.set([0], temperature=88)
    code = (
        "import ctypes, threading\n"
        f"l = ctypes.CDLL({str(driver.libraries / 'libnvidia-ml.so.1')!r}); assert l.nvmlInit_v2() == 0\n"
        "h = ctypes.c_void_p(); l.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(h)); gate = threading.Barrier(8); found = []\n"
        "def ask():\n"
        " t = ctypes.c_uint(); gate.wait(); l.nvmlDeviceGetTemperature(h, 0, ctypes.byref(t)); found.append(t.value)\n"
        "for turn in range(2):\n"
        " threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        " [t.start() for t in threads]; [t.join() for t in threads]; l.nvmlShutdown(); l.nvmlInit_v2()\n"
        "assert found == [88] * 16, found"
    )
    for _turn in range(3):
        subprocess.run([os.sys.executable, "-c", code], env=driver.environment, check=True)


def test_another_boot(driver, nvml):
    """What belongs to another boot of the kernel is at rest, for programs in C as well."""
    from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_file import State, writes

    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    for boot, expected in ((0, 66), (1, None)):
        data = bytearray(driver.file.read_bytes())
        now = read_state(bytes(data), "x")
        for offset, piece in writes(State(4, {(0, 0): 66}, boot, now.generation, now.slot)):
            data[offset : offset + len(piece)] = piece
        driver.file.write_bytes(data)
        time.sleep(PERIOD)
        for found in (nvml.nvmlDeviceGetTemperature(handle, 0), int(driver.query(0, "temperature.gpu"))):
            assert (found == 66) == (expected == 66)


def test_a_load_is_the_same_in_c_and_in_python(driver, nvml):
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    driver.state(lambda state: state.change(state.load([0], 80, 3), None))
    energies = []
    for _look in range(30):
        time.sleep(0.2)
        before = time.time()
        power, temperature = nvml.nvmlDeviceGetPowerUsage(handle), nvml.nvmlDeviceGetTemperature(handle, 0)
        energy = nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        after = time.time()
        entries = read_state(driver.file.read_bytes(), "x").entries
        own = {number: value for (gpu, number), value in entries.items() if gpu == 0}
        around = [evaluated(own, int(1000 * at)) for at in (before - PERIOD, after)]
        low, high = sorted(values[3] for values in around)
        assert low * 0.98 <= power <= high * 1.02
        low, high = sorted(values[0] for values in around)
        assert low - 1 <= temperature <= high + 1
        assert around[0][8] - 1 <= energy <= around[1][8] + 1
        energies.append(energy)
    assert energies == sorted(energies)
    assert nvml.nvmlDeviceGetUtilizationRates(handle).gpu == 0  # the load has ended


# -- Setters -------------------------------------------------------------------------------------------------------------

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="setters are root's")


@root_only
def test_setters_of_nvml(driver, nvml):
    handle = nvml.nvmlDeviceGetHandleByIndex(3)
    nvml.nvmlDeviceSetPersistenceMode(handle, 0)
    nvml.nvmlDeviceSetComputeMode(handle, 3)
    nvml.nvmlDeviceSetPowerManagementLimit(handle, 400_000)
    nvml.nvmlDeviceSetGpuLockedClocks(handle, 500, 600)
    nvml.nvmlDeviceSetEccMode(handle, 0)
    nvml.nvmlDeviceSetAccountingMode(handle, 1)
    assert nvml.nvmlDeviceGetPersistenceMode(handle) == 0
    assert nvml.nvmlDeviceGetComputeMode(handle) == 3
    assert nvml.nvmlDeviceGetPowerManagementLimit(handle) == nvml.nvmlDeviceGetEnforcedPowerLimit(handle) == 400_000
    assert nvml.nvmlDeviceGetClockInfo(handle, 0) in (500, 600)
    assert nvml.nvmlDeviceGetEccMode(handle) == [1, 0]
    fields = "persistence_mode,compute_mode,power.limit,ecc.mode.pending,accounting.mode"
    assert driver.query(3, fields) == "Disabled, Exclusive_Process, 400.00 W, Disabled, Enabled"
    nvml.nvmlDeviceResetGpuLockedClocks(handle)
    driver.set([3], volatile_dram_corrected=5, nvlink_1_replay_errors=4)
    assert soon(lambda: nvml.nvmlDeviceGetTotalEccErrors(handle, 0, 0), 5) == 5
    nvml.nvmlDeviceClearEccErrorCounts(handle, 0)
    nvml.nvmlDeviceResetNvLinkErrorCounters(handle, 1)
    assert nvml.nvmlDeviceGetTotalEccErrors(handle, 0, 0) == 0
    assert nvml.nvmlDeviceGetNvLinkErrorCounter(handle, 1, 0) == 0
    for call in (
        lambda: nvml.nvmlDeviceSetPowerManagementLimit(handle, 1),
        lambda: nvml.nvmlDeviceSetGpuLockedClocks(handle, 9, 1),
    ):
        with pytest.raises(pynvml.NVMLError_InvalidArgument):
            call()


@root_only
def test_setting_commands_of_nvidia_smi(driver):
    for arguments in (
        ("-pm", "0"),
        ("-c", "2"),
        ("-pl", "444"),
        ("-lgc", "700,800"),
        ("-ac", "2619,1500"),
        ("-e", "0"),
        ("-am", "1"),
    ):
        assert driver.smi("-i", "2", *arguments)[0] == 0, arguments
    fields = (
        "persistence_mode,compute_mode,power.limit,clocks.gr,clocks.applications.gr,ecc.mode.pending,accounting.mode"
    )
    assert driver.query(2, fields) == "Disabled, Prohibited, 444.00 W, 700 MHz, 1500 MHz, Disabled, Enabled"
    assert driver.smi("-i", "2", "-rgc")[0] == driver.smi("-i", "2", "-rac")[0] == 0
    assert driver.query(2, "clocks.gr") == driver.query(1, "clocks.gr")


@root_only
def test_no_permission(driver):
    """For another user, and for root where the file is mounted read-only, as in a container."""
    for parent in (driver.place, driver.place.parent, driver.place.parent.parent):
        if os.stat(parent).st_mode & 0o777 == 0o700:
            parent.chmod(0o711)
    assert driver.smi("-i", "2", "-pm", "0", user=65534)[0] == 4
    code = (
        f"import ctypes, os; os.setuid(65534) if {{user}} else None; l = ctypes.CDLL({str(driver.libraries / 'libnvidia-ml.so.1')!r}); "
        "l.nvmlInit_v2(); h = ctypes.c_void_p(); l.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(h)); "
        "os._exit(l.nvmlDeviceSetPersistenceMode(h, 0))"
    )
    command = [os.sys.executable, "-c", code.format(user=True)]
    assert subprocess.run(command, env=driver.environment, check=False).returncode == pynvml.NVML_ERROR_NO_PERMISSION
    inside = f'mount --bind {driver.file} {driver.file} && mount -o remount,ro,bind {driver.file} && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", inside, "sh", os.sys.executable, "-c", code.format(user=False)]
    assert subprocess.run(command, env=driver.environment, check=False).returncode == pynvml.NVML_ERROR_NO_PERMISSION
    assert driver.query(0, "persistence_mode") == "Enabled"


@root_only
def test_writers_in_c_and_python(driver, nvml):
    """They lose no update of each other."""
    handle = nvml.nvmlDeviceGetHandleByIndex(0)

    def python():
        for number in range(300):
            driver.set([1], temperature=number % 150)

    thread = threading.Thread(target=python)
    thread.start()
    for number in range(300):
        nvml.nvmlDeviceSetComputeMode(handle, (0, 2)[number % 2])
        assert nvml.nvmlDeviceGetComputeMode(handle) == (0, 2)[number % 2]
    thread.join()
    entries = read_state(driver.file.read_bytes(), "x").entries
    assert entries[1, 0] == 299 % 150 and entries[0, 50 - 1] == 2


# -- Hostile files -------------------------------------------------------------------------------------------------------


def test_hostile_files_with_the_sanitizers(driver, tmp_path):
    """Damaged in every way, and forged with a right checksum: no crash, no undefined behaviour."""
    compiler = build_native.compiler(platform.machine())
    if compiler is None:
        pytest.skip("needs a C compiler")
    program = tmp_path / "state_fuzz"
    sources = [
        ROOT / "tests/native/state_fuzz.c",
        *(
            ROOT / "native" / f"{name}.c"
            for name in ("state", "state_values", "state_faults", "state_write", "processes", "state_mig", "text")
        ),
    ]
    flags = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-builtin"]
    built = subprocess.run(
        [compiler, *flags, "-o", program, *sources, "-lm"], capture_output=True, text=True, check=False
    )
    if "cannot find" in built.stderr:
        pytest.skip("the compiler has no sanitizers")
    assert built.returncode == 0, built.stderr
    copy = tmp_path / "copy"
    driver.set([0], temperature=5)
    copy.write_bytes(driver.file.read_bytes())
    done = subprocess.run([program, copy, str(FILES), "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    read, refused = int(done.stdout.split()[0]), int(done.stdout.split()[2])
    assert read > FILES // 10 and refused > FILES // 10


def test_files_that_change_under_readers(driver, nvml):
    """Cut, emptied, filled with garbage and made whole again, while threads read."""
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    driver.set([0], temperature=71)
    whole = driver.file.read_bytes()
    assert soon(lambda: nvml.nvmlDeviceGetTemperature(handle, 0), 71) == 71
    stop = threading.Event()
    wrong = []

    def read():
        while not stop.is_set():
            found = nvml.nvmlDeviceGetTemperature(handle, 0)
            if found != 71:
                wrong.append(found)

    threads = [threading.Thread(target=read) for _thread in range(3)]
    for thread in threads:
        thread.start()
    dice = random.Random(1)
    end = time.monotonic() + 5
    with driver.file.open("r+b", buffering=0) as file:
        while time.monotonic() < end:
            file.truncate(dice.choice((0, 1, 4096, 4100, 4160, 5000, len(whole) // 2, len(whole))))
            os.pwrite(file.fileno(), dice.randbytes(40), 4096 + dice.randrange(200))
            file.truncate(len(whole))
            os.pwrite(file.fileno(), whole, 0)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:5]
    driver.set([0], temperature=72)
    assert soon(lambda: nvml.nvmlDeviceGetTemperature(handle, 0), 72) == 72


def test_forks_and_closed_descriptors(driver, nvml):
    """A child that closes all descriptors goes on to read."""
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    pid = os.fork()
    if pid == 0:
        os.closerange(3, 1000)
        os._exit(0 if soon(lambda: nvml.nvmlDeviceGetTemperature(handle, 0), 63, 5) == 63 else 1)
    driver.set([0], temperature=63)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
