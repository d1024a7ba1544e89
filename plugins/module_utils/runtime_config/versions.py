# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Versions of container runtimes, as numbers: ``v1.7.24~ds1`` is 1.7.24."""

from __future__ import annotations

import re

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_NUMBERS = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)")


def find(answer: str) -> str | None:
    """Return the version in the output of ``--version``: the first three numbers with dots between them."""
    match = _VERSION.search(answer)
    return match.group() if match else None


def numbers(version: str) -> tuple[int, ...] | None:
    """Return the numbers at the beginning of a version, or ``None`` if there are no numbers."""
    match = _NUMBERS.match(version)
    return tuple(int(one) for one in match.group(1).split(".")) if match else None


def at_least(version: str, least: str) -> bool:
    """Whether a version is *least* or newer. Missing numbers are 0, so 1.7 is 1.7.0."""
    left, right = numbers(version) or (), numbers(least) or ()
    size = max(len(left), len(right))
    return left + (0,) * (size - len(left)) >= right + (0,) * (size - len(right))
