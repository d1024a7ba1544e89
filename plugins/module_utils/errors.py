# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The errors that the core raises. Each message is one line that tells the user what to do.

Modules and the CLI only print ``str(error)``. Any other exception than ``NvmockError`` is a bug.
"""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """Return *text*, cut to *most* characters if it is longer."""
    return text if len(text) <= most else text[: most - 3] + "..."


class NvmockError(Exception):
    """An expected failure; ``str(error)`` is one line."""


class UsageError(NvmockError):
    """The command line is invalid."""


class ParameterError(NvmockError):
    """A parameter has a value that is not allowed.

    :arg name: the parameter (``gpu_count``), or a flag as the user wrote it (``--format``).
    :arg value: the offending value.
    :arg allowed: what is allowed, to be read after "must be".
    :arg place: where in the parameter, such as ``[0]``.
    """

    def __init__(self, name: str, value: object, allowed: str, place: str = "") -> None:
        self.name = name
        self.place = place
        self.value = value
        self.allowed = allowed
        super().__init__(f"{name}{place}: {shortened(repr(value), 120)} is not allowed: must be {allowed}")


class HostError(NvmockError):
    """The node's filesystem does not allow the requested change."""


class GuardError(NvmockError):
    """The node seems to have a real NVIDIA driver, or unmanaged files are in the way."""


class SpecError(NvmockError):
    """A CDI specification can't be generated, or is not valid."""
