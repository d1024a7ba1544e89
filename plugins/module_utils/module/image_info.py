# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_image_info does."""

from __future__ import annotations

from ..kind_cluster import image
from ..kind_cluster.answer import ask_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARGUMENT_SPEC: dict[str, Any] = {
    "image": {"type": "str", "required": True},
    "engine": {"type": "str", "choices": ["docker", "podman"], "default": "docker"},
    "cluster": {"type": "str", "default": ""},
}


def run(module: Any) -> None:
    """Look for the image, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    params = module.params
    module.exit_json(changed=False, **image.look(params["engine"], params["image"], params["cluster"], ask_all))
