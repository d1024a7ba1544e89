# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Where each part of a mock can have made something: a removal trusts no manifest that names other places.

The lists also hold for what earlier versions made.
"""

from __future__ import annotations

from ..host.manifest import HEALTHY
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, DRIVER_TREE, Owner
from ..layout.devices import NESTED
from ..layout.tmpfiles import PREFIXES as BOOT_FILES
from ..native import CDI_HOOK

_SHADOWS = "/var/run/cdi/"
_HOOK = f"/bin/{CDI_HOOK}"


def strict_places(owner: Owner | None) -> tuple[str, ...]:
    """The directories at and below which only this part makes things, so that no link is followed there."""
    if owner is None:
        return ()
    if owner.part == CDI_SPEC:
        return (HEALTHY,)
    if owner.part != DEV_ROOT:
        return (owner.path, HEALTHY)
    return (*[f"/dev/{name}" for name in NESTED], HEALTHY) if owner.dev_root == "/" else (owner.dev_root, HEALTHY)


def can_have_made(owner: Owner, path: str) -> bool:
    """Whether the part makes files, links and device nodes like *path*; directories are removed only when empty."""
    if path.startswith(HEALTHY + "/"):
        path = path[len(HEALTHY) :]
    if owner.part == DEVICES:
        return path.startswith((f"{owner.path}/dev/", f"{owner.path}/proc/driver/nvidia", *BOOT_FILES))
    if owner.part == DEV_ROOT:
        dev = owner.dev_root.rstrip("/") + "/dev/"
        return path.startswith((f"{dev}nvidia", f"{dev}dri/", *BOOT_FILES))
    if owner.part == DRIVER_TREE:
        return path.startswith(owner.path + "/")
    # Coherent annotations add files with a word before the ending.
    if path == _SHADOWS + owner.path.rpartition("/")[2]:
        return True
    return path.startswith(owner.path.rpartition(".")[0] + ".") or path.endswith(_HOOK) or path == "/dev/null"
