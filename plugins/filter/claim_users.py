# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter claim_users: which pods have devices of a DRA driver."""

from __future__ import annotations

DOCUMENTATION = r"""
name: claim_users
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which pods have devices of a DRA driver
description:
  - Returns the pods for which ResourceClaims with devices of a driver are reserved.
positional: _input, driver
options:
  _input:
    description: ResourceClaims, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
  driver:
    description: Name of the driver.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Wait until no pod has a GPU by a claim
  kubernetes.core.k8s_info:
    api_version: resource.k8s.io/v1
    kind: ResourceClaim
  register: claims
  until: claims.resources | nvmock.gpu.claim_users('gpu.nvidia.com') | length == 0
  retries: 30
  delay: 2
"""

RETURN = r"""
_value:
  description: The pods, each C(pod NAMESPACE/NAME), sorted.
  type: list
  elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import resource_claims


def claim_users(claims, driver):
    """See DOCUMENTATION."""
    if not isinstance(claims, (list, tuple)) or not all(isinstance(one, Mapping) for one in claims):
        raise AnsibleFilterError(f"claim_users: the input is {claims!r}: must be a list of ResourceClaims")
    return resource_claims.users(claims, driver)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"claim_users": claim_users}
