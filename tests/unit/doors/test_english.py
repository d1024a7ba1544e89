# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation, messages and comments avoid the phrases of a table: they are dated, figurative or hard to translate."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from published_texts import texts


class Phrase(NamedTuple):
    """A phrase to avoid.

    :arg pattern: regular expression, of any case, for a text in one line
    :arg example: a sentence that it finds
    :arg instead: what to write instead
    :arg why: the reason
    """

    pattern: str
    example: str
    instead: str
    why: str


_UNITS = "one|two|once|twice|s|seconds?|minutes?|tasks?|lines?|files?|MB|time"
_THINGS = "GPU|node|component|concern|machine|runtime|image|pod|cluster|host|task|device|role|profile|file|line|path"

PHRASES = [
    Phrase(r"\bours\b", "a file that is not ours", "managed, unmanaged", "a reader does not know who we are"),
    Phrase(r"\b(?:of us|of ours|knows us)\b", "a unit of ours", "a unit that this role creates", "the same"),
    Phrase(r"\bof others\b", "files of others", "unmanaged files, other people's files", "others than whom?"),
    Phrase(
        r"\b(?:some|any)(?:body|one) else\b",
        "a file of somebody else's",
        "an unmanaged file",
        "who wrote it does not matter",
    ),
    Phrase(
        r"\bsay (?:`|take_over\b|allow_real_driver\b)", "or say take_over", "set take_over: true", "options are set"
    ),
    Phrase(r"\bbe had\b", "where Docker can be had", "is available", "dated"),
    Phrase(rf"\b(?:{_UNITS}) an? (?:{_THINGS})\b", "UUIDs, one a GPU", "one per GPU", "dated"),
    Phrase(
        r"(?<!thing )(?<!body )(?<!one )(?<!what )(?<!where )(?<!who )\belse\b",
        "kind, or else local",
        "otherwise",
        "dated",
    ),
    Phrase(r"\ball the same\b", "go on all the same", "anyway", "dated"),
    Phrase(r"\bnone (?:is|are|was|were)\b", "if none is named", "if no image is named", "stilted"),
    Phrase(r"\b(?:does|do) as well\b", "pip does as well", "pip also works", "colloquial"),
    Phrase(r"\bthat will do\b|\bwill do(?:[.,;:)]|$)", "the oldest that will do", "the oldest supported", "colloquial"),
    Phrase(r"\bas with\b", "as with our plugin", "like ...", "stilted"),
    Phrase(r"\b(?:is|are|was|were) to be\b", "where the toolkit is to be", "should be, will be", "stilted"),
    Phrase(r"\bwithout a trace\b", "goes without a trace", "is removed completely", "figurative"),
    Phrase(r"\b(?:knows?|knew) no\b", "an old runtime knows no CDI", "does not support", "stilted"),
    Phrase(r"\bpass(?:es|ed|ing)? over\b", "containerd passes over CDI devices", "ignores", "dated"),
    Phrase(r"\b(?:takes?|took|taken|taking)(?: [\w…`]+){0,4} away\b", "take it away", "remove", "colloquial"),
    Phrase(r"\baway again\b", "everything away again", "removed", "colloquial"),
    Phrase(r"\bstands? in\b", "it stands in five files", "is in", "figurative"),
    Phrase(r"\blikewise\b", "others likewise", "also", "dated"),
    Phrase(r"\bfor ever\b", "waits for ever", "forever, without a limit", "dated"),
    Phrase(r"\bl(?:ies|ie|ay|ain|ying)\b", "a file that lies there", "is", "figurative"),
    Phrase(r"\banew\b", "run it anew", "again", "dated"),
    Phrase(r"\bputs? (?:\w+ )?right\b", "is put right", "corrects", "colloquial"),
    Phrase(r"\bin vain\b", "asked in vain", "without result", "dated"),
    Phrase(r"\bin reach\b", "no registry is in reach", "can be reached", "stilted"),
    Phrase(r"\bin silence\b", "ignores it in silence", "silently", "dated"),
]


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.example.replace(" ", "-"))
def test_a_phrase_to_avoid_is_in_no_text(phrase):
    pattern = re.compile(phrase.pattern, re.I)
    assert pattern.search(phrase.example)
    hits = [f"{t.path}:{t.line}: {t.text}" for t in texts() if pattern.search(t.text)]
    assert not hits, f"write '{phrase.instead}' ({phrase.why}):\n" + "\n".join(hits)


@pytest.mark.parametrize(
    "path, words",
    [
        ("README.md", "mock NVIDIA GPU node"),
        ("docs/reference.md", "name of the kind cluster"),
        ("roles/gpu_node/tasks/main.yml", "Create or remove the mock GPUs"),
        ("roles/gpu_node/meta/argument_specs.yml", "Whether to create a CDI specification"),
        ("roles/device_plugin/tasks/sharing.yml", "is not allowed: must be"),
        ("plugins/modules/nvmock_devices.py", "Device nodes and procfs of mock NVIDIA GPUs"),
        ("device_plugin/service.py", "another plugin listens there"),
        ("native/payload.h", "Copyright"),
        ("scripts/run-tests", "suites"),
        ("playbooks/templates/summary.txt.j2", "device nodes are regular files"),
    ],
)
def test_the_texts_of_each_kind_of_file_are_read(path, words):
    assert any(words in text.text for text in texts() if text.path == path)
