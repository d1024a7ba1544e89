# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Why a task failed, in one line."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.filter import failure_reason as door
from ansible_collections.nvmock.gpu.plugins.plugin_utils.failure_reason import failure_reason

LEGACY = "DEPRECATED: The legacy builder is deprecated and will be removed.\n    Install the buildx component\n"


@pytest.mark.parametrize(
    "result, reason",
    [
        pytest.param({"stderr": "one\n  two \n\n", "msg": "non-zero return code"}, "two", id="the last line with text"),
        pytest.param(
            {"stderr": "no space left\n" + LEGACY, "msg": "x"}, "no space left", id="not the builder's notices"
        ),
        pytest.param({"stderr": LEGACY, "msg": "non-zero return code"}, "no output", id="nothing but notices"),
        pytest.param({"stderr": "", "msg": "No such file\nmore"}, "No such file", id="the message"),
        pytest.param({"stderr": "", "msg": "non-zero return code"}, "no output", id="a message that says nothing"),
        pytest.param({"stderr": None, "msg": None}, "no output", id="null"),
        pytest.param({"skipped": True}, "no output", id="skipped"),
    ],
)
def test_the_reason(result, reason):
    assert failure_reason(result) == door.FilterModule().filters()["failure_reason"](result) == reason


def test_another_default():
    assert door.failure_reason({}, "no answer") == "no answer"


@given(st.fixed_dictionaries({"stderr": st.text(), "msg": st.text()}))
def test_it_is_always_one_line_with_text(result):
    reason = failure_reason(result)
    assert reason and reason.splitlines() == [reason]


@pytest.mark.parametrize("words, given_", [("the input is 'x'", ("x",)), ("default is None", ({}, None))])
def test_what_the_filter_does_not_take(words, given_):
    with pytest.raises(AnsibleFilterError) as caught:
        door.failure_reason(*given_)
    assert words in str(caught.value) and "must be" in str(caught.value)
