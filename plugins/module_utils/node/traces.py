# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What tells that a node without a manifest has a mock: its manifest was lost, and a removal can't know what was made."""

from __future__ import annotations

from ..errors import HostError
from ..host import manifest
from ..host.owner import DEVICES, DRIVER_TREE
from ..host.root import HostRoot
from ..layout.tmpfiles import DIRECTORY_OF_FILES
from ..machine.file import PATH as MACHINE_FILE
from . import DEFAULT_BASE, DEFAULT_DRIVER_ROOT

_BOOT_FILE = "nvmock"
_PROCFS = "proc/driver/nvidia/version"
_REAL_DRIVER = "/sys/module/nvidia"


def refuse_lost_manifest(root: HostRoot, paths: dict[str, str]) -> None:
    """Refuse a removal that would find nothing in the manifest, although the node has files of a mock.

    Device nodes alone are no sign: they are the same on a real node. Nor is procfs below the base where the kernel has the
    driver: an operator's driver container mounts the real one there.

    :arg paths: part -> path that was given for it.
    :raises HostError: a sign was found; the message names it.
    """
    signs = [f"{paths.get(DRIVER_TREE, DEFAULT_DRIVER_ROOT)}/{MACHINE_FILE}"]
    if root.status(_REAL_DRIVER) is None:
        signs.append(f"{paths.get(DEVICES, DEFAULT_BASE)}/{_PROCFS}")
    signs += [f"{DIRECTORY_OF_FILES}/{name}" for name in root.names(DIRECTORY_OF_FILES) if name.startswith(_BOOT_FILE)]
    for sign in signs:
        if _is_there(root, sign):
            raise HostError(
                f"{manifest.PATH} does not exist, so that it is not known what was made, but {sign} is there: run again "
                "with the options that made the node, which makes the manifest again, and then remove"
            )


def _is_there(root: HostRoot, path: str) -> bool:
    try:
        return root.status(path) is not None
    except HostError:
        return False  # something that is no directory is above it
