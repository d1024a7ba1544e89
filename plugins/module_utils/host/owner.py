# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Owners: the names that the manifest has for components, such as ``devices:/run/nvidia/driver``.

A name says which part of a mock it is, which mock, and where. A node has one mock without a name. Another beside it has
the name of its *instance*: ``devices.blue:/run/blue``. Device nodes in a dev root belong to a base:
``devices:/run/nvidia/driver@/``.
"""

from __future__ import annotations

from ..values import Value

DEVICES = "devices"
DEV_ROOT = "dev_root"
"""A part with the word of DEVICES: names of earlier versions are read as they are."""
DRIVER_TREE = "driver_tree"
CDI_SPEC = "cdi_spec"


class Owner(Value):
    """A part of a mock.

    :arg part: DEVICES, DEV_ROOT, DRIVER_TREE or CDI_SPEC.
    :arg path: the base, the driver root, or the path of the CDI specification.
    :arg instance: the mock's name, "" for the one without.
    :arg dev_root: of a DEV_ROOT, "" for other parts.
    """

    __slots__ = ("part", "path", "instance", "dev_root")

    def __init__(self, part: str, path: str, instance: str = "", dev_root: str = "") -> None:
        self.part = part
        self.path = path
        self.instance = instance
        self.dev_root = dev_root

    @property
    def tag(self) -> str:
        """The name in the manifest."""
        word = DEVICES if self.part == DEV_ROOT else self.part
        name = f"{word}.{self.instance}" if self.instance else word
        return f"{name}:{self.path}@{self.dev_root}" if self.part == DEV_ROOT else f"{name}:{self.path}"

    @classmethod
    def from_tag(cls, tag: str) -> Owner | None:
        """Read a name; None if it is not one of a part, such as that of the manifest's own directories.

        The last ``@/`` separates base and dev root, which is wrong for a base whose path has ``@/`` in it: then tag and
        base still go together, as no dev root of that base can be told from another base.
        """
        name, _colon, path = tag.partition(":")
        word, _dot, instance = name.partition(".")
        if word not in (DEVICES, DRIVER_TREE, CDI_SPEC) or not path.startswith("/"):
            return None
        if word == DEVICES:
            base, mark, dev_root = path.partition("@/")
            if mark:
                return cls(DEV_ROOT, base, instance, "/" + dev_root)
        return cls(word, path, instance)

    def __str__(self) -> str:
        """For people: part, path and the mock's name."""
        words = {
            DEVICES: f"device nodes and procfs below {self.path}",
            DEV_ROOT: f"device nodes in {self.dev_root.rstrip('/')}/dev",
            DRIVER_TREE: f"driver installation {self.path}",
            CDI_SPEC: f"CDI specification {self.path}",
        }
        text = words[self.part]
        return f"{text} (instance {self.instance})" if self.instance else text


def instance_of(tag: str) -> str:
    """The name of the mock that the part *tag* belongs to, "" for the mock without a name."""
    return tag.partition(":")[0].partition(".")[2]
