# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Files of others in /etc/cdi: hostile ones are refused in a moment and in one line, large ones are read."""

from __future__ import annotations

import gc
import resource
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi import read
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.read import load, parse
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.registry import load_registry
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import SpecError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.view import HostView

GOOD = b"""cdiVersion: 0.5.0
kind: vendor.com/net
devices:
- name: 0
  containerEdits: {env: [A=b]}
"""


def laughs(levels=9, width=9):
    """Aliases of aliases: some hundred bytes that stand for width ** levels values."""
    lines = [f"a0: &a0 [{', '.join(['lol'] * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines).encode() + b"\n"


def in_annotations(text):
    return GOOD + b"annotations:\n" + b"".join(b"  " + line + b"\n" for line in text.splitlines())


HOSTILE = {
    "aliases of aliases": laughs(),
    "in a specification": in_annotations(laughs()),
    "aliased maps": b"a: &a {x: 1, y: 2}\n"
    + b"".join(
        b"b%d: &b%d {x: *%s, y: *%s}\n" % (n, n, w, w) for n in range(40) for w in [b"b%d" % (n - 1) if n else b"a"]
    ),
    "merged maps": b"a0: &a0 {x: [1, 2, 3, 4, 5, 6, 7, 8]}\n"
    + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"{<<: *m, y: *a%d}" % (n - 1)] * 9)) for n in range(1, 8)
    ).replace(b"*m", b"*a0"),
    "an anchor in itself": b"a: &a [*a]\n",
    "a key in itself": b"&a {x: *a}: 1\n",
    "brackets": b"[" * 100_000,
    "objects": b'{"a":' * 100_000,
    "a deep value in JSON": b'{"cdiVersion": ' + b"[" * 900 + b"]" * 900 + b"}",
    "braces": b"{a: " * 50_000,
    "dashes": b"- " * 50_000,
    "a date that is none": b"a: !!timestamp 2001-99-99\n",
    "a number that is none": b"a: !!int x\n",
    "a tag of Python": b"a: !!python/object:os.system x\n",
    "a map as key": b"? {a: 1}\n: 2\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "no text": b"\xff\xfe\xff",
    "a NUL": b"a: \0\n",
    "digits": b'{"a": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line(name):
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        parse("/etc/cdi/x.yaml", HOSTILE[name])
    assert time.process_time() - start < 5
    text = str(caught.value)
    assert text.startswith("/etc/cdi/x.yaml: ") and "\n" not in text and len(text) < 1000


@pytest.mark.parametrize("name", ["aliases of aliases", "in a specification", "aliased maps"])
def test_it_says_that_there_are_too_many_aliases(name):
    with pytest.raises(SpecError, match="excessive aliasing"):
        load("x", HOSTILE[name])


def test_one_bad_file_is_named_and_hides_no_other(tmp_path):
    (tmp_path / "etc/cdi").mkdir(parents=True)
    (tmp_path / "etc/cdi/good.yaml").write_bytes(GOOD)
    for number, content in enumerate(HOSTILE.values()):
        (tmp_path / f"etc/cdi/{number}.yaml").write_bytes(content)
    registry = load_registry(HostView(str(tmp_path)))
    assert registry.names == ["vendor.com/net=0"]
    assert len(registry.errors) == len(HOSTILE)


def test_brackets_in_texts_are_no_depth():
    text = "[" * 5000
    for content in (f'{{"a": "{text}"}}', f"a: '{text}'\n", f"a: >-\n  {text}\n"):
        assert load("x", content.encode()) == {"a": text}


def test_few_aliases_are_no_crime():
    content = b"""x: &edits {env: [A=b]}
devices: [*edits, *edits, {<<: *edits, name: c}]
"""
    edits = {"env": ["A=b"]}
    data = load("x", content)
    assert data == {"x": edits, "devices": [edits, edits, {"name": "c", **edits}]}
    assert data["devices"][0] is not data["devices"][1] and data["x"]["env"] is not data["devices"][0]["env"]


def test_a_hundred_copies_of_one_value_are_allowed():
    """As go-yaml does: up to a size, 99 of 100 values may be copies."""
    line = b"- name: d%d\n  containerEdits: *e\n"
    content = b"cdiVersion: 0.5.0\nkind: vendor.com/net\ncontainerEdits: &e {env: [A=b]}\ndevices:\n"
    spec = parse("x", content + b"".join(line % number for number in range(2000)))
    assert len(spec["devices"]) == 2000 and spec["devices"][1999]["containerEdits"] == {"env": ["A=b"]}


def test_an_aliased_value_is_text_in_one_place_and_a_number_in_another():
    content = b"""cdiVersion: 0.7.0
kind: vendor.com/net
devices:
- name: &n 12
  containerEdits: {additionalGids: [*n]}
"""
    assert parse("x", content)["devices"] == [{"name": "12", "containerEdits": {"additionalGids": [12]}}]


# (PyYAML itself does not bring back every text: U+0085 is a line break to it.)
_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\n\tä€😀"))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | _TEXTS
        | st.sampled_from(["2001-01-01", "=", "<<", "1e3", "0o7", "1:30", ""]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
        max_leaves=12,
    )
)
def test_any_data_comes_back(data):
    """What PyYAML writes is read as it was, and as PyYAML's own loader reads it."""
    text = yaml.safe_dump({"top": data}, allow_unicode=True)
    assert load("x", text.encode()) == {"top": data} == yaml.safe_load(text)


@given(st.binary(max_size=40) | st.text("abc: -[]{}&*!<>|\n\"'#%@0123.~?", max_size=40).map(str.encode))
def test_any_bytes_are_data_or_one_line(content):
    try:
        parse("x", content)
    except SpecError as error:
        assert "\n" not in str(error)


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML without libyaml")
def test_a_large_specification_is_read_in_seconds():
    """20,000 devices, a tenth of what a file of 10 MB can have."""
    device = "- name: d%06d\n  containerEdits:\n    env: [A=b]\n"
    content = "cdiVersion: 0.5.0\nkind: vendor.com/net\ndevices:\n" + "".join(device % n for n in range(20_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    spec = parse("x", content.encode())
    seconds = time.process_time() - start
    assert len(spec["devices"]) == 20_000 and gc.isenabled()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024
    assert seconds < 2, seconds


def test_the_collector_stays_as_it_was():
    gc.disable()
    try:
        parse("x", GOOD)
        assert not gc.isenabled()
    finally:
        gc.enable()
    with pytest.raises(SpecError):
        parse("x", b"[")
    assert gc.isenabled() and read
