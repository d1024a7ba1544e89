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
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.5gb", 1, [0, 1, 2, 3, 4, 5, 6], 4864, 7, 14, [1, 0, 0, 0, 0]],
        ["1g.5gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 4864, 1, 14, [1, 1, 0, 1, 1]],
        ["1g.10gb", 2, [0, 2, 4, 6], 9856, 4, 14, [1, 1, 0, 0, 0]],
        ["2g.10gb", 2, [0, 2, 4], 9856, 3, 28, [2, 1, 0, 0, 0]],
        ["3g.20gb", 4, [0, 4], 19968, 2, 42, [3, 2, 0, 0, 0]],
        ["4g.20gb", 4, [0], 19968, 1, 56, [4, 2, 0, 0, 0]],
        ["7g.40gb", 8, [0], 40192, 1, 98, [7, 5, 0, 1, 1]],
    ],
}
