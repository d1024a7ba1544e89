# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: what a ResourceClaim of resource.k8s.io/v1 allocates from this driver, and whether its configurations are supported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nvmock_gpu.errors import NvmockError

from .names import CONFIG_VERSION, DRIVER

_INTERVALS = ("Default", "Short", "Medium", "Long")
_SHARING = {"GpuConfig": ("strategy", "timeSlicingConfig"), "MigDeviceConfig": ("strategy",)}


class ClaimError(NvmockError):
    """The claim can't be prepared."""


@dataclass(frozen=True)
class Result:
    """One allocated device.

    :ivar request: the claim's request, such as ``gpu`` or, if it has alternatives, ``gpu/a100``.
    :ivar admin: whether it is for monitoring only, so that others may use the device.
    :ivar share: id of the share, if other claims may have other shares of the device.
    """

    request: str
    pool: str
    device: str
    admin: bool
    share: str = ""


def results_of(claim: dict[str, Any], pool: str) -> list[Result]:
    """The devices of *pool* that *claim* has, at least one.

    :raises ClaimError: it has none, or a configuration is not supported.
    """
    allocation = ((claim.get("status") or {}).get("allocation") or {}).get("devices") or {}
    found = [
        Result(one["request"], one["pool"], one["device"], bool(one.get("adminAccess")), str(one.get("shareID") or ""))
        for one in allocation.get("results") or []
        if one.get("driver") == DRIVER and one.get("pool") == pool
    ]
    if not found:
        raise ClaimError(f"the claim has no device of {DRIVER} on node {pool}")
    for config in allocation.get("config") or []:
        opaque = config.get("opaque") or {}
        if opaque.get("driver") == DRIVER:
            requests = config.get("requests") or []
            for one in found:
                if not requests or one.request in requests or one.request.partition("/")[0] in requests:
                    check_config(opaque.get("parameters"), one.device)
    return found


def check_config(parameters: Any, device: str) -> None:
    """Check an opaque configuration for *device*. Time-slicing is accepted and has no visible effect.

    :raises ClaimError: it is of another kind, has unknown fields, or is not for such a device.
    """
    if not isinstance(parameters, dict):
        raise _refusal("parameters", parameters, "an object")
    given, kind = parameters.get("apiVersion"), parameters.get("kind")
    if given != CONFIG_VERSION:
        raise _refusal("apiVersion", given, CONFIG_VERSION)
    if kind not in _SHARING:
        raise _refusal("kind", kind, "GpuConfig or MigDeviceConfig")
    wanted = "MigDeviceConfig" if "-mig-" in device else "GpuConfig"
    if kind != wanted:
        raise _refusal("kind", kind, f"{wanted} for {device}")
    _only(parameters, ("apiVersion", "kind", "sharing"), "parameters")
    sharing = parameters.get("sharing")
    if sharing is None:
        return
    if not isinstance(sharing, dict):
        raise _refusal("sharing", sharing, "an object")
    strategy = sharing.get("strategy")
    if strategy == "MPS":
        raise _refusal("sharing.strategy", strategy, "TimeSlicing: MPS is not supported")
    if strategy != "TimeSlicing":
        raise _refusal("sharing.strategy", strategy, "TimeSlicing")
    _only(sharing, _SHARING[kind], "sharing")
    slicing = sharing.get("timeSlicingConfig")
    if slicing is None:
        return
    if not isinstance(slicing, dict):
        raise _refusal("sharing.timeSlicingConfig", slicing, "an object")
    _only(slicing, ("interval",), "sharing.timeSlicingConfig")
    interval = slicing.get("interval", "Default")
    if interval not in _INTERVALS:
        raise _refusal("sharing.timeSlicingConfig.interval", interval, " or ".join(_INTERVALS))


def _only(data: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in known:
            raise ClaimError(f"configuration: {where}: {key!r} is not allowed: must be one of {', '.join(known)}")


def _refusal(name: str, value: object, allowed: str) -> ClaimError:
    return ClaimError(f"configuration: {name}: {str(value)[:100]!r} is not allowed: must be {allowed}")
