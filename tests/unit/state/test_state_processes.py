# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that users list for a GPU."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state_support import install, node_state, set_now, told

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_processes import (
    processes_text,
    shown_processes,
    stored_processes,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_settings import (
    PROCESS_COUNT,
    is_of_process,
    is_while_loaded,
    setting_of,
)

_names = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=","), min_size=1, max_size=60)
_process = st.fixed_dictionaries(
    {"pid": st.integers(1, 1 << 22)}, optional={"memory": st.integers(0, 1 << 32), "name": _names}
)


@given(st.lists(_process, max_size=15))
def test_lists_come_back(processes):
    stored = stored_processes(processes)
    assert shown_processes(stored) == processes
    for number, value in stored.items():
        assert abs(value) < 1 << 53 and not is_while_loaded(number)
        assert number == PROCESS_COUNT or (is_of_process(number) and setting_of(number) is None)


@given(
    st.lists(
        st.fixed_dictionaries({"pid": st.integers(1, 1 << 22)}, optional={"memory": st.integers(0, 9)}), max_size=15
    )
)
def test_text_comes_back(processes):
    for one in processes:
        one["name"] = "VLLM::EngineCore"
    text = processes_text(processes)
    assert stored_processes(text) == stored_processes(processes)


@pytest.mark.parametrize(
    "value, result",
    [
        ("", []),
        ([], []),
        (4711, [{"pid": 4711}]),
        ("4711", [{"pid": 4711}]),
        ("4711:", [{"pid": 4711}]),
        ("1:2 MiB, 3::/bin/a b:c", [{"pid": 1, "memory": 2}, {"pid": 3, "name": "/bin/a b:c"}]),
        ([{"pid": "12", "memory": "0", "name": ""}], [{"pid": 12, "memory": 0}]),
    ],
)
def test_forms(value, result):
    assert shown_processes(stored_processes(value)) == result
    assert stored_processes(processes_text(result)) == stored_processes(value)


@pytest.mark.parametrize(
    "value",
    [
        "x", "0", "-1", "1:x", "1:-1", "4194305", "1,", ",1", "1:2:a\nb", "1:2:" + "a" * 61, True, 1.5, {}, {"pid": 1}, [1], [{}], [None],
        [{"pid": 1, "memori": 2}], [{"pid": True}], [{"pid": 1, "name": 5}], [{"pid": 1, "name": "é"}], [{"pid": 1, "name": "a,b"}],
        ",".join(["1"] * 16), "\0", "¹",
    ],
)  # fmt: skip
def test_refused(value):
    with pytest.raises(ParameterError, match=r"^settings\.processes") as error:
        stored_processes(value)
    assert "\n" not in str(error.value)


def test_set_and_reset(tmp_path):
    install(tmp_path)
    assert set_now(tmp_path, [0], {"processes": "7:100:first,8:50:second one"}).changed
    assert not set_now(
        tmp_path,
        [0],
        {"processes": [{"pid": 7, "memory": 100, "name": "first"}, {"pid": 8, "memory": 50, "name": "second one"}]},
    ).changed
    assert told(tmp_path)["processes"][1] == {"pid": 8, "memory": 50, "name": "second one"}
    assert told(tmp_path)["memory_used"] == 150, "follows"
    done = set_now(tmp_path, [0], {"processes": "7:100"})
    assert done.changed and done.after == ["GPU 0: memory_used=100\n", "GPU 0: processes=7:100\n"]
    assert "GPU 0: processes=7:100:first,8:50:second one\n" in done.before
    set_now(tmp_path, [0], {"memory_used": 4000, "process_list": "open files"})
    assert told(tmp_path) == {
        "memory_used": 4000,
        "process_list": "Open_Files",
        "processes": [{"pid": 7, "memory": 100}],
    }
    with node_state(tmp_path) as state:
        state.change(state.load([0], 50, 60), None)
        assert told(tmp_path)["processes"] == [{"pid": 7, "memory": 100}], "a load leaves them"
        state.change(state.reset([0], [PROCESS_COUNT]), None)
        assert not [number for (_gpu, number) in state.read().entries if is_of_process(number)]
    assert set_now(tmp_path, [0], {"processes": []}).after[-1] == "GPU 0: processes=\n"


def test_what_a_board_refuses(tmp_path):
    install(tmp_path, mig_layout={0: ["1g.5gb"]})
    with pytest.raises(ParameterError, match="GPU 0 is in MIG mode"):
        set_now(tmp_path, [0], {"processes": "7"})
    assert set_now(tmp_path, [0], {"processes": []}).changed
    with pytest.raises(ParameterError, match=r"at most [0-9]+ MiB together on GPU 1"):
        set_now(tmp_path, [1], {"processes": "7:30000,8:30000"})
