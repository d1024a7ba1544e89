# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes as release 0.1.0 made them, before its manifest had a version: gpu-mockctl of commit bbaf977 on empty host roots.

data/earlier_nodes.tar.xz holds the trees with numeric owners, modes and device nodes. data/earlier_nodes.txt lists them, a line
per path, for people and for a test that compares the two. All were made with ``--uuid-seed node``:

- default: ``--with-dri --with-hook --machine dgxa100``
- mig: ``--machine dgxh100 --gpu-count 2 --mig 0=3g.40gb,1g.10gb``
- paths: :data:`PATHS` and ``--with-hook --gpu-count 1``
- taken: ``--gpu-count 2 --take-over`` on the tree ``taken-before``, which has systemd and two files that are in the way
"""

from __future__ import annotations

import os
import tarfile

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

PATHS = [
    *("--base", "/var/run/mock/base", "--driver-root", "/opt/nvidia/drv"),
    *("--cdi-output", "/var/run/cdi/gpu.json", "--toolkit-root", "/opt/tk"),
]
ARGUMENTS = {
    # dgxa100 had the PCI bus IDs of this type, and a card keeps its number with its bus ID.
    "default": ["--with-dri", "--with-hook", "--machine", "go-nvml-dgxa100"],
    "mig": ["--machine", "dgxh100", "--gpu-count", "2", "--mig", "0=3g.40gb,1g.10gb"],
    "paths": ["--gpu-count", "1", "--with-hook", *PATHS],
    "taken": ["--gpu-count", "2", "--take-over"],
}


def lay_out(name, top):
    """Extract the tree *name* (a key of ARGUMENTS, or taken-before) into the directory *top*; needs root for its devices."""
    with tarfile.open(os.path.join(DATA, "earlier_nodes.tar.xz")) as archive:
        for member in archive:
            first, _slash, rest = member.name.removeprefix("./").partition("/")
            if first == name and rest:
                member.name = rest
                archive.extract(member, top, numeric_owner=True)


def listing(snapshot):
    """A snapshot of host_support as lines of text."""
    return [
        f"{path} {facts[0] | facts[1]:o} {facts[2]}:{facts[3]} {_special(facts[4])}\n"
        for path, facts in sorted(snapshot.items())
    ]


def _special(special):
    if isinstance(special, bytes):
        import zlib

        return f"{len(special)} {zlib.crc32(special):08x}"
    return "-" if special is None else str(special).replace(" ", "")
