# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The version that the first users have, taken from the history of this clone."""

from __future__ import annotations

import os
import subprocess

from product import ROOT

COMMIT = "bbaf977"
MISSING = f"commit {COMMIT} is not in this clone's history"


def unpack(place: str) -> str:
    """Unpack the old version below *place*; return the path of its gpu-mockctl, or an empty text if it is not there."""
    archive = subprocess.run(["git", "-C", ROOT, "archive", COMMIT], capture_output=True, check=False)
    if archive.returncode:
        return ""
    os.mkdir(place + "/old")
    subprocess.run(["tar", "-x", "-C", place + "/old"], input=archive.stdout, check=True)
    return place + "/old/bin/gpu-mockctl"
