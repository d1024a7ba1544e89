# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Where the tool looks for files of the driver, in which order, and what of it a container gets."""

from __future__ import annotations

import struct

import pytest
from cdi_support import (
    DRIVER,
    LIBRARIES,
    VERSION,
    complete,
    control_nodes,
    gpu_nodes,
    hook_names,
    library,
    make,
    mounted,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import SpecError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import directory, file, symlink
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Gpu, Machine

NODES = [*control_nodes(), *gpu_nodes()]
SINCE_1_20_1 = ("1.20.1", "1.20.2", "head")
SINCE_1_20 = ("1.20", *SINCE_1_20_1)


def hosts(spec):
    """Host path by path in the container, of the driver's files."""
    mounts = {mount["containerPath"]: mount["hostPath"] for mount in spec["containerEdits"].get("mounts", ())}
    return {path: host for path, host in mounts.items() if host != "/dev/null"}


def below(spec, start):
    return {path: host for path, host in hosts(spec).items() if path.startswith(start)}


def links(spec):
    return [
        argument
        for hook in spec["containerEdits"].get("hooks", ())
        if "create-symlinks" in hook["args"]
        for argument in hook["args"]
        if "::" in argument
    ]


# -- libraries ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        *("/", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64"),
        *("/usr/lib/x86_64-linux-gnu/nvidia/current", "/usr/lib/aarch64-linux-gnu/nvidia/current"),
        *("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu/nvidia/current"),
    ],
)
@pytest.mark.parametrize("root", ["/", DRIVER])
def test_each_place_of_libraries(tmp_path, root, place):
    where = ("" if root == "/" else root) + place.rstrip("/")
    spec = make(tmp_path, [*NODES, library("libcuda.so", place=where)], driver_root=root)
    path = f"{place.rstrip('/')}/libcuda.so.{VERSION}"
    assert hosts(spec)[path] == f"{where}/libcuda.so.{VERSION}"
    # The driver root itself is nothing below the driver root.
    told = "" if (root, place) == (DRIVER, "/") else place
    assert spec["containerEdits"]["env"][0] == f"NVIDIA_CTK_LIBCUDA_DIR={told}"


def test_other_places_only_by_the_linkers_cache_or_by_name(tmp_path):
    entries = [*NODES, library("libcuda.so", place="/opt/nvidia")]
    with pytest.raises(SpecError, match=r"libnvidia-ml\.so\.550\.54\.15: not found"):
        make(tmp_path, entries, driver_root="/")
    for paths in (("/opt/nvidia",), ("/nowhere:/opt/nvidia",)):
        spec = make(tmp_path, entries, driver_root="/", library_search_paths=paths)
        assert mounted(spec) == [f"/opt/nvidia/libcuda.so.{VERSION}"]
    with pytest.raises(SpecError, match="not found"):  # then nothing else is searched
        make(tmp_path, complete(), library_search_paths=("/opt/nvidia",))


@pytest.mark.parametrize("release", ["1.17", "1.19", "1.20"])
def test_a_library_directory_that_is_a_link(tmp_path, release):
    entries = [*NODES, library("libcuda.so", place=f"{DRIVER}/usr/lib"), symlink(f"{DRIVER}/usr/lib64", "lib")]
    assert mounted(make(tmp_path, entries, toolkit_release=release)) == [f"/usr/lib/libcuda.so.{VERSION}"]


def test_without_a_version_that_is_told_file_names_say_it(tmp_path):
    machine = Machine("none", "", (12, 4), (Gpu(0, 0, "GPU-a"),))
    spec = make(tmp_path, complete(), machine)
    assert f"/usr/lib64/libcuda.so.{VERSION}" in mounted(spec)
    assert f"--host-driver-version={VERSION}" in spec["containerEdits"]["hooks"][1]["args"]


def test_1_17_takes_versions_from_the_first_libcuda(tmp_path):
    """Hooks and graphics follow the file, the driver's libraries what NVML tells."""
    stale = file(f"{DRIVER}/libcuda.so.535.1", b"")
    graphics = [file(f"{LIBRARIES}/libnvidia-allocator.so.{version}", b"") for version in ("535.1", VERSION)]
    xorg = file(f"{DRIVER}/nvidia/xorg/libglxserver_nvidia.so.535.1", b"")
    old = make(tmp_path, [*complete(), stale, xorg, *graphics], toolkit_release="1.17")
    assert "--host-driver-version=535.1" in str(old)
    assert links(old)[:2] == [
        "../libnvidia-allocator.so.1::/usr/lib64/gbm/nvidia-drm_gbm.so",
        "libglxserver_nvidia.so.535.1::/nvidia/xorg/libglxserver_nvidia.so",
    ]
    assert "libcuda.so.1::/usr/lib64/libcuda.so" in links(old)
    assert f"/usr/lib64/libcuda.so.{VERSION}" in mounted(old) and "/libcuda.so.535.1" not in mounted(old)
    new = make(tmp_path, [*complete(), stale, xorg, *graphics])
    assert "535.1" not in str(new)


@pytest.mark.parametrize("release", ["1.17", "1.18", *SINCE_1_20])
def test_explicit_libraries_with_their_links_resolved(tmp_path, release):
    more = [
        symlink(f"{LIBRARIES}/libGL.so", "libGL.so.1"),
        symlink(f"{LIBRARIES}/libGL.so.1", "libGL.so.1.7.0"),
        file(f"{LIBRARIES}/libGL.so.1.7.0", b""),
        file(f"{LIBRARIES}/libOpenCL.so.1", b""),  # not the name that is searched
    ]
    flags = ("enable-explicit-driver-libraries",)
    paths = set(mounted(make(tmp_path, [*complete(), *more], toolkit_release=release, feature_flags=flags)))
    assert paths - set(mounted(make(tmp_path, [*complete(), *more], toolkit_release=release))) == {
        "/usr/lib64/libGL.so.1.7.0"
    }


def test_no_hook_for_the_cache_without_a_library(tmp_path):
    """A driver root that is a link: libraries are found where it leads, and no prefix can be cut off."""
    entries = [*NODES, library("libcuda.so", place="/real/lib64"), symlink("/driver", "/real")]
    spec = make(tmp_path, entries)
    assert "update-ldcache" not in hook_names(spec["containerEdits"])
    assert spec["containerEdits"]["env"][0] == "NVIDIA_CTK_LIBCUDA_DIR=/real/lib64"
    old = make(tmp_path, entries, toolkit_release="1.19")["containerEdits"]
    assert [hook["args"][1:] for hook in old["hooks"]][1] == ["update-ldcache"]


# -- graphics -----------------------------------------------------------------------------------------------------


def test_xorg_modules_come_from_the_first_place_that_has_them(tmp_path):
    name = f"libglxserver_nvidia.so.{VERSION}"
    places = [
        "/usr/lib64/nvidia/xorg",
        "/usr/lib64/xorg/modules/drivers",
        "/usr/lib64/xorg/modules/extensions",
        "/usr/lib64/xorg/modules/updates/drivers",
        "/usr/lib64/xorg/modules/updates/extensions",
        "/usr/lib/xorg/modules/drivers",
        "/usr/lib/xorg/modules/extensions",
        "/usr/X11R6/lib/modules/drivers",
        "/usr/X11R6/lib64/modules/updates/extensions",
    ]
    for index, place in enumerate(places):
        entries = [file(f"{DRIVER}{other}/{name}", b"") for other in places[index:]]
        spec = make(tmp_path, [*complete(), *entries])
        assert [path for path in mounted(spec) if path.endswith(name)] == [f"{place}/{name}"]
        assert f"{name}::{place}/libglxserver_nvidia.so" in links(spec)


def test_links_of_graphics_libraries(tmp_path):
    entries = [
        file(f"{LIBRARIES}/libnvidia-allocator.so.{VERSION}", b""),
        file(f"{LIBRARIES}/libnvidia-vulkan-producer.so.{VERSION}", b""),
    ]
    spec = make(tmp_path, [*complete(), *entries])
    assert links(spec)[:2] == [
        "../libnvidia-allocator.so.1::/usr/lib64/gbm/nvidia-drm_gbm.so",
        f"libnvidia-vulkan-producer.so.{VERSION}::/usr/lib64/libnvidia-vulkan-producer.so",
    ]
    assert hook_names(spec["containerEdits"])[:2] == ["create-symlinks", "create-symlinks"]
    assert mounted(spec).count(f"/usr/lib64/libnvidia-allocator.so.{VERSION}") == 1


@pytest.mark.parametrize("release", ["1.17", *SINCE_1_20])
def test_configuration_in_etc_and_in_share(tmp_path, release):
    name = "egl/egl_external_platform.d/15_nvidia_gbm.json"
    both = [file(f"{DRIVER}{place}/{name}", b"") for place in ("/etc", "/usr/local/share", "/usr/share")]
    found = below(make(tmp_path, [*complete(), *both], toolkit_release=release), "/usr/share")
    if release in SINCE_1_20_1:
        assert found == {f"/usr/share/{name}": f"{DRIVER}/etc/{name}"}
        etc_only = make(tmp_path, [*complete(), both[0]], toolkit_release=release)
        assert below(etc_only, "/etc") == {} and f"/usr/share/{name}" in mounted(etc_only)
    else:
        assert found == {f"/usr/share/{name}": f"{DRIVER}/usr/share/{name}"}
        assert f"/etc/{name}" in mounted(make(tmp_path, [*complete(), *both], toolkit_release=release))


def test_data_directories_of_the_environment(tmp_path):
    name = "glvnd/egl_vendor.d/10_nvidia.json"
    entries = [file(f"{DRIVER}{place}/{name}", b"") for place in ("/usr/share", "/opt/share")]
    spec = make(tmp_path, [*complete(), *entries], data_dirs="/nowhere:/opt/share", toolkit_release="1.20")
    assert [path for path in mounted(spec) if path.endswith(name)] == [f"/opt/share/{name}"]
    spec = make(tmp_path, [*complete(), *entries], data_dirs="/nowhere:/opt/share")
    assert hosts(spec)[f"/usr/share/{name}"] == f"{DRIVER}/opt/share/{name}"


def test_configuration_search_paths_are_absolute_and_the_only_ones(tmp_path):
    name = "glvnd/egl_vendor.d/10_nvidia.json"
    entries = [file(f"{DRIVER}/usr/share/{name}", b""), file(f"/opt/conf/{name}", b"")]
    spec = make(tmp_path, [*complete(), *entries], config_search_paths=("/opt/conf",), toolkit_release="1.20")
    assert [path for path in mounted(spec) if path.endswith(name)] == [f"/opt/conf/{name}"]
    for release in SINCE_1_20_1:
        spec = make(tmp_path, [*complete(), *entries], config_search_paths=("/opt/conf",), toolkit_release=release)
        assert hosts(spec)[f"/usr/share/{name}"] == f"/opt/conf/{name}"


def test_vulkan_files_lie_in_etc_or_in_the_driver_root_itself(tmp_path):
    name = "vulkan/icd.d/nvidia_icd.json"
    places = [f"{DRIVER}/etc/{name}", f"{DRIVER}/usr/share/{name}", f"{DRIVER}/{name}"]
    for index, place in enumerate(places):
        spec = make(tmp_path, [*complete(), *[file(path, b"") for path in places[index:]]])
        assert below(spec, "/etc/vulkan") == {f"/etc/{name}": place}


@pytest.mark.parametrize(("architecture", "cpu"), [("x86_64", "x86_64"), ("aarch64", "aarch64"), ("riscv64", None)])
def test_the_architectures_vulkan_file(tmp_path, architecture, cpu):
    files = [file(f"{DRIVER}/usr/share/vulkan/icd.d/nvidia_icd.{name}.json", b"") for name in ("x86_64", "aarch64")]
    spec = make(tmp_path, [*complete(), *files], architecture=architecture)
    assert list(below(spec, "/etc/vulkan")) == ([f"/etc/vulkan/icd.d/nvidia_icd.{cpu}.json"] if cpu else [])


@pytest.mark.parametrize("release", SINCE_1_20)
def test_files_that_came_after_1_20(tmp_path, release):
    files = [
        file(f"{LIBRARIES}/libnvidia-egl-xcb.so.1.0.1", b""),
        file(f"{LIBRARIES}/libnvidia-egl-xlib.so.1.0.1", b""),
        file(f"{DRIVER}/usr/share/egl/egl_external_platform.d/20_nvidia_xcb.json", b""),
        file(f"{DRIVER}/usr/share/egl/egl_external_platform.d/20_nvidia_xlib.json", b""),
        file(f"{DRIVER}/usr/bin/nvidia-xconfig", b"", 0o755),
    ]
    found = set(mounted(make(tmp_path, [*complete(), *files], toolkit_release=release)))
    wanted = {entry.path[len(DRIVER) :] for entry in files}
    assert wanted & found == (wanted if release in SINCE_1_20_1 else set())


# -- programs, sockets, firmware ----------------------------------------------------------------------------------


def test_programs_need_an_x_bit_and_are_searched_along_the_path(tmp_path):
    entries = [
        file("/opt/bin/nvidia-smi", b"", 0o755),
        file(f"{DRIVER}/opt/bin/nvidia-smi", b"", 0o644),
        file(f"{DRIVER}/usr/bin/nvidia-smi", b"", 0o711),
        file(f"{DRIVER}/usr/bin/nvidia-imex", b"", 0o600),
        directory(f"{DRIVER}/usr/bin/nvidia-debugdump"),
    ]
    spec = make(tmp_path, [*complete(), *entries], search_path="/opt/bin")
    assert below(spec, "/usr/bin") == {"/usr/bin/nvidia-smi": f"{DRIVER}/usr/bin/nvidia-smi"}
    host = make(tmp_path, [*complete(), entries[0]], search_path="/opt/bin")
    assert hosts(host)["/opt/bin/nvidia-smi"] == "/opt/bin/nvidia-smi"
    assert not [path for path in mounted(make(tmp_path, [*complete(), entries[0]])) if path.endswith("smi")]


def test_sockets_are_looked_for_in_run_and_then_in_var_run(tmp_path):
    name = "nvidia-fabricmanager/socket"
    both = [file(f"{DRIVER}{place}/{name}", b"") for place in ("/run", "/var/run")]
    assert f"/run/{name}" in mounted(make(tmp_path, [*complete(), *both]))
    assert f"/var/run/{name}" not in mounted(make(tmp_path, [*complete(), *both]))
    assert f"/var/run/{name}" in mounted(make(tmp_path, [*complete(), both[1]]))


def test_the_pipe_directory_of_mps_is_no_file(tmp_path):
    assert "/tmp/nvidia-mps" not in mounted(make(tmp_path, [*complete(), directory(f"{DRIVER}/tmp/nvidia-mps")]))
    spec = make(tmp_path, [*complete(), file(f"{DRIVER}/tmp/nvidia-mps", b"")])
    assert hosts(spec)["/tmp/nvidia-mps"] == f"{DRIVER}/tmp/nvidia-mps"


def test_firmware_of_all_places(tmp_path):
    name = f"nvidia/{VERSION}/gsp_ga10x.bin"
    places = ["/custom", "/lib/firmware/updates/6.1.0", "/lib/firmware/updates", "/lib/firmware/6.1.0", "/lib/firmware"]
    files = [file(f"{DRIVER}{place}/{name}", b"") for place in places]
    parameter = file("/sys/module/firmware_class/parameters/path", b"/custom\n")
    spec = make(tmp_path, [*complete(), *files, parameter], kernel_release="6.1.0")
    assert {path for path in mounted(spec) if "gsp" in path} == {f"{place}/{name}" for place in places}
    unset = file(parameter.path, b"\n")
    assert f"/custom/{name}" not in mounted(make(tmp_path, [*complete(), *files, unset], kernel_release="6.1.0"))


# -- the linker's cache -------------------------------------------------------------------------------------------

X86_64, AARCH64, I386 = 0x0303, 0x0A03, 0x0003


def ld_so_cache(entries):
    """A cache in glibc's new format: (flags, name, path) each."""
    head = struct.Struct("<20sII12xQ")
    entry = struct.Struct("<iIIIQ")
    start = head.size + len(entries) * entry.size
    texts, table = b"", b""
    for flags, name, path in entries:
        at = start + len(texts)
        table += entry.pack(flags, at, at + len(name) + 1, 0, 0)
        texts += f"{name}\0{path}\0".encode()
    return head.pack(b"glibc-ld.so.cache1.1", len(entries), len(texts), 0) + table + texts


@pytest.mark.parametrize("target", [f"libcuda.so.{VERSION}", f"/opt/lib/libcuda.so.{VERSION}"])
def test_libraries_of_the_linkers_cache(tmp_path, target):
    """Links mean the driver root; other word sizes do not count; an entry may be gone."""
    place = f"{DRIVER}/opt/lib"
    entries = [
        *NODES,
        library("libcuda.so", place=place),
        symlink(f"{place}/libcuda.so.1", target),
        library("libcuda.so", place=f"{DRIVER}/opt/lib32"),
        library("libnvidia-ml.so", place=f"{DRIVER}/opt/arm"),
        file(
            f"{DRIVER}/etc/ld.so.cache",
            ld_so_cache(
                [
                    (I386, "libcuda.so.1", f"/opt/lib32/libcuda.so.{VERSION}"),
                    (AARCH64, "libnvidia-ml.so.1", f"/opt/arm/libnvidia-ml.so.{VERSION}"),
                    (X86_64, "libnvidia-ml.so.1", f"/opt/gone/libnvidia-ml.so.{VERSION}"),
                    (X86_64, "libcuda.so.1", "/opt/lib/libcuda.so.1"),
                ]
            ),
        ),
    ]
    spec = make(tmp_path, entries)
    assert mounted(spec) == [f"/opt/lib/libcuda.so.{VERSION}"]
    assert spec["containerEdits"]["env"][0] == "NVIDIA_CTK_LIBCUDA_DIR=/opt/lib"


@pytest.mark.parametrize("cache", [b"", b"glibc-ld.so.cache1.1", b"ld.so-1.7.0\0" + b"\xff" * 8, b"nothing of it" * 9])
def test_a_cache_that_is_damaged_holds_nothing(tmp_path, cache):
    with pytest.raises(SpecError, match="not found"):
        make(tmp_path, [*NODES, file(f"{DRIVER}/etc/ld.so.cache", cache)])
