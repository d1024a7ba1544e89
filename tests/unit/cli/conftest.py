# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests of gpu-mockctl watch."""

from __future__ import annotations

import pytest
from watch_support import Watch


@pytest.fixture
def watch(tmp_path):
    started = []

    def start(*arguments):
        started.append(Watch(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
