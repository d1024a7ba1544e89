# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the roles' playbooks as a user would, and reads what came out.

A node image that is here is taken from NVMOCK_TEST_KIND_NODE_IMAGE, or else is the newest kindest/node that the engine has.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
# Two runs of these tests on one machine do not meet: containers, clusters and images have the names of their run.
PREFIX = f"nvt-{os.getpid()}-"


def pytest_configure(config):
    config.addinivalue_line("markers", "kind: needs Docker, kind and a node image")


def docker(*args, check=True):
    """The output of a docker command; a failure shows what docker said."""
    done = subprocess.run(["docker", *args], check=False, capture_output=True, text=True)
    assert done.returncode == 0 or not check, f"docker {' '.join(args)}: {done.stderr}"
    return done.stdout.strip()


class Run:
    """What a run of ansible-playbook said."""

    def __init__(self, rc, output, errors):
        self.rc = rc
        self.output = output + errors
        start = output.find("{\n")
        self.data = json.loads(output[start:]) if start >= 0 else {"plays": [], "stats": {}}

    @property
    def changed(self):
        """How many tasks changed something, on all hosts together."""
        return sum(one["changed"] for one in self.data["stats"].values())

    @property
    def error(self):
        """The message of the task that ended the run."""
        messages = [
            result.get("msg", "")
            for play in self.data["plays"]
            for task in play["tasks"]
            for result in task["hosts"].values()
            if result.get("failed") or result.get("unreachable")
        ]
        assert self.rc != 0 and messages, self.output
        return messages[-1]

    def results(self, host):
        """What each task said of a host."""
        tasks = [task["hosts"] for play in self.data["plays"] for task in play["tasks"]]
        return [hosts[host] for hosts in tasks if host in hosts]

    def task(self, name):
        """The results of a task, by host."""
        return next(
            task["hosts"]
            for play in self.data["plays"]
            for task in play["tasks"]
            if task["task"]["name"].endswith(name)
        )

    def ran(self, name):
        """Whether a task of this name did something."""
        return any(
            task["task"]["name"].endswith(name) and any(one.get("changed") for one in task["hosts"].values())
            for play in self.data["plays"]
            for task in play["tasks"]
        )


def command(playbook, *options, **variables):
    """The command line of a run."""
    out = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), str(HERE / playbook), *options]
    # The interpreter is a host's variable: as an extra variable it would beat that of the nodes.
    return [*out, "-i", str(HERE / "localhost.py"), "-e", json.dumps(variables)]


def environment(**extra):
    """The environment of a run."""
    out = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    out.update(
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".build"), ANSIBLE_LOCALHOST_WARNING="false", PYTHONDONTWRITEBYTECODE="1"
    )
    return {**out, **extra}


@pytest.fixture(scope="session")
def play():
    """Run a playbook of this directory with extra variables; env replaces parts of the environment."""

    def call(playbook, *options, env=None, **variables):
        done = subprocess.run(
            command(playbook, *options, **variables),
            cwd=ROOT,
            env=environment(**(env or {})),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def node_image():
    """A node image that is here; the test is skipped where there is none, or no Docker, or no kind."""
    for tool in ("docker", "kind", "kubectl"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the Docker daemon does not answer")
    chosen = os.environ.get("NVMOCK_TEST_KIND_NODE_IMAGE")
    images = [chosen] if chosen else docker("images", "--format", "{{.Repository}}:{{.Tag}}", "kindest/node").split()
    if (
        not images
        or subprocess.run(["docker", "image", "inspect", images[0]], capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("no kindest/node image is here: pull one, or name one in NVMOCK_TEST_KIND_NODE_IMAGE")
    return images[0]


@pytest.fixture(scope="session")
def kept(tmp_path_factory, node_image):
    """Variables that the tests have in common; our files are kept apart from the user's."""
    base = tmp_path_factory.mktemp("kind")
    return {
        "kind_cluster_node_image": node_image,
        "kind_cluster_state_directory": str(base / "state"),
        "kind_cluster_cache_directory": str(base / "cache"),
    }


@pytest.fixture
def path_with(tmp_path):
    """A PATH that holds only the given tools: a name is the real one, name=text a script."""

    def make(*names, **scripts):
        place = tmp_path / "bin"
        place.mkdir(exist_ok=True)
        for name in names:
            (place / name).symlink_to(shutil.which(name))
        for name, text in scripts.items():
            (place / name).write_text("#!/bin/sh\n" + text + "\n")
            (place / name).chmod(0o755)
        return str(place)

    return make
