# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The tool's rules, one by one, on nodes made for each; the recorded cases compare whole specifications."""

from __future__ import annotations

import pytest
from cdi_support import (
    DRIVER,
    HOOK,
    LIBRARIES,
    VERSION,
    complete,
    control_nodes,
    driver_files,
    edits_of,
    gpu_nodes,
    hook_names,
    library,
    make,
    mounted,
    node_char,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError, SpecError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import directory, file, symlink
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Gpu, Machine, MigDevice

RELEASES = ("1.17", "1.18", "1.19", "1.20", "1.20.1", "1.20.2")
SINCE_1_20_1 = ("1.20.1", "1.20.2")
SINCE_1_20 = ("1.20", *SINCE_1_20_1)
MEMORY_LIMITS = "apply-cuda-memory-limits"
VOID = "/var/run/nvidia-container-devices/void"
CHANNEL = "/dev/nvidia-caps-imex-channels/channel"


def mig_machine():
    return build_machine(gpu_count=2, uuid_seed="s", mig_layout={1: ["3g.20gb"]})


def mig_node(minors=None):
    caps = [node_char(f"/dev/nvidia-caps/nvidia-cap{minor}", 236, minor, 0o444) for minor in (11, 12)]
    minors = "gpu1/gi1/access 11\ngpu1/gi1/ci0/access 12\n" if minors is None else minors
    return [*complete(), *caps, file("/proc/driver/nvidia-caps/mig-minors", minors.encode())]


# -- devices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategies", "names", "version"),
    [
        (("index",), ["0", "1", "all"], "0.5.0"),
        (("type-index",), ["all", "gpu0", "gpu1"], "0.3.0"),
        (("index", "type-index"), ["0", "1", "all", "gpu0", "gpu1"], "0.5.0"),
    ],
)
def test_names_and_the_version_that_they_need(tmp_path, strategies, names, version):
    spec = make(tmp_path, complete(), device_name_strategies=strategies)
    assert [device["name"] for device in spec["devices"]] == names
    assert spec["cdiVersion"] == version


def test_a_host_path_needs_0_5_0(tmp_path):
    nodes = [node_char(DRIVER + entry.path, entry.major, entry.minor) for entry in gpu_nodes()]
    spec = make(tmp_path, [*nodes, *driver_files()], dev_root=DRIVER, device_name_strategies=("type-index",))
    assert spec["cdiVersion"] == "0.5.0"
    assert edits_of(spec, "gpu0")["deviceNodes"][0]["hostPath"] == "/driver/dev/nvidia0"


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_device_node_says(tmp_path, release):
    spec = make(tmp_path, complete(), toolkit_release=release)
    for minor in (0, 1):
        node = edits_of(spec, str(minor))["deviceNodes"][0]
        short = {"path": f"/dev/nvidia{minor}"}
        numbers = {"major": 195, "minor": 1} if minor else {"major": 195}  # 0 is not said
        facts = {**numbers, "fileMode": 438, "permissions": "rwm"}
        assert node == (short if release in ("1.17", "1.18") else {**short, **facts})


@pytest.mark.parametrize("release", RELEASES)
def test_regular_files_are_no_devices(tmp_path, release):
    nodes = [file(f"/dev/nvidia{minor}", b"") for minor in range(2)]
    options = {"toolkit_release": release}
    if release in SINCE_1_20_1:
        # The device has a hook.
        assert "deviceNodes" not in edits_of(make(tmp_path, [*driver_files(), *nodes], **options), "1")
        options["disabled_hooks"] = (MEMORY_LIMITS,)
    with pytest.raises(SpecError, match="empty device edits"):
        make(tmp_path, [*driver_files(), *nodes], **options)


def test_a_node_in_a_dev_directory_below_dev_is_found(tmp_path):
    """The tool looks for /dev/nvidia0 below / and below /dev."""
    nodes = [*gpu_nodes(), node_char("/dev/dev/nvidia0", 195, 0)]
    edits = edits_of(make(tmp_path, [*driver_files(), *nodes]), "0")
    assert [node["path"] for node in edits["deviceNodes"]] == ["/dev/nvidia0", "/dev/dev/nvidia0"]


def test_displays_on_the_board_are_left_out_and_indices_stay(tmp_path):
    names = ["A100", "DGX Display", "NVIDIA DGX Display", "A100"]
    gpus = tuple(Gpu(index, index, f"GPU-{index}", name) for index, name in enumerate(names))
    spec = make(tmp_path, [*driver_files(), *gpu_nodes(4)], Machine("station", VERSION, (12, 4), gpus))
    assert [device["name"] for device in spec["devices"]] == ["0", "3", "all"]


@pytest.mark.parametrize(
    ("mode", "flags", "gids"),
    [
        (0o660, (), [44]),
        (0o664, (), [44]),
        (0o662, (), [44]),
        (0o666, (), None),
        (0o660, ("no-additional-gids-for-device-nodes",), None),
    ],
)
def test_additional_gids_unless_all_may_read_and_write(tmp_path, mode, flags, gids):
    spec = make(tmp_path, [*driver_files(), *gpu_nodes(mode=mode, gid=44)], feature_flags=flags)
    edits = edits_of(spec, "0")
    assert edits.get("additionalGids") == gids
    assert edits["deviceNodes"][0]["gid"] == 44
    assert spec["cdiVersion"] == ("0.7.0" if gids else "0.5.0")


def test_a_link_is_no_device_node_and_a_device_without_nodes_is_refused(tmp_path):
    nodes = [node_char("/dev/nvidia0", 195, 0), symlink("/dev/nvidia1", "nvidia0")]
    for options in ({"toolkit_release": "1.20"}, {"disabled_hooks": (MEMORY_LIMITS,)}, {"disabled_hooks": ("all",)}):
        with pytest.raises(SpecError, match='failed add device "1": invalid device, empty device edits'):
            make(tmp_path, [*driver_files(), *nodes], **options)
    assert list(edits_of(make(tmp_path, [*driver_files(), *nodes]), "1")) == ["hooks"]


def test_mig_devices_have_their_gpu_and_two_capabilities(tmp_path):
    spec = make(tmp_path, mig_node(), mig_machine())
    paths = [node["path"] for node in edits_of(spec, "1:0")["deviceNodes"]]
    assert paths == ["/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap11", "/dev/nvidia-caps/nvidia-cap12"]


@pytest.mark.parametrize("release", RELEASES)
def test_a_gpu_in_mig_mode_is_a_device_of_its_own_up_to_1_17(tmp_path, release):
    names = [device["name"] for device in make(tmp_path, mig_node(), mig_machine(), toolkit_release=release)["devices"]]
    assert names == (["0", "1", "1:0", "all"] if release == "1.17" else ["0", "1:0", "all"])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("graphics", [True, False])
def test_mig_devices_with_graphics_have_drm_nodes_from_1_19_on(tmp_path, graphics, release):
    mig = MigDevice(0, "MIG-0", 1, 0, graphics=graphics)
    gpu = Gpu(1, 1, "GPU-1", "A100", "00000000:0F:00.0", mig_enabled=True, mig_devices=(mig,))
    dri = [
        directory("/sys/bus/pci/devices/0000:0f:00.0/drm/renderD129"),
        node_char("/dev/dri/renderD129", 226, 129),
        symlink("/dev/dri/by-path/pci-0000:0f:00.0-render", "../renderD129"),
    ]
    machine = Machine("cut", VERSION, (12, 4), (gpu,))
    edits = edits_of(make(tmp_path, [*mig_node(), *dri], machine, toolkit_release=release), "1:0")
    paths = [node["path"] for node in edits["deviceNodes"]]
    assert ("/dev/dri/renderD129" in paths) == (graphics and release not in ("1.17", "1.18"))
    assert hook_names(edits) == (["create-symlinks"] if "/dev/dri/renderD129" in paths else [])


def test_a_capability_without_its_node_is_left_out(tmp_path):
    entries = [entry for entry in mig_node() if not entry.path.endswith("nvidia-cap12")]
    paths = [node["path"] for node in edits_of(make(tmp_path, entries, mig_machine()), "1:0")["deviceNodes"]]
    assert paths == ["/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap11"]


def test_mig_minors_that_are_not_told(tmp_path):
    with pytest.raises(SpecError, match="no minor number for gpu1/gi1/access"):
        make(tmp_path, mig_node("monitor 2\n"), mig_machine())


def test_device_ids(tmp_path):
    spec = make(tmp_path, complete(), device_ids=("1",))
    assert [device["name"] for device in spec["devices"]] == ["1", "all"]
    spec = make(tmp_path, complete(), device_ids=("none",))
    assert spec["devices"] == [{"name": "none", "containerEdits": {"env": ["NVCT_EMPTY_DEVICE="]}}]
    with pytest.raises(SpecError, match='no device has the ID "7"'):
        make(tmp_path, complete(), device_ids=("7",))
    with pytest.raises(SpecError, match='no device has the ID "none"'):
        make(tmp_path, complete(), device_ids=("none",), toolkit_release="1.18")
    with pytest.raises(ParameterError, match=r"device_ids: \['1'\] is not allowed: must be left out: release 1\.17"):
        make(tmp_path, complete(), device_ids=("1",), toolkit_release="1.17")


def test_device_ids_by_uuid_and_of_mig_devices(tmp_path):
    machine = mig_machine()
    uuid = machine.gpus[0].uuid
    spec = make(tmp_path, mig_node(), machine, device_ids=("1:0", uuid), device_name_strategies=("index", "uuid"))
    mig = machine.gpus[1].mig_devices[0].uuid
    assert [device["name"] for device in spec["devices"]] == ["0", "1:0", uuid, mig, "all"]
    assert make(tmp_path, mig_node(), machine, device_ids=("1:0", "all")) == make(tmp_path, mig_node(), machine)
    with pytest.raises(SpecError, match='invalid spec, multiple device "0"'):
        make(tmp_path, mig_node(), machine, device_ids=("0", uuid))


def test_drm_nodes_and_their_links(tmp_path):
    machine = build_machine(gpu_count=1, uuid_seed="s", pci_bus_ids=["0000:07:00.0"])
    dri = [
        directory("/sys/bus/pci/devices/0000:07:00.0/drm/card0"),
        directory("/sys/bus/pci/devices/0000:07:00.0/drm/renderD128"),
        node_char("/dev/dri/card0", 226, 0),
        node_char("/dev/dri/renderD128", 226, 128),
        symlink("/dev/dri/by-path/pci-0000:07:00.0-card", "../card0"),
        symlink("/dev/dri/by-path/pci-0000:07:00.0-render", "../renderD129"),  # another GPU's
    ]
    edits = edits_of(make(tmp_path, [*complete(), *dri], machine, disabled_hooks=(MEMORY_LIMITS,)), "0")
    assert [node["path"] for node in edits["deviceNodes"]] == ["/dev/nvidia0", "/dev/dri/card0", "/dev/dri/renderD128"]
    assert [hook["args"][1:] for hook in edits["hooks"]] == [
        ["create-symlinks", "--link", "../card0::/dev/dri/by-path/pci-0000:07:00.0-card"]
    ]
    chmod = edits_of(make(tmp_path, [*complete(), *dri], machine, enabled_hooks=("chmod",)), "0")["hooks"][1]
    assert chmod["args"] == ["nvidia-cdi-hook", "chmod", "--mode", "755", "--path", "/dev/dri"]
    assert "chmod" in hook_names(edits_of(make(tmp_path, [*complete(), *dri], machine, toolkit_release="1.17"), "0"))


# -- hooks, mounts, environment -----------------------------------------------------------------------------------

_HOOKS = {
    "1.17": ["create-symlinks", "enable-cuda-compat", "update-ldcache"],
    "1.18": ["create-symlinks", "enable-cuda-compat", "update-ldcache", "disable-device-node-modification"],
}
_HOOKS["1.19"] = _HOOKS["1.18"]
for _release in SINCE_1_20:
    _HOOKS[_release] = [*_HOOKS["1.19"], "update-application-profile"]


@pytest.mark.parametrize("release", RELEASES)
def test_hooks_and_environment_of_each_release(tmp_path, release):
    common = make(tmp_path, complete(), toolkit_release=release)["containerEdits"]
    assert hook_names(common) == _HOOKS[release]
    env = ["NVIDIA_CTK_LIBCUDA_DIR=/usr/lib64"] if release != "1.17" else []
    assert common["env"] == [*env, "NVIDIA_VISIBLE_DEVICES=void"]
    mounts = {mount["containerPath"]: mount for mount in common["mounts"]}
    void = mounts.pop(VOID, None)
    expected = {"hostPath": "/dev/null", "containerPath": VOID, "options": ["ro", "nosuid", "nodev", "bind"]}
    assert void == (expected if release == "1.20.2" else None)
    for mount in mounts.values():
        assert mount["options"] == [
            "ro",
            "nosuid",
            "nodev",
            *(["bind"] if release == "1.17" else ["rbind", "rprivate"]),
        ]


@pytest.mark.parametrize("name", _HOOKS["1.20"])
def test_each_hook_can_be_disabled(tmp_path, name):
    common = make(tmp_path, complete(), disabled_hooks=(name,))["containerEdits"]
    assert hook_names(common) == [other for other in _HOOKS["1.20"] if other != name]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("root", [DRIVER, "/", "", f"{DRIVER}/"])
def test_memory_limits_are_the_last_hook_of_each_gpu(tmp_path, release, root):
    machine = mig_machine()
    files = [*mig_node(), library("libcuda.so", place="/usr/lib64")]
    spec = make(tmp_path, files, machine, toolkit_release=release, driver_root=root, enabled_hooks=("chmod",))
    call = ["nvidia-cdi-hook", MEMORY_LIMITS, "--driver-root", root, "--gpu-id", machine.gpus[0].uuid]
    hooks = [edits_of(spec, name).get("hooks", [{}])[-1] for name in ("0", "all")]
    if release not in SINCE_1_20_1:
        assert MEMORY_LIMITS not in str(spec)
        return
    expected = {"hookName": "createRuntime", "path": HOOK, "args": call, "env": ["NVIDIA_CTK_DEBUG=false"]}
    assert hooks == [expected, expected]
    # A MIG device has none, and there is none in common.
    assert MEMORY_LIMITS not in str(edits_of(spec, "1:0")) and MEMORY_LIMITS not in hook_names(spec["containerEdits"])
    without = make(tmp_path, files, machine, toolkit_release=release, driver_root=root, disabled_hooks=(MEMORY_LIMITS,))
    assert MEMORY_LIMITS not in str(without)
    alone = make(
        tmp_path, files, machine, toolkit_release=release, disabled_hooks=("all",), enabled_hooks=(MEMORY_LIMITS,)
    )
    assert hook_names(edits_of(alone, "0")) == [MEMORY_LIMITS] and "hooks" not in alone["containerEdits"]
    for mode in ("management", "none"):
        options = {"mode": mode} if mode == "management" else {"device_ids": ("none",)}
        other = make(tmp_path, files, machine, toolkit_release=release, enabled_hooks=(MEMORY_LIMITS,), **options)
        assert MEMORY_LIMITS not in str(other)


def test_all_hooks_but_those_that_are_enabled(tmp_path):
    assert "hooks" not in make(tmp_path, complete(), disabled_hooks=("all",))["containerEdits"]
    spec = make(tmp_path, complete(), disabled_hooks=("all",), enabled_hooks=("update-ldcache",))
    assert hook_names(spec["containerEdits"]) == ["update-ldcache"]


def test_1_17_can_only_disable_enable_cuda_compat(tmp_path):
    spec = make(tmp_path, complete(), toolkit_release="1.17", disabled_hooks=("update-ldcache", "enable-cuda-compat"))
    assert hook_names(spec["containerEdits"]) == ["create-symlinks", "update-ldcache"]


def test_arguments_of_hooks(tmp_path):
    hooks = make(tmp_path, complete(), ldconfig_path="@/sbin/ldconfig.real")["containerEdits"]["hooks"]
    assert {hook["path"] for hook in hooks} == {HOOK}
    assert {hook["hookName"] for hook in hooks} == {"createContainer"}
    assert hooks[1]["args"][2:] == [f"--host-driver-version={VERSION}"]
    assert hooks[2]["args"][2:] == ["--ldconfig-path", "@/sbin/ldconfig.real", "--folder", "/usr/lib64"]
    old = make(tmp_path, complete(), hook_path="/usr/bin/nvidia-ctk")["containerEdits"]["hooks"][0]
    assert old["args"][:3] == ["nvidia-ctk", "hook", "create-symlinks"]


def test_links_for_sonames_that_the_node_has(tmp_path):
    other = [library("libnvidia-x.so"), symlink(f"{LIBRARIES}/libnvidia-x.so.1", f"libnvidia-x.so.{VERSION}")]
    args = make(tmp_path, [*complete(), *other])["containerEdits"]["hooks"][0]["args"]
    assert f"libnvidia-x.so.{VERSION}::/usr/lib64/libnvidia-x.so.1" in args
    assert "libnvidia-x.so.1::/usr/lib64/libnvidia-x.so" not in args  # the node has no such link
    empty = [file(f"{LIBRARIES}/libnvidia-y.so.{VERSION}", b""), symlink(f"{LIBRARIES}/libnvidia-y.so.1", "x")]
    assert "libnvidia-y" not in str(make(tmp_path, [*complete(), *empty])["containerEdits"]["hooks"])


@pytest.mark.parametrize("release", RELEASES)
def test_libraries_of_a_second_directory_from_1_20_on(tmp_path, release):
    more = library("libnvidia-z.so", place=DRIVER + "/usr/lib/x86_64-linux-gnu")
    paths = mounted(make(tmp_path, [*complete(), more], toolkit_release=release))
    assert (f"/usr/lib/x86_64-linux-gnu/libnvidia-z.so.{VERSION}" in paths) == (release in SINCE_1_20)


@pytest.mark.parametrize("release", RELEASES)
def test_a_driver_without_libcuda_from_1_19_on(tmp_path, release):
    entries = [*control_nodes(), *gpu_nodes(), library("libnvidia-ml.so")]
    if release in ("1.17", "1.18"):
        with pytest.raises(SpecError, match=r'failed to locate "libcuda.so."'):
            make(tmp_path, entries, toolkit_release=release)
    else:
        assert mounted(make(tmp_path, entries, toolkit_release=release)) == [f"/usr/lib64/libnvidia-ml.so.{VERSION}"]


def test_another_version_than_the_machines(tmp_path):
    machine = build_machine(gpu_count=2, uuid_seed="s", driver_version="570.124.06")
    with pytest.raises(SpecError, match=r"libcuda.so.570.124.06: not found"):
        make(tmp_path, complete(), machine)


@pytest.mark.parametrize("release", RELEASES)
def test_files_that_releases_added(tmp_path, release):
    files = [
        file(f"{LIBRARIES}/libnvidia-egl-wayland2.so.1.0.1", b""),
        file(f"{LIBRARIES}/libnvidia-nvvm70.so.4", b""),
        file(f"{DRIVER}/etc/OpenCL/vendors/nvidia.icd", b""),
        file(f"{DRIVER}/usr/share/vulkan/icd.d/nvidia_icd.x86_64.json", b""),
        file(f"{DRIVER}/usr/share/vulkan/icd.d/nvidia_icd.json", b""),
    ]
    paths = mounted(make(tmp_path, [*complete(), *files], toolkit_release=release))
    since = {
        "/etc/vulkan/icd.d/nvidia_icd.json": "1.17",
        "/etc/vulkan/icd.d/nvidia_icd.x86_64.json": "1.18",
        "/usr/lib64/libnvidia-egl-wayland2.so.1.0.1": "1.19",
        "/usr/lib64/libnvidia-nvvm70.so.4": "1.20",
        "/etc/OpenCL/vendors/nvidia.icd": "1.20",
    }
    assert {path for path in since if path in paths} == {path for path, first in since.items() if first <= release}


@pytest.mark.parametrize("release", RELEASES)
def test_sockets(tmp_path, release):
    socket = file(f"{DRIVER}/run/nvidia-persistenced/socket", b"")
    flags = ("disable-ipc-discoverer",)
    spec = make(tmp_path, [*complete(), socket], toolkit_release=release)
    found = [mount for mount in spec["containerEdits"]["mounts"] if mount["containerPath"].endswith("/socket")]
    rest = ["ro", "nosuid", "nodev", "bind"] if release == "1.17" else ["nosuid", "nodev", "rbind", "rprivate"]
    assert [mount["options"] for mount in found] == [[*rest, "noexec"]]
    without = mounted(make(tmp_path, [*complete(), socket], toolkit_release=release, feature_flags=flags))
    assert any(path.endswith("/socket") for path in without) == (release in ("1.17", "1.18"))


def test_firmware_of_the_version_and_the_kernel(tmp_path):
    files = [
        file(f"{DRIVER}/lib/firmware/nvidia/{VERSION}/gsp_ga10x.bin", b""),
        file(f"{DRIVER}/lib/firmware/6.1.0/nvidia/{VERSION}/gsp_tu10x.bin", b""),
        file(f"{DRIVER}/lib/firmware/nvidia/1.2.3/gsp_ga10x.bin", b""),
    ]
    paths = [
        path for path in mounted(make(tmp_path, [*complete(), *files], kernel_release="6.1.0")) if "firmware" in path
    ]
    assert paths == [
        f"/lib/firmware/nvidia/{VERSION}/gsp_ga10x.bin",
        f"/lib/firmware/6.1.0/nvidia/{VERSION}/gsp_tu10x.bin",
    ]


def test_a_program_of_the_driver_root_goes_before_the_nodes(tmp_path):
    programs = [file("/usr/bin/nvidia-smi", b"", 0o755), file(f"{DRIVER}/usr/bin/nvidia-smi", b"", 0o755)]
    hosts = make(tmp_path, [*complete(), programs[0]])["containerEdits"]["mounts"]
    assert [mount["hostPath"] for mount in hosts if "smi" in mount["hostPath"]] == ["/usr/bin/nvidia-smi"]
    both = make(tmp_path, [*complete(), *programs])["containerEdits"]["mounts"]
    assert [mount["hostPath"] for mount in both if "smi" in mount["hostPath"]] == ["/driver/usr/bin/nvidia-smi"]


# -- modes --------------------------------------------------------------------------------------------------------


def test_management(tmp_path):
    entries = [*complete(), node_char("/dev/nvidia-fs0", 240, 0), node_char("/dev/nvidia-nvswitchctl", 241, 0)]
    spec = make(tmp_path, entries, mode="management")
    paths = [node["path"] for node in edits_of(spec, "all")["deviceNodes"]]
    assert "/dev/nvidia0" in paths and "/dev/nvidiactl" in paths
    assert "/dev/nvidia-fs0" not in paths and "/dev/nvidia-nvswitchctl" not in paths
    assert "disable-device-node-modification" not in hook_names(spec["containerEdits"])
    for release in RELEASES:
        names = hook_names(make(tmp_path, entries, mode="management", toolkit_release=release)["containerEdits"])
        assert ("enable-cuda-compat" in names) == (release in SINCE_1_20)
    with pytest.raises(SpecError, match="no NVIDIA device nodes found"):
        make(tmp_path, driver_files(), mode="management")
    assert [device["name"] for device in spec["devices"]] == ["all"]


@pytest.mark.parametrize("release", RELEASES)
def test_management_has_capabilities_and_channels_but_no_graphics(tmp_path, release):
    more = [
        node_char("/dev/nvidia-caps/nvidia-cap1", 236, 1),
        node_char(f"{CHANNEL}0", 235, 0),
        node_char("/dev/dri/card0", 226, 0),
        file(f"{LIBRARIES}/libnvidia-egl-gbm.so.1.1.1", b""),
    ]
    spec = make(tmp_path, [*complete(), *more], mode="management", toolkit_release=release)
    edits = edits_of(spec, "all")
    paths = [node["path"] for node in edits["deviceNodes"]]
    assert {"/dev/nvidia-caps/nvidia-cap1", f"{CHANNEL}0", "/dev/nvidia-uvm"} <= set(paths)
    assert "/dev/dri/card0" not in paths and len(paths) == len(set(paths))
    assert "libnvidia-egl-gbm" not in str(spec)
    assert "deviceNodes" not in spec["containerEdits"]
    chmod = ["nvidia-cdi-hook", "chmod", "--mode", "755", "--path", "/dev/nvidia-caps"]
    assert [hook["args"] for hook in edits.get("hooks", ())] == ([chmod] if release == "1.17" else [])


def test_gds_mounts_only_with_its_nodes(tmp_path):
    files = [directory(f"{DRIVER}/run/udev"), file(f"{DRIVER}/etc/cufile.json", b"")]
    spec = make(tmp_path, [node_char("/dev/nvidia-fs0", 240, 0), *files], mode="gds")
    assert [mount["containerPath"] for mount in edits_of(spec, "all")["mounts"]] == ["/etc/cufile.json", "/run/udev"]
    with pytest.raises(SpecError, match="empty device edits"):
        make(tmp_path, files, mode="gds")


def test_auto_is_nvml_and_modes_of_other_machines_are_refused(tmp_path):
    assert make(tmp_path, complete(), mode="auto") == make(tmp_path, complete())
    with pytest.raises(SpecError, match="mode wsl: a mock GPU has nothing that this mode reads: choose nvml"):
        make(tmp_path, [*complete(), node_char("/dev/dxg", 10, 1)], mode="auto")
    with pytest.raises(SpecError, match="mode csv"):
        make(tmp_path, complete(), mode="csv")


@pytest.mark.parametrize(
    ("mode", "path", "since"),
    [
        ("gds", "/dev/nvidia-fs0", "1.17"),
        ("mofed", "/dev/infiniband/uverbs0", "1.19"),
        ("gdrcopy", "/dev/gdrdrv", "1.18"),
        ("nvswitch", "/dev/nvidia-nvswitch0", "1.19"),
    ],
)
def test_devices_beside_gpus(tmp_path, mode, path, since):
    for release in RELEASES:
        if release >= since:
            spec = make(tmp_path, [node_char(path, 240, 7)], mode=mode, toolkit_release=release)
            assert [node["path"] for node in edits_of(spec, "all")["deviceNodes"]] == [path]
            assert spec["containerEdits"].pop("env") == ["NVIDIA_VISIBLE_DEVICES=void"]
            mounts = spec["containerEdits"].pop("mounts", [])
            assert [mount["containerPath"] for mount in mounts] == ([VOID] if release == "1.20.2" else [])
            assert spec["containerEdits"] == {}
        else:
            with pytest.raises(SpecError):
                make(tmp_path, [node_char(path, 240, 7)], mode=mode, toolkit_release=release)


def test_mofed_below_the_driver_root_up_to_1_18(tmp_path):
    node = node_char(f"{DRIVER}/dev/infiniband/uverbs0", 231, 192)
    spec = make(tmp_path, [node], mode="mofed", toolkit_release="1.18")
    assert edits_of(spec, "all")["deviceNodes"] == [{"path": "/dev/infiniband/uverbs0", "hostPath": node.path}]


def mig_capabilities(below=""):
    nodes = [node_char(f"{below}/dev/nvidia-caps/nvidia-cap{minor}", 236, minor, 0o400) for minor in (1, 2)]
    return [*nodes, file(f"{below}/proc/driver/nvidia-caps/mig-minors", b"config 1\nmonitor 2\ngpu0/gi1/access 12\n")]


def test_mig_capabilities(tmp_path):
    spec = make(tmp_path, mig_capabilities(), mode="mig-caps", driver_root="/", device_ids=("monitor", "config"))
    assert spec["kind"] == "nvidia.com/gpu" and [one["name"] for one in spec["devices"]] == ["all", "config", "monitor"]
    facts = {"major": 236, "minor": 1, "fileMode": 0o400, "permissions": "rwm"}
    assert edits_of(spec, "config") == {"deviceNodes": [{"path": "/dev/nvidia-caps/nvidia-cap1", **facts}]}
    assert list(spec["containerEdits"]) == ["env", "mounts"]
    spec = make(tmp_path, mig_capabilities(DRIVER), mode="mig-caps", dev_root=DRIVER, device_ids=("config",))
    paths = {"path": "/dev/nvidia-caps/nvidia-cap1", "hostPath": f"{DRIVER}/dev/nvidia-caps/nvidia-cap1"}
    assert edits_of(spec, "config")["deviceNodes"] == [{**paths, **facts}]


@pytest.mark.parametrize(
    ("ids", "root", "said"),
    [
        ((), "/", r'invalid MIG capability "all": must be one of \[config, monitor\]'),
        (("all",), "/", r'invalid MIG capability "all": must be one of \[config, monitor\]'),
        (("config", "0"), "/", 'invalid MIG capability "0"'),
        (("config", "config"), "/", 'invalid spec, multiple device "config"'),
        (("config",), DRIVER, "invalid spec, no devices|empty device edits"),  # no driver that knows MIG
    ],
)
def test_mig_capabilities_that_there_are_not(tmp_path, ids, root, said):
    with pytest.raises(SpecError, match=said):
        make(tmp_path, mig_capabilities(), mode="mig-caps", driver_root=root, device_ids=ids)


def test_the_lines_of_mig_minors_have_one_blank(tmp_path):
    for line in ("config  1", "config\t1", " config 1", "config 1 ", "config x", "config"):
        minors = file("/proc/driver/nvidia-caps/mig-minors", f"{line}\nmonitor 2\n".encode())
        entries = [*mig_capabilities()[:2], minors]
        with pytest.raises(SpecError, match="invalid MIG capability path config"):
            make(tmp_path, entries, mode="mig-caps", driver_root="/", device_ids=("config",))


def test_mig_capabilities_without_their_node(tmp_path):
    entries = mig_capabilities()[1:]
    with pytest.raises(SpecError, match='failed add device "config": invalid device, empty device edits'):
        make(tmp_path, entries, mode="mig-caps", driver_root="/", device_ids=("config", "monitor"))
    for release in RELEASES:
        if release not in SINCE_1_20_1:
            with pytest.raises(SpecError, match='unknown mode "mig-caps"'):
                make(tmp_path, entries, mode="mig-caps", device_ids=("monitor",), toolkit_release=release)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("mode", ["nvml", "management"])
def test_microcode_and_libraries_that_came_with_1_20_1_and_2(tmp_path, mode, release):
    firmware = [f"/lib/firmware/nvidia/{VERSION}/{name}" for name in ("gsp_x.bin", "ucodes_x.bin", "ucode_x.bin")]
    files = [file(DRIVER + path, b"") for path in firmware]
    files += [
        file(f"{LIBRARIES}/libnvsdm.so.1", b""),
        symlink(f"{LIBRARIES}/libibumad.so.3", "libibumad.so.3.4.50.0"),
        file(f"{LIBRARIES}/libibumad.so.3.4.50.0", b""),
        file(f"{DRIVER}/lib64/libibmad.so.5", b""),  # not beside the driver's libraries
    ]
    spec = make(tmp_path, [*complete(), *files], mode=mode, toolkit_release=release)
    found = [path for path in mounted(spec) if "firmware" in path]
    assert found == [firmware[0], *([firmware[1]] if release in SINCE_1_20_1 else [])]
    libraries = ["/usr/lib64/libibumad.so.3.4.50.0", "/usr/lib64/libnvsdm.so.1"]
    found = [path for path in mounted(spec) if "libib" in path or "nvsdm" in path]
    assert found == (libraries if (mode, release) == ("management", "1.20.2") else [])


def test_imex_channels(tmp_path):
    entries = [node_char(f"{CHANNEL}{number}", 235, number) for number in (0, 2)]
    spec = make(tmp_path, entries, mode="imex")
    assert [device["name"] for device in spec["devices"]] == ["0", "2", "all"]
    assert edits_of(spec, "2") == {"deviceNodes": [{"path": CHANNEL + "2", "hostPath": CHANNEL + "2"}]}
    spec = make(tmp_path, entries, mode="imex", device_ids=("channel2",))
    assert [device["name"] for device in spec["devices"]] == ["2", "all"]
    with pytest.raises(SpecError, match='invalid channel ID x: parsing "x": invalid syntax'):
        make(tmp_path, entries, mode="imex", device_ids=("x",))
    with pytest.raises(SpecError, match="value out of range"):
        make(tmp_path, entries, mode="imex", device_ids=(str(1 << 64),))


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("1048576", r"invalid channel ID 1048576: must be in the range \[0, 1048575\]"),
        ("channel7", f"IMEX channel 7 not found at {CHANNEL}7: stat {CHANNEL}7: no such file or directory"),
    ],
)
@pytest.mark.parametrize("release", [*SINCE_1_20, "head"])
def test_imex_channels_that_only_later_releases_refuse(tmp_path, release, channel, said):
    entries = [node_char(f"{CHANNEL}0", 235, 0)]
    spec = make(tmp_path, entries, mode="imex", device_ids=(channel,), toolkit_release="1.19")
    path = CHANNEL + channel.replace("channel", "")
    assert spec["devices"][0]["containerEdits"] == {"deviceNodes": [{"path": path, "hostPath": path}]}
    with pytest.raises(SpecError, match=said):
        make(tmp_path, entries, mode="imex", device_ids=(channel,), toolkit_release=release)


def test_every_mode_has_the_kind_that_is_asked_for(tmp_path):
    nodes = [*complete(), node_char("/dev/nvidia-fs0", 1, 0), node_char("/dev/gdrdrv", 1, 1)]
    nodes += [node_char(f"{CHANNEL}0", 1, 2), node_char("/dev/nvidia-nvswitch0", 1, 3)]
    nodes += [node_char("/dev/infiniband/rdma_cm", 1, 4)]
    for mode in ("nvml", "management", "gds", "mofed", "gdrcopy", "nvswitch", "imex"):
        assert make(tmp_path, nodes, mode=mode)["kind"] == "nvidia.com/gpu"
        assert make(tmp_path, nodes, mode=mode, vendor="a.b", cdi_class="cc")["kind"] == "a.b/cc"


def test_unknown_modes_and_releases(tmp_path):
    with pytest.raises(SpecError, match='unknown mode "bogus"'):
        make(tmp_path, complete(), mode="bogus")
    with pytest.raises(ParameterError, match=r"toolkit_release: '1\.16' is not allowed: must be one of 1\.17"):
        make(tmp_path, complete(), toolkit_release="1.16")


@pytest.mark.parametrize(("addressing", "said"), [("ATS", "true"), ("HMM", "false"), ("NONE", "false")])
def test_coherent_annotations(tmp_path, addressing, said):
    flags = ("enable-coherent-annotations",)
    machine = build_machine(
        definition={"base": "dgxa100", "addressing_mode": addressing},
        gpu_count=2,
        uuid_seed="s",
        mig_layout={1: ["3g.20gb"]},
    )
    spec = make(tmp_path, mig_node(), machine, feature_flags=flags)
    notes = {device["name"]: device.get("annotations") for device in spec["devices"]}
    assert notes == {"0": {"gpu.nvidia.com/coherent": said}, "1:0": None, "all": None}
    assert spec["cdiVersion"] == "0.6.0"
    without = make(tmp_path, mig_node(), machine)
    assert "annotations" not in str(without) and without["cdiVersion"] == "0.5.0"
    assert "annotations" not in str(make(tmp_path, mig_node(), machine, feature_flags=flags, toolkit_release="1.17"))


# -- without hooks ------------------------------------------------------------------------------------------------


def test_no_hooks_but_a_mount_for_every_name(tmp_path):
    spec = make(tmp_path, complete(), hook_mode="none")
    assert "hooks" not in str(spec)
    paths = mounted(spec)
    for place in ("/usr/lib64", "/usr/lib/x86_64-linux-gnu"):  # linkers of both families find them
        for name in ("libcuda.so", "libcuda.so.1", f"libcuda.so.{VERSION}", "libnvidia-ml.so.1"):
            assert f"{place}/{name}" in paths
    assert len(paths) == len(set(paths))
    hosts = {mount["containerPath"]: mount["hostPath"] for mount in spec["containerEdits"]["mounts"]}
    assert hosts["/usr/lib64/libcuda.so"] == f"{LIBRARIES}/libcuda.so.{VERSION}"
