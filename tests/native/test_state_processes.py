# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Processes of GPUs: those that are listed in the state, and those that hold device nodes open, in NVML and in nvidia-smi."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import subprocess
import sys
from xml.etree import ElementTree

import pynvml
import pytest

from .nvml_node import capability
from .test_nvidia_smi import INSTALLED
from .test_state_file import Driver, pynvml_of, soon

LONG = "/a/long/name/that/is/too/long/for/the/table/of/processes"
MIG = {0: ["3g.40gb", "1g.10gb"]}


def make(place, **changes):
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("no programs for this machine")
    return Driver(place, **changes)


@pytest.fixture
def driver(tmp_path):
    return make(tmp_path)


@pytest.fixture
def nvml(driver, monkeypatch):
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(pynvml_of(driver, monkeypatch))


@contextlib.contextmanager
def holder(*nodes, code="import time; time.sleep(600)"):
    """A process that holds nodes open."""
    files = [open(node) for node in nodes]  # noqa: SIM115
    numbers = [file.fileno() for file in files]
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=numbers, stdout=subprocess.PIPE, text=True)
    for file in files:
        file.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def pids(nvml, handle):
    return [process.pid for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle)]


def node(driver, minor):
    return driver.place / "dev" / f"nvidia{minor}"


# -- Listed processes ----------------------------------------------------------------------------------------------------


def test_listed_processes(driver, nvml):
    handle = nvml.nvmlDeviceGetHandleByIndex(1)
    assert pids(nvml, handle) == []
    driver.set([1], processes=f"4711:2048:python3,99:,{os.getpid()}:100", gpu_utilization=80, memory_utilization=31)
    assert soon(lambda: pids(nvml, handle), sorted([99, 4711, os.getpid()])) == sorted([99, 4711, os.getpid()])
    assert pids(nvml, nvml.nvmlDeviceGetHandleByIndex(0)) == []
    for call in (nvml.nvmlDeviceGetComputeRunningProcesses_v2, nvml.nvmlDeviceGetComputeRunningProcesses_v3):
        found = {process.pid: process for process in call(handle)}
        assert found[4711].usedGpuMemory == 2048 << 20 and found[99].usedGpuMemory is None
        assert found[4711].gpuInstanceId == found[4711].computeInstanceId == 0xFFFFFFFF
    assert nvml.nvmlDeviceGetGraphicsRunningProcesses(handle) == []
    assert nvml.nvmlDeviceGetMPSComputeRunningProcesses(handle) == []
    assert nvml.nvmlDeviceGetMemoryInfo(handle).used >= 2148 << 20
    assert nvml.nvmlSystemGetProcessName(4711) == "python3"
    assert nvml.nvmlSystemGetProcessName(os.getpid()) == sys.orig_argv[0]
    for samples in (
        nvml.nvmlDeviceGetProcessUtilization(handle, 0),
        nvml.nvmlDeviceGetProcessesUtilizationInfo(handle, 0),
    ):
        assert [(sample.pid, sample.smUtil, sample.memUtil, sample.encUtil) for sample in samples] == [
            (pid, 26, 10, 0) for pid in sorted([99, 4711, os.getpid()])
        ]
        with pytest.raises(pynvml.NVMLError_NotFound):
            nvml.nvmlDeviceGetProcessUtilization(handle, samples[0].timeStamp + 10_000_000)
    driver.state(lambda state: state.change(state.reset([1], None), None))
    assert soon(lambda: pids(nvml, handle), []) == []
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetProcessUtilization(handle, 0)
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlSystemGetProcessName(4711)


def test_layouts_and_sizes(driver, nvml):
    """The structures of each version, buffers that are too small, and names that are cropped."""
    library, handle = pynvml.nvmlLib, nvml.nvmlDeviceGetHandleByIndex(0)
    driver.set([0], processes="7:3:seven,8:4:eight")
    assert soon(lambda: pids(nvml, handle), [7, 8]) == [7, 8]

    class Version1(ctypes.Structure):
        _fields_ = (("pid", ctypes.c_uint), ("memory", ctypes.c_ulonglong))

    count = ctypes.c_uint(0)
    assert library.nvmlDeviceGetComputeRunningProcesses(handle, ctypes.byref(count), None) == 7
    assert count.value == 2
    small = (Version1 * 1)()
    count.value = 1
    assert library.nvmlDeviceGetComputeRunningProcesses(handle, ctypes.byref(count), small) == 7
    assert (count.value, small[0].pid) == (2, 0)
    right = (Version1 * 3)()
    count.value = 3
    assert library.nvmlDeviceGetComputeRunningProcesses(handle, ctypes.byref(count), right) == 0
    assert count.value == 2
    assert [(one.pid, one.memory >> 20) for one in right] == [(7, 3), (8, 4), (0, 0)]
    listed = pynvml.nvmlDeviceGetRunningProcessDetailList(handle, pynvml.nvmlProcessDetailList_v1, 0)
    assert [(one.pid, one.usedGpuMemory >> 20) for one in listed] == [(7, 3), (8, 4)]
    assert pynvml.nvmlDeviceGetRunningProcessDetailList(handle, pynvml.nvmlProcessDetailList_v1, 1) == []
    name = ctypes.create_string_buffer(4)
    assert library.nvmlSystemGetProcessName(7, name, 4) == 0
    assert name.value == b"sev"
    assert library.nvmlSystemGetProcessName(7, None, 4) == library.nvmlSystemGetProcessName(7, name, 0) == 2


def test_outputs_of_nvidia_smi(driver):
    driver.set([1], processes=f"77:12345:VLLM::EngineCore,99999:2048:{LONG},1234567:", gpu_utilization=90)
    table = driver.smi()[1]
    assert re.search(r"^\|    1   N/A  N/A +77      C   VLLM::EngineCore +12345MiB \|$", table, re.M)
    assert re.search(r"^\|    1   N/A  N/A +99999      C   \.\.\.\S+of/processes +2048MiB \|$", table, re.M)
    assert re.search(r"^\|    1   N/A  N/A +1234567      C   \[Not Found\] +N/A      \|$", table, re.M)
    assert len({len(line) for line in table.splitlines() if line.startswith("|")}) == 1
    assert "No running" not in table
    assert "No running processes found" in driver.smi("-i", "0")[1]
    text = driver.smi("-q", "-i", "1", "-d", "PIDS")[1]
    assert f"            Name                          : {LONG}\n" in text
    assert "            Used GPU Memory               : 12345 MiB\n" in text
    gpus = ElementTree.fromstring(driver.smi("-q", "-x")[1]).findall("gpu")
    assert [len(gpu.findall("processes/process_info")) for gpu in gpus] == [0, 3, 0, 0]
    told = [{one.tag: one.text for one in process} for process in gpus[1].iter("process_info")]
    first = {"gpu_instance_id": "N/A", "compute_instance_id": "N/A", "pid": "77", "type": "C"}
    assert told[0] == {**first, "process_name": "VLLM::EngineCore", "used_memory": "12345 MiB"}
    fields = "gpu_uuid,pid,process_name,used_memory"
    lines = driver.smi(f"--query-compute-apps={fields}", "--format=csv,noheader")[1].splitlines()
    uuid = driver.machine.gpus[1].uuid
    assert lines[0] == f"{uuid}, 77, VLLM::EngineCore, 12345 MiB"
    assert lines[2] == f"{uuid}, 1234567, [Not Found], [N/A]"
    lines = driver.smi("pmon", "-c", "1", "-s", "um")[1].splitlines()[2:]
    assert [line.split()[1] for line in lines] == ["-", "77", "99999", "-", "-"]
    assert lines[1].split()[1:4] == ["77", "C", "30"] and lines[2].split()[-1] == "processes"


# -- Processes that hold nodes --------------------------------------------------------------------------------------------


def test_holders_of_device_nodes(driver, nvml):
    one, two = nvml.nvmlDeviceGetHandleByIndex(1), nvml.nvmlDeviceGetHandleByIndex(2)
    with holder(node(driver, 1), node(driver, 1)) as first, holder(node(driver, 1), node(driver, 2)) as second:
        assert pids(nvml, one) == [], "only on request"
        driver.set([1, 2], process_list="open_files")
        both = sorted([first.pid, second.pid])
        assert soon(lambda: pids(nvml, one), both) == both
        assert pids(nvml, two) == [second.pid]
        assert [process.usedGpuMemory for process in nvml.nvmlDeviceGetComputeRunningProcesses(one)] == [None, None]
        driver.set([1], memory_used=3000, processes="4:1000:listed")
        assert soon(lambda: pids(nvml, one), [4, *both]) == [4, *both]
        found = {process.pid: process.usedGpuMemory >> 20 for process in nvml.nvmlDeviceGetComputeRunningProcesses(one)}
        assert found == {4: 1000, first.pid: 1000, second.pid: 1000}
        assert nvml.nvmlSystemGetProcessName(first.pid) == sys.executable
        assert f" {first.pid}      C   " in driver.smi("-i", "1")[1]
        with node(driver, 2).open("rb"):
            with_this = sorted([second.pid, os.getpid()])
            assert soon(lambda: pids(nvml, two), with_this) == with_this, "a process that asks may also hold it"
    assert soon(lambda: pids(nvml, two), []) == []
    driver.set([1], process_list="none")
    assert soon(lambda: pids(nvml, one), [4]) == [4]


def test_holders_of_mig_devices(tmp_path, monkeypatch):
    driver = make(tmp_path, mig_layout=MIG)
    gpu = driver.machine.gpus[0]
    nodes = [capability(driver.place / "dev", gpu, mig) for mig in gpu.mig_devices]
    driver.set([0], process_list="open_files")
    with pynvml_of(driver, monkeypatch) as nvml, holder(node(driver, 0), nodes[0]) as first, holder(nodes[1]) as second:
        handle = nvml.nvmlDeviceGetHandleByIndex(0)
        with holder(node(driver, 0)):  # which is in no instance, so it can't compute
            assert soon(lambda: sorted(pids(nvml, handle)), sorted([first.pid, second.pid])) == sorted(
                [first.pid, second.pid]
            )
        for place, process in enumerate((first, second)):
            device = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
            (found,) = nvml.nvmlDeviceGetComputeRunningProcesses(device)
            instance = gpu.mig_devices[place]
            assert (found.pid, found.gpuInstanceId, found.computeInstanceId) == (process.pid, instance.gi, instance.ci)
        table = driver.smi("-i", "0")[1]
        for place, process in enumerate((first, second)):
            instance = gpu.mig_devices[place]
            cells = f"{instance.gi:>5}{instance.ci:>5} "
            assert re.search(rf"^\|    0{cells} +{process.pid}      C   ", table, re.M), table
        with pytest.raises(pynvml.NVMLError_NotSupported):
            nvml.nvmlDeviceGetProcessUtilization(handle, 0)


def test_a_cuda_context_holds_the_node(driver, nvml):
    """As long as it exists; initialization alone does not."""
    code = (
        f"import ctypes, sys; l = ctypes.CDLL({str(driver.libraries / 'libcuda.so.1')!r}); assert l.cuInit(0) == 0\n"
        "c = ctypes.c_void_p()\n"
        "def say(): print('x', flush=True); sys.stdin.readline()\n"
        "say(); assert l.cuCtxCreate_v2(ctypes.byref(c), 0, 2) == 0; say(); l.cuCtxDestroy_v2(c)\n"
        "say(); l.cuDevicePrimaryCtxRetain(ctypes.byref(c), 3); l.cuDevicePrimaryCtxRetain(ctypes.byref(c), 3)\n"
        "l.cuDevicePrimaryCtxRelease_v2(3); say(); l.cuDevicePrimaryCtxRelease_v2(3); say()"
    )
    driver.set([2, 3], process_list="open_files")
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=driver.environment, text=True, **pipes) as process:
        handles = [nvml.nvmlDeviceGetHandleByIndex(place) for place in (2, 3)]
        for expected in ([[], []], [[process.pid], []], [[], []], [[], [process.pid]], [[], []]):
            assert process.stdout.readline() == "x\n"
            assert soon(lambda: [pids(nvml, handle) for handle in handles], expected) == expected
            process.stdin.write("\n")
            process.stdin.flush()


def test_another_pid_namespace(driver):
    """Programs see the processes of their own namespace."""
    if os.geteuid() != 0:
        pytest.skip("only root makes namespaces")
    driver.set([1], process_list="open_files")
    query = [
        driver.place / "opt/driver/bin/nvidia-smi",
        "-i",
        "1",
        "--query-compute-apps=pid,name",
        "--format=csv,noheader",
    ]
    inside = [
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        f'exec 3<{node(driver, 1)}; "$@"; :',
        "sh",
        *query,
    ]
    with holder(node(driver, 1)) as outside:
        done = subprocess.run(inside, env=driver.environment, capture_output=True, text=True, check=True)
        assert {line.split(", ")[0] for line in done.stdout.splitlines()} <= {"1", "2"} and done.stdout
        assert f"{outside.pid}, " in subprocess.check_output(query, env=driver.environment, text=True)


# -- NVIDIA's own nvidia-smi ----------------------------------------------------------------------------------------------

COMMANDS = (
    (),
    ("-q", "-d", "PIDS"),
    ("-q", "-x"),
    ("pmon", "-c", "1"),
    ("pmon", "-c", "1", "-s", "um"),
    ("--query-compute-apps=gpu_uuid,pid,process_name,used_memory", "--format=csv"),
    ("--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"),
)


def about_processes(output):
    """The lines from the processes on, without those of other elements."""
    begin = re.search(r"^.*<processes>|^\| Processes:", output, re.M)
    text = output[begin.start() :] if begin else output
    if "<processes>" in text:
        text = "".join(re.findall(r"(?s)<processes>.*?</processes>", text))
    return [line for line in text.splitlines() if not line.startswith("Timestamp")]


@pytest.mark.parametrize("mig", [{}, MIG], ids=["whole", "mig"])
@pytest.mark.parametrize("version, program, state", INSTALLED, ids=[version for version, _path, _state in INSTALLED])
def test_nvidia_says_the_same(tmp_path, version, program, state, mig):
    if state != "installed" or platform.machine() != "x86_64":
        pytest.skip("NVIDIA's nvidia-smi is not there: run scripts/install-nvidia-smi")
    driver = make(tmp_path, driver_version=version, **({"mig_layout": mig} if mig else {}))
    dev = driver.place / "dev"
    nodes = [capability(dev, driver.machine.gpus[0], one) for one in driver.machine.gpus[0].mig_devices] or [
        node(driver, 0)
    ]
    driver.set(
        [1],
        processes=f"99999:2048:{LONG},77:12345:VLLM::EngineCore,78:,1234567:1",
        gpu_utilization=83,
        memory_utilization=31,
    )
    driver.set([0, 1], process_list="open_files")
    environment = {**driver.environment, "LD_LIBRARY_PATH": str(driver.libraries)}
    with contextlib.ExitStack() as stack:
        for one in (*nodes, node(driver, 1)):
            stack.enter_context(holder(one))
        for command in COMMANDS:
            real = subprocess.run([program, *command], env=environment, capture_output=True, text=True, check=True)
            assert about_processes(driver.smi(*command)[1]) == about_processes(real.stdout), command
