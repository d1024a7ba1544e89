# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: the CDI specification of one claim.

A specification can't refer to another one. So it has copies of the edits of its devices, and of the common edits, from the node's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nvmock_gpu.cdi.serialize import to_json
from nvmock_gpu.cdi.spec import EDIT_FIELDS, canonical
from nvmock_gpu.cdi.version import minimum_version

from .names import CDI_KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    Edits = Mapping[str, list[Any]]


def claim_spec(devices: Mapping[str, tuple[Edits, Edits]]) -> bytes:
    """The specification as JSON.

    :arg devices: by CDI name, the common edits of the specification that defines the device, and the device's edits.
    """
    common: dict[str, list[Any]] = {}
    for shared, _own in devices.values():
        for field in EDIT_FIELDS:
            if field != "intelRdt":
                have = common.setdefault(field, [])
                have += [entry for entry in shared.get(field) or [] if entry not in have]
    spec: dict[str, Any] = {
        "cdiVersion": "",
        "kind": CDI_KIND,
        "devices": [{"name": name, "containerEdits": dict(own)} for name, (_shared, own) in devices.items()],
        "containerEdits": common,
    }
    spec["cdiVersion"] = minimum_version(spec)
    return to_json(canonical(spec))
