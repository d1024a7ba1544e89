# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Value objects whose fields are declared once.

Importing ``dataclasses`` and ``typing`` takes longer than all other work of a run of gpu-mockctl (measured in tests/bench). So type
checkers see dataclasses, and a run uses the code below, which generates no code. A call takes about a microsecond longer than an
explicit ``__init__``. Classes with hundreds of objects per run (in host/) have an explicit ``__init__`` and ``__slots__``.
"""

from __future__ import annotations

__all__ = ["Value", "value"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self


class Value:
    """A value: equal to another of the same class with equal fields. Treat instances as read-only."""

    __slots__: tuple[str, ...] = ()
    # The names of the fields, in order.
    FIELDS: tuple[str, ...] = ()

    def fields(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.FIELDS])

    def but(self, **changed: object) -> Self:
        """Return the same value with some fields changed."""
        return type(self)(**{**dict(zip(self.FIELDS, self.fields())), **changed})

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((type(self), self.fields()))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.FIELDS)
        return f"{type(self).__name__}({inner})"

    if not TYPE_CHECKING:

        def __init_subclass__(cls):
            cls.FIELDS = tuple(cls.__dict__.get("__slots__", ()))


if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:

    def value(cls):
        """Add an ``__init__`` for the annotated fields and their defaults to the :class:`Value` *cls*.

        ``__post_init__`` is called, as dataclasses do.
        """
        names = cls.FIELDS = tuple(cls.__annotations__)
        required = [name for name in names if name not in cls.__dict__]
        known = frozenset(names)
        post = cls.__dict__.get("__post_init__")

        def __init__(self, *given, **named):
            fields = self.__dict__
            fields.update(zip(names, given))
            if named:
                fields.update(named)
            # A default is an attribute of the class, so it does not have to be set.
            if len(fields) != len(given) + len(named) or not known.issuperset(fields):
                raise TypeError(f"{cls.__name__}(): unknown or doubled fields: {given!r}, {named!r}")
            for name in required:
                if name not in fields:
                    raise TypeError(f"{cls.__name__}(): {name} is missing")
            if post is not None:
                post(self)

        cls.__init__ = __init__
        return cls
