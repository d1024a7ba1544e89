# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Command lines with words between the flags, such as those of gpu-mockctl state and gpu-mockctl fault."""

from __future__ import annotations

from .flags import TEXT, Flag


def split_words(argv: list[str], flags: list[Flag]) -> tuple[list[str], list[str]]:
    """Return the words and the flags with their values."""
    texts = {flag.name for flag in flags if flag.kind == TEXT}
    words, rest = [], []
    waiting = False
    for word in argv:
        if waiting or word.startswith("-"):
            rest.append(word)
            waiting = not waiting and "=" not in word and word.lstrip("-") in texts
        else:
            words.append(word)
    return words, rest
