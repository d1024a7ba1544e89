# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The rules for containerd's configuration files agree with real containerds: many files, one query each.

Two things are compared with 'containerd config dump': whether CDI is on, and which directories are read. Then what was decided is
done, and containerd must say that it counts, and nothing else must have changed.
"""

from __future__ import annotations

import io
import os
import posixpath
import random
import subprocess
import sys
import tarfile

import pytest

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(PROJECT, ".build")]

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config import containerd
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.settings import apply
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.versions import at_least, find

PREFIX = "nvmock-runtimes-"
TOP = "/root/imported"
TABLES = ("plugins.cri", 'plugins."io.containerd.grpc.v1.cri"', 'plugins."io.containerd.cri.v1.runtime"')
LISTS = ('["/a"]', '["/b", "/etc/cdi"]', '["/etc/cdi", "/opt/cdi"]')
COUNT = 120


def execute(name, script, data=b""):
    done = subprocess.run(
        ["docker", "exec", "-i", PREFIX + name, "sh", "-ec", script], input=data, capture_output=True, check=True
    )
    return done.stdout


def text(chance, version, place, is_main):
    """A random file that this version of containerd accepts."""
    two = at_least(version, "2.0")
    known = [2, 3, 4] if at_least(version, "2.3") else [2, 3] if two else [2]
    schema = chance.choice([None, *known, known[-1]])
    out = f"version = {schema}\n" if schema else ""
    if is_main and chance.random() < 0.7:
        patterns = [
            '"conf.d/*.toml"',
            '"conf.d/a.toml"',
            f'"{place}/conf.d/*.toml"',
            '"conf.d/b*.toml", "conf.d/*.toml"',
        ]
        out += f"imports = [{chance.choice(patterns)}]\n"
    # containerd treats the two old tables of a file without a version as one.
    tables = [1 if schema else chance.choice([0, 1]), 2] if two else [1 if schema else 0]
    for table in chance.sample(tables, chance.randint(0, len(tables))):
        out += f"[{TABLES[table]}]\n  drain_exec_sync_io_timeout = '{chance.randint(1, 9)}s'\n"
        out += chance.choice(["", "  enable_cdi = true\n", "  enable_cdi = false\n"])
        out += chance.choice(["", "", *(f"  cdi_spec_dirs = {one}\n" for one in LISTS)])
    return out


def a_node(chance, version, number):
    """The files of one case, by path."""
    place = f"{TOP}/{number:03}"
    files = {f"{place}/config.toml": text(chance, version, place, True)}
    for name in ("a", "b", "zzz"):
        if chance.random() < 0.35:
            files[f"{place}/conf.d/{name}.toml"] = text(chance, version, place, False)
    return files


def dumps(name, nodes):
    """containerd's answer to each case, or None if it refuses the files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for files in nodes:
            for path, content in files.items():
                member = tarfile.TarInfo(path.lstrip("/"))
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content.encode()))
    script = (
        f"rm -rf {TOP}; tar -x -C /; cd {TOP}; for one in *; do containerd --config $PWD/$one/config.toml config dump >$one/dump "
        f"2>/dev/null || rm $one/dump; done; tar -c */dump | cat; rm -rf {TOP}"
    )
    with tarfile.open(fileobj=io.BytesIO(execute(name, script, packed.getvalue()))) as tar:
        said = {one.name: tar.extractfile(one).read().decode() for one in tar.getmembers()}
    return [said.get(f"{number:03}/dump") for number in range(len(nodes))]


def node_of(version, files, dump=None):
    def names(directory):
        return sorted(posixpath.basename(path) for path in files if posixpath.dirname(path) == directory)

    return containerd.Node(version, min(files, key=len), files.get, names, dump)


def rest(dump):
    return [
        line for line in dump.splitlines() if "cdi" not in line and "imports" not in line and "imported/" not in line
    ]


@pytest.mark.parametrize("name", ["stable", "testing"])
def test_decided_as_containerd_reads_them(name):
    version = find(execute(name, "containerd --version").decode())
    chance = random.Random(20260101)
    nodes = [a_node(chance, version, number) for number in range(COUNT)]
    wanted = [chance.choice([["/etc/cdi"], ["/etc/cdi", "/opt/cdi"]]) for _files in nodes]
    before = dumps(name, nodes)
    seen = {"nothing": 0, "main": 0, "drop-in": 0, "refused": 0}
    for files, directories, dump in zip(nodes, wanted, before):
        if dump is None:
            continue
        try:
            asked = containerd.decide(node_of(version, files, dump), directories)
        except NvmockError as error:
            assert "is read after" in str(error)
            seen["refused"] += 1
            continue
        # The files alone give the same answer as containerd.
        assert containerd.decide(node_of(version, files), directories)[1:] == asked[1:], files
        good = containerd.is_good(node_of(version, files, dump), directories)
        assert good == (asked.path == ""), files
        if asked.path:
            files[asked.path] = apply(files.get(asked.path, ""), "toml", list(asked.settings))[0]
        seen["drop-in" if asked.path.endswith(containerd.DROP_IN) else "main" if asked.path else "nothing"] += 1
        files["done"] = ""
    done = [files.pop("done", None) is not None for files in nodes]
    for files, directories, was_done, old, new in zip(nodes, wanted, done, before, dumps(name, nodes)):
        if was_done:
            assert new is not None and containerd.is_good(node_of(version, files, new), directories), files
            assert rest(new) == rest(old), files
    assert min(seen["nothing"], seen["main"], seen["refused"]) > 2, seen
    assert (seen["drop-in"] > 5) == at_least(version, "2.0"), seen
