# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What nvmock_cdi_spec refuses before it writes, on nodes that are directories."""

from __future__ import annotations

import json

import pytest
from cdi_support import DRIVER, complete

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError, SpecError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import Component
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import cdi_spec
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import Options

OTHERS = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [{"name": "1", "containerEdits": {"env": ["A=b"]}}],
}


def make(root, definition=None, **options):
    spec_file = cdi_spec.SpecFile(path=options.pop("path", "/etc/cdi/nvidia.yaml"))
    options = {"mode": "nvml", "driver_root": DRIVER, "dev_root": "/", "hook_mode": "none", **options}
    with HostRoot(str(root)) as opened:
        return cdi_spec.make(
            build_machine(definition=definition, gpu_count=2, uuid_seed="s"),
            opened,
            Options(**options),
            spec_file,
            [Component("all", complete())],
        )


def write(root, path, spec):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(json.dumps(spec))


def test_nothing_is_refused_where_nothing_is_wrong(tmp_path):
    assert make(tmp_path).device_names[:2] == ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]
    assert list(tmp_path.iterdir()) == []


def test_coherent_memory_adds_a_specification_of_its_own(tmp_path):
    definition = {"base": "dgxa100", "addressing_mode": "ATS"}
    spec = make(tmp_path, definition=definition, feature_flags=("enable-coherent-annotations",))
    # The node in a directory has no /dev/null of its own, which the specifications mount.
    paths = [entry.path for entry in spec.component.entries]
    assert paths == ["/etc/cdi/nvidia.yaml", "/etc/cdi/nvidia.coherent.yaml", "/dev/null"]
    assert spec.component.owner == "cdi_spec:/etc/cdi/nvidia.yaml"  # goes with it
    assert "nvidia.com/gpu.coherent=1" in spec.device_names
    # As nvidia-ctk writes them: the annotation decides on the file, and is in none.
    assert [spec.cdi_version, spec.specs[1]["cdiVersion"]] == ["0.5.0", "0.6.0"]
    assert "annotations" not in str(spec.specs)
    write(tmp_path, "etc/cdi/others.json", {**OTHERS, "kind": "nvidia.com/gpu.coherent", "cdiVersion": "0.6.0"})
    with pytest.raises(SpecError, match=r"has the device nvidia\.com/gpu\.coherent=1 as well as /etc/cdi/nvidia\.coh"):
        make(tmp_path, definition=definition, feature_flags=("enable-coherent-annotations",))


def test_the_same_device_in_another_file_of_the_directory(tmp_path):
    write(tmp_path, "etc/cdi/others.json", OTHERS)
    with pytest.raises(
        SpecError, match=r"/etc/cdi/others\.json has the device nvidia\.com/gpu=1 as well as /etc/cdi/nvidia\.yaml"
    ):
        make(tmp_path)


def test_a_file_in_var_run_that_takes_precedence(tmp_path):
    write(tmp_path, "var/run/cdi/others.json", OTHERS)
    with pytest.raises(SpecError, match=r"/var/run/cdi/others\.json takes precedence over /etc/cdi/nvidia\.yaml"):
        make(tmp_path)
    assert make(tmp_path, cdi_class="mine").device_names


def test_an_invalid_unmanaged_file_hides_no_device(tmp_path):
    write(tmp_path, "etc/cdi/others.json", {**OTHERS, "surplus": 1})
    assert make(tmp_path).device_names


def test_a_hook_program_that_is_not_there(tmp_path):
    with pytest.raises(SpecError, match="the host path /opt/hook does not exist on the node"):
        make(tmp_path, hook_mode="toolkit", hook_path="/opt/hook")


@pytest.mark.parametrize(
    "options", [{"vendor": "1nvidia"}, {"cdi_class": "g pu"}, {"vendor": "a/b"}, {"vendor": "n"}, {"cdi_class": "x"}]
)
def test_bad_names(tmp_path, options):
    with pytest.raises(SpecError, match="invalid CDI Spec: kind: invalid"):
        make(tmp_path, **options)


def test_a_name_that_no_runtime_reads(tmp_path):
    with pytest.raises(ParameterError, match=r"path: '/etc/cdi/nvidia\.yml' is not allowed"):
        make(tmp_path, path="/etc/cdi/nvidia.yml")


def test_no_device_nodes(tmp_path):
    with pytest.raises(SpecError, match="empty device edits"):
        make(tmp_path, dev_root="/elsewhere")
