# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: the taint of a device that is unhealthy, with the keys of NVIDIA's driver 0.4.1. Unlike there, it goes with its reason."""

from __future__ import annotations

import re

from nvmock_gpu.layout.state_faults import HARMLESS_XIDS

from .names import DRIVER

NO_SCHEDULE = "NoSchedule"
NO_EXECUTE = "NoExecute"
NONE = "None"
# Also as the kernel's log has it: "NVRM: Xid (PCI:0000:07:00): 79, ...".
_XID = re.compile(r"\bXid\b\s*(?:\([^)]*\))?[\s:=]*(\d{1,5})\b", re.IGNORECASE)
_LOST = re.compile(r"\b(?:lost|fallen off)\b", re.IGNORECASE)


def taint_of(reason: str, effect: str) -> dict[str, str]:
    """The taint for *reason*.

    :arg effect: ``NoSchedule`` or ``NoExecute``. A harmless Xid has the effect ``None``: it is only shown.
    """
    xid = _XID.search(reason)
    if xid:
        number = int(xid[1])
        return {
            "key": f"{DRIVER}/xid",
            "value": str(number),
            "effect": NONE if number in HARMLESS_XIDS else effect,
        }
    key = "gpu-lost" if _LOST.search(reason) else "unhealthy"
    return {"key": f"{DRIVER}/{key}", "effect": effect}
