# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The names of the files that a state directory has for a configuration file."""

from __future__ import annotations

import os
import shutil

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.settings import Setting
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.store import ConfigFile, record_name


def test_a_name_tells_the_path():
    assert record_name("/etc/containerd/config.toml") == "etc%containerd%config.toml"
    assert record_name("/etc/100%/a") == "etc%100%25%a"


@pytest.mark.parametrize("length", [249, 250, 251, 4000])
@pytest.mark.parametrize("letter", ["n", "\N{EURO SIGN}"])
def test_a_name_is_never_too_long(length, letter):
    path = "/" + letter * length
    name = record_name(path)
    assert len(os.fsencode(name + ".json")) <= 255
    assert name == path[1:] or name != record_name(path + letter)


def test_a_file_with_a_long_path_is_changed_and_restored(tmp_path):
    place = tmp_path / ("d" * 200) / ("e" * 200)
    place.mkdir(parents=True)
    state = str(tmp_path / "state")
    path = place / "config.toml"
    path.write_text("a = 1\n")
    settings = [Setting(("features", "cdi"), True)]
    file = ConfigFile(str(path), "toml", state, shutil.move)
    assert file.present(settings).changed
    file.write(settings)
    assert "cdi = true" in path.read_text()
    ConfigFile(str(path), "toml", state, shutil.move).remove()
    assert path.read_text() == "a = 1\n" and not os.path.exists(state)
