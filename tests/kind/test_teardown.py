# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a teardown removes: what was made from its directory, and nothing of another one. Stand-ins answer for docker and kind."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from conftest import PREFIX, ROOT
from test_choice import KIND, KUBECTL, engine

NAME = PREFIX + "teardown"
CONTAINER = {
    "Name": f"/{NAME}-control-plane",
    "Id": "id-of-the-container",
    "Image": "sha256:1",
    "Created": "2026-11-24T00:00:30Z",
    "Config": {"Image": "kindest/node:v1.37.0", "Labels": {"io.x-k8s.kind.role": "control-plane"}},
    "State": {"Status": "running"},
}
STAYS = f"Cluster {NAME} was not created or used from this directory: it stays."


class Place:
    """A directory in which the playbooks run, in the home of a user who has others."""

    def __init__(self, top, play, path_with):
        self.home = top / "home"
        self.local = top / "clone/.gpu-mock"
        self.kubeconfig = self.local / f"{NAME}.kubeconfig"
        self.deleted = top / "deleted"
        self.local.mkdir(parents=True)
        self._play = play
        self._path_with = path_with

    def record(self, directory, **fields):
        """Write the record of the cluster below *directory*; its phase is that of a cluster that was created from here."""
        place = directory / NAME
        place.mkdir(parents=True)
        fields = {"format": 1, "phase": "created", "kubeconfig": str(self.kubeconfig), **fields}
        (place / "cluster.json").write_text(json.dumps(fields))
        return place

    @property
    def own_records(self):
        return self.local / ".kind"

    @property
    def shared_records(self):
        """Where earlier versions kept the records of all directories of a user."""
        return self.home / ".local/state/nvmock.gpu/kind"

    def down(self, provider="auto", containers=(CONTAINER,), **variables):
        kind = f'if [ "$1 $2" = "delete cluster" ]; then echo "$@" >>{self.deleted}; exit 0; fi; {KIND}'
        path = self._path_with(docker=engine(containers=containers), kind=kind, kubectl=KUBECTL)
        run = self._play(
            str(ROOT / "playbooks/teardown.yml"),
            env={"PATH": path + os.pathsep + os.environ["PATH"], "HOME": str(self.home), "XDG_STATE_HOME": ""},
            gpu_mock_provider=provider,
            gpu_mock_cluster=NAME,
            gpu_mock_local_directory=str(self.local),
            **variables,
        )
        assert run.rc == 0, run.output
        return run

    def has_deleted_the_cluster(self):
        return self.deleted.exists()


@pytest.fixture
def place(tmp_path, play, path_with):
    return Place(tmp_path, play, path_with)


def stays(run):
    return run.task("Show that a cluster of this name stays")["localhost"].get("msg", "")


def test_a_cluster_of_this_directory_is_deleted(place):
    place.record(place.own_records, containers={CONTAINER["Name"]: CONTAINER["Id"]})
    run = place.down()
    assert place.has_deleted_the_cluster() and STAYS not in stays(run)
    assert not place.local.exists()


def test_a_cluster_of_another_directory_stays(place):
    (place.local / "node").mkdir()
    other = place.home / "other/.gpu-mock"
    place.record(other / ".kind", containers={CONTAINER["Name"]: CONTAINER["Id"]}, kubeconfig=f"{other}/k")
    run = place.down()
    assert not place.has_deleted_the_cluster()
    assert stays(run).startswith(STAYS) and f"kind delete cluster --name {NAME}" in stays(run)
    assert not place.local.exists()
    assert (other / ".kind" / NAME / "cluster.json").exists()


@pytest.mark.parametrize("whose", ["this directory's", "another one's"])
def test_a_record_that_an_earlier_version_shared(place, whose):
    kubeconfig = str(place.kubeconfig) if whose == "this directory's" else "/elsewhere/k"
    containers = {CONTAINER["Name"]: CONTAINER["Id"]}
    record = place.record(place.shared_records, containers=containers, kubeconfig=kubeconfig)
    run = place.down()
    assert place.has_deleted_the_cluster() == (whose == "this directory's")
    assert (STAYS in stays(run)) == record.exists() == (whose != "this directory's")


def test_a_kind_of_another_directory_goes_on(place):
    process = subprocess.Popen(["bash", "-c", f'exec -a "kind create cluster --name {NAME} --image none" sleep 60'])
    try:
        for directory in (place.shared_records, place.home / "other/.gpu-mock/.kind"):
            record = place.record(directory, phase="creating", started="2026-11-24T00:00:00", kubeconfig="")
            (record / "kind.pid").write_text(f"{process.pid}\n")
        run = place.down()
        assert process.poll() is None
        assert not place.has_deleted_the_cluster() and STAYS in stays(run)
    finally:
        process.kill()
        process.wait()


def test_what_is_left_of_an_earlier_cluster_of_the_name(place):
    """It was deleted with kind, and another directory has created one."""
    place.record(place.own_records, containers={CONTAINER["Name"]: "id-of-an-earlier-one"})
    place.kubeconfig.write_text("{}")
    run = place.down()
    assert not place.has_deleted_the_cluster() and STAYS in stays(run)
    assert not place.local.exists()


@pytest.mark.parametrize("containers", [(CONTAINER,), ()], ids=["of another directory", "none"])
def test_the_kubeconfig_of_the_user_stays(place, containers):
    own = place.home / ".kube/config"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    place.record(
        place.own_records,
        containers={CONTAINER["Name"]: "id-of-an-earlier-one"},
        kubeconfig=str(own),
        kubeconfig_merged=True,
    )
    place.down(containers=containers, gpu_mock_kubeconfig=str(own), kind_cluster_kubeconfig_merge=True)
    assert own.read_text() == "{}"


def test_a_kubeconfig_without_a_record_goes_with_the_directory(place):
    place.kubeconfig.write_text("{}")
    place.down(containers=())
    assert not place.local.exists()


def test_a_cluster_that_is_gone(place):
    place.record(place.own_records, containers={CONTAINER["Name"]: CONTAINER["Id"]})
    run = place.down(containers=())
    assert not place.has_deleted_the_cluster() and STAYS not in stays(run)
    assert not place.local.exists()


def test_nothing_at_all(place):
    run = place.down(containers=())
    assert not place.has_deleted_the_cluster() and STAYS not in stays(run)
    assert not place.local.exists()
