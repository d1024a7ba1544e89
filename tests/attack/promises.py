# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the product promises, by the attack that tries to break it. A check that names no promise of this table fails."""

from __future__ import annotations

PROMISES: dict[str, dict[str, str]] = {
    "damage": {
        "repair": "a damaged node is repaired exactly, or refused in one line with nothing changed",
        "again": "the run after a repair changes nothing",
        "check": "--check says what the run then does, and changes nothing itself",
        "remove": "--remove leaves what was there before, and names what it leaves because it was changed",
        "unmanaged": "unmanaged files stay as they are, and so does everything outside of the node",
    },
}
