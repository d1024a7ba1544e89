# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Tesla T4, one board.

Sources: capture by nvidia-smi 595.91.07 in NVIDIA/k8s-test-infra. No NVLink and no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "595.91.07",
    "gpu_count": 1,
    "product_name": "Tesla T4",
    "architecture": "Turing",
    "brand": "NVIDIA",
    "memory_mib": 15360,
    "compute_capability": "7.5",
    "pci_device_id": "1EB810DE",
    "pci_subsystem_id": "12A210DE",
    "vbios_version": "90.04.96.00.02",
    "board_part_number": "900-2G183-A800-001",
    "readings": {
        "temperature_c": 33,
        "bar1_mib": 256,
        "power_mw": 33510,
        "power_limits_mw": [60000, 70000, 70000],
        "clocks_mhz": [1590, 1590, 5000, 1470],
        "max_clocks_mhz": [1590, 1590, 5001, 1470],
        "pcie_link": [3, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "595.91.07",
        "display_attached": "Yes",
        "gpu_part_number": "1EB8-895-A1",
        "platformInfo": {"module_id": "1"},
        "inforom_version": {"img_version": "G183.0200.00.02", "oem_object": "1.1", "ecc_object": "5.0"},
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "pci": {"pci_gpu_link_info": {"link_widths": {"current_link_width": "8x"}}},
        "fb_memory_usage": {"reserved": "448 MiB"},
        "bar1_memory_usage": {"used": "2 MiB"},
        "retired_pages": {
            "multiple_single_bit_retirement": {"retired_count": "0", "retired_pagelist": ""},
            "double_bit_retirement": {"retired_count": "0", "retired_pagelist": ""},
            "pending_blacklist": "No",
            "pending_retirement": "No",
        },
        "temperature": {
            "gpu_temp_max_threshold": "96 C",
            "gpu_temp_slow_threshold": "93 C",
            "gpu_temp_max_gpu_threshold": "85 C",
        },
        "gpu_power_readings": {"average_power_draw": "N/A"},
        "supported_clocks": "5001: 1590-300/15; 405: 645-300/15",
    },
    "pci_bus_ids": ["0000:00:1e.0"],
}
