# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What each hook does to a container that means no harm."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_library import shared_object

from .conftest import one_line

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and device nodes need root")
LDCONFIG = next((path for path in ("/sbin/ldconfig.real", "/sbin/ldconfig") if os.path.exists(path)), None)
needs_ldconfig = pytest.mark.skipif(LDCONFIG is None, reason="this machine has no ldconfig")


def no_emulator(hook, call):
    if hook.emulated:
        pytest.skip(f"qemu-user knows no {call}(2)")


@pytest.mark.parametrize("first", [(), ("hook",), ("--quiet",), ("-d",)])
def test_create_symlinks(nvidia_cdi_hook, bundle, first):
    (bundle.root / "usr/lib64").mkdir(parents=True)
    links = ["libcuda.so.1::/usr/lib64/libcuda.so", "../libnvidia-allocator.so.1::/usr/lib64/gbm/nvidia-drm_gbm.so"]
    done = nvidia_cdi_hook(*first, "create-symlinks", "--link", links[0], f"--link={links[1]}", state=bundle.state)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert os.readlink(bundle.root / "usr/lib64/libcuda.so") == "libcuda.so.1"
    assert os.readlink(bundle.root / "usr/lib64/gbm/nvidia-drm_gbm.so") == "../libnvidia-allocator.so.1"
    assert sorted(os.listdir(bundle.root / "usr/lib64")) == ["gbm", "libcuda.so"]


def test_create_symlinks_replaces_files_and_links_but_no_directory(nvidia_cdi_hook, bundle):
    (bundle.root / "file").write_text("x")
    (bundle.root / "link").symlink_to("elsewhere")
    (bundle.root / "directory").mkdir()
    assert (
        nvidia_cdi_hook("create-symlinks", "--link", "t::/file", "--link", "t::/link", state=bundle.state).returncode
        == 0
    )
    assert os.readlink(bundle.root / "file") == os.readlink(bundle.root / "link") == "t"
    one_line(
        nvidia_cdi_hook("create-symlinks", "--link", "t::/directory", state=bundle.state), "/directory", "directory"
    )
    assert sorted(os.listdir(bundle.root)) == ["directory", "file", "link"]


def test_create_symlinks_leaves_a_right_link_alone(nvidia_cdi_hook, bundle):
    (bundle.root / "link").symlink_to("t")
    before = os.lstat(bundle.root / "link").st_ino
    assert nvidia_cdi_hook("create-symlinks", "--link", "t::/link", state=bundle.state).returncode == 0
    assert os.lstat(bundle.root / "link").st_ino == before


@pytest.mark.parametrize("link", ["", "x", "::", "a::", "::b", "a::b::c", "a:b"])
def test_create_symlinks_refuses_what_is_no_link(nvidia_cdi_hook, bundle, link):
    one_line(nvidia_cdi_hook("create-symlinks", "--link", link, state=bundle.state), "--link", "<target>::<link>")
    assert os.listdir(bundle.root) == []


def library(path, soname):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(shared_object(soname, "x86_64"))


def cached(root):
    done = subprocess.run(
        [LDCONFIG, "-C", str(root / "etc/ld.so.cache"), "-p"], capture_output=True, text=True, check=True
    )
    return {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if "=>" in line}


@needs_root
@needs_ldconfig
@pytest.mark.parametrize(
    "content", [None, "include /etc/ld.so.conf.d/*.conf\n", "/opt\n"], ids=["none", "include", "own"]
)
def test_update_ldcache(nvidia_cdi_hook, bundle, content):
    """In a container without ldconfig, with or without a configuration of its own."""
    no_emulator(nvidia_cdi_hook, "execveat")
    library(bundle.root / "opt/driver/libcuda.so.550.54.15", "libcuda.so.1")
    library(bundle.root / "usr/lib/libown.so.2.0", "libown.so.2")
    if content is not None:
        (bundle.root / "etc").mkdir()
        (bundle.root / "etc/ld.so.conf").write_text(content)
    before = bundle.snapshot()
    done = nvidia_cdi_hook("update-ldcache", "--folder", "/opt/driver", "--folder=/opt/driver", state=bundle.state)
    assert done.returncode == 0, done.stderr
    assert cached(bundle.root) == {"libcuda.so.1": "/opt/driver/libcuda.so.1", "libown.so.2": "/usr/lib/libown.so.2"}
    assert os.readlink(bundle.root / "opt/driver/libcuda.so.1") == "libcuda.so.550.54.15"
    conf = bundle.root / "etc/ld.so.conf.d/00-nvcr-nvmock.conf"
    assert conf.read_text() == "/opt/driver\n" and conf.stat().st_mode & 0o777 == 0o644
    if content is not None:
        assert (bundle.root / "etc/ld.so.conf").read_text() == content
    assert bundle.snapshot() == before
    assert bundle.root.as_posix() not in pathlib.Path("/proc/self/mountinfo").read_text()


@needs_root
def test_update_ldcache_of_musl(nvidia_cdi_hook, bundle):
    no_emulator(nvidia_cdi_hook, "execveat")
    library(bundle.root / "opt/driver/libcuda.so.1", "libcuda.so.1")
    (bundle.root / "etc").mkdir()
    (bundle.root / "etc/alpine-release").write_text("3.20\n")
    for _round in range(2):
        done = nvidia_cdi_hook("update-ldcache", "--folder", "/opt/driver", "--folder", "/usr/lib", state=bundle.state)
        assert done.returncode == 0, done.stderr
        path = next((bundle.root / "etc").glob("ld-musl-*.path"))
        assert path.read_text().split() == ["/opt/driver", "/lib", "/usr/local/lib", "/usr/lib"]


@needs_root
@needs_ldconfig
def test_the_containers_own_ldconfig_is_not_run(nvidia_cdi_hook, bundle):
    no_emulator(nvidia_cdi_hook, "execveat")
    for place in ("sbin", "usr/sbin"):
        (bundle.root / place).mkdir(parents=True)
        (bundle.root / place / "ldconfig").write_text(f"#!/bin/sh\ntouch {bundle.outside}/pwned /pwned\n")
        (bundle.root / place / "ldconfig").chmod(0o755)
    before = bundle.snapshot()
    assert nvidia_cdi_hook("update-ldcache", "--folder", "/opt", state=bundle.state).returncode == 0
    assert bundle.snapshot() == before and not (bundle.root / "pwned").exists()


def test_a_script_is_no_ldconfig(nvidia_cdi_hook, bundle):
    """As on musl distributions: it would work on the node."""
    script = bundle.outside / "script"
    script.write_text(f"#!/bin/sh\ntouch {bundle.outside}/pwned\n")
    script.chmod(0o755)
    done = nvidia_cdi_hook("update-ldcache", "--ldconfig-path", str(script), "--folder", "/opt", state=bundle.state)
    one_line(done, str(script), "not an ELF program")
    assert not (bundle.outside / "pwned").exists()
    one_line(nvidia_cdi_hook("update-ldcache", "--ldconfig-path=/none", state=bundle.state), "/none", "No such file")


@needs_root
def test_a_dynamic_ldconfig_gets_the_root_as_an_option(nvidia_cdi_hook, bundle):
    """Its loader and its libraries are the node's own. Stand-in: echo, which shows the arguments."""
    no_emulator(nvidia_cdi_hook, "execveat")
    program = shutil.which("echo")
    done = nvidia_cdi_hook("update-ldcache", "--ldconfig-path", program, "--folder", "/opt", state=bundle.state)
    root, *rest = done.stdout.removeprefix("-r ").split()
    assert done.returncode == 0 and root.startswith("/proc/self/fd/")
    assert rest == ["-f", "/etc/ld.so.conf", "-C", "/etc/ld.so.cache"]


def compat(bundle, version="600.10.01", *more):
    place = bundle.root / "usr/local/cuda-13/compat"
    place.mkdir(parents=True)
    (bundle.root / "usr/local/cuda").symlink_to("/usr/local/cuda-13")
    for one in (version, *more):
        (place / f"libcuda.so.{one}").write_bytes(b"")
    (place / "libcuda.so.1").symlink_to(f"libcuda.so.{version}")
    (bundle.root / "etc/ld.so.conf.d").mkdir(parents=True)
    (bundle.root / "etc/ld.so.cache").write_bytes(b"")
    return bundle.root / "etc/ld.so.conf.d/00-compat-nvmock.conf"


@pytest.mark.parametrize(
    ("host", "used"), [("550.54.15", True), ("600.10.01", False), ("99.1", True), ("1000.1", False)]
)
def test_enable_cuda_compat_compares_majors_as_numbers(nvidia_cdi_hook, bundle, host, used):
    conf = compat(bundle)
    done = nvidia_cdi_hook("enable-cuda-compat", f"--host-driver-version={host}", state=bundle.state)
    assert (done.returncode, done.stderr) == (0, "")
    assert conf.exists() == used
    if used:
        assert conf.read_text() == "/usr/local/cuda-13/compat\n" and conf.stat().st_mode & 0o777 == 0o644


def test_enable_cuda_compat_needs_all_of_it(nvidia_cdi_hook, bundle):
    def run(*arguments):
        return nvidia_cdi_hook("enable-cuda-compat", *arguments, state=bundle.state).returncode

    assert run("--host-driver-version=550.1") == 0 and os.listdir(bundle.root) == []
    conf = compat(bundle, "600.1", "601.1")  # two: which one is meant?
    assert run("--host-driver-version=550.1") == 0 and not conf.exists()
    (bundle.root / "usr/local/cuda-13/compat/libcuda.so.601.1").unlink()
    assert run() == 0 and not conf.exists()
    # By a note in the library, which this one does not have.
    assert run("--host-driver-version=550.1", "--host-cuda-version=12.4") == 0 and not conf.exists()
    assert run("--host-cuda-version=12.4") == 0 and not conf.exists()
    done = nvidia_cdi_hook("enable-cuda-compat", "--host-driver-version", "new", state=bundle.state)
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1 and "new" in done.stderr
    assert not conf.exists()
    assert run("--host-driver-version=550.1", "--host-cuda-version=") == 0 and conf.exists()


def test_enable_cuda_compat_in_an_image_without_a_cache(nvidia_cdi_hook, bundle):
    conf = compat(bundle)
    (bundle.root / "etc/ld.so.cache").unlink()
    done = nvidia_cdi_hook("enable-cuda-compat", "--host-driver-version=550.1", state=bundle.state)
    assert (done.returncode, done.stderr) == (0, "")
    assert conf.read_text() == "/usr/local/cuda-13/compat\n"


@pytest.mark.parametrize(
    ("root", "expected"),
    [("/opt/compat", "/opt/compat"), ("/link", "/usr/local/cuda-13/compat"), ("/../link/", "/usr/local/cuda-13/compat"),
     ("/", "/"), ("", "/"), ("/none", None), ("/file", None), ("/usr/local/cuda/compat", "/usr/local/cuda-13/compat")],
)  # fmt: skip
def test_enable_cuda_compat_in_another_directory(nvidia_cdi_hook, bundle, root, expected):
    conf = compat(bundle)
    (bundle.root / "link").symlink_to("/usr/local/cuda/compat")
    (bundle.root / "opt/compat").mkdir(parents=True)
    for name in ("opt/compat/libcuda.so.600.10.01", "libcuda.so.600.10.01", "file"):
        (bundle.root / name).write_bytes(b"")
    arguments = ("--host-driver-version=550.1", f"--cuda-compat-container-root={root}")
    done = nvidia_cdi_hook("enable-cuda-compat", *arguments, state=bundle.state)
    assert (done.returncode, done.stderr) == (0, "")
    assert (conf.read_text() if conf.exists() else None) == (expected and f"{expected}\n")


def test_chmod(nvidia_cdi_hook, bundle):
    (bundle.root / "dev/dri").mkdir(parents=True, mode=0o700)
    (bundle.root / "dev/caps").mkdir(mode=0o700)
    done = nvidia_cdi_hook(
        "chmod", "--mode", "755", "--path", "/dev/dri", "--path=/none", "--path", "dev/caps", state=bundle.state
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        (bundle.root / "dev/dri").stat().st_mode & 0o7777 == (bundle.root / "dev/caps").stat().st_mode & 0o7777 == 0o755
    )


@pytest.mark.parametrize(
    "arguments", [(), ("--mode=",), ("--mode", "8"), ("--mode", "17777"), ("--mode", "-1"), ("--mode", "0x1")]
)
def test_chmod_refuses_bad_modes(nvidia_cdi_hook, bundle, arguments):
    one_line(nvidia_cdi_hook("chmod", *arguments, "--path", "/dev", state=bundle.state), "--mode", "octal")


def params(bundle, text):
    path = bundle.root / "proc/driver/nvidia/params"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


@needs_root
def test_disable_device_node_modification(nvidia_cdi_hook, bundle):
    no_emulator(nvidia_cdi_hook, "fsopen")
    path = params(bundle, "ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 1\nModifyDeviceFilesX: 1\n")
    command = [*nvidia_cdi_hook.command, "disable-device-node-modification"]
    script = f'"$@"; cat {path}; grep -o " [^ ]*params ro,.*" /proc/self/mountinfo; ls {path.parent}; echo x >{path}'
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "shared", "sh", "-c", script, "sh", *command],
        input=bundle.state,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=nvidia_cdi_hook.prepare,
    )
    lines = done.stdout.splitlines()
    assert lines[:3] == ["ResmanDebugLevel: 4294967295", "ModifyDeviceFiles: 0", "ModifyDeviceFilesX: 1"], done
    assert lines[3].startswith(f" {path} ro,nosuid,nodev,noexec") and lines[4:] == ["params"]
    assert "shared:" not in lines[3]  # also where the container's mounts are shared
    assert done.returncode != 0 and "ead-only" in done.stderr
    assert "ModifyDeviceFiles: 1\n" in path.read_text()  # the file itself is as it was


@pytest.mark.parametrize("text", [None, "ModifyDeviceFiles: 0\n", "", "ModifyDeviceFiles: 10\nXModifyDeviceFiles: 1\n"])
def test_where_nothing_is_to_be_switched_off(nvidia_cdi_hook, bundle, text):
    if text is not None:
        params(bundle, text)
    done = nvidia_cdi_hook("disable-device-node-modification", state=bundle.state)
    assert (done.returncode, done.stderr) == (0, "")


@needs_root
@pytest.mark.parametrize(
    ("minors", "mask"), [([0], "0x1"), ([3, 5], "0x28"), ([63, 0], "0x8000000000000001"), ([64], None), ([], None)]
)
def test_update_application_profile(nvidia_cdi_hook, bundle, minors, mask):
    (bundle.root / "dev").mkdir()
    (bundle.root / "dev/nvidia7").write_bytes(b"")  # no device
    os.mknod(bundle.root / "dev/nvidiactl", stat.S_IFCHR | 0o666, os.makedev(195, 255))
    os.mknod(bundle.root / "dev/nvidia-modeset", stat.S_IFCHR | 0o666, os.makedev(195, 9))
    for minor in minors:
        os.mknod(bundle.root / f"dev/nvidia{minor}", stat.S_IFCHR | 0o666, os.makedev(195, minor))
    for _round in range(2):
        done = nvidia_cdi_hook("update-application-profile", state=bundle.state)
        assert (done.returncode, done.stderr) == (0, "")
    path = bundle.root / "etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf"
    if mask is None:
        assert not path.exists()
        return
    assert path.read_text() == (
        f'{{"profiles":[{{"name":"_container_","settings":["EGLVisibleDGPUDevices",{mask}]}}],'
        '"rules":[{"pattern":[],"profile":"_container_"}]}'
    )
    assert path.stat().st_mode & 0o777 == 0o444
    assert {one.stat().st_mode & 0o777 for one in (bundle.root / "etc", path.parent, path.parent.parent)} == {0o555}


@needs_root
@pytest.mark.parametrize("place", ["file", "directory"])
def test_update_application_profile_where_it_can_not_write(nvidia_cdi_hook, bundle, place):
    """What is mounted there, and a read-only filesystem, are left alone, and the container starts."""
    (bundle.root / "dev").mkdir()
    os.mknod(bundle.root / "dev/nvidia0", stat.S_IFCHR | 0o666, os.makedev(195, 0))
    path = bundle.root / "etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf"
    path.parent.mkdir(parents=True)
    path.write_text("theirs")
    mounted = path if place == "file" else path.parent
    before = f"mount --bind {mounted} {mounted}" + ("" if place == "file" else f"; mount -o remount,bind,ro {mounted}")
    done = nvidia_cdi_hook("update-application-profile", state=bundle.state, before=before)
    assert done.returncode == 0 and len(done.stderr.splitlines()) == 1
    assert "10-container.conf" in done.stderr and ("busy" if place == "file" else "Read-only") in done.stderr
    assert path.read_text() == "theirs" and [one.name for one in path.parent.iterdir()] == [path.name]


def test_command_line(nvidia_cdi_hook, bundle):
    for arguments in (["--help"], ["-h"], [], ["hook"], ["chmod", "--help"], ["hook", "chmod", "-h"]):
        done = nvidia_cdi_hook(*arguments)
        assert done.returncode == 0 and "update-ldcache" in done.stdout and done.stderr == ""
    assert nvidia_cdi_hook("--version").stdout.startswith("nvidia-cdi-hook version ")
    one_line(nvidia_cdi_hook("--bogus"), "--bogus")
    one_line(nvidia_cdi_hook("chmod", "--bogus", state=bundle.state), "--bogus", "unknown option")
    # Other words are passed over, as by NVIDIA's own, and what is behind --.
    done = nvidia_cdi_hook("chmod", "stray", "--mode", "755", "-", "--", "--bogus", state=bundle.state)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    one_line(nvidia_cdi_hook("chmod", "--mode", state=bundle.state), "--mode", "needs a value")
    # NVIDIA's own does nothing either, so that a newer specification works.
    done = nvidia_cdi_hook("some-new-hook", "--x", state=bundle.state)
    assert (done.returncode, done.stdout) == (0, "") and "some-new-hook" in done.stderr


def test_the_state_may_come_from_a_file(nvidia_cdi_hook, bundle):
    path = bundle.outside / "state"
    path.write_text(bundle.state)
    assert nvidia_cdi_hook("create-symlinks", "--link", "a::/b", "--container-spec", str(path)).returncode == 0
    assert os.readlink(bundle.root / "b") == "a"


def test_an_absolute_root(nvidia_cdi_hook, bundle):
    elsewhere = bundle.place / "elsewhere"
    elsewhere.mkdir()
    bundle.configure({"root": {"path": str(elsewhere)}})
    assert nvidia_cdi_hook("create-symlinks", "--link", "a::/b", state=bundle.state).returncode == 0
    assert os.readlink(elsewhere / "b") == "a"


def test_the_root_that_the_state_tells(nvidia_cdi_hook, bundle):
    """crun's state does; the configuration is then not opened."""
    elsewhere = bundle.place / "elsewhere"
    elsewhere.mkdir()
    (bundle.place / "bundle/config.json").unlink()
    known = json.loads(bundle.state)
    for number, state in enumerate(({**known, "root": str(elsewhere)}, {"root": str(elsewhere)})):
        done = nvidia_cdi_hook("create-symlinks", "--link", f"a::/b{number}", state=json.dumps(state))
        assert (done.returncode, done.stderr) == (0, "")
        assert os.readlink(elsewhere / f"b{number}") == "a"
    done = nvidia_cdi_hook("create-symlinks", "--link", "a::/b", state=json.dumps({**known, "root": "rootfs"}))
    assert (done.returncode, done.stderr) == (0, "")
    assert os.readlink(bundle.root / "b") == "a"
    one_line(nvidia_cdi_hook("create-symlinks", state=json.dumps({"root": "rootfs"})), "bundle")
    one_line(nvidia_cdi_hook("create-symlinks", state=json.dumps({**known, "root": ["x"]})), "state")
    one_line(nvidia_cdi_hook("create-symlinks", state=json.dumps({**known, "root": ""})), "config.json")
    one_line(nvidia_cdi_hook("create-symlinks", state=json.dumps({**known, "root": "/"})), "root of this system")
