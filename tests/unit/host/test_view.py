# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The view of a node: confined to the host root while others exchange directories and links, and without limits of depth."""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
import threading

import pytest
from host_support import open_root, present, small_node
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError, NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import plan_for
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import DIRECTORY, FILE, SYMLINK, Entry
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import read_manifest
from ansible_collections.nvmock.gpu.plugins.module_utils.host.overlay import OverlayView
from ansible_collections.nvmock.gpu.plugins.module_utils.host.plan import CREATE, REMOVE, UPDATE, Change
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.host.view import MAX_OPEN, HostView

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def exchange(one, other):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@pytest.fixture
def exchanged(tmp_path):
    """A node whose /etc/cdi is now a directory, now a link out of it, all the time."""
    node = tmp_path / "node"
    (node / "etc/cdi/below").mkdir(parents=True)
    outside = tmp_path / "outside"
    (outside / "below").mkdir(parents=True)
    for place, word in ((node / "etc/cdi", "inside"), (outside, "outside")):
        (place / "a.yaml").write_text(word)
        (place / "below/b.yaml").write_text(word)
    (outside / "only-outside").write_text("outside")
    (node / "etc/other").symlink_to(outside)
    places = (str(node / "etc/cdi"), str(node / "etc/other"))
    try:
        exchange(*places)
        exchange(*places)
    except (OSError, AttributeError) as error:
        pytest.skip(f"no renameat2 with RENAME_EXCHANGE here: {error}")
    stop = threading.Event()

    def work():
        while not stop.is_set():
            exchange(*places)

    thread = threading.Thread(target=work)
    thread.start()
    yield str(node)
    stop.set()
    thread.join()


def test_nothing_outside_is_read_while_directories_are_exchanged(exchanged):
    """Absolute links mean the root, so all that is to be seen is the inside or nothing."""
    seen = {}
    for number in range(3000):
        with HostView(exchanged) as view:
            if number % 2:
                view.realpath("/etc/cdi/below/b.yaml")  # resolved, then read later
            found = (
                view.read_bytes("/etc/cdi/a.yaml"),
                view.read_bytes("/etc/cdi/below/b.yaml"),
                tuple(name for name in view.listdir("/etc/cdi") if "outside" in name),
                view.exists("/etc/cdi/only-outside"),
            )
        seen[found] = seen.get(found, 0) + 1
    for contents_a, contents_b, names, there in seen:
        assert contents_a in (None, b"inside") and contents_b in (None, b"inside")
        assert names == () and not there
    assert len(seen) > 1, f"the exchange was never met: {seen}"


def test_a_directory_that_became_a_link_after_it_was_resolved(tmp_path):
    node, outside = tmp_path / "node", tmp_path / "outside"
    for place in (node / "a/b", outside / "b"):
        place.mkdir(parents=True)
        (place / "file").write_text(place.parent.parent.name)
    view = HostView(str(node))
    assert view.stat("/a/b").is_dir
    os.rename(node / "a", node / "aside")
    (node / "a").symlink_to(outside)
    assert view.read_bytes("/a/b/file") in (None, b"node")
    assert HostView(str(node)).read_bytes("/a/b/file") is None


def test_a_link_that_became_another_after_it_was_looked_at(tmp_path):
    """The last part of a path, too: a file that is opened is no link."""
    (tmp_path / "node").mkdir()
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "node/file").write_text("inside")
    view = HostView(str(tmp_path / "node"))
    assert view.stat("/file").is_file
    os.unlink(tmp_path / "node/file")
    (tmp_path / "node/file").symlink_to(tmp_path / "outside")
    assert view.read_bytes("/file") is None


def test_a_view_stays_with_the_directory_that_was_opened(tmp_path):
    (tmp_path / "node").mkdir()
    (tmp_path / "node/file").write_text("first")
    with HostRoot(str(tmp_path / "node")) as root:
        os.rename(tmp_path / "node", tmp_path / "aside")
        (tmp_path / "node").mkdir()
        assert HostView(root).read_bytes("/file") == b"first"


def test_no_host_root(tmp_path):
    with pytest.raises(HostError, match="does not exist"):
        HostView(str(tmp_path / "nowhere"))
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="Not a directory"):
        HostView(str(tmp_path / "file"))


def test_paths_that_no_file_can_have(tmp_path):
    view = HostView(str(tmp_path))
    for path in ("/a\0b", "/\ud800", "/" + "a" * 300, "/a" * 5000, "/../..", "..", ""):
        assert not view.exists(path) or path in ("/../..", "..", "")
        assert view.read_bytes(path) is None and view.readlink(path) is None


def test_a_path_that_is_not_clean_leads_to_what_the_clean_one_leads_to(tmp_path):
    (tmp_path / "a/deep").mkdir(parents=True)
    (tmp_path / "a/file").write_text("")
    (tmp_path / "link").symlink_to("a/deep")
    odd = {"/link/../a/./file": "/a/file", "//a//file": "/a/file", "/link/..": "/", "": "/", "a/deep/": "/a/deep"}
    with HostView(str(tmp_path)) as view:
        for _again in range(2):
            assert {path: view.realpath(path) for path in odd} == odd
        assert view.realpath("/link/../link") == view.realpath("/link//") == "/a/deep"
        assert view.realpath("/link/../file") is None
        assert view.realpath("/none/../a/file") == "/a/file"


def test_deep_and_many_directories(tmp_path):
    """Neither recursion nor descriptors run out."""
    depth = 1200
    wide = tmp_path / "wide"
    for number in range(MAX_OPEN * 2):
        (wide / str(number)).mkdir(parents=True)
        (wide / str(number) / "file").write_text("x")
    before = len(os.listdir("/proc/self/fd"))
    with deep_directory(tmp_path, depth), HostView(str(tmp_path)) as view:
        assert view.stat("/d" * (MAX_OPEN + 100)).is_dir
        view.exists("/d" * depth)
        assert len(view.glob("/wide/*/file")) == MAX_OPEN * 2
        assert all(view.read_bytes(f"/wide/{number}/file") == b"x" for number in range(MAX_OPEN * 2))
        assert len(os.listdir("/proc/self/fd")) <= before + MAX_OPEN + 3
    assert len(os.listdir("/proc/self/fd")) == before


@contextlib.contextmanager
def deep_directory(top, depth):
    """d/d/d/... below *top*; it is removed at the end, because removal by recursive functions fails at this depth."""
    here = os.open(top, os.O_RDONLY)
    for _step in range(depth):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    try:
        yield
    finally:
        for _step in range(depth):
            here, below = os.open("..", os.O_RDONLY, dir_fd=here), here
            os.close(below)
            os.rmdir("d", dir_fd=here)
        os.close(here)


def test_links_are_resolved_as_the_node_resolves_them(tmp_path):
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/file").write_text("x")
    for name, target in {
        "lib": "usr/lib",
        "up": "../../../usr/lib",
        "absolute": "/usr/lib",
        "loop": "loop",
        "usr/lib/link": "file",
        "usr/lib/dangling": "/nowhere",
    }.items():
        (tmp_path / name).symlink_to(target)
    view = HostView(str(tmp_path))
    for name in ("lib", "up", "absolute"):
        assert view.realpath(f"/{name}/link") == "/usr/lib/file"
    assert view.realpath("/loop") is None and view.realpath("/loop/x") is None
    assert view.realpath("/lib/dangling") is None and view.lstat("/lib/dangling").is_link
    assert view.readlink("/lib/link") == "file" and view.readlink("/lib/file") is None


# -- what a plan changes --------------------------------------------------------------------------------------------


def entry(path, kind=FILE, **facts):
    return Entry(path, kind, mode=None if kind == SYMLINK else 0o755, **facts)


def test_a_directory_in_place_of_a_link_has_nothing_of_what_the_link_led_to(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/old").write_text("old")
    (tmp_path / "lib").symlink_to("elsewhere")
    changes = [
        Change(UPDATE, "/lib", entry("/lib", SYMLINK), entry("/lib", DIRECTORY), ("type",)),
        Change(CREATE, "/lib/new", None, entry("/lib/new", content=b"new")),
    ]
    view = OverlayView(str(tmp_path), changes)
    assert view.listdir("/lib") == ["new"] and view.read_bytes("/lib/new") == b"new"
    assert not view.exists("/lib/old") and view.realpath("/lib/new") == "/lib/new"
    assert view.read_bytes("/elsewhere/old") == b"old" and view.listdir("/elsewhere") == ["old"]
    assert os.path.islink(tmp_path / "lib")


def test_a_removal_below_a_linked_parent(tmp_path):
    """Where a path is a link's, what it leads to is changed."""
    (tmp_path / "run/dr").mkdir(parents=True)
    (tmp_path / "run/dr/old").write_text("old")
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("../run")
    changes = [
        Change(CREATE, "/var/run/dr/new", None, entry("/var/run/dr/new", content=b"new")),
        Change(REMOVE, "/var/run/dr/old", entry("/var/run/dr/old"), None),
    ]
    view = OverlayView(str(tmp_path), changes)
    for place in ("/run/dr", "/var/run/dr"):
        assert view.listdir(place) == ["new"]
        assert not view.exists(f"{place}/old") and view.read_bytes(f"{place}/new") == b"new"


def test_a_directory_in_place_of_a_link_to_nothing_and_a_link_in_place_of_a_file(tmp_path):
    (tmp_path / "usr").symlink_to("/nowhere")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").write_text("x")
    (tmp_path / "name").write_text("file")
    changes = [
        Change(UPDATE, "/name", entry("/name"), entry("/name", SYMLINK, target="data"), ("type",)),
        Change(UPDATE, "/usr", entry("/usr", SYMLINK), entry("/usr", DIRECTORY), ("type",)),
        Change(CREATE, "/usr/local", None, entry("/usr/local", DIRECTORY)),
        Change(CREATE, "/usr/local/x", None, entry("/usr/local/x", content=b"y")),
    ]
    view = OverlayView(str(tmp_path), changes)
    assert view.read_bytes("/name/x") == b"x" and view.readlink("/name") == "data"
    assert view.read_bytes("/usr/local/x") == b"y" and view.listdir("/usr") == ["local"]


def test_entries_bring_the_directories_above_them(tmp_path):
    (tmp_path / "sys").symlink_to("kernel")
    (tmp_path / "kernel").mkdir()
    view = OverlayView(str(tmp_path))
    assert view.listdir("/sys") == [] and not view.exists("/sys/bus")
    view.add([entry("/sys/bus/pci/x", DIRECTORY), entry("/sys/bus/pci/y", content=b"1")])
    assert view.listdir("/kernel") == ["bus"] and view.listdir("/sys/bus/pci") == ["x", "y"]
    assert view.glob("/sys/bus/*/y") == ["/sys/bus/pci/y"] and view.stat("/sys/bus").is_dir


# -- two properties -------------------------------------------------------------------------------------------------


def walk(view):
    """Everything that a view shows: path -> (type, mode, owner, what is in it)."""
    found = {}
    left = ["/"]
    while left:
        place = left.pop()
        for name in view.listdir(place):
            path = f"{'' if place == '/' else place}/{name}"
            status = view.lstat(path)
            inside = None
            if status.is_link:
                inside = view.readlink(path)
            elif status.is_file:
                inside = view.read_bytes(path)
            elif status.is_dir:
                left.append(path)
            else:
                inside = (status.major, status.minor)
            found[path] = (status.mode, status.uid, status.gid, inside)
    return found


def without_housekeeping(found):
    """Without the manifest and the lock, which are in no plan, wherever a link leads to them."""
    return {path: facts for path, facts in found.items() if os.path.basename(path) not in ("manifest.mtree", "lock")}


PLANTED = {
    "to another directory": "/inside",
    "to the root": "/",
    "up": "..",
    "to nothing": "/nowhere",
    "loop": "{name}",
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("again", [1, 2])
def test_the_view_of_a_plan_is_what_the_run_leaves(fresh, kind, again):
    """With a link in the place of each thing that an earlier run has made."""
    compared = 0
    for path in sorted({entry.path for component in small_node() for entry in component.entries}):
        for place in (path, os.path.dirname(path)):
            top = fresh()
            os.makedirs(f"{top}/inside/lib64")
            present(top, small_node())
            os.rename(f"{top}{place}", f"{top}{place}.aside")
            os.symlink(PLANTED[kind].format(name=os.path.basename(place)), f"{top}{place}")
            wanted = small_node(again)
            try:
                with open_root(str(top), wanted) as root:
                    planned = walk(OverlayView(root, plan_for(root, wanted, read_manifest(root)).changes))
                present(top, wanted)
            except NvmockError:
                continue
            left = walk(HostView(str(top)))
            assert without_housekeeping(planned) == without_housekeeping(left), place
            compared += 1
    assert compared > 5


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["", "a", "b", "a/b", "c"]),
            st.sampled_from(
                [None, "/", "/a", "b", "..", "../a", "../../c/./b", "/a/../b", "a/b/", ".", "nowhere", "/b/c"]
            ),
        ),
        max_size=8,
    )
)
def test_both_resolvers_lead_to_the_same_directories(things):
    """What is written goes through HostRoot, what is read through HostView: links mean the same to both."""
    with tempfile.TemporaryDirectory() as top:
        for name, parent, target in things:
            place = os.path.join(top, parent)
            if os.path.islink(place) or not os.path.realpath(place).startswith(top):
                continue
            with contextlib.suppress(OSError):
                os.makedirs(place, exist_ok=True)
                if target is None:
                    os.mkdir(os.path.join(place, name))
                else:
                    os.symlink(target, os.path.join(place, name))
        with HostRoot(top) as root, HostView(top) as view:
            for path in ("/a", "/b", "/c", "/a/b", "/a/b/c", "/c/c/c", "/b/a/a", "/a/a/a/a", "/c/a/b"):
                try:
                    there = root.is_directory(path)
                except HostError:  # in the way is what is no directory, or a loop
                    there = False
                status = view.stat(path)
                assert there == (status is not None and status.is_dir), path
                if there:
                    one, other = os.fstat(root.directory(path)), view.identity(path)
                    assert one.st_ino == other[1], path
