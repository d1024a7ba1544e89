# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX A100: 8 x A100-SXM4-40GB.

Sources: driver, MIG profiles, placements, engines: go-nvml 2f9e261f pkg/nvml/mock/dgxa100. PCI bus IDs:
published `nvidia-smi` tables of DGX A100. PCI IDs, memory, VBIOS, board part: capture of an A100-SXM4-40GB by nvidia-smi
570.148.08 in NVIDIA/k8s-test-infra. NVLinks: NVLink 3, 12 per GPU.
Readings: that capture's first GPU, which is idle.
PCIe switches and CPU sockets: how such machines are built in general; no capture of one is published.
"""

from __future__ import annotations

_MIG_PROFILES = [
    {"name": "1g.5gb", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 4864, "instances": 7,
     "multiprocessors": 14, "engines": {"copy": 1, "decoder": 0, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "1g.5gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 4864, "instances": 1,
     "multiprocessors": 14, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 1}},
    {"name": "1g.10gb", "memory_slices": 2, "starts": [0, 2, 4, 6], "memory_mib": 9856, "instances": 4,
     "multiprocessors": 14, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "2g.10gb", "memory_slices": 2, "starts": [0, 2, 4], "memory_mib": 9856, "instances": 3,
     "multiprocessors": 28, "engines": {"copy": 2, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "3g.20gb", "memory_slices": 4, "starts": [0, 4], "memory_mib": 19968, "instances": 2,
     "multiprocessors": 42, "engines": {"copy": 3, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "4g.20gb", "memory_slices": 4, "starts": [0], "memory_mib": 19968, "instances": 1,
     "multiprocessors": 56, "engines": {"copy": 4, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "7g.40gb", "memory_slices": 8, "starts": [0], "memory_mib": 40192, "instances": 1,
     "multiprocessors": 98, "engines": {"copy": 7, "decoder": 5, "encoder": 0, "jpeg": 1, "ofa": 1}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    "driver_version": "550.54.15",
    "gpu_count": 8,
    "product_name": "NVIDIA A100-SXM4-40GB",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": 40960,
    "compute_capability": "8.0",
    "pci_device_id": "20B010DE",
    "pci_subsystem_id": "134F10DE",
    "vbios_version": "92.00.45.00.03",
    "board_part_number": "692-2G506-0200-003",
    "nvlink_links": 12,
    "gpus_per_pcie_switch": 2,
    "gpus_per_socket": 4,
    "readings": {
        "temperature_c": 33,
        "memory_temperature_c": 34,
        "power_mw": 49680,
        "power_limits_mw": [100000, 400000, 400000],
        "clocks_mhz": [210, 210, 1215, 585],
        "max_clocks_mhz": [1410, 1410, 1215, 1290],
        "pcie_link": [4, 16],
        "bar1_mib": 65536,
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "570.148.08",
        "display_mode": "Enabled",
        "gpu_part_number": "20B0-884-A1",
        "platformInfo": {"module_id": "7"},
        "inforom_version": {"img_version": "G506.0200.00.04", "oem_object": "2.0", "ecc_object": "6.16"},
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "fb_memory_usage": {"reserved": "518 MiB"},
        "bar1_memory_usage": {"used": "1 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "640 bank(s)"}},
        "temperature": {
            "gpu_temp_max_threshold": "92 C",
            "gpu_temp_slow_threshold": "89 C",
            "gpu_temp_max_gpu_threshold": "85 C",
            "gpu_temp_max_mem_threshold": "95 C",
        },
        "gpu_power_readings": {"average_power_draw": "N/A"},
        "applications_clocks": {"graphics_clock": "1095 MHz"},
        "default_applications_clocks": {"graphics_clock": "1095 MHz"},
        "supported_clocks": "1215: 1410-210/15",
    },
    "pci_bus_ids": ["0000:%s:00.0" % bus for bus in ("07", "0f", "47", "4e", "87", "90", "b7", "bd")],
    "mig_profiles": _MIG_PROFILES,
}
