# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The JSON that the runtime gives: what is valid is read as Python reads it, all else is refused with one line."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import one_line

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def run(hook, state):
    return hook("chmod", "--mode=755", state=state)


@pytest.mark.parametrize(
    "state",
    [
        "", " ", "null", "[]", "1", '"x"', "{", "}", "{}", '{"bundle":null}', '{"bundle":1}', '{"bundle":""}', '{"bundle":{}}',
        '{"bundle":["/b"]}', '{"bundle":"relative"}', '{"bundle":"/none"}', '{"bundle":"/none"} x', '{"bundle":"/none",}',
        '{"bundle":"/none" "a":1}', '{bundle:"/none"}', "{'bundle':'/none'}", '{"bundle":"/none\\x"}', '{"bundle":"/n\none"}',
        '{"bundle":"/a","bundle":"/b"}', '{"bundle":"/a\\u0000b"}', '{"bundle":"/\\ud800"}', '{"a":01,"bundle":"/none"}',
        '{"a":+1,"bundle":"/none"}', '{"a":1.,"bundle":"/none"}', '{"a":NaN,"bundle":"/none"}', '{"a":truE,"bundle":"/none"}',
        '{"bundle":"' + "/a" * 3000 + '"}', "[" * 100000, '{"a":' * 100000, '{"bundle":"/none', '{"Bundle":"/none"}',
        b'{"bundle":"/\xff"}', b'{"bundle":"/\xc0\xaf"}', b'{"bundle":"/\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b"\x00",
    ],
)  # fmt: skip
def test_bad_states(nvidia_cdi_hook, state):
    one_line(run(nvidia_cdi_hook, state), "nvidia-cdi-hook: ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"root":null}',
        '{"root":"rootfs"}',
        '{"root":{}}',
        '{"root":{"path":1}}',
        '{"root":{"path":""}}',
        "x",
    ],
)
def test_bad_configurations(nvidia_cdi_hook, bundle, text):
    (bundle.root.parent / "config.json").write_text(text)
    one_line(run(nvidia_cdi_hook, bundle.state), "config.json")


def test_what_is_missing(nvidia_cdi_hook, bundle):
    bundle.configure({"root": {"path": "none"}})
    one_line(run(nvidia_cdi_hook, bundle.state), "none", "No such file")
    (bundle.root.parent / "config.json").unlink()
    one_line(run(nvidia_cdi_hook, bundle.state), "config.json", "No such file")
    os.mkfifo(bundle.root.parent / "config.json")
    one_line(run(nvidia_cdi_hook, bundle.state), "config.json")


def test_a_big_configuration(nvidia_cdi_hook, bundle):
    bundle.configure({"process": {"env": ["X=" + "y" * 1000] * 5000}, "root": {"readonly": True, "path": "rootfs"}})
    assert run(nvidia_cdi_hook, bundle.state).returncode == 0


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@SETTINGS
@given(
    more=st.dictionaries(st.text(max_size=8).filter(lambda name: name != "bundle"), values, max_size=4),
    ascii=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_valid_states_are_read(nvidia_cdi_hook, bundle, more, ascii, indent):
    state = json.dumps({**more, **json.loads(bundle.state)}, ensure_ascii=ascii, indent=indent)
    done = run(nvidia_cdi_hook, state.encode("utf-8", "surrogatepass"))
    assert (done.returncode, done.stderr) == (0, "")


def _refuse(text):
    raise ValueError(text)


@SETTINGS
@given(data=st.data())
def test_damaged_states_are_refused_as_python_refuses_them(nvidia_cdi_hook, bundle, data):
    state = bytearray(bundle.state.encode())
    for _round in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(state) - 1))
        kind = data.draw(st.sampled_from(["change", "drop", "insert"]))
        byte = data.draw(st.sampled_from(list(b'{}[]",:\\/0u \x00\xff\x7f')))
        if kind == "drop":
            del state[at]
        else:
            state[at : at + (kind == "change")] = bytes([byte])
    done = run(nvidia_cdi_hook, bytes(state))
    try:
        document = json.loads(bytes(state).decode("utf-8"), parse_constant=_refuse)
        valid = isinstance(document, dict) and document.get("bundle") == str(bundle.root.parent)
    except ValueError:
        valid = False
    if valid:
        assert done.returncode == 0
    elif done.returncode != 0:
        one_line(done)
    else:
        # The damage made the path of another bundle, such as with // in it.
        assert os.path.isfile(json.loads(bytes(state))["bundle"] + "/config.json")


@SETTINGS
@given(state=st.binary(max_size=200))
def test_any_bytes_as_state_give_one_line(nvidia_cdi_hook, state):
    one_line(run(nvidia_cdi_hook, state))
