# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of container runtimes: applied once, taken back exactly, through the pure core and through the module."""

from __future__ import annotations

import json
import os
import sys

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.settings import Applied, Setting, apply, revert
from ansible_collections.nvmock.gpu.plugins.modules import nvmock_runtime_config

patch_module_args = pytest.importorskip("ansible.module_utils.testing", reason="ansible-core 2.19+").patch_module_args

CRI = ("plugins", "io.containerd.grpc.v1.cri")
ON = Setting((*CRI, "enable_cdi"), True)
DIRS = Setting((*CRI, "cdi_spec_dirs"), ["/etc/cdi"], "contain", ("/etc/cdi", "/var/run/cdi"))
KIND = 'version = 2\n# mine\n[plugins."io.containerd.grpc.v1.cri"]\n  enable_cdi = false\n'


def test_what_holds_is_left_alone_byte_by_byte():
    text = KIND.replace("false", "true")
    assert apply(text, "toml", [ON, DIRS]) == (text, [])


def test_a_setting_is_applied_once():
    once, applied = apply(KIND, "toml", [ON, DIRS])
    assert once == KIND.replace("false", "true")
    assert applied == [Applied(ON.path, "false", "true")]
    assert apply(once, "toml", [ON, DIRS]) == (once, [])


def test_directories_are_added_to_the_users_own():
    text, _record = apply(KIND + '  cdi_spec_dirs = ["/opt/cdi"]\n', "toml", [DIRS])
    assert '["/opt/cdi", "/etc/cdi"]' in text


def test_directories_beyond_the_default_are_written_with_the_default():
    text, _record = apply(KIND, "toml", [DIRS._replace(value=["/etc/cdi", "/opt/cdi"])])
    assert 'cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]' in text


def test_correct_does_not_add_a_key():
    setting = ON._replace(ensure="correct")
    assert apply("version = 2\n", "toml", [setting]) == ("version = 2\n", [])
    assert "enable_cdi = true" in apply(KIND, "toml", [setting])[0]


def test_a_string_true_is_not_the_boolean():
    text, applied = apply('x = "true"\n', "toml", [Setting(("x",), True)])
    assert text == "x = true\n" and applied


_DEEP = 3000
UNREADABLE = {
    "arrays in TOML": ("toml", "x = " + "[" * _DEEP + "]" * _DEEP + "\n", "nested more than 100 deep"),
    "tables in TOML": ("toml", "x = " + "{a = " * _DEEP + "1" + "}" * _DEEP + "\n", "nested more than 100 deep"),
    "dots in TOML": ("toml", "x = {" + "a." * _DEEP + "a = 1}\n", "more than 100 parts"),
    "dots in tables": (
        "toml",
        "x = " + ("{" + "a." * 90 + "a = ") * 50 + "1" + "}" * 50 + "\n",
        "nested more than 100",
    ),
    "a header in TOML": ("toml", "[" + "a." * _DEEP + "a]\n", "more than 100 parts"),
    "a name twice in a table": ("toml", "x = {a = 1, a = 2}\n", "line 1: a is there twice"),
    "arrays in JSON": ("json", '{"x": ' + "[" * _DEEP + "]" * _DEEP + "}", "nested more than 100 deep"),
    "objects in JSON": ("json", '{"a":' * _DEEP + "1" + "}" * _DEEP, "nested more than 100 deep"),
    "brackets alone": ("json", "[" * 100_000, "nested more than 100 deep"),
    "a name twice": ("json", '{"features": {"cdi": false, "cdi": true}}', "'cdi' is there twice"),
    "a large number": ("json", '{"x": 1e400}', "1e400 is not a JSON number"),
    "infinity": ("json", '{"x": [-Infinity]}', "-Infinity is not a JSON number"),
    "not a number": ("json", '{"x": NaN}', "NaN is not a JSON number"),
    "many digits": ("json", '{"x": ' + "9" * 10_000 + "}", "not JSON"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_can_not_be_written_again_is_refused_in_one_line(name):
    language, text, said = UNREADABLE[name]
    if name == "many digits" and not hasattr(sys, "get_int_max_str_digits"):
        pytest.skip("this Python reads numbers of any length")
    with pytest.raises(NvmockError, match=said) as caught:
        apply(text, language, [Setting(("features", "cdi"), True)])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_nesting_of_a_hundred_is_read():
    for language, text in (
        ("toml", "x = " + "[" * 90 + "]" * 90 + "\n"),
        ("json", '{"x": ' + "[" * 90 + "]" * 90 + "}"),
    ):
        changed, applied = apply(text, language, [Setting(("features", "cdi"), True)])
        assert applied and "cdi" in changed


def test_a_value_that_is_no_list_is_refused():
    with pytest.raises(NvmockError, match="cdi_spec_dirs should be a list"):
        apply(KIND + "  cdi_spec_dirs = 1\n", "toml", [DIRS])


@pytest.mark.parametrize("text", ["", KIND, "version = 2\n", KIND.replace("  enable_cdi = false\n", "")])
def test_revert_gives_the_original(text):
    changed, applied = apply(text, "toml", [ON, DIRS])
    assert changed != text
    assert revert(changed, "toml", applied, text) == text


def test_revert_keeps_later_changes_by_other_means():
    changed, applied = apply(KIND, "toml", [ON])
    others = changed + '\n[plugins."io.containerd.nri.v1.nri"]\n  disable = false\n'
    assert revert(others, "toml", applied, KIND) == others.replace("enable_cdi = true", "enable_cdi = false")


def test_json_keeps_order_and_indentation():
    text = '{\n    "log-level": "warn",\n    "features": {\n        "buildkit": true\n    }\n}\n'
    changed, applied = apply(text, "json", [Setting(("features", "cdi"), True)])
    assert changed == text.replace('"buildkit": true', '"buildkit": true,\n        "cdi": true')
    assert revert(changed, "json", applied, text) == text


def test_json_keeps_what_utf8_has_not():
    text = '{"half": "\\ud83d", "whole": "\\ud83d\\ude00"}'
    changed, applied = apply(text, "json", [Setting(("cdi",), True)])
    assert changed.encode() == '{"half": "\\ud83d", "whole": "\U0001f600", "cdi": true}'.encode()
    assert json.loads(changed) == {**json.loads(text), "cdi": True}
    assert json.loads(revert(changed, "json", applied, text)) == json.loads(text)


def test_json_from_nothing_and_back():
    changed, applied = apply("", "json", [Setting(("features", "cdi"), True)])
    assert json.loads(changed) == {"features": {"cdi": True}} and changed.endswith("}\n")
    assert revert(changed, "json", applied, "") == ""


@pytest.mark.parametrize(
    ("text", "message"), [("[]", "not a JSON object"), ("{", "not JSON"), ('{"features": 1}', "features should be an")]
)
def test_bad_json_is_refused(text, message):
    with pytest.raises(NvmockError, match=message):
        apply(text, "json", [Setting(("features", "cdi"), True)])


# Through the module, on real files.


@pytest.fixture
def run(tmp_path, capsys):
    """Run the module on a file below the test's directory; returns its result."""

    def call(state="present", settings=(ON,), check=False, diff=False, **params):
        args = {
            "path": str(tmp_path / "etc/containerd/config.toml"),
            "state": state,
            "settings": settings
            and [
                {"key": list(one.path), "value": one.value, "ensure": one.ensure, "default": list(one.default)}
                for one in settings
            ],
            "state_directory": str(tmp_path / "var/state"),
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            **params,
        }
        with patch_module_args(args), pytest.raises(SystemExit):
            nvmock_runtime_config.main()
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "etc/containerd/config.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(KIND.encode())
    path.chmod(0o640)
    return path


def test_present_twice_then_absent_leaves_no_trace(run, config, tmp_path):
    assert run(check=True, diff=True)["diff"]["after"] == KIND.replace("false", "true")
    assert config.read_text() == KIND and not (tmp_path / "var").exists()
    first = run()
    assert first["changed"] and first["changed_keys"] == ["plugins.io.containerd.grpc.v1.cri.enable_cdi"]
    assert not run()["changed"]
    assert config.read_text() == KIND.replace("false", "true")
    assert config.stat().st_mode & 0o777 == 0o640
    assert run("absent", check=True)["changed"]
    assert run("absent")["changed"]
    assert config.read_bytes() == KIND.encode() and config.stat().st_mode & 0o777 == 0o640
    assert not run("absent")["changed"]
    assert sorted(os.listdir(tmp_path)) == ["etc"]


def test_a_file_that_was_not_there_goes_again(run, tmp_path):
    assert run()["changed"]
    assert (tmp_path / "etc/containerd/config.toml").read_text().strip().endswith("enable_cdi = true")
    assert run("absent")["changed"]
    assert os.listdir(tmp_path) == []


def test_a_second_change_still_remembers_the_first_original(run, config):
    run()
    run(settings=(ON, DIRS._replace(value=["/opt/cdi"])))
    assert "/opt/cdi" in config.read_text()
    run("absent")
    assert config.read_text() == KIND


def test_what_an_administrator_changes_in_between_stays(run, config):
    run()
    config.write_text(config.read_text() + "[debug]\n  level = 'info'\n")
    assert not run()["changed"]
    run("absent")
    assert config.read_text() == KIND + "[debug]\n  level = 'info'\n"


def test_an_administrators_own_undo_is_the_new_original(run, config):
    run()
    config.write_text("version = 2\n")
    assert run()["changed"]
    run("absent")
    assert config.read_text() == "version = 2\n"


def test_a_key_that_an_administrator_changed_again_stays(run, config):
    run(settings=(DIRS._replace(value=["/opt/cdi"]),))
    mine = config.read_text().replace("/opt/cdi", "/opt/other")
    config.write_text(mine)
    run("absent")
    assert config.read_text() == mine


def test_nothing_is_kept_where_nothing_was_changed(run, config, tmp_path):
    config.write_text(KIND.replace("false", "true"))
    assert not run()["changed"]
    assert not (tmp_path / "var").exists()
    assert not run("absent")["changed"]


def test_a_refused_file_changes_nothing(run, config, tmp_path):
    result = run(validate="sh -c 'echo no such key >&2; exit 1' %s")
    assert result["failed"] and "refuses the new file: no such key" in result["msg"]
    assert config.read_text() == KIND and not (tmp_path / "var").exists()


def test_a_link_stays_a_link(run, config, tmp_path):
    real = tmp_path / "etc/real.toml"
    config.rename(real)
    config.symlink_to("../real.toml")
    assert run()["changed"] and real.read_text() == KIND.replace("false", "true")
    assert run("absent")["changed"]
    assert os.readlink(config) == "../real.toml" and real.read_bytes() == KIND.encode()


def test_a_link_to_nowhere_is_one_again(run, tmp_path):
    link = tmp_path / "etc/containerd/config.toml"
    link.parent.mkdir(parents=True)
    link.symlink_to("../other/real.toml")
    assert run()["changed"] and (tmp_path / "etc/other/real.toml").exists()
    assert run("absent")["changed"]
    assert link.is_symlink() and sorted(os.listdir(tmp_path / "etc")) == ["containerd"]


def test_the_new_file_is_checked_where_it_will_lie(run, config):
    """Or imports = ["mine.toml"] would be looked for in another directory."""
    (config.parent / "mine.toml").write_text("")
    assert run(validate="sh -c 'test -e $(dirname $0)/mine.toml && grep -q true $0' %s")["changed"]
    assert sorted(os.listdir(config.parent)) == ["config.toml", "mine.toml"]


def test_an_inline_table_in_a_list(run, config):
    append = Setting(("engine", "cdi_spec_dirs"), ["/opt/cdi", {"append": True}])
    assert run(settings=(append,))["changed"]
    assert config.read_text() == KIND + '\n[engine]\ncdi_spec_dirs = ["/opt/cdi", {append = true}]\n'
    assert not run(settings=(append,))["changed"]


def test_settings_that_are_null(run, config):
    before = config.read_bytes()
    told = run(settings=None)
    assert told["msg"].endswith("settings: None is not allowed: must be a list of settings")
    assert config.read_bytes() == before


def test_errors_are_one_line_with_the_file(run, config):
    config.write_text("a =\n")
    message = run()["msg"]
    assert message.startswith(str(config) + ": line 1: ") and "\n" not in message


def test_a_damaged_record_is_not_trusted(run, config, tmp_path):
    run()
    (record,) = (tmp_path / "var/state").glob("*.json")
    record.write_text("{}")
    assert "not a record of this collection" in run("absent")["msg"]
    assert config.read_text() == KIND.replace("false", "true")
