# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measure and print a table, or with `ARGS`, parts of it: command, libraries, local, kind. Ratios are of times from this one
run; nothing here passes or fails.

Each figure is a median over the runs named beside it; the competing commands take turns, so that a busy machine slows
all of them alike.
"""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time

import kind
import libraries
import local
import state

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLI = os.path.join(ROOT, "bin", "gpu-mockctl")
# Memory instead of a disk, where there is such a place: the time of a disk has a table row of its own.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def main() -> None:
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
    rows: list[tuple[str, ...]] = [("what", "runs", "seconds", "ratio", "goal")]
    parts = {
        "command": [command_line, power_loss, cdi_generation],
        "libraries": [libraries.rows, state.rows],
        "local": [local.rows, role],
        "kind": [kind.rows],
    }
    for part in sys.argv[1:] or parts:
        if part not in parts:
            sys.exit(f"'{part}' is not allowed: must be some of {', '.join(parts)}")
        for measure in parts[part]:
            rows += measure()
    table = [[*row, *[""] * (5 - len(row))] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table)]
    for what, *figures in table:
        cells = [f"{figure:>{width}}" for figure, width in zip(figures, widths[1:])]
        print("  ".join([f"{what:<{widths[0]}}", *cells]).rstrip())


def command_line(runs: int = 30) -> list[tuple[str, str, str, str]]:
    """gpu-mockctl, mode all, dgxa100, on tmpfs: on a fresh host root and again, beside the interpreter alone."""
    base = os.path.realpath(sys.executable)
    bare, first, second = [], [], []
    # The script says `python3`; let that be the interpreter that is measured.
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        os.symlink(base, os.path.join(place, "python3"))
        environment = {"PATH": place + ":/usr/bin:/bin"}
        for number in range(runs + 1):
            host_root = os.path.join(place, f"node-{number}")
            os.mkdir(host_root)
            command = [CLI, "--host-root", host_root, "--device-files", "auto"]
            times = [timed([base, "-I", "-S", "-c", "pass"], environment)]
            times += [timed(command, environment), timed(command, environment)]
            # The tree stays until the end: ext4 does not use an inode again that was just freed, and making files would
            # be timed while it searches past those of the round before (twice the time of the first run, measured).
            if number:  # the first round compiles and warms up
                for values, value in zip((bare, first, second), times):
                    values.append(value)
    floor = statistics.median(bare)
    return [
        ("python3 -I -S -c pass", str(runs), f"{floor:.4f}", "1.0"),
        measured("gpu-mockctl, fresh host root", first, floor),
        measured("gpu-mockctl, second run", second, floor),
    ]


def power_loss(runs: int = 10) -> list[tuple[str, str, str, str]]:
    """What it costs on the disk of the temporary directory that a node outlives a power loss, in one process.

    Beside it the same run without fsync(2), and with one syncfs(2) in place of all: that waits for what other processes
    have written, too, so it takes as long as the machine is busy. (Python has no syncfs; loading ctypes takes 4 ms more.)
    """
    import ctypes

    sys.path.insert(0, os.path.join(ROOT, ".build"))
    from ansible_collections.nvmock.gpu.plugins.module_utils.cli import node_command

    library = ctypes.CDLL(None)
    fsync = os.fsync
    ways: dict[str, list[float]] = {"with fsync": [], "with one syncfs": [], "without": []}
    with tempfile.TemporaryDirectory() as place:
        top = os.open(place, os.O_RDONLY)
        for number in range(runs + 1):
            for way, times in ways.items():
                host_root = os.path.join(place, f"{way}-{number}")
                os.mkdir(host_root)
                os.fsync = fsync if way == "with fsync" else _no_wait
                start = time.perf_counter()
                with contextlib.redirect_stdout(io.StringIO()):
                    node_command.run(["--host-root", host_root, "--device-files", "auto"])
                if way == "with one syncfs":
                    library.syncfs(top)
                times.append(time.perf_counter() - start)
                os.fsync = fsync
        os.close(top)
    floor = statistics.median(ways["without"][1:])
    return [measured(f"first run on a disk, in process, {way}", times[1:], floor) for way, times in ways.items()]


def _no_wait(_handle: object) -> None:
    pass


def cdi_generation(runs: int = 50) -> list[tuple[str, str, str, str]]:
    """The dgxa100 specification on a full driver tree, in one process: second call and later."""
    sys.path.insert(0, os.path.join(ROOT, ".build"))
    from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
    from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
    from ansible_collections.nvmock.gpu.plugins.module_utils.node import cdi_spec
    from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import Options

    with tempfile.TemporaryDirectory() as host_root:
        subprocess.run(
            [sys.executable, CLI, "--host-root", host_root, "--device-files", "auto"], check=True, capture_output=True
        )
        machine = build_machine("dgxa100", uuid_seed="bench")
        node = {"driver_root": "/var/lib/nvidia-mock/driver", "dev_root": "/", "architecture": os.uname().machine}
        options = Options(mode="nvml", **node)
        spec_file = cdi_spec.SpecFile(devices_are_files=os.geteuid() != 0)
        times = []
        for _round in range(runs + 1):
            start = time.perf_counter()
            with HostRoot(host_root) as root:
                cdi_spec.make(machine, root, options, spec_file, [])
            times.append(time.perf_counter() - start)
        rows = [("CDI spec of dgxa100, in process", str(runs), f"{statistics.median(times[1:]):.4f}", "")]
        if not spec_file.devices_are_files:
            command = [CLI, "cdi", "generate", "--host-root", host_root, "--driver-root", options.driver_root]
            command += ["--dev-root", "/", "--machine", "dgxa100"]
            whole = [timed(command, dict(os.environ)) for _round in range(11)][1:]
            rows.append(("CDI spec of dgxa100, gpu-mockctl cdi generate", "10", f"{statistics.median(whole):.4f}", ""))
    return rows


def role() -> list[tuple[str, ...]]:
    """The role on embedded nodes, by ansible-playbook: first and second run."""
    rows: list[tuple[str, ...]] = []
    playbook = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nodes.yml")
    environment = {**os.environ, "ANSIBLE_CONFIG": os.path.join(ROOT, "ansible.cfg")}
    command = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), playbook]
    empty = timed([*command, "-e", "bench_nodes=1 bench_tasks=false"], environment)
    rows.append(("ansible-playbook with no task of ours", "1", f"{empty:.2f}", ""))
    for count in (1, 8, 32):
        with tempfile.TemporaryDirectory() as place:
            arguments = ["-f", str(count), "-e", f"bench_nodes={count} bench_directory={place}"]
            for number in range(count):
                os.mkdir(os.path.join(place, str(number)))
            for word in ("first", "second"):
                wall = timed([*command, *arguments], environment)
                goal = "0.4 s/node" if count == 32 else ""
                each = f"{wall / count:.2f} s/node"
                rows.append((f"role gpu_node, {count} nodes, {word} run", "1", f"{wall:.2f}", each, goal))
    return rows


def timed(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return wall


def measured(what: str, times: list[float], floor: float) -> tuple[str, str, str, str]:
    value = statistics.median(times)
    return (what, str(len(times)), f"{value:.4f}", f"{value / floor:.1f}")


if __name__ == "__main__":
    main()
