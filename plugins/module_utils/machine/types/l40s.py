# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA L40S, one board.

Sources: capture by nvidia-smi 595.91.07 in NVIDIA/k8s-test-infra. No NVLink and no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "595.91.07",
    "gpu_count": 1,
    "product_name": "NVIDIA L40S",
    "architecture": "Ada Lovelace",
    "brand": "NVIDIA",
    "memory_mib": 46068,
    "compute_capability": "8.9",
    "pci_device_id": "26B910DE",
    "pci_subsystem_id": "185110DE",
    "vbios_version": "95.02.66.00.15",
    "board_part_number": "900-2G133-A880-000",
    "readings": {
        "temperature_c": 29,
        "bar1_mib": 65536,
        "power_mw": 66160,
        "power_limits_mw": [100000, 350000, 350000],
        "clocks_mhz": [2040, 2040, 9001, 1725],
        "max_clocks_mhz": [2520, 2520, 9001, 1965],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "595.91.07",
        "display_attached": "Yes",
        "gpu_part_number": "26B9-896-A1",
        "platformInfo": {"module_id": "1"},
        "inforom_version": {"img_version": "G133.0242.00.03", "oem_object": "2.1", "ecc_object": "6.16"},
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "pci": {"pci_gpu_link_info": {"link_widths": {"current_link_width": "8x"}}},
        "fb_memory_usage": {"reserved": "609 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "192 bank(s)"}},
        "temperature": {
            "gpu_temp_tlimit": "59 C",
            "gpu_temp_max_tlimit_threshold": "-5 C",
            "gpu_temp_slow_tlimit_threshold": "-2 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
        },
        "gpu_power_readings": {"average_power_draw": "65.64 W"},
        "supported_clocks": "9001: 2520-210/15; 405: 405-210/15",
    },
    "pci_bus_ids": ["0000:30:00.0"],
}
