# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the node's state becomes: settings, loads, resets; and what becomes of it when the node changes."""

from __future__ import annotations

import math
import os
import subprocess

import pytest
from state_support import DRIVER, apply, component, install, node_state, set_now, told

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError, ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import read_manifest
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_values import evaluated
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components
from ansible_collections.nvmock.gpu.plugins.module_utils.node import state as node_state_module


def path_of(place, version="550.54.15"):
    return place / "opt" / "driver" / "lib64" / f"libnvidia-mockstate.so.{version}"


def test_set_show_reset(tmp_path):
    install(tmp_path)
    assert told(tmp_path) == {}
    assert set_now(tmp_path, [0], {"temperature": 91, "compute_mode": "Prohibited"}).changed
    assert not set_now(tmp_path, [0], {"temperature": 91}).changed
    assert told(tmp_path) == {"temperature": 91, "compute_mode": "Prohibited"} and told(tmp_path, 1) == {}
    with node_state(tmp_path) as state:
        assert state.change(state.reset([0], [0]), None).changed
        assert told(tmp_path) == {"compute_mode": "Prohibited"}
        assert state.change(state.reset([0], None), None).changed
        assert not state.change(state.reset([0, 1], None), None).changed
    assert told(tmp_path) == {}


def test_check_mode_writes_nothing(tmp_path):
    install(tmp_path)
    before = path_of(tmp_path).read_bytes()
    with node_state(tmp_path) as state:
        done = state.change(state.set([1], {0: 77}), None, check=True)
    assert done.changed and done.before == [] and done.after == ["GPU 1: temperature=77\n"]
    assert path_of(tmp_path).read_bytes() == before


def test_gpus(tmp_path):
    install(tmp_path)
    with node_state(tmp_path) as state:
        second = state.machine.gpus[1]
        assert state.gpus() == [0, 1]
        assert state.gpus(["1", second.uuid, second.pci_bus_id.upper()]) == [1]
        for wrong in ("2", "-1", "x", ""):
            with pytest.raises(ParameterError, match=r"^gpus: "):
                state.gpus([wrong])


@pytest.mark.parametrize(
    "settings",
    [{"fan_speed": 10}, {"power_limit": 99}, {"power_limit": 401}, {"memory_used": 40960}, {"nvlink_12_state": 0}],
)
def test_what_the_board_does_not_have_or_allow(tmp_path, settings):
    install(tmp_path)
    with pytest.raises(ParameterError, match="GPU 0") as error:
        set_now(tmp_path, [0], settings)
    assert "\n" not in str(error.value)
    assert told(tmp_path) == {}


def test_a_load(tmp_path):
    """Power and temperature at 0, 3 and 10 seconds, and the energy."""
    install(tmp_path)
    with node_state(tmp_path) as state:
        start = 1_000_000_000_000
        values = {0: {}, 1: {}}
        state.load([0], 80, 60)(values, start)
        own = values[0]
        idle, limit, cold = 49680, 400000, 33
        target = idle + (limit - idle) * 80 // 100
        energy = own[8]
        for seconds in (0, 3, 10):
            now = evaluated(own, start + seconds * 1000)
            power = target + (idle - target) * math.exp(-seconds / 3)
            warm = cold + (state._hot(0) - cold) * 0.8 * (1 - math.exp(-seconds / 20))
            assert now[3] == pytest.approx(power, rel=0.001)
            assert now[0] == pytest.approx(warm, abs=0.51)
            spent = target * seconds + (idle - target) * 3 * (1 - math.exp(-seconds / 3))
            assert now[8] - energy == pytest.approx(spent, rel=0.001, abs=1)
            assert now[34] == 80 and now[10] == 1410
        after = evaluated(own, start + 60_000)
        assert 34 not in after and 10 not in after
        assert after[3] == pytest.approx(target, rel=0.01)
        later = evaluated(own, start + 200_000)
        assert later[3] == idle and later[0] == cold
        # A second load goes on from where the first one is.
        state.load([0], 0, 10)(values, start + 10_000)
        assert evaluated(own, start + 10_000)[3] == pytest.approx(target, rel=0.04)
        assert evaluated(own, start + 10_000)[8] == pytest.approx(energy + spent, rel=0.001)


def test_energy_is_the_integral_of_what_is_set(tmp_path):
    install(tmp_path)
    with node_state(tmp_path) as state:
        values = {0: {}, 1: {}}
        state.set([0], {8: 5000})(values, 1_000_000)
        state.set([0], {3: 100_000})(values, 1_010_000)
        assert evaluated(values[0], 1_010_000)[8] == 5000 + 49680 * 10
        assert evaluated(values[0], 1_020_000)[8] == 5000 + 49680 * 10 + 100_000 * 10
        state.reset([0], [3])(values, 1_020_000)
        assert evaluated(values[0], 1_030_000)[8] == 5000 + 49680 * 20 + 100_000 * 10


def test_what_follows(tmp_path):
    install(tmp_path, "dgxh100")
    set_now(tmp_path, [0], {"temperature": 80, "memory_used": 1000, "locked_graphics_clock_min": 500})
    with node_state(tmp_path) as state:
        own = {number: value for (gpu, number), value in state.read().entries.items() if gpu == 0}
        now = evaluated(own, 0)
        cold, margin = state.rest(0, "temperature"), state.rest(0, "temperature_margin")
        assert now[2] == margin - (80 - cold)
        assert now[213] == state._memory() - 1000
        assert now[9] == now[10] == max(500, state.rest(0, "graphics_clock"))


# -- Beside runs of nvmock.gpu -------------------------------------------------------------------------------------------


def test_state_is_no_drift_and_survives_a_run(tmp_path):
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    assert not install(tmp_path, check=True) and not install(tmp_path)
    assert told(tmp_path) == {"temperature": 91}


def test_a_damaged_file_is_made_anew(tmp_path):
    install(tmp_path)
    for damage in (b"", b"x" * 200000, path_of(tmp_path).read_bytes()[:-1]):
        path_of(tmp_path).write_bytes(damage)
        with pytest.raises(HostError):
            set_now(tmp_path, [0], {"temperature": 91})
        assert [change.path for change in install(tmp_path)] == ["/" + str(path_of(tmp_path).relative_to(tmp_path))]
        assert told(tmp_path) == {}


def test_mode_and_owner_are_drift(tmp_path):
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    path_of(tmp_path).chmod(0o666)
    assert [change.what for change in install(tmp_path)] == [("mode",)]
    assert told(tmp_path) == {"temperature": 91}


def test_removed_whatever_it_has(tmp_path):
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    path_of(tmp_path).write_bytes(b"anything")
    gone = apply(tmp_path, components.removed([component().owner]))
    assert not gone.left and os.listdir(tmp_path) == []


def test_a_lost_manifest(tmp_path):
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    (tmp_path / "var/lib/nvidia-mock/manifest.mtree").unlink()
    install(tmp_path)
    assert told(tmp_path) == {"temperature": 91}
    with HostRoot(str(tmp_path)) as root:
        owned = read_manifest(root).owned[f"{DRIVER}/lib64/libnvidia-mockstate.so.550.54.15"]
    assert owned.made == ("type=file nochange=yes",)


def test_another_driver_version_starts_at_rest(tmp_path):
    """Who holds the old file sees what it had last."""
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    with path_of(tmp_path).open("rb") as held:
        old = held.read()
        install(tmp_path, driver_version="570.86.15")
        assert not path_of(tmp_path).exists() and path_of(tmp_path, "570.86.15").exists()
        assert told(tmp_path) == {}
        set_now(tmp_path, [0], {"temperature": 44})
        held.seek(0)
        assert held.read() == old


def test_other_gpus_start_at_rest(tmp_path):
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    install(tmp_path, "dgxh100", driver_version="550.54.15")
    assert told(tmp_path) == {}


def test_a_restart_of_the_node(tmp_path, monkeypatch):
    """Another boot of the kernel: forgotten, unless it is kept."""
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 91})
    monkeypatch.setattr(node_state_module, "boot_number", lambda: 12345)
    assert told(tmp_path) == {}
    set_now(tmp_path, [0], {"temperature": 92}, keep=True)
    monkeypatch.setattr(node_state_module, "boot_number", lambda: 67890)
    assert told(tmp_path) == {"temperature": 92}
    set_now(tmp_path, [1], {"temperature": 93})  # stays kept
    monkeypatch.setattr(node_state_module, "boot_number", lambda: 11111)
    assert told(tmp_path, 1) == {"temperature": 93}
    assert set_now(tmp_path, [], {}, keep=False).changed
    monkeypatch.setattr(node_state_module, "boot_number", lambda: 22222)
    assert told(tmp_path, 1) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_in_an_image_layer(tmp_path):
    """On overlayfs the first write copies the file up; readers open it anew and see that."""
    lower, upper, work, merged = (tmp_path / name for name in ("lower", "upper", "work", "merged"))
    for place in (lower, upper, work, merged):
        place.mkdir()
    install(lower)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    done = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, merged], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no overlayfs here: {done.stderr.decode()}")
    try:
        assert told(merged) == {}
        set_now(merged, [0], {"temperature": 91})
        set_now(merged, [1], {"temperature": 92})
        assert told(merged) == {"temperature": 91} and told(merged, 1) == {"temperature": 92}
        assert path_of(upper).exists() and told(lower) == {}
        assert not install(merged)
    finally:
        subprocess.run(["umount", merged], check=True)


def test_nothing_of_nvmock(tmp_path):
    with pytest.raises(HostError, match="no driver installation"), node_state(tmp_path):
        pass
    install(tmp_path)
    path_of(tmp_path).unlink()
    with pytest.raises(HostError, match="does not exist"), node_state(tmp_path):
        pass
