# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""How texts are written: as go-yaml's two writers do it. Recorded files have few that are odd (test_recorded_bytes.py)."""

from __future__ import annotations

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.read import load
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.serialize import serialize

# sigs.k8s.io/yaml sorts the keys, yaml.v3 does not.
V3, SIGS = False, True

DOUBLE = [
    *("", "true", "False", "NO", "on", "y", "N", "null", "~", "<<", ".inf", "-.INF", "+.Inf", ".nan"),
    *(
        "0",
        "0666",
        "0888",
        "-12",
        "1_000",
        "1.5",
        "5.",
        ".5",
        "1e3",
        "-1.5E-3",
        "0x1F",
        "0o17",
        "0b101",
        "-0x1",
        "0XfF",
    ),
    *(
        "0:1",
        "1:59",
        "190:20:30.15",
        "2024-01-02",
        "2024-1-2T1:2:3Z",
        "2024-01-02t03:04:05.6+07:00",
        "2024-01-02 3:4:5",
    ),
]
PLAIN = [
    *("nvidia.com/gpu", "0.5.0", "1.2.3", "0:60", "12:99", "0xZZ", "0b2", "1e", "+", "-x", ".", "...x"[2:], "v1"),
    *("2024-13-01", "2024-02-30", "2024-01-02T03:04:05", "24-01-02", "2024-01-02 25:00:00", "550.54.15", "A=<&>"),
    *("tRUE", "yES", "oN", "=", "a#b", "a:b", "?a", ":a", "caf\u00e9", "a\u00a0b", "+.5.", "0x"),
]
SINGLE = [
    "#a",
    "a #b",
    "a: b",
    "a:",
    "- a",
    "? a",
    ": a",
    "---a",
    "...",
    "[a",
    "{a",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
]
SINGLE += ["-", "?", ":", "'a", '"a', "|a", ">a", " a", "a ", ",a"]
ESCAPED = {
    "a\tb": '"a\\tb"',
    'q"\\\t': '"q\\"\\\\\\t"',
    "\x00\x07\x1b\x7f": '"\\0\\a\\e\\x7F"',
    "a\x85b": '"a\\Nb"',
    "\ufeffa": '"\\uFEFFa"',
    "\U0001f600": '"\\U0001F600"',
}


def written(text, sorted_keys=V3):
    """The lines of a list item, as it stands in a specification."""
    content = serialize({"env": [text]}, sorted_keys).decode()
    assert load("x", content.encode()) == {"env": [text]}
    return content.partition("env:\n")[2].rstrip(" ").removesuffix("\n")


@pytest.mark.parametrize("sorted_keys", [V3, SIGS])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, f'"{text}"') for text in DOUBLE],
        *[(text, text) for text in PLAIN],
        *[(text, "'" + text.replace("'", "''") + "'") for text in SINGLE],
        *ESCAPED.items(),
    ],
)
def test_a_text_is_quoted_like_the_releases_yaml_library_does(text, expected, sorted_keys):
    assert written(text, sorted_keys).strip(" ")[2:] == expected


@pytest.mark.parametrize(
    ("text", "head", "lines"),
    [
        ("a\nb", "|-", ["a", "b"]),
        ("a\nb\n", "|", ["a", "b"]),
        ("a\n\n  b\n\n", "|+", ["a", "", "  b", ""]),
    ],
)
def test_texts_of_several_lines_are_blocks(text, head, lines):
    for sorted_keys, dash in ((V3, "    - "), (SIGS, "- ")):
        inner = " " * len(dash)
        assert written(text, sorted_keys).split("\n") == [
            dash + head,
            *[inner + line if line else "" for line in lines],
        ]


def test_blanks_that_a_block_can_not_have():
    assert written("a \nb") == '    - "a \\nb"'
    assert written(" a\nb") == '    - " a\\nb"'
    assert written("a\nb ") == '    - "a\\nb "'
    assert written("a\n\tb") == "    - |-\n      a\n      \tb"
    assert written("a\n\tb", SIGS) == '- "a\\n\\tb"'


def test_only_the_older_writer_folds_long_lines():
    words = ["word"] * 40
    assert written("A=" + " ".join(words)) == "    - A=" + " ".join(words)
    lines = written("A=" + " ".join(words), SIGS).split("\n")
    assert lines[0] == "- A=" + " ".join(words[:16]) and lines[1].startswith("  word word")
    assert all(len(line) <= 80 + len("word") for line in lines)
    assert len(written("A: " + "x" * 90 + "  " + "y" * 90, SIGS).split("\n")) == 1  # never at two blanks
    assert len(written("/a/" + "x" * 200, SIGS).split("\n")) == 1
    assert written("\t" + "x" * 90 + "  y z", SIGS) == '- "\\t' + "x" * 90 + '\n  \\ y z"'


def test_values_of_keys_are_blocks_below_them():
    spec = {"devices": [{"name": "a\nb"}], "annotations": {"k": "x\ny"}}
    assert serialize(spec, V3).decode() == (
        "---\ndevices:\n    - name: |-\n        a\n        b\nannotations:\n    k: |-\n        x\n        y\n"
    )
    assert serialize(spec, SIGS).decode() == (
        "---\nannotations:\n  k: |-\n    x\n    y\ndevices:\n- name: |-\n    a\n    b\n"
    )


@pytest.mark.parametrize("sorted_keys", [V3, SIGS])
def test_numbers_in_annotations_keys_count_by_value(sorted_keys):
    keys = ["a", "a_b", "ab", "a9", "a10", "a1b", "b/2", "b/10", "c01", "c1"]
    ordered = ["a", "a_b", "a1b", "a9", "a10", "ab", "b/2", "b/10", "c1", "c01"]
    lines = serialize({"annotations": dict.fromkeys(keys, "x")}, sorted_keys).decode().split("\n")[2:-1]
    assert [line.strip().partition(":")[0] for line in lines] == ordered
