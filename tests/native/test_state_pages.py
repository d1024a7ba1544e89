# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Retired pages that are set: their lists in nvidia-smi, compared with NVIDIA's program on the mock NVML."""

from __future__ import annotations

import platform
import subprocess
from xml.etree import ElementTree

import pytest

from .test_nvidia_smi import INSTALLED
from .test_state_file import Driver

QUERY = (
    "--query-retired-pages=gpu_uuid,retired_pages.address,retired_pages.timestamp,retired_pages.cause",
    "--format=csv",
)


def make(place, **changes):
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("no programs for this machine")
    driver = Driver(place, "tesla-t4", **changes)
    driver.set([1], retired_pages_single_bit=2, retired_pages_double_bit=1)
    return driver


def lists(text):
    gpus = ElementTree.fromstring(text).findall("gpu")
    return [
        [[page.text for page in one.iter("retired_page_address")] for one in gpu.iter("retired_pagelist")]
        for gpu in gpus
    ]


def test_lists_of_retired_pages(tmp_path):
    driver = make(tmp_path)
    lines = driver.smi(*QUERY)[1].splitlines()[1:]
    uuid = driver.machine.gpus[1].uuid
    causes = ["Single Bit ECC", "Single Bit ECC", "Double Bit ECC"]
    assert lines == [f"{uuid}, 0x0000000000000000, (null), {cause}" for cause in causes]
    gpus = ElementTree.fromstring(driver.smi("-q", "-x")[1]).findall("gpu")
    assert [len(list(gpu.iter("retired_page_address"))) for gpu in gpus] == [0, 3, 0, 0]


@pytest.mark.parametrize("version, program, state", INSTALLED, ids=[version for version, _path, _state in INSTALLED])
def test_nvidia_says_the_same(tmp_path, version, program, state):
    if state != "installed" or platform.machine() != "x86_64":
        pytest.skip("NVIDIA's nvidia-smi is not there: run scripts/install-nvidia-smi")
    driver = make(tmp_path, driver_version=version)
    environment = {**driver.environment, "LD_LIBRARY_PATH": str(driver.libraries)}
    for command in (QUERY, ("-q", "-x"), ("-q", "-d", "PAGE_RETIREMENT")):
        real = subprocess.run([program, *command], env=environment, capture_output=True, text=True, check=True).stdout
        found = driver.smi(*command)[1]
        if "-x" in command:
            real, found = lists(real), lists(found)
        else:
            real, found = ([line for line in text.splitlines() if "Timestamp" not in line] for text in (real, found))
        assert found == real, command
