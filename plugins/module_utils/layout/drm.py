# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The minors of DRM nodes, chosen like the kernel does (drivers/gpu/drm/drm_drv.c, drm_minor_alloc).

Card N is minor N, from 0 to 63; render node N is minor N, from 128 to 191. A new device gets the lowest free minor of each
kind. If a kind has none left, it is the lowest free one from 192 on, which all kinds share.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CARD, RENDER = "card", "renderD"
"""The beginnings of the names in /dev/dri, in the order in which minors are given here."""

_RANGES = {CARD: range(64), RENDER: range(128, 192)}
_EXTENDED = range(192, 1 << 20)


def minor_of(name: str) -> int | None:
    """Return the minor of a node in /dev/dri or a directory in /sys/class/drm by its name; None for other names."""
    for kind in (CARD, RENDER):
        digits = name[len(kind) :]
        if name.startswith(kind) and digits.isascii() and digits.isdigit() and len(digits) < 8:
            return int(digits)
    return None


def choose(
    bus_ids: list[str], kept: Mapping[str, tuple[int | None, int | None]], taken: set[int]
) -> tuple[tuple[int, int], ...]:
    """Return (minor of the card, minor of the render node) for each GPU.

    :arg bus_ids: of the GPUs, in their order.
    :arg kept: PCI bus ID -> the minors that the GPU has from an earlier run. It keeps those that are not *taken*.
    :arg taken: minors of other devices.
    """
    used = set(taken)
    chosen: list[dict[str, int]] = []
    for bus_id in bus_ids:
        mine = {}
        for kind, minor in zip((CARD, RENDER), kept.get(bus_id, (None, None))):
            if minor is not None and minor not in used and (minor in _RANGES[kind] or minor in _EXTENDED):
                mine[kind] = minor
                used.add(minor)
        chosen.append(mine)
    for mine in chosen:
        for kind in (CARD, RENDER):
            if kind not in mine:
                mine[kind] = _lowest_free(kind, used)
                used.add(mine[kind])
    return tuple((mine[CARD], mine[RENDER]) for mine in chosen)


def _lowest_free(kind: str, used: set[int]) -> int:
    for numbers in (_RANGES[kind], _EXTENDED):
        for minor in numbers:
            if minor not in used:
                return minor
    raise ValueError(f"no minor is free for {kind}")
