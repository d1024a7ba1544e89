# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded runs of ``nvidia-cdi-hook apply-cuda-memory-limits``, and what our program says to the same.

    <release>/hook-apply-cuda-memory-limits/cases.json   {"cases": [{"name", "args", "state", "config", "hook_env",
                                                          "exit_code", "stderr", "nvml_calls"}]}

``state`` is standard input; ``config`` is the text of config.json, ``{"process.env": [...]}`` or ``"absent"``. ``<bundle>``,
``<drivers>`` and ``<pid>`` stand for places and a process of the recording.

Ours sets no limit, so it looks neither at cgroups nor at the driver's library: where NVIDIA's has failed at these, ours says that
there will be no limit, like where NVIDIA's has set one. Everything else has the recorded exit status, and says a line where
NVIDIA's gives an error or a warning, about the same variable, option or file.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess

from nvmock_gpu import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOOK = "apply-cuda-memory-limits"
# How errors begin that come from cgroups and from the driver's library.
OF_THE_DRIVER = (
    "setting GPU memory limits is only supported in cgroup v2",
    "failed to resolve cgroup path",
    "failed to locate libnvidia-ml.so.1",
    "no libnvidia-ml.so.1 found",
    "failed to initialize nvml",
    "failed to get GPU device handle",
    "empty GPU device handle",
    "failed to set memory limits",
)
ABOUT = re.compile(r"NVIDIA_GPU_MEMORY_[A-Z]+|gpu-id|config\.json|nostate\.json|(?<=not defined: )-[a-z]+")
REQUEST, LIMIT = "NVIDIA_GPU_MEMORY_REQUEST", "NVIDIA_GPU_MEMORY_LIMIT"
MOST = (1 << 64) - 1 >> 20  # MiB
NO_LIMITS = "not simulated"


def hook_cases(directory: str, version: str, scratch: str) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """(title, what to run) of each recorded run of the hook in a release."""
    path = os.path.join(directory, version, f"hook-{HOOK}", "cases.json")
    if not os.path.exists(path):
        return
    if platform.machine() not in native.ARCHITECTURES:
        print(f"note {version}/hook-{HOOK}: passed over, there is no program for {platform.machine()}")
        return
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    program = os.path.join(scratch, "nvidia-cdi-hook")
    with open(program, "wb") as file:
        file.write(native.binary(native.CDI_HOOK, platform.machine()))
    os.chmod(program, 0o755)
    for case in cases:
        yield (
            f"{version}/hook-{HOOK}/{case['name']}",
            lambda case=case: _run(case, program, os.path.join(scratch, "hook")),
        )


def _run(case: dict, program: str, place: str) -> list[str]:
    shutil.rmtree(place, ignore_errors=True)
    bundle = os.path.join(place, "bundle")
    os.makedirs(bundle)
    config = case["config"]
    if config != "absent":
        text = config if isinstance(config, str) else json.dumps({"process": {"env": config["process.env"]}})
        with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
            file.write(text)
    stands_for = {"<bundle>": bundle, "<drivers>": os.path.join(place, "drivers"), "<pid>": str(os.getpid())}

    def real(text: str) -> str:
        for name, value in stands_for.items():
            text = text.replace(name, value)
        return text

    done = subprocess.run(
        [program, HOOK, *[real(argument) for argument in case["args"]]],
        input=real(case["state"]),
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
        env=dict(case["hook_env"]),
        timeout=60,
    )
    status, said = _expected(case)
    lines = done.stderr.splitlines()
    found = [] if done.returncode == status else [f"exit status: recorded {status}, is {done.returncode}"]
    if len(lines) != (1 if said else 0):
        found.append(f"messages: recorded {case['stderr']!r}, are {lines!r}")
    missing = [word for word in said if lines and word not in lines[0]]
    if missing:
        found.append(f"message: {missing!r} is not in {lines[0]!r}, recorded {case['stderr']!r}")
    return found


def _expected(case: dict) -> tuple[int, list[str]]:
    """The exit status, and the words of the one line; no line if there are none."""
    errors = [line for line in case["stderr"] if "level=error" in line or "level=warning" in line]
    of_the_driver = case["exit_code"] == 127 or any(
        f'msg="{start}' in line for line in errors for start in OF_THE_DRIVER
    )
    if of_the_driver and not _are_limits(_variables(case["config"])):
        return 1, ["NVIDIA_GPU_MEMORY_"]  # it did not come as far as the values
    if of_the_driver or case["nvml_calls"]:
        return 0, [NO_LIMITS]
    words = sorted({word for line in errors for word in ABOUT.findall(line)})
    return case["exit_code"], words or ["nvidia-cdi-hook"] * bool(errors)


def _variables(config: dict | str) -> list[str]:
    if isinstance(config, str):
        return json.JSONDecoder().raw_decode(config)[0]["process"]["env"]
    return config["process.env"]


def _are_limits(variables: list[str]) -> bool:
    first: dict[str, str] = {}
    for variable in variables:
        name, _equals, value = variable.partition("=")
        first.setdefault(name, value)
    values = {name: first[name] for name in (REQUEST, LIMIT) if name in first}
    if not all(value.isascii() and value.isdecimal() and int(value) <= MOST for value in values.values()):
        return False
    return REQUEST not in values or LIMIT not in values or int(values[REQUEST]) <= int(values[LIMIT])
