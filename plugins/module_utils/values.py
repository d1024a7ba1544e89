# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Base of the core's value objects.

``dataclasses`` and ``typing`` cost more at start-up than all the work of a run of gpu-mockctl
(measured in tests/bench), hence this small class: fields are ``__slots__``, equality and repr follow them.
"""

from __future__ import annotations


class Value:
    """A value: equal to another of the same class with equal fields. Treat instances as read-only."""

    __slots__: tuple[str, ...] = ()

    def fields(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((type(self), self.fields()))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({inner})"
