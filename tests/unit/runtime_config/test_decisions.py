# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What is decided for each runtime, by version, files and the runtime's own answer. Pure: files are a mapping of paths to texts."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config import containerd, crio, docker, podman
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.settings import apply, revert
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.versions import at_least, find, numbers

MAIN, CONF = "/etc/containerd/config.toml", "/etc/containerd/conf.d"
OWN = f"{CONF}/zz-nvmock-cdi.toml"
IMPORTS = f'imports = ["{CONF}/*.toml"]\n'
T1, T2, T3 = "[plugins.cri]\n", '[plugins."io.containerd.grpc.v1.cri"]\n', '[plugins."io.containerd.cri.v1.runtime"]\n'
OFF, ON = "enable_cdi = false\n", "enable_cdi = true\n"
DIRS, MORE = ["/etc/cdi"], ["/etc/cdi", "/opt/cdi"]
ADDED = 'cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]\n'


def node(version, files, dump=None, below="/"):
    files = {MAIN: files} if isinstance(files, str) else files

    def names(directory):
        return sorted(posixpath.basename(one) for one in files if posixpath.dirname(one) == directory)

    return containerd.Node(version, MAIN, files.get, names, dump, below)


def dump(table, on, *directories):
    """The part of 'containerd config dump' that is looked at; on is None where the release has no such key."""
    switch = "" if on is None else f"    enable_cdi = {str(on).lower()}\n"
    return f"version = 9\n[plugins]\n  {table}{switch}    cdi_spec_dirs = {list(directories)!r}\n"


# version, files, containerd's answer, directories, what is decided: the reason, and the file with its new text.
SAME = None
DECISIONS = {
    "1.7, version 2, off": (
        *("1.7.24", "version = 2\n" + T2, dump(T2, False, "/etc/cdi", "/var/run/cdi"), DIRS),
        f"CDI is disabled by default in containerd 1.7.24: enable_cdi set in {MAIN}",
        (MAIN, "version = 2\n" + T2 + ON),
    ),
    "1.7, no version": (
        *("1.7.24", "root = '/x'\n" + T1, None, DIRS),
        f"CDI is disabled by default in containerd 1.7.24: enable_cdi set in {MAIN}",
        (MAIN, "root = '/x'\n" + T1 + ON),
    ),
    "1.7, no file": (
        *("1.7.24", {}, None, MORE),
        f"CDI is disabled by default in containerd 1.7.24 and containerd 1.7.24 does not read /opt/cdi: enable_cdi, cdi_spec_dirs set in "
        f"{MAIN}",
        (MAIN, "version = 2\n\n" + T2 + ON + ADDED),
    ),
    "1.7, on in an imported file": (
        *("1.7.24", {MAIN: "version = 2\n" + IMPORTS, f"{CONF}/a.toml": T2 + ON}, None, DIRS),
        f"CDI is enabled in containerd 1.7.24 ({CONF}/a.toml, line 2): nothing to change",
        SAME,
    ),
    "1.7, an imported directory gets no drop-in": (
        *("1.7.24", "version = 2\n" + IMPORTS, None, DIRS),
        f"CDI is disabled by default in containerd 1.7.24: enable_cdi set in {MAIN}",
        (MAIN, "version = 2\n" + IMPORTS + "\n" + T2 + ON),
    ),
    "2.0, on by default": (
        *("2.0.14", "version = 3\n", dump(T3, True, "/etc/cdi", "/var/run/cdi"), DIRS),
        "CDI is enabled by default in containerd 2.0.14: nothing to change",
        SAME,
    ),
    "2.1, no file": ("2.1.9", {}, None, DIRS, "CDI is enabled by default in containerd 2.1.9: nothing to change", SAME),
    "2.1, on by default, not asked": (
        *("2.1.9", "version = 2\n" + T2, None, DIRS),
        "CDI is enabled by default in containerd 2.1.9: nothing to change",
        SAME,
    ),
    "2.1, version 2, off": (
        *("2.1.9", "version = 2\n" + T2 + OFF, dump(T3, False, "/etc/cdi", "/var/run/cdi"), DIRS),
        f"CDI is disabled in containerd 2.1.9 ({MAIN}, line 3): enable_cdi set in {MAIN}",
        (MAIN, "version = 2\n" + T2 + ON),
    ),
    "2.1, version 2, the newer table wins": (
        *("2.1.9", "version = 2\n" + T2 + OFF + T3 + ON, None, DIRS),
        f"CDI is enabled in containerd 2.1.9 ({MAIN}, line 5): nothing to change",
        SAME,
    ),
    "2.1, version 3, the older table does not count": (
        *("2.1.9", "version = 3\n" + T2 + OFF, None, DIRS),
        "CDI is enabled by default in containerd 2.1.9: nothing to change",
        SAME,
    ),
    "2.1, version 3, another directory": (
        *("2.1.9", "version = 3\n" + T3, None, MORE),
        f"containerd 2.1.9 does not read /opt/cdi: cdi_spec_dirs set in {MAIN}",
        (MAIN, "version = 3\n" + T3 + ADDED),
    ),
    "2.1, a list in the newer table is the one that grows": (
        *("2.1.9", "version = 2\n" + T2 + T3 + 'cdi_spec_dirs = ["/etc/cdi"]\n', None, MORE),
        f"containerd 2.1.9 does not read /opt/cdi: cdi_spec_dirs set in {MAIN}",
        (MAIN, "version = 2\n" + T2 + T3 + 'cdi_spec_dirs = ["/etc/cdi", "/opt/cdi"]\n'),
    ),
    "2.1, off in a drop-in of somebody": (
        *("2.1.9", {MAIN: "version = 3\n" + IMPORTS, f"{CONF}/50-x.toml": T3 + OFF}, None, DIRS),
        f"CDI is disabled in containerd 2.1.9 ({CONF}/50-x.toml, line 2): enable_cdi set in {OWN}",
        (OWN, "version = 3\n\n" + T3 + ON),
    ),
    "2.1, off in the main file, which imports a directory": (
        *("2.1.9", "version = 2\n" + IMPORTS + T2 + OFF, dump(T3, False, "/etc/cdi", "/var/run/cdi"), DIRS),
        f"CDI is disabled in containerd 2.1.9 ({MAIN}, line 4): enable_cdi set in {OWN}",
        (OWN, "version = 2\n\n" + T3 + ON),
    ),
    "2.1, a list in a drop-in has what is read already": (
        *("2.1.9", "version = 3\n" + IMPORTS + T3 + 'cdi_spec_dirs = ["/mine"]\n', None, DIRS),
        f"containerd 2.1.9 does not read /etc/cdi: cdi_spec_dirs set in {OWN}",
        (OWN, "version = 3\n\n" + T3 + 'cdi_spec_dirs = ["/mine", "/etc/cdi"]\n'),
    ),
    "2.1, a drop-in has the version that counts": (
        *("2.1.9", {MAIN: "version = 2\n" + IMPORTS, f"{CONF}/a.toml": "version = 3\n" + T3 + OFF}, None, DIRS),
        f"CDI is disabled in containerd 2.1.9 ({CONF}/a.toml, line 3): enable_cdi set in {OWN}",
        (OWN, "version = 3\n\n" + T3 + ON),
    ),
    "2.1, a drop-in of ours that does it": (
        *("2.1.9", {MAIN: "version = 3\n" + IMPORTS + T3 + OFF, OWN: "version = 3\n" + T3 + ON}, None, DIRS),
        f"CDI is enabled in containerd 2.1.9 ({OWN}, line 3): nothing to change",
        SAME,
    ),
    "2.1, one file is imported, no directory": (
        *("2.1.9", f'version = 3\nimports = ["{CONF}/a.toml"]\n' + T3 + OFF, None, DIRS),
        f"CDI is disabled in containerd 2.1.9 ({MAIN}, line 4): enable_cdi set in {MAIN}",
        (MAIN, f'version = 3\nimports = ["{CONF}/a.toml"]\n' + T3 + ON),
    ),
    "2.1, no version, which passes over the old tables": (
        *("2.1.9", T1 + OFF, None, DIRS),
        "CDI is enabled by default in containerd 2.1.9: nothing to change",
        SAME,
    ),
    "2.3, version 4, off": (
        *("2.3.7", "version = 4\n" + T3 + OFF, dump(T3, False, "/etc/cdi", "/var/run/cdi"), DIRS),
        f"CDI is disabled in containerd 2.3.7 ({MAIN}, line 3): enable_cdi set in {MAIN}",
        (MAIN, "version = 4\n" + T3 + ON),
    ),
    "2.3, version 3, the older table counts": (
        *("2.3.7", "version = 3\n" + T2 + OFF, None, DIRS),
        f"CDI is disabled in containerd 2.3.7 ({MAIN}, line 3): enable_cdi set in {MAIN}",
        (MAIN, "version = 3\n" + T2 + ON),
    ),
    "2.4, no key to switch it off": (
        *("2.4.2", "version = 4\n" + T3 + OFF, dump(T3, None, "/etc/cdi", "/var/run/cdi"), DIRS),
        "CDI is always enabled in containerd 2.4.2: nothing to change",
        SAME,
    ),
    "2.4, version 4, the older table does not count": (
        *("2.4.2", "version = 4\n" + T2 + 'cdi_spec_dirs = ["/opt/cdi"]\n', None, MORE),
        f"containerd 2.4.2 does not read /opt/cdi: cdi_spec_dirs set in {MAIN}",
        (MAIN, "version = 4\n" + T2 + 'cdi_spec_dirs = ["/opt/cdi"]\n\n' + T3 + ADDED),
    ),
    "2.4, another directory in a drop-in": (
        *("2.4.2", "version = 4\n" + IMPORTS, dump(T3, None, "/etc/cdi", "/var/run/cdi"), MORE),
        f"containerd 2.4.2 does not read /opt/cdi: cdi_spec_dirs set in {OWN}",
        (OWN, "version = 4\n\n" + T3 + ADDED),
    ),
    "CRI switched off": (
        *("1.7.24", 'disabled_plugins = ["cri"]\n', None, DIRS),
        f"containerd 1.7.24 runs without its CRI plugin (disabled_plugins in {MAIN}), which CDI requires: not changed",
        SAME,
    ),
    "CRI not built in": (
        *("2.1.9", "version = 3\n", "version = 3\n", DIRS),
        "containerd 2.1.9 runs without its CRI plugin ('containerd config dump' does not show it), which CDI requires: not changed",
        SAME,
    ),
}


@pytest.mark.parametrize(
    ("version", "files", "answer", "directories", "reason", "change"), DECISIONS.values(), ids=DECISIONS
)
def test_containerd(version, files, answer, directories, reason, change):
    asked = node(version, files, answer)
    decision = containerd.decide(asked, directories)
    assert decision.reason == reason
    if change is SAME:
        assert decision.path == "" and decision.settings == ()
    else:
        assert decision.path == change[0]
        assert apply(asked.read(decision.path) or "", "toml", list(decision.settings))[0] == change[1]


REFUSED = {
    "1.7: the section is replaced": (
        *("1.7.24", {MAIN: "version = 2\n" + IMPORTS, f"{CONF}/a.toml": T2 + "x = 1\n"}, DIRS),
        f"containerd: {CONF}/a.toml replaces the CRI plugin's section, and is read after {MAIN}: set enable_cdi = true there, or "
        "remove it",
    ),
    "2.1: off in a file that is read later": (
        *("2.1.9", {MAIN: "version = 3\n" + IMPORTS, f"{CONF}/zz-vendor.toml": "version = 3\n" + T3 + OFF}, DIRS),
        f"containerd: {CONF}/zz-vendor.toml, line 3 sets enable_cdi = false, and is read after {OWN}: set enable_cdi = true there, or "
        "remove it",
    ),
    "2.4: directories in a file that is read later": (
        *(
            "2.4.2",
            {MAIN: f'version = 4\nimports = ["{CONF}/a.toml"]\n', f"{CONF}/a.toml": T3 + "cdi_spec_dirs = []\n"},
            DIRS,
        ),
        f"containerd: {CONF}/a.toml, line 2 sets cdi_spec_dirs without /etc/cdi, and is read after {MAIN}: add them there",
    ),
    "an imported file that is no TOML": (
        *("2.1.9", {MAIN: "version = 3\n" + IMPORTS, f"{CONF}/a.toml": "a =\n"}, DIRS),
        f"{CONF}/a.toml: line 1: a value is missing",
    ),
}


@pytest.mark.parametrize(("version", "files", "directories", "message"), REFUSED.values(), ids=REFUSED)
def test_containerd_refuses_in_one_line(version, files, directories, message):
    with pytest.raises(NvmockError) as error:
        containerd.decide(node(version, files), directories)
    assert str(error.value) == message


def test_files_are_read_in_containerds_order_and_once():
    files = {
        MAIN: f'imports = ["*.d/*.toml", "/opt/x.toml", "gone.toml", "{MAIN}"]\n',
        f"{CONF}/b.toml": 'imports = ["/opt/y.toml"]\n',
        f"{CONF}/a.toml": "",
        f"{CONF}/a.txt": "",
        "/opt/x.toml": f'imports = ["{CONF}/a.toml"]\n',
        "/opt/y.toml": "",
    }
    seen = node("2.1.9", files)
    seen = seen._replace(
        names=lambda directory: ["conf.d"] if directory == "/etc/containerd" else node("", files).names(directory)
    )
    assert [one.path for one in containerd.load(seen)] == [
        MAIN,
        f"{CONF}/a.toml",
        f"{CONF}/b.toml",
        "/opt/x.toml",
        "/opt/y.toml",
    ]
    inside = [one.path for one in containerd.load(seen._replace(below="/etc/containerd"))]
    assert inside == [MAIN, f"{CONF}/a.toml", f"{CONF}/b.toml"]


def test_no_drop_in_outside_of_a_directory_tree():
    """Of a tree that is not asked, absolute imports lead to another machine's files."""
    decision = containerd.decide(
        node("2.1.9", 'version = 3\nimports = ["/elsewhere/*.toml"]\n' + T3 + OFF, None, "/etc/containerd"), DIRS
    )
    assert decision.path == MAIN


_TABLE = st.tuples(
    st.sampled_from([T2, T3]),
    st.sampled_from(["", ON, OFF]),
    st.sampled_from(["", 'cdi_spec_dirs = ["/a"]\n']),
    st.sampled_from(["", "x = 1 # y\n"]),
).map("".join)


@given(
    version=st.sampled_from(["1.7.24", "2.0.14", "2.1.9", "2.3.7", "2.4.2"]),
    schema=st.sampled_from(["", "version = 2\n", "version = 3\n", "version = 4\n"]),
    imports=st.sampled_from(["", IMPORTS]),
    tables=st.lists(_TABLE, max_size=2, unique_by=lambda one: one.split("\n")[0]),
    other=st.one_of(st.none(), _TABLE),
    directories=st.sampled_from([DIRS, MORE]),
)
def test_one_change_is_enough_for_any_files_and_can_be_reverted(version, schema, imports, tables, other, directories):
    files = {MAIN: "# mine\n" + schema + imports + "".join(tables)}
    if other is not None:
        files[f"{CONF}/50-other.toml"] = schema + other
    try:
        decision = containerd.decide(node(version, files), directories)
    except NvmockError as error:
        assert "\n" not in str(error)
        return
    if not decision.path:
        return
    before = files.get(decision.path, "")
    after, changes = apply(before, "toml", list(decision.settings))
    assert {one.path[-1] for one in changes} <= {"version", "enable_cdi", "cdi_spec_dirs"}
    kept = [line for line in after.splitlines() if line in before.splitlines()]
    assert [one for one in before.splitlines() if "cdi" not in one] == [one for one in kept if "cdi" not in one][
        : len(before.splitlines())
    ]
    again = containerd.decide(node(version, {**files, decision.path: after}), directories)
    assert again.path == "" and again.reason.endswith("nothing to change")
    assert revert(after, "toml", changes, before) == before


# The others


@pytest.mark.parametrize(
    ("version", "text", "directories", "reason", "after"),
    [
        (
            "26.1.5",
            "",
            DIRS,
            "CDI is disabled by default in Docker 26.1.5: features.cdi set in F",
            '{\n  "features": {\n    "cdi": true\n  }\n}\n',
        ),
        ("26.1.5", '{"features": {"cdi": true}}', DIRS, "F enables CDI in Docker 26.1.5: nothing to change", None),
        ("28.2", "", DIRS, "CDI is enabled by default in Docker 28.2: nothing to change", None),
        (
            "28.5.2",
            '{"features": {"cdi": false}}',
            DIRS,
            "F disables CDI in Docker 28.5.2: features.cdi set in F",
            '{"features": {"cdi": true}}',
        ),
        (
            *("28.5.2", "{}", MORE, "Docker 28.5.2 does not read all of /etc/cdi, /opt/cdi: cdi-spec-dirs set in F"),
            '{"cdi-spec-dirs": ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]}',
        ),
    ],
)
def test_docker(version, text, directories, reason, after):
    decision = docker.decide(version, "F", text, directories)
    assert decision.reason == reason
    assert (apply(text, "json", list(decision.settings))[0] if decision.path else None) == after


CRIO = '# cdi_spec_dirs = [\n# \t"/etc/cdi",\n# \t"/var/run/cdi",\n# ]\n'


@pytest.mark.parametrize(
    ("text", "answer", "directories", "after"),
    [
        ("", CRIO, DIRS, None),
        ("", None, DIRS, None),
        ("", CRIO, MORE, "[crio.runtime]\n" + ADDED),
        ("", 'cdi_spec_dirs = [\n\t"/mine",\n]\n', DIRS, '[crio.runtime]\ncdi_spec_dirs = ["/mine", "/etc/cdi"]\n'),
        ("[crio.runtime]\n" + ADDED, None, MORE, None),
        ("[crio.runtime]\n" + ADDED, 'cdi_spec_dirs = [\n\t"/etc/cdi",\n\t"/opt/cdi",\n]\n', MORE, None),
    ],
)
def test_crio(text, answer, directories, after):
    decision = crio.decide("1.30.0", "F", text, answer, directories)
    assert (apply(text, "toml", list(decision.settings))[0] if decision.path else None) == after
    said = "CRI-O 1.30.0 does not read" if after else "CDI is always enabled in CRI-O 1.30.0: nothing to change"
    assert decision.reason.startswith(said)


@pytest.mark.parametrize(
    ("version", "directories", "after"),
    [
        ("4.3.1", DIRS, None),
        ("5.4.2", ["/etc/cdi", "/var/run/cdi"], None),
        ("5.5", DIRS, None),
        ("5.8.6", MORE, '[engine]\ncdi_spec_dirs = ["/opt/cdi", {append = true}]\n'),
    ],
)
def test_podman(version, directories, after):
    decision = podman.decide(version, "F", "", directories)
    text = apply("", "toml", list(decision.settings))[0] if decision.path else None
    assert text == after
    if after:
        again = podman.decide(version, "F", after, directories)
        assert again.path == "" and again.reason == f"F lists /opt/cdi for Podman {version}: nothing to change"


def test_podman_that_can_not_be_told():
    with pytest.raises(
        NvmockError, match=r"^cdi_spec_dirs: podman 5\.4\.2 only reads /etc/cdi and /var/run/cdi .*remove /opt/cdi"
    ):
        podman.decide("5.4.2", "F", "", MORE)


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ("containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24~ds1-6+deb13u1", "1.7.24"),
        ("containerd github.com/containerd/containerd/v2 v2.4.2 0123abc", "2.4.2"),
        ("Docker version 28.5.2+dfsg3, build 0123", "28.5.2"),
        ("podman version 5.4.2", "5.4.2"),
        ("crio version 1.30.0\nVersion:        1.30.0", "1.30.0"),
        ("no version", None),
    ],
)
def test_the_version_in_what_programs_print(answer, version):
    assert find(answer) == version


@pytest.mark.parametrize(
    ("version", "least", "is_it"),
    [
        ("1.7", "1.7.0", True),
        ("1.6.20", "1.7.0", False),
        ("1.10", "1.9", True),
        ("v2.0.0-rc.1", "2.0", True),
        ("28", "28.2", False),
    ],
)
def test_versions_are_compared_as_numbers(version, least, is_it):
    assert at_least(version, least) is is_it
    assert numbers("new") is None
