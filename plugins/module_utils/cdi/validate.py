from __future__ import annotations


def problems(spec):
    return []
