# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Root filesystems made to lead a hook astray: whatever it answers, nothing outside of them changes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from .conftest import no_openat2, one_line
from .test_hook import cached, compat, library, needs_ldconfig, no_emulator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root could do harm")

ALL = {
    "create-symlinks": ["--link", "x::/etc/a/link", "--link", "x::/usr/lib64/link"],
    "update-ldcache": ["--folder", "/usr/lib64"],
    "enable-cuda-compat": ["--host-driver-version", "1.0"],
    "chmod": ["--mode", "777", "--path", "/etc", "--path", "/etc/file", "--path", "/usr/lib64/file", "--path", "/dev"],
    "disable-device-node-modification": [],
    "update-application-profile": [],
}


def outside_by(bundle, way, place):
    """A link target that leads to *place* outside, for a link that lies two directories deep at most."""
    if way == "absolute":
        return str(place)
    if way == "upwards":
        return "../" * 30 + str(place).lstrip("/")
    return "/proc/self/root" + str(place)


@pytest.mark.parametrize("way", ["absolute", "upwards", "magic"])
@pytest.mark.parametrize(
    "linked", ["etc", "etc/ld.so.conf.d", "usr", "usr/lib64", "dev", "proc/driver/nvidia", "usr/local/cuda"]
)
@pytest.mark.parametrize("command", sorted(ALL))
def test_directories_that_are_links_to_the_outside(nvidia_cdi_hook, bundle, command, linked, way):
    (bundle.outside / "etc").mkdir()
    for name in ("etc/ld.so.cache", "params", "libcuda.so.9.9"):
        (bundle.outside / name).write_text("ModifyDeviceFiles: 1\n")
    os.mknod(bundle.outside / "nvidia0", stat.S_IFCHR | 0o600, os.makedev(195, 0))
    path = bundle.root / linked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside_by(bundle, way, bundle.outside))
    before = bundle.snapshot()
    done = nvidia_cdi_hook(command, *ALL[command], state=bundle.state, private=True)
    assert done.returncode in (0, 1)
    assert bundle.snapshot() == before
    if done.returncode == 1 and not nvidia_cdi_hook.emulated:
        one_line(done)


@pytest.mark.parametrize("way", ["absolute", "upwards"])
def test_links_that_lead_somewhere_inside_are_followed_there(nvidia_cdi_hook, bundle, way):
    """As the container itself would see them."""
    inside = bundle.root / str(bundle.outside).lstrip("/")
    inside.mkdir(parents=True)
    (bundle.root / "etc").symlink_to(outside_by(bundle, way, bundle.outside))
    before = bundle.snapshot()
    assert nvidia_cdi_hook("create-symlinks", "--link", "x::/etc/a/link", state=bundle.state).returncode == 0
    assert os.readlink(inside / "a/link") == "x"
    assert bundle.snapshot() == before


@pytest.mark.parametrize("link", ["x::../../../../b", "x::/../../b", "x::/a/../../../b", "x::b", "x::./././/b"])
def test_paths_that_climb(nvidia_cdi_hook, bundle, link):
    before = bundle.snapshot()
    assert nvidia_cdi_hook("create-symlinks", "--link", link, state=bundle.state).returncode == 0
    assert os.listdir(bundle.root) == ["b"] and bundle.snapshot() == before


@pytest.mark.parametrize("link", ["x::/", "x::/.", "x::/a/.."])
def test_the_root_is_no_place_for_a_link(nvidia_cdi_hook, bundle, link):
    one_line(nvidia_cdi_hook("create-symlinks", "--link", link, state=bundle.state), "directory")


def test_links_in_circles(nvidia_cdi_hook, bundle):
    (bundle.root / "etc").symlink_to("var")
    (bundle.root / "var").symlink_to("etc")
    (bundle.root / "usr").symlink_to("usr")
    for command, arguments in ALL.items():
        done = nvidia_cdi_hook(command, *arguments, state=bundle.state, private=True)
        if command in ("create-symlinks", "update-ldcache"):
            one_line(done, "Too many levels")


def test_a_dangling_link_is_not_filled(nvidia_cdi_hook, bundle):
    (bundle.root / "etc").symlink_to("/nowhere")
    one_line(nvidia_cdi_hook("create-symlinks", "--link", "x::/etc/b", state=bundle.state), "/etc/b", "No such file")
    assert os.listdir(bundle.root) == ["etc"]


@pytest.mark.parametrize("name", ["00-nvcr-nvmock.conf", "zz-nvcr-nvmock.conf"])
@needs_ldconfig
def test_files_that_are_links_are_replaced_not_followed(nvidia_cdi_hook, bundle, name):
    no_emulator(nvidia_cdi_hook, "execveat")
    conf = bundle.root / "etc/ld.so.conf.d"
    conf.mkdir(parents=True)
    for path in (conf / name, conf.parent / "ld.so.cache", conf.parent / "ld.so.cache~"):
        path.symlink_to(bundle.outside / "file")
    inside = bundle.root / str(bundle.outside).lstrip("/") / "file"
    inside.parent.mkdir(parents=True)
    inside.write_text("kept")
    before = bundle.snapshot()
    nvidia_cdi_hook("update-ldcache", "--folder", "/usr/lib64", state=bundle.state)
    assert bundle.snapshot() == before
    assert not (conf / name).is_symlink() and inside.read_text() == "kept"


def test_the_compat_configuration_is_replaced_not_followed(nvidia_cdi_hook, bundle):
    conf = compat(bundle)
    conf.symlink_to(bundle.outside / "file")
    before = bundle.snapshot()
    assert nvidia_cdi_hook("enable-cuda-compat", "--host-driver-version=1.0", state=bundle.state).returncode == 0
    assert bundle.snapshot() == before
    assert not conf.is_symlink() and conf.read_text() == "/usr/local/cuda-13/compat\n"


@needs_ldconfig
@pytest.mark.parametrize(
    "name", ["ld.so.conf", "alpine-release", "debian_version", "ld-musl-x86_64.path", "ld.so.cache"]
)
def test_a_pipe_in_place_of_a_file_holds_nothing_up(nvidia_cdi_hook, bundle, name):
    no_emulator(nvidia_cdi_hook, "execveat")
    library(bundle.root / "opt/libcuda.so.1", "libcuda.so.1")
    (bundle.root / "etc").mkdir()
    os.mkfifo(bundle.root / "etc" / name)
    done = nvidia_cdi_hook("update-ldcache", "--folder", "/opt", state=bundle.state)
    assert done.returncode == 0, done.stderr
    assert cached(bundle.root)["libcuda.so.1"] == "/opt/libcuda.so.1"


def test_pipes_elsewhere(nvidia_cdi_hook, bundle):
    conf = compat(bundle)
    os.unlink(bundle.root / "etc/ld.so.cache")
    os.mkfifo(bundle.root / "etc/ld.so.cache")
    os.mkfifo(conf)
    (bundle.root / "proc/driver/nvidia").mkdir(parents=True)
    os.mkfifo(bundle.root / "proc/driver/nvidia/params")
    os.mkfifo(bundle.root / "dev")
    assert nvidia_cdi_hook("enable-cuda-compat", "--host-driver-version=1.0", state=bundle.state).returncode == 0
    assert stat.S_ISREG(conf.lstat().st_mode)
    one_line(nvidia_cdi_hook("disable-device-node-modification", state=bundle.state), "params")
    assert nvidia_cdi_hook("update-application-profile", state=bundle.state).returncode == 0
    assert nvidia_cdi_hook("chmod", "--mode=700", "--path=/dev", state=bundle.state).returncode == 0


@pytest.mark.parametrize("command", sorted(ALL))
def test_a_read_only_root(nvidia_cdi_hook, bundle, command):
    """The container starts; what could not be done is said."""
    (bundle.root / "dev").mkdir()
    os.mknod(bundle.root / "dev/nvidia0", stat.S_IFCHR | 0o600, os.makedev(195, 0))
    compat(bundle)
    before = sorted(str(path) for path in bundle.root.rglob("*"))
    mount = f"mount --bind {bundle.root} {bundle.root}; mount -o remount,bind,ro {bundle.root}"
    done = nvidia_cdi_hook(command, *ALL[command], state=bundle.state, before=mount)
    assert done.returncode == 0
    if command != "disable-device-node-modification":
        assert "Read-only file system" in done.stderr and "starts without it" in done.stderr
    assert sorted(str(path) for path in bundle.root.rglob("*")) == before


def test_files_where_directories_belong(nvidia_cdi_hook, bundle):
    for name in ("etc", "usr", "dev", "proc"):
        (bundle.root / name).write_text("")
    for command, arguments in ALL.items():
        done = nvidia_cdi_hook(command, *arguments, state=bundle.state, private=True)
        if command in ("create-symlinks", "update-ldcache"):
            one_line(done, "Not a directory")
        else:
            assert done.returncode == 0


def test_the_nodes_own_root_is_refused(nvidia_cdi_hook, bundle):
    for path in ("/", "../../../../../../../../../../.."):
        bundle.configure({"root": {"path": path}})
        one_line(nvidia_cdi_hook("chmod", "--mode=700", "--path=/none", state=bundle.state), "root of this system")


def test_the_old_kernel_of_these_tests_is_old():
    """Else the walk from directory to directory would not be tested on this machine's architecture."""
    code = "import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.syscall(437, -100, b'/', 0, 0), ctypes.get_errno())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, preexec_fn=no_openat2
    )
    assert done.stdout.split() == ["-1", "38"]
