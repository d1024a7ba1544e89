# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Forms of a machine definition that the next major version refuses: they work, and each interface says so in one line."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FILES = "char" if os.geteuid() == 0 else "regular"
POSITIONAL = [["1g.5gb", 1, [0], 4864, 7, 14]]
NAMED = [dict(zip(("name", "memory_slices", "starts", "memory_mib", "instances", "multiprocessors"), POSITIONAL[0]))]
LINE = "machine_definition.mig_profiles: lists of values are deprecated: give each profile as a mapping (docs/machine-types.md)"


def definition(rows):
    return {"base": "dgxa100", "mig_profiles": rows}


@pytest.mark.parametrize("name", ["nvmock_devices", "nvmock_machine_info"])
@pytest.mark.parametrize(
    ("rows", "said"), [(POSITIONAL, [LINE]), (NAMED, []), ([{**NAMED[0], "engines": [1, 0, 0, 0, 0]}], [LINE])]
)
def test_a_module(name, rows, said, tmp_path, capsys, monkeypatch):
    # How a result carries them depends on the version of ansible-core.
    told = []
    monkeypatch.setattr(AnsibleModule, "deprecate", lambda _self, text, **more: told.append((text, more)))
    module = importlib.import_module(f"ansible_collections.nvmock.gpu.plugins.modules.{name}")
    arguments = {"machine_definition": definition(rows), "gpu_count": 1}
    if name == "nvmock_devices":
        arguments.update(host_root=str(tmp_path), device_files=FILES)
    with patch_module_args(arguments), pytest.raises(SystemExit) as left:
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert left.value.code == 0, result
    assert told == [(line, {"version": "2.0.0", "collection_name": "nvmock.gpu"}) for line in said]


@pytest.mark.parametrize(("rows", "said"), [(POSITIONAL, 1), (NAMED, 0)])
def test_gpu_mockctl(rows, said, tmp_path):
    node, path = tmp_path / "node", tmp_path / "machine.json"
    node.mkdir()
    path.write_text(json.dumps(definition(rows)))
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), "--machine-file", str(path)]
    done = subprocess.run(
        [*command, "--host-root", str(node), "--device-files", "auto"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count(LINE) == said


def test_the_machines_of_the_collection_have_names():
    from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
    from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import has_positional_rows

    for name in types.names():
        assert not has_positional_rows(types.definition(name).get("mig_profiles", [])), name
