# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What nvmock_kind_cluster_info makes of the answers of engine, tools, nodes and record."""

from __future__ import annotations

import hashlib
import importlib
import json
import os

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError, ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster import answer as answers
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster import containers, info, record, tools
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster.answer import Answer

NAME = "gpus"


def inspected(name, role="worker", status="running", created="2026-11-24T00:00:30.123456789Z", **other):
    """A container as an engine's ``inspect`` shows it."""
    return {
        "Name": f"/{name}",
        "Id": f"id-{name}",
        "Image": "sha256:1",
        "Created": created,
        "Config": {"Image": "kindest/node:v1.36.0", "Labels": {"io.x-k8s.kind.role": role}},
        "State": {"Status": status},
        **other,
    }


def container(name, role="worker", **other):
    return containers.read(json.dumps([inspected(name, role, **other)]))[0]


# inspect


def test_nodes_come_in_kinds_own_order():
    names = ["gpus-worker2", "gpus-worker10", "gpus-worker", "gpus-control-plane2", "gpus-control-plane"]
    found = [inspected(name, "worker" if "worker" in name else "control-plane") for name in names]
    found += [inspected("gpus-external-load-balancer", "external-load-balancer"), inspected("x", Config={"Image": "y"})]
    found[0]["Config"]["Labels"]["more"] = "x"
    nodes = containers.nodes(containers.read(json.dumps(found)))
    assert [one.name for one in nodes] == [names[4], names[3], names[2], names[0], names[1]]
    assert nodes[0] == containers.Container(
        *(
            "gpus-control-plane",
            "id-gpus-control-plane",
            "control-plane",
            "sha256:1",
            "kindest/node:v1.36.0",
            "running",
        ),
        "2026-11-24T00:00:30.123456789Z",
    )


@pytest.mark.parametrize("text", ["", "no json", "3", "[3]", "[{}]", '[{"Config": null}]', "null"])
def test_what_is_no_inspect(text):
    with pytest.raises(NvmockError) as caught:
        containers.read(text)
    assert str(caught.value).startswith("kind_cluster: can't parse the engine's description of the containers: ")
    assert "\n" not in str(caught.value)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_any_json_is_read_or_refused(data):
    try:
        assert containers.read(json.dumps(data)) == []
    except NvmockError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "roles, words",
    [
        ([], "0 control-plane and 0 worker"),
        (["worker", "control-plane", "worker"], "1 control-plane and 2 worker"),
    ],
)
def test_shape(roles, words):
    assert containers.shape(roles) == words


@pytest.mark.parametrize(
    "statuses, cure",
    [
        (["running"], ""),
        (["exited", "running", "created"], "docker start n0 n2"),
        (["paused"], "docker unpause n0"),
        (["exited", "paused", "paused"], "docker unpause n1 n2 && docker start n0"),
    ],
)
def test_the_cure_of_nodes_that_do_not_run(statuses, cure):
    nodes = [container(f"n{number}", status=status) for number, status in enumerate(statuses)]
    assert containers.cure("docker", nodes) == cure
    assert [one.status for one in containers.not_running(nodes)] == [one for one in statuses if one != "running"]


@pytest.mark.parametrize(
    "text, utc",
    [
        ("2026-11-24T00:00:30", "2026-11-24T00:00:30+00:00"),
        ("2026-11-24T00:00:30.123456789Z", "2026-11-24T00:00:30+00:00"),
        ("2026-11-24T01:00:30.5+01:00", "2026-11-24T00:00:30+00:00"),
        ("2026-11-23T19:30:30-04:30", "2026-11-24T00:00:30+00:00"),
    ],
)
def test_times_of_engines(text, utc):
    assert containers.instant(text) == containers.instant(utc) != containers.instant("2026-11-24T00:00:31Z")


@pytest.mark.parametrize(
    "text", ["", "now", "2026-11-24", "2026-13-24T00:00:30Z", "2026-11-24T25:00:30Z", "x2026-11-24T00:00:30"]
)
def test_what_is_no_time(text):
    assert containers.instant(text) is None


@given(st.datetimes())
def test_a_time_is_read_as_it_was_written(time):
    read = containers.instant(time.isoformat())
    assert read is not None and read.replace(tzinfo=None) == time.replace(microsecond=0)


# record


def test_no_record():
    assert record.read("", "x") == record.read("{}", "x") == record.EMPTY


@pytest.mark.parametrize(
    "text, why",
    [
        ("{", "Expecting property name"),
        ("[]", "it is not an object"),
        ('{"containers": []}', "containers is []"),
        ('{"kubeconfig_merged": 1}', "kubeconfig_merged is 1"),
        ('{"phase": null}', "phase is None"),
        ('{"phase": "creating"}', "started is ''"),
        ('{"phase": "creating", "started": "soon"}', "started is 'soon'"),
    ],
)
def test_a_damaged_record(text, why):
    with pytest.raises(NvmockError) as caught:
        record.read(text, "/state/cluster.json")
    assert f"the record /state/cluster.json is damaged ({why}" in str(caught.value)
    assert "remove it" in str(caught.value) and "\n" not in str(caught.value)


ONE = container("gpus-control-plane", "control-plane")
TWO = container("gpus-worker")
MADE = {"phase": "created", "containers": {"/gpus-control-plane": ONE.id, "gpus-worker": TWO.id}}
MAKING = {"phase": "creating", "started": "2026-11-24T00:00:00"}


@pytest.mark.parametrize(
    "found, written, standing",
    [
        pytest.param([], MADE, "", id="nothing, though recorded"),
        pytest.param([], MAKING, "", id="nothing yet"),
        pytest.param([ONE], {}, "exists usable stays", id="no record"),
        pytest.param([ONE, TWO], MADE, "exists owned usable", id="ours"),
        pytest.param([TWO], MADE, "exists owned usable", id="what is left of ours"),
        pytest.param([ONE, container("x")], MADE, "exists usable stays", id="another among them"),
        pytest.param([ONE], {**MADE, "phase": "used"}, "exists usable stays", id="used, not made"),
        pytest.param([ONE, TWO], MAKING, "exists half_made", id="half made"),
        pytest.param(
            [container("x", created="2026-11-24T00:02:40Z")], MAKING, "exists half_made", id="at the last moment"
        ),
        pytest.param(
            [container("x", created="2026-11-24T01:02:40+01:00")], MAKING, "exists half_made", id="podman's time zone"
        ),
        pytest.param([ONE, container("x", created="2026-11-24T00:02:41Z")], MAKING, "exists usable stays", id="later"),
        pytest.param([container("x", created="?")], MAKING, "exists usable stays", id="no time"),
    ],
)
def test_whose_it_is(found, written, standing):
    one = record.standing(found, {**record.EMPTY, **written}, create_seconds=100)
    names = ("exists", "owned", "half_made", "usable", "stays")
    assert [name for name in names if getattr(one, name)] == standing.split()


@pytest.mark.parametrize(
    "found, written, known",
    [
        ([ONE, TWO], MADE, True),
        ([ONE, container("x")], MADE, True),
        ([container("x")], MADE, False),
        ([ONE], {"phase": "used", "seen": [ONE.id]}, True),
        ([TWO], {"phase": "used", "seen": [ONE.id]}, False),
        ([ONE], {}, False),
        ([], MADE, False),
    ],
)
def test_whether_the_record_knows_the_cluster(found, written, known):
    assert record.is_known(found, {**record.EMPTY, **written}) is known


WRITTEN = {"kubeconfig": "/k", "kubeconfig_merged": False, "seen": [TWO.id, ONE.id], "kubeconfig_checksum": "abc"}


@pytest.mark.parametrize(
    "written, path, merged, file, good",
    [
        pytest.param({}, "/k", False, record.File("abc", 0o600), True, id="as it was written"),
        pytest.param({}, "/other", False, record.File("abc", 0o600), False, id="another path"),
        pytest.param({}, "/k", True, record.File("abc", 0o600), False, id="to be merged"),
        pytest.param({}, "/k", False, record.File("abd", 0o600), False, id="edited"),
        pytest.param({}, "/k", False, record.File("abc", 0o644), False, id="permissions"),
        pytest.param({}, "/k", False, None, False, id="gone"),
        pytest.param({"seen": [ONE.id]}, "/k", False, record.File("abc", 0o600), False, id="of other containers"),
    ],
)
def test_the_kubeconfig(written, path, merged, file, good):
    fields = {**record.EMPTY, **WRITTEN, **written}
    assert record.kubeconfig_is_good(fields, [ONE, TWO], path, merged, file) is good


# tools


@pytest.mark.parametrize(
    "output, minimum, tool",
    [
        ("kind version 0.33.0\n", "0.20.0", ("0.33.0", True)),
        ("kind v0.9.0 go1.15.2 linux/amd64", "0.20.0", ("0.9.0", False)),
        ("kind version 0.34.0-alpha+1234", "0.34", ("0.34.0", True)),
        ("kind version 0.33.0", "0.33.1", ("0.33.0", False)),
        ("", "0.20.0", ("", False)),
        ("command not found", "0.20.0", ("", False)),
    ],
)
def test_kind(output, minimum, tool):
    assert tools.kind(output, minimum) == tool


@pytest.mark.parametrize(
    "output, tool",
    [
        ('{\n  "clientVersion": {\n    "gitVersion": "v1.37.0",\n', ("1.37.0", True)),
        ('{"clientVersion": {"gitVersion":"v1.29.15"}}', ("1.29.15", False)),
        ("no kubectl", ("", False)),
    ],
)
def test_kubectl(output, tool):
    assert tools.kubectl(output, "1.30.0") == tool


NUMBERS = st.tuples(*[st.integers(0, 999)] * 3)


@given(NUMBERS, NUMBERS)
def test_versions_are_compared_as_numbers(one, other):
    here, minimum = (".".join(map(str, numbers)) for numbers in (one, other))
    assert tools.kind("kind version " + here, minimum) == (here, one >= other)


@pytest.mark.parametrize("minimum", ["", "new", "v1.30", "1..2"])
def test_a_minimum_that_is_no_version(minimum):
    with pytest.raises(ParameterError, match=r"kubectl_minimum: .* is not allowed: must be a version such as"):
        tools.kubectl("", minimum)


@pytest.mark.parametrize(
    "answer, words",
    [
        pytest.param(Answer(0), "", id="well"),
        pytest.param(
            Answer(-1, missing=True), "docker is not on the PATH: install it (sudo apt-get install docker.io", id="none"
        ),
        pytest.param(
            Answer(1, stderr="x\nGot permission denied while"),
            "no permission on the socket of docker: join its group (sudo usermod -aG docker $USER, then log in again) or run as root",
            id="no permission",
        ),
        pytest.param(
            Answer(1, stderr="a\n b \n\n"), "or set DOCKER_HOST to a running one; its message: b", id="silent"
        ),
        pytest.param(Answer(1), "its message: no answer", id="without a word"),
        pytest.param(Answer(-1, stderr="no answer in 30 s"), "its message: no answer in 30 s", id="too late"),
    ],
)
def test_what_helps_with_an_engine(answer, words):
    problem = tools.engine_problem("docker", answer)
    assert (words in problem) if words else problem == ""
    assert "\n" not in problem


def test_what_is_missing():
    good, old, none = tools.Tool("9.9.9", True), tools.Tool("0.1.0", False), tools.Tool("", False)
    assert tools.lacks("docker", True, {"kind": (good, "0.20.0"), "kubectl": (good, "1.30.0")}) == []
    assert tools.lacks("podman", False, {"kind": (none, "0.20.0"), "kubectl": (old, "1.30.0")}) == [
        "a running podman engine",
        "kind",
        "kubectl 1.30.0 or newer",
    ]


# asking


def test_programs_are_asked_at_the_same_time(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # Each waits for the other: one after the other they would not end.
    commands = [["sh", "-c", f"echo hello >{fifo}"], ["cat", str(fifo)], ["sh", "-c", "echo a >&2; echo b >&2; exit 3"]]
    first, second, third = answers.ask_all(commands, 20)
    assert (first.status, second) == (0, Answer(0, "hello\n", ""))
    assert (third.status, third.reason("nothing")) == (3, "b")
    assert answers.ask_all([], 20) == []


def test_programs_that_are_not_there_or_do_not_end(tmp_path):
    script = tmp_path / "not-executable"
    script.write_text("")
    [missing, slow, refused] = answers.ask_all([["/none/docker"], ["sleep", "20"], [str(script)]], 1)
    assert missing == Answer(-1, missing=True)
    assert slow == Answer(-1, stderr="no answer in 1 s")
    assert (refused.status, refused.missing) == (-1, False) and "Permission denied" in refused.stderr


# All together


class Engine:
    """Answers the commands of `gather`, and keeps them."""

    def __init__(self, *found, listed=None, nodes=None):
        self.found = {one["Id"]: one for one in found}
        self.listed = listed or Answer(0, "".join(f"{one}\n" for one in self.found))
        self.nodes = nodes or {}
        self.asked = []

    def __call__(self, commands, _seconds):
        self.asked += commands
        return [self.answer(command) for command in commands]

    def answer(self, command):
        program, verb = command[:2]
        if program == "kind":
            return Answer(0, "kind version 0.33.0")
        if program == "kubectl":
            return Answer(0, '{"clientVersion": {"gitVersion": "v1.37.0"}}')
        if verb == "ps":
            assert command[-1] == f"label=io.x-k8s.kind.cluster={NAME}"
            return self.listed
        if verb == "inspect":
            if not self.found:
                return Answer(1, stderr="gone")
            return Answer(0, json.dumps([self.found[one] for one in command[4:]]))
        assert verb == "exec" and command[3:] == ["/bin/sh", "-c", "probe", "sh", "/prefix"]
        return self.nodes[command[2]]


@pytest.fixture
def ask(tmp_path):
    def call(engine, roles=("control-plane",), probe=("probe", "sh", "/prefix"), kubeconfig=None):
        question = info.Question(
            *(NAME, "docker", str(tmp_path / "cluster.json"), 100, kubeconfig or str(tmp_path / "kubeconfig"), False),
            *("0.20.0", "1.30.0", list(roles), list(probe)),
        )
        return info.gather(question, engine)

    return call


def test_nothing_is_there(ask):
    engine = Engine(listed=Answer(1, stderr="Cannot connect"))
    found = ask(engine)
    assert (found["exists"], found["nodes"], found["pythons"], found["node_image"]) == (False, [], {}, "")
    assert "its message: Cannot connect" in found["engine_problem"]
    assert found["lacks"] == ["a running docker engine"]
    assert (found["shape"], found["shape_wanted"]) == ("0 control-plane and 0 worker", "1 control-plane and 0 worker")
    assert found["record"] == record.EMPTY and not found["kubeconfig_good"]
    assert [command[0] for command in engine.asked] == ["docker", "kind", "kubectl"]


NODES = (inspected("gpus-control-plane", "control-plane"), inspected("gpus-worker"))


def test_a_cluster_of_ours_that_is_as_it_should_be(ask, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBE", str(tmp_path))
    (tmp_path / "kubeconfig").write_text("x")
    (tmp_path / "kubeconfig").chmod(0o600)
    written = {
        "phase": "created",
        "node_image": "kindest/node:v1.35.0",
        "seen": [one["Id"] for one in NODES],
        "containers": {one["Name"]: one["Id"] for one in NODES},
        "kubeconfig": "$KUBE/kubeconfig",
        "kubeconfig_checksum": hashlib.sha1(b"x").hexdigest(),
    }
    (tmp_path / "cluster.json").write_text(json.dumps(written))
    nodes = {"gpus-control-plane": Answer(0, "/usr/bin/python3\n"), "gpus-worker": Answer(0)}
    found = ask(Engine(*NODES, nodes=nodes))
    assert (found["owned"], found["usable"], found["stays"], found["kubeconfig_good"]) == (True, True, False, True)
    assert (found["engine_problem"], found["python_problem"], found["cure"], found["lacks"]) == ("", "", "", [])
    assert found["pythons"] == {"gpus-control-plane": "/usr/bin/python3"}
    assert found["node_image"] == "kindest/node:v1.35.0"
    assert found["containers"] == {"gpus-control-plane": "id-gpus-control-plane", "gpus-worker": "id-gpus-worker"}
    assert found["record"] == {**record.EMPTY, **written}
    (tmp_path / "kubeconfig").write_text("y")
    assert not ask(Engine(*NODES, nodes=nodes))["kubeconfig_good"]


def test_somebody_elses_whose_node_does_not_answer(ask):
    nodes = {
        "gpus-control-plane": Answer(1, stderr="a\nit is paused\n"),
        "gpus-worker": Answer(0, "/opt/bin/python3\n"),
    }
    found = ask(Engine(*NODES, nodes=nodes))
    assert (found["stays"], found["owned"], found["node_image"]) == (True, False, "kindest/node:v1.36.0")
    assert found["python_problem"] == "it is paused"
    assert found["pythons"] == {"gpus-worker": "/opt/bin/python3"}


def test_nodes_are_not_asked_where_one_does_not_run_or_nobody_wants_it(ask):
    engine = Engine(NODES[0], inspected("gpus-worker", status="exited"))
    found = ask(engine)
    assert [one["name"] for one in found["not_running"]] == ["gpus-worker"]
    assert found["cure"] == "docker start gpus-worker"
    ask(Engine(*NODES), probe=())
    assert "exec" not in [command[1] for command in engine.asked]


def test_containers_that_go_away_meanwhile(ask):
    with pytest.raises(NvmockError, match="docker can't inspect the containers of cluster gpus: gone"):
        ask(Engine(listed=Answer(0, "abc\n")))


def test_a_record_that_is_a_directory(ask, tmp_path):
    (tmp_path / "cluster.json").mkdir()
    with pytest.raises(NvmockError, match=r"the record .*cluster\.json can't be read: Is a directory"):
        ask(Engine())


def test_what_the_module_takes_and_returns_is_documented(ask):
    module = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_kind_cluster_info")
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert set(documented) == set(module.ARGUMENT_SPEC) == set(info.Question._fields)
    for option, facts in module.ARGUMENT_SPEC.items():
        for key in ("type", "default", "choices", "elements", "required"):
            assert documented[option].get(key) == facts.get(key), f"{option}.{key}"
    returned = yaml.safe_load(module.RETURN)
    assert set(returned) == set(ask(Engine()))
    assert set(returned["nodes"]["contains"]) == set(containers.Container._fields)
