# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a run leaves on a node although no component wants it any longer, and why."""

from __future__ import annotations

from ..values import Value

CHANGED = "was changed since it was made"
A_LINK = "is a symbolic link now"
NOT_OF_A_COMPONENT = "is in the manifest, but no component makes anything there"
MOVED = "is a symbolic link that nvmock.gpu did not make"
IN_USE = "has files in it that nvmock.gpu did not make"


class Left(Value):
    """What a removal does not touch.

    :arg path: path on the node.
    :arg why: the reason, to be read after the path.
    :arg below: how many paths in the manifest are below it, for a link.
    """

    __slots__ = ("path", "why", "below")

    def __init__(self, path: str, why: str, below: int = 0) -> None:
        self.path = path
        self.why = why
        self.below = below

    @property
    def is_managed(self) -> bool:
        """Whether something that nvmock.gpu made, or that is in its place, stays: then the removal is not complete."""
        return self.why not in (IN_USE, MOVED)

    def __str__(self) -> str:
        below = f", with {self.below} paths below it" if self.below else ""
        return f"{self.path} {self.why}: left as it is{below}"
