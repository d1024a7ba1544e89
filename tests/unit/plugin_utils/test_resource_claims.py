# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What DRA drivers offer and pods use, for the role dra_driver."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.filter.claim_users import claim_users
from ansible_collections.nvmock.gpu.plugins.filter.slice_devices import slice_devices

DRIVER = "gpu.nvidia.com"


def part(name, node, *devices):
    spec = {"devices": [{"name": device} for device in devices]}
    return {"metadata": {"name": name}, "spec": {**spec, "nodeName": node} if node else spec}


def claim(namespace, *pods, driver=DRIVER):
    results = [{"driver": driver, "device": "gpu-0"}]
    reserved = [{"resource": "pods", "name": name} for name in pods]
    status = {"allocation": {"devices": {"results": results}}, "reservedFor": reserved}
    return {"metadata": {"namespace": namespace}, "status": status}


def test_devices_by_node():
    slices = [part("00001-b", "n", "gpu-1"), part("00000-a", "n", "gpu-0"), part("x", "m"), part("y", None, "net")]
    assert slice_devices(slices) == {"n": ["gpu-0", "gpu-1"], "m": []}


def test_users_of_a_driver():
    claims = [claim("b", "p", "q"), claim("a", "p"), claim("b", "p"), claim("c", "z", driver="other"), claim("d")]
    claims += [{"metadata": {"namespace": "e"}}, {"metadata": {"namespace": "e"}, "status": {"reservedFor": []}}]
    assert claim_users(claims, DRIVER) == ["pod a/p", "pod b/p", "pod b/q"]


@pytest.mark.parametrize("wrong", [None, "text", {"a": 1}, [1]])
def test_other_input_is_refused(wrong):
    with pytest.raises(AnsibleFilterError, match="must be a list of ResourceSlices"):
        slice_devices(wrong)
    with pytest.raises(AnsibleFilterError, match="must be a list of ResourceClaims"):
        claim_users(wrong, DRIVER)
