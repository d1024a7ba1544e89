# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""How fast NVML answers with live state, and how long it takes until another process sees what was set."""

from __future__ import annotations

import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRIVER = "/opt/driver"


def rows(runs: int = 5, sets: int = 40) -> list[tuple[str, str, str, str]]:
    """Questions a second (by CPU time) at rest, with a value set and with a load; milliseconds from a set to a reading elsewhere."""
    compiler = shutil.which("cc")
    if compiler is None:
        return [("NVML with live state", "", "no C compiler", "")]
    sys.path.insert(0, os.path.join(ROOT, ".build"))
    from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import converge, open_root
    from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
    from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
    from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
    from ansible_collections.nvmock.gpu.plugins.module_utils.node import components
    from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState

    result = []
    with tempfile.TemporaryDirectory() as place:
        machine = build_machine("dgxa100", uuid_seed="bench")
        wanted = [components.driver_tree(machine, DRIVER, DriverTreeOptions(architecture=platform.machine()))]
        with open_root(place, wanted) as root:
            converge(root, wanted)
        dev = pathlib.Path(place, "dev")
        dev.mkdir()
        for name in ("nvidiactl", *[f"nvidia{gpu.minor}" for gpu in machine.gpus]):
            (dev / name).touch()
        program = os.path.join(place, "state_queries")
        subprocess.run(
            [compiler, "-O2", "-o", program, os.path.join(ROOT, "tests/bench/state_queries.c"), "-ldl"], check=True
        )
        command = [program, f"{place}{DRIVER}/lib64/libnvidia-ml.so.1"]
        environment = {"NVMOCK_DEV": str(dev)}

        def rate(what: str) -> tuple[str, str, str, str]:
            found = [float(subprocess.check_output([*command, "rate"], env=environment)) for _run in range(runs)]
            return (
                f"NVML, temperature, {what}: million a second",
                str(runs),
                f"{statistics.median(found) / 1e6:.1f}",
                "",
            )

        with HostRoot(place) as root:
            state = NodeState(root, DRIVER)
            result.append(rate("at rest"))
            state.change(state.set(state.gpus(), {0: 50}), None)
            result.append(rate("set on 8 GPUs"))
            state.change(state.load(state.gpus(), 80, 3600), None)
            state.change(state.reset(state.gpus(), [0]), None)
            result.append(rate("load on 8 GPUs"))
            state.change(state.reset(state.gpus(), None), None)
            delays, costs = [], []
            for number in range(sets):
                reader = subprocess.Popen([*command, "wait"], env=environment, stdout=subprocess.PIPE, text=True)
                assert reader.stdout is not None
                reader.stdout.readline()
                time.sleep(0.05)
                start = time.time_ns()
                state.change(state.set([0], {0: 60 + number % 50}), None)
                end = time.time_ns()
                delays.append(int(reader.stdout.readline()) - end)
                costs.append(end - start)
                reader.wait()
        result.append(
            ("set to reading in another process: ms, median", str(sets), f"{statistics.median(delays) / 1e6:.1f}", "")
        )
        result.append(("set to reading in another process: ms, longest", str(sets), f"{max(delays) / 1e6:.1f}", ""))
        result.append(("a set: ms", str(sets), f"{statistics.median(costs) / 1e6:.2f}", ""))
    return result


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="  ")
