# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""TOML edits change one thing and leave every other byte; Python's own reader is the judge of what the text means."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.toml_edit import (
    MISSING,
    Document,
    TomlError,
    format_key,
    format_value,
)

tomllib = pytest.importorskip("tomllib", reason="Python 3.11 or newer reads TOML")

CRI = ("plugins", "io.containerd.grpc.v1.cri")

KIND = """\
# kind's own
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10" # pinned
  enable_cdi = false  # off by default
  cdi_spec_dirs = [
    "/opt/cdi", # ours
  ]

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
"""


def test_a_value_is_replaced_where_it_stands():
    document = Document(KIND)
    document.set((*CRI, "enable_cdi"), True)
    assert document.text == KIND.replace("enable_cdi = false ", "enable_cdi = true ")


def test_a_key_joins_its_table_with_its_neighbours_indentation():
    document = Document(KIND.replace("  enable_cdi = false  # off by default\n", ""))
    document.set((*CRI, "enable_cdi"), True)
    assert '  ]\n  enable_cdi = true\n\n[plugins."io.containerd.grpc.v1.cri".containerd]' in document.text


def test_a_table_with_existing_children_is_added_at_the_end():
    document = Document('[plugins."io.containerd.grpc.v1.cri".containerd]\nx = 1')
    document.set((*CRI, "enable_cdi"), True)
    assert document.text == (
        '[plugins."io.containerd.grpc.v1.cri".containerd]\nx = 1\n'
        '\n[plugins."io.containerd.grpc.v1.cri"]\nenable_cdi = true\n'
    )


def test_an_array_keeps_its_comments_when_it_grows():
    document = Document(KIND)
    document.append((*CRI, "cdi_spec_dirs"), ["/etc/cdi"])
    assert '    "/opt/cdi", "/etc/cdi", # ours\n' in document.text
    assert document.get(*CRI, "cdi_spec_dirs") == ["/opt/cdi", "/etc/cdi"]


@pytest.mark.parametrize("array", ["[]", "[ ]", "[ # none yet\n]"])
def test_an_empty_array_grows(array):
    document = Document(f"a = {array}\n")
    document.append(("a",), ["x", "y"])
    assert tomllib.loads(document.text) == {"a": ["x", "y"]}


def test_a_table_of_dotted_keys_is_not_defined_twice():
    document = Document('plugins."io.containerd.grpc.v1.cri".containerd.snapshotter = "native"\n')
    document.set((*CRI, "enable_cdi"), True)
    assert tomllib.loads(document.text)["plugins"][CRI[1]]["enable_cdi"] is True


def test_windows_line_ends_and_a_missing_last_one_are_kept():
    document = Document("a = 1\r\n[t]\r\nb = 2")
    document.set(("t", "c"), "x")
    assert document.text == 'a = 1\r\n[t]\r\nb = 2\r\nc = "x"\r\n'


def test_keys_are_found_however_they_are_quoted():
    for name in ("'io.containerd.grpc.v1.cri'", '"io.containerd.grpc.v1.cri"', '"io\\u002Econtainerd.grpc.v1.cri"'):
        assert Document(f"[ plugins . {name} ]\nenable_cdi=true").get(*CRI, "enable_cdi") is True


def test_tables_in_arrays_are_not_mistaken_for_tables():
    document = Document("[[a]]\nx = 1\n[a.b]\nx = 2\n[c]\nx = 3\n")
    assert document.get("a", "x") is MISSING
    assert document.get("a", "b", "x") is MISSING
    assert document.get("c", "x") == 3


def test_values_inside_inline_tables_are_read_but_not_edited():
    document = Document("plugins = { cri = { enable_cdi = false } }\n")
    assert document.get("plugins", "cri", "enable_cdi") is False
    with pytest.raises(TomlError, match=r"line 1: plugins is an inline table"):
        document.set(("plugins", "cri", "enable_cdi"), True)


def test_what_looks_like_a_key_in_a_string_is_no_key():
    text = 'a = """\n[t]\nx = 1\n"""\nb = \'\'\'\nx = 2 # "\n\'\'\'\n'
    assert Document(text).get("t", "x") is MISSING
    assert Document(text).get("x") is MISSING


def test_what_was_added_can_be_removed_without_a_trace():
    document = Document(KIND)
    document.set(("new", "table", "key"), [True, 2, "three"])
    document.remove(("new", "table", "key"))
    document.remove_empty_table(("new", "table"))
    assert document.text == KIND


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "line 1: no = after the key"),
        ("a = 1\nb = 'x\n", "line 2: a string is not terminated"),
        ('a = """x', "line 1: a string is not terminated"),
        ("a = [1, 2", "line 1: an array is not terminated"),
        ("a = [1 2]", "line 1: "),
        ("a = { b = 1", "line 1: an inline table is not terminated"),
        ("[a\n", "line 1: no ] after the table's name"),
        ("[a]\n[a]\n", "line 2: table a is defined twice"),
        ("a = 1\na = 2\n", "line 2: a is defined twice"),
        ("a = 1 b = 2\n", "line 1: "),
        ("a = nonsense\n", "line 1: 'nonsense' is not a value"),
        ("= 1\n", "line 1: a key is missing"),
        ('a = "\\q"\n', "line 1: \\\\q is not an escape sequence"),
        ("a =\n", "line 1: a value is missing"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(text, message):
    with pytest.raises(TomlError, match=message):
        Document(text)
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("a = 1\n", ("a", "b"), "a is a value, not a table"),
        ("[a]\nb = 1\n", ("a",), "a is a table, not a value"),
        ("a.b = 1\n", ("a",), "a is a table, not a value"),
        ("[[a]]\nb = 1\n", ("a", "b"), "a is an array of tables"),
    ],
)
def test_an_edit_that_would_not_be_toml_is_refused(text, path, message):
    with pytest.raises(TomlError, match=message):
        Document(text).set(path, 1)


# Any document, any edit: the meaning changes in that one place, and all lines that were there are still there.

keys = st.one_of(st.sampled_from(["a", "b", "c.d", "io.x", "key with blank", 'quo"te', "ä", ""]))
strings = st.text(st.characters(codec="utf-8"), max_size=6)
scalars = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), strings)
values = st.one_of(scalars, st.lists(st.sampled_from(["/etc/cdi", "x", 'a"b\\']), max_size=3))
tables = st.recursive(values, lambda inner: st.dictionaries(keys, inner, max_size=4), max_leaves=12)
documents = st.dictionaries(keys, tables, max_size=4)


def write(data, path=(), draw=lambda _n: 0):
    """A TOML text of the data, with comments, blank lines, indentation and quoting that differ."""
    lines = []
    indent = "  " * draw(3)
    for key, value in data.items():
        if not isinstance(value, dict):
            comment = "  # note [x] = 'y'" if draw(2) else ""
            lines.append(f"{indent}{format_key(key)} ={' ' * draw(2)}{format_value(value)}{comment}")
            if draw(4) == 0:
                lines.append("# a line of its own")
    for key, value in data.items():
        if isinstance(value, dict):
            inner = (*path, key)
            if not value or any(not isinstance(one, dict) for one in value.values()) or draw(2):
                lines.append("")
                lines.append("[" + ".".join(format_key(part) for part in inner) + "]")
            lines += write(value, inner, draw)
    return lines


def leaves(data, path=()):
    for key, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def with_value(data, path, value):
    out = dict(data)
    out[path[0]] = with_value(out.get(path[0], {}), path[1:], value) if len(path) > 1 else value
    return out


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents, st.data())
def test_reading_agrees_with_tomllib(data, picks):
    text = "\n".join(write(data, draw=lambda n: picks.draw(st.integers(0, n - 1)) if n > 1 else 0)) + "\n"
    document = Document(text)
    for path, value in leaves(tomllib.loads(text)):
        assert document.get(*path) == value


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents, st.lists(keys, min_size=1, max_size=3), values, st.data())
def test_an_edit_changes_one_place_only(data, path, value, picks):
    text = "\n".join(write(data, draw=lambda n: picks.draw(st.integers(0, n - 1)) if n > 1 else 0)) + "\n"
    before = tomllib.loads(text)
    document = Document(text)
    had = document.raw(*path)
    try:
        document.set(tuple(path), value)
    except TomlError:
        # Refused only where the path runs through a value or ends at a table.
        inner = before
        for part in path[:-1]:
            inner = inner.get(part, {}) if isinstance(inner, dict) else None
            if not isinstance(inner, dict):
                return
        assert isinstance(inner.get(path[-1]), dict)
        return
    assert tomllib.loads(document.text) == with_value(before, path, value)
    if had is None:
        rest = iter(document.text.splitlines(keepends=True))
        assert all(line in rest for line in text.splitlines(keepends=True)), "a line was lost or moved"
        assert document.get(*path) == value
        document.remove(tuple(path))
        assert tomllib.loads(document.text) == before or len(path) > 1
    else:
        document.set_raw(tuple(path), had)
        assert document.text == text
