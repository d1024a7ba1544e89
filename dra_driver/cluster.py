# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a cluster has what the driver needs.

An API server without the feature gate DRAPartitionableDevices drops counters without a word, and its scheduler would then allocate MIG
devices that overlap. So a slice of each kind is created as a dry run, and compared.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

from device_plugin.api_server import ApiError
from nvmock_gpu.errors import NvmockError

from .names import DRIVER, GROUP

if TYPE_CHECKING:
    from device_plugin.api_server import ApiServer

_COUNTERS = {"one": {"value": "1"}}
_PROBES: tuple[dict[str, Any], ...] = (
    {"sharedCounters": [{"name": "probe", "counters": _COUNTERS}]},
    {"devices": [{"name": "probe", "consumesCounters": [{"counterSet": "probe", "counters": _COUNTERS}]}]},
)


class ClusterError(NvmockError):
    """The cluster can't use this driver."""


def check_claims(server: ApiServer) -> None:
    """Refuse a cluster that does not have ResourceClaims.

    :raises ClusterError: it has none.
    :raises ApiError: the API server can't be reached.
    """
    try:
        server.call("GET", GROUP)
    except ApiError as error:
        if error.status == http.client.NOT_FOUND:
            raise ClusterError(
                f"{error}: resource.k8s.io/v1 is not available: Kubernetes 1.34 or later is needed"
            ) from None
        raise


def check_partitions(server: ApiServer, node: str) -> None:
    """Refuse a cluster whose devices can't consume counters of another slice.

    :raises ClusterError: it can't be used with ``--dynamic-mig``.
    :raises ApiError: the API server can't be reached.
    """
    pool = {"name": node, "generation": 1, "resourceSliceCount": len(_PROBES)}
    for number, probe in enumerate(_PROBES):
        body = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": f"probe-{number}-{DRIVER}-{node}"},
            "spec": {"driver": DRIVER, "nodeName": node, "pool": pool, **probe},
        }
        try:
            made = server.call("POST", f"{GROUP}/resourceslices?dryRun=All", body)["spec"]
        except ApiError as error:
            if error.status != http.client.UNPROCESSABLE_ENTITY:
                raise
            made = {}
        if any(made.get(field) != value for field, value in probe.items()):
            raise ClusterError(
                "--dynamic-mig: this cluster does not have partitionable devices (feature gate DRAPartitionableDevices):"
                " Kubernetes 1.36 or later is needed"
            )
