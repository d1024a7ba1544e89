# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: names and numbers of devices as the API server and NVIDIA's driver write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nvmock_gpu.machine.model import Gpu

ENGINES = ("copyEngines", "decoders", "encoders", "jpegEngines", "ofaEngines")


def device_name(gpu: Gpu, profile: str, number: int, start: int) -> str:
    """The name of a MIG device: GPU, profile, the profile's id, first memory slice."""
    return f"gpu-{gpu.minor}-mig-{label(profile)}-{number}-{start}"


def label(profile: str) -> str:
    """The name of a profile in a DNS label."""
    return "".join(one if one.isalnum() else "-" for one in profile.replace(".", "").lower())


def quantity(mib: int) -> str:
    """Mebibytes in the API server's own form: the largest unit that needs no fraction."""
    for unit in ("Mi", "Gi", "Ti"):
        if mib % 1024 or unit == "Ti":
            break
        mib //= 1024
    return f"{mib}{unit}"
