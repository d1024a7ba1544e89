# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The answer to Allocate: what a container gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import api
from .preference import RequestError, known
from .resources import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELD = "field"
OFF = "off"
CONTROL_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
VISIBLE_DEVICES = "NVIDIA_VISIBLE_DEVICES"


def answer(
    resource: Resource, ids: Sequence[str], cdi: str, cdi_names: Mapping[str, str], nodes: Sequence[str], one_only: bool
) -> api.ContainerAllocateResponse:
    """The devices of *ids* for one container: by the CDI field, or as device nodes; never both.

    :arg cdi_names: qualified CDI name by UUID.
    :arg nodes: the control nodes that exist on the node.
    :raises RequestError: unknown ids, no id, or more than one if that is not allowed.
    """
    if not ids:
        raise RequestError("a container requests no device")
    known(resource, ids)
    if len(set(ids)) != len(ids):
        raise RequestError("a container requests one device twice")
    if one_only and resource.replicas > 1 and len(ids) > 1:
        raise RequestError(f"{resource.name} is shared: a container may request 1, not {len(ids)}")
    devices = list({resource.devices[one].uuid: resource.devices[one] for one in ids}.values())
    response = api.ContainerAllocateResponse()
    if cdi == OFF:
        # nvidia-container-runtime uses this variable, if it is installed. The CDI specification sets it to void.
        response.envs[VISIBLE_DEVICES] = ",".join(device.uuid for device in devices)
        gpus = dict.fromkeys(f"/dev/nvidia{device.gpu.minor}" for device in devices)
        for path in (*nodes, *gpus):
            response.devices.add(container_path=path, host_path=path, permissions="rw")
        return response
    for device in devices:
        response.cdi_devices.add(name=cdi_names[device.uuid])
    return response
