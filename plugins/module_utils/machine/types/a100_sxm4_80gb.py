# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A100-SXM4-80GB, one board.

Sources: capture by nvidia-smi 535.54.03 in influxdata/telegraf. MIG memory, multiprocessors and engines: a published
`nvidia-smi mig -lgip` of this board; MIG placements: `nvidia-smi mig -lgipp` in NVIDIA's MIG user guide. NVLinks: NVLink 3, 12 per GPU.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "535.54.03",
    "gpu_count": 1,
    "product_name": "NVIDIA A100-SXM4-80GB",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": 81920,
    "compute_capability": "8.0",
    "pci_device_id": "20B210DE",
    "pci_subsystem_id": "147F10DE",
    "vbios_version": "92.00.36.00.02",
    "board_part_number": "692-2G506-0212-002",
    "nvlink_links": 12,
    "readings": {
        "temperature_c": 27,
        "memory_temperature_c": 44,
        "bar1_mib": 131072,
        "power_mw": 67030,
        "power_limits_mw": [100000, 500000, 500000],
        "clocks_mhz": [1275, 1275, 1593, 1275],
        "max_clocks_mhz": [1410, 1410, 1593, 1290],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "535.54.03",
        "display_mode": "Enabled",
        "persistence_mode": "Disabled",
        "gpu_part_number": "20B2-895-A1",
        "gpu_module_id": "4",
        "inforom_version": {"img_version": "G506.0212.00.01", "oem_object": "2.0", "ecc_object": "6.16"},
        "pci": {"pci_gpu_link_info": {"pcie_gen": {"max_host_link_gen": "4"}}},
        "clocks_event_reasons": {"clocks_event_reason_gpu_idle": "Not Active"},
        "fb_memory_usage": {"reserved": "869 MiB"},
        "bar1_memory_usage": {"used": "1 MiB"},
        "temperature": {
            "gpu_temp_max_threshold": "92 C",
            "gpu_temp_slow_threshold": "89 C",
            "gpu_temp_max_gpu_threshold": "85 C",
            "gpu_temp_max_mem_threshold": "95 C",
        },
        "applications_clocks": {"graphics_clock": "1275 MHz"},
        "default_applications_clocks": {"graphics_clock": "1275 MHz"},
        "voltage": {"graphics_volt": "912.500 mV"},
        "supported_clocks": "1593: 1410-210/15",
    },
    "pci_bus_ids": ["0000:01:00.0"],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.10gb", 1, [0, 1, 2, 3, 4, 5, 6], 9728, 7, 14, [1, 0, 0, 0, 0]],
        ["1g.10gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 9728, 1, 14, [1, 1, 0, 1, 1]],
        ["1g.20gb", 2, [0, 2, 4, 6], 19968, 4, 14, [1, 1, 0, 0, 0]],
        ["2g.20gb", 2, [0, 2, 4], 19968, 3, 28, [2, 1, 0, 0, 0]],
        ["3g.40gb", 4, [0, 4], 40192, 2, 42, [3, 2, 0, 0, 0]],
        ["4g.40gb", 4, [0], 40192, 1, 56, [4, 2, 0, 0, 0]],
        ["7g.80gb", 8, [0], 80896, 1, 98, [7, 5, 0, 1, 1]],
    ],
}
