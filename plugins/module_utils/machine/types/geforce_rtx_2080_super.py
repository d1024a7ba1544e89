# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GeForce RTX 2080 SUPER: one PCIe board, of Gigabyte.

Sources: capture by nvidia-smi 610.57.04 in utkuozdemir/nvidia_gpu_exporter. NVLink needs a bridge, and there is no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "610.57.04",
    "gpu_count": 1,
    "product_name": "NVIDIA GeForce RTX 2080 SUPER",
    "architecture": "Turing",
    "brand": "GeForce",
    "memory_mib": 8192,
    "compute_capability": "7.5",
    "pci_device_id": "1E8110DE",
    "pci_subsystem_id": "40051458",
    "vbios_version": "90.04.7A.40.73",
    "nvlink_inactive": True,
    "readings": {
        "temperature_c": 33,
        "bar1_mib": 256,
        "power_mw": 38890,
        "power_limits_mw": [105000, 250000, 350000],
        "clocks_mhz": [300, 300, 405, 540],
        "max_clocks_mhz": [2145, 2145, 7751, 1995],
        "pcie_link": [3, 16],
    },
    "report": {
        "from_driver": "610.57.04",
        "display_attached": "Yes",
        "persistence_mode": "Disabled",
        "gpu_part_number": "1E81-450-A1",
        "platformInfo": {"module_id": "1"},
        "inforom_version": {"img_version": "G001.0000.02.04", "oem_object": "1.1"},
        "pci": {
            "pci_sub_class": "0",
            "pci_gpu_link_info": {
                "pcie_gen": {"current_link_gen": "1", "device_current_link_gen": "1", "max_host_link_gen": "4"}
            },
        },
        "fan_speed": "38 %",
        "performance_state": "P8",
        "fb_memory_usage": {"reserved": "400 MiB"},
        "bar1_memory_usage": {"used": "36 MiB"},
        "temperature": {
            "gpu_temp_max_threshold": "100 C",
            "gpu_temp_slow_threshold": "97 C",
            "gpu_temp_max_gpu_threshold": "89 C",
            "gpu_target_temperature": "84 C",
        },
        "gpu_power_readings": {"average_power_draw": "N/A"},
        "max_customer_boost_clocks": {"graphics_clock": "N/A"},
        "absent": "supported_gpu_target_temp/gpu_target_temp_min; supported_gpu_target_temp/gpu_target_temp_max",
    },
    "pci_bus_ids": ["0000:0c:00.0"],
}
