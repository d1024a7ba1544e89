# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvmock_kind_cluster_record: what it writes is what nvmock_kind_cluster_info reads, and only the owner can read it."""

from __future__ import annotations

import importlib
import json
import os

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster import record as records
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster import record_file

RECORD = {**records.EMPTY, "phase": "creating", "started": "2026-01-31T12:00:00", "containers": {"a": "1"}}


@pytest.fixture
def write(tmp_path, capsys):
    def run(record, **more):
        module = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_kind_cluster_record")
        capsys.readouterr()
        arguments = {"path": str(tmp_path / "state" / "cluster.json"), "record": record, **more}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_write_again_change(write, tmp_path):
    path = tmp_path / "state" / "cluster.json"
    told = write(RECORD, _ansible_check_mode=True, _ansible_diff=True)
    assert told["changed"] and told["diff"]["before"] == "" and not path.parent.exists()
    assert write(RECORD)["changed"] and records.read(path.read_text(), str(path)) == RECORD
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not write(RECORD, _ansible_diff=True)["changed"]
    path.chmod(0o644)
    assert write(RECORD)["changed"] and path.stat().st_mode & 0o777 == 0o600
    assert write({**RECORD, "phase": "created"})["changed"] and os.listdir(path.parent) == ["cluster.json"]


def test_a_record_that_cannot_be_written(write, tmp_path):
    (tmp_path / "state").write_text("a file")
    told = write(RECORD)
    assert told["failed"] and "cluster.json can't be written: " in told["msg"] and "\n" not in told["msg"]


def test_a_failure_leaves_the_old_record(tmp_path, monkeypatch):
    path = tmp_path / "cluster.json"
    record_file.write(str(path), "old")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NvmockError, match="No space left on device"):
        record_file.write(str(path), "new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["cluster.json"]
