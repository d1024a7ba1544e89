# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_kind_cluster_info does: on a host, or in the process of Ansible if the host is its machine."""

from __future__ import annotations

from .. import parameters
from ..kind_cluster.answer import ask_all
from ..kind_cluster.containers import ROLES
from ..kind_cluster.info import Question, gather
from .one_line import OneLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "provider": {"type": "str", "choices": ["docker", "podman"], "default": "docker"},
    "record": {"type": "path", "required": True},
    "create_seconds": {"type": "int", "default": 900},
    "kubeconfig": {"type": "path", "required": True},
    "kubeconfig_merge": {"type": "bool", "default": False},
    # Not of the type str, which would turn the number 1.30 into the text 1.3.
    "kind_minimum": {"type": "raw", "default": "0.20.0"},
    "kubectl_minimum": {"type": "raw", "default": "1.30.0"},
    "roles": {"type": "list", "elements": "str", "choices": list(ROLES), "default": []},
    "python_probe": {"type": "list", "elements": "str", "default": []},
    "config": {"type": "dict"},
}


def run(module: Any) -> None:
    """Look at the cluster, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    found = {}
    with OneLine(module):
        for name in ("kind_minimum", "kubectl_minimum"):
            parameters.string(name, module.params[name])
        found = gather(Question(**module.params), ask_all)
    module.exit_json(changed=False, **found)
