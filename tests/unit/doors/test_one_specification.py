# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One node, one specification: by the module, by gpu-mockctl and by `gpu-mockctl cdi generate`, byte by byte."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest
from ansible.module_utils.testing import patch_module_args

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DRIVER = "/var/lib/nvidia-mock/driver"
SPEC = "etc/cdi/nvidia.yaml"
MACHINES = {
    "mig": (["--mig", "1=3g.20gb,1g.5gb;3="], {"mig": {"1": ["3g.20gb", "1g.5gb"], "3": []}}),
    "dgxb200": (["--machine", "dgxb200", "--gpu-count", "3"], {"machine": "dgxb200", "gpu_count": 3}),
    "dri": (["--with-dri", "--gpu-count", "2"], {"gpu_count": 2}),
}
HOOKS = {"toolkit": ["--with-hook"], "none": []}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="device nodes need root")


def mockctl(*arguments):
    command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mockctl"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def by_command(node, hook_mode, flags):
    done = mockctl("--host-root", node, "--uuid-seed", "one", *HOOKS[hook_mode], *flags)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A node on which everything is found that hangs on the kernel's release, PATH or XDG_DATA_DIRS."""
    monkeypatch.setenv("PATH", "/opt/found/bin:" + os.environ["PATH"])
    monkeypatch.setenv("XDG_DATA_DIRS", "/opt/found/share")
    top = tmp_path / "node"
    top.mkdir()
    return top


def with_what_is_found(top):
    driver = top / DRIVER[1:]
    version = next((driver / "lib64").glob("libcuda.so.*.*")).name[len("libcuda.so.") :]
    for name in (
        f"lib/firmware/{os.uname().release}/nvidia/{version}/gsp_found.bin",
        "opt/found/bin/nvidia-persistenced",
        "opt/found/share/nvidia/nvoptix.bin",
    ):
        path = driver / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"found")
        path.chmod(0o755)


@pytest.mark.parametrize("hook_mode", sorted(HOOKS))
@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_three_doors(node, machine, hook_mode, capsys):
    flags, parameters = MACHINES[machine]
    by_command(str(node), hook_mode, flags)
    with_what_is_found(node)
    by_command(str(node), hook_mode, flags)
    commanded = (node / SPEC).read_text()
    assert "gsp_found.bin" in commanded
    assert "/opt/found/bin/nvidia-persistenced" in commanded and "/opt/found/share/nvidia/nvoptix.bin" in commanded

    generated = mockctl(
        *("cdi", "generate", "--host-root", str(node), "--driver-root", DRIVER, "--dev-root", "/"),
        *("--hook-mode", hook_mode),
    )
    assert generated.returncode == 0, generated.stderr
    assert generated.stdout == commanded

    module = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_cdi_spec")
    arguments = {"host_root": str(node), "uuid_seed": "one", "hook_mode": hook_mode, **parameters}
    with patch_module_args(arguments), pytest.raises(SystemExit) as left:
        module.main()
    assert left.value.code == 0, capsys.readouterr().out
    assert (node / SPEC).read_text() == commanded
    assert '"changed": false' in capsys.readouterr().out
