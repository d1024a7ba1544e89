# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A10G, one board.

Sources: capture by nvidia-smi 515.105.01 in influxdata/telegraf, in which the PCI IDs are hidden; PCI device ID: pci.ids. No source
has the subsystem and the board part. No NVLink and no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "515.105.01",
    "gpu_count": 1,
    "product_name": "NVIDIA A10G",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": 23028,
    "compute_capability": "8.6",
    "pci_device_id": "223710DE",
    "pci_subsystem_id": "000010DE",
    "vbios_version": "94.02.75.00.01",
    "readings": {
        "temperature_c": 17,
        "bar1_mib": 32768,
        "power_mw": 25580,
        "power_limits_mw": [100000, 300000, 300000],
        "clocks_mhz": [210, 210, 405, 555],
        "max_clocks_mhz": [1710, 1710, 6251, 1500],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "515.105.01",
        "persistence_mode": "Disabled",
        "gpu_part_number": "000-00000-0000-000",
        "gpu_module_id": "0",
        "inforom_version": {"img_version": "G133.0210.00.04", "oem_object": "2.0", "ecc_object": "6.16"},
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "pci": {
            "pci_gpu_link_info": {"pcie_gen": {"current_link_gen": "1"}, "link_widths": {"current_link_width": "8x"}}
        },
        "fan_speed": "0 %",
        "performance_state": "P8",
        "fb_memory_usage": {"reserved": "435 MiB"},
        "bar1_memory_usage": {"used": "1 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "192 bank(s)"}},
        "temperature": {
            "gpu_temp_max_threshold": "98 C",
            "gpu_temp_slow_threshold": "95 C",
            "gpu_temp_max_gpu_threshold": "88 C",
        },
        "power_readings": {"power_state": "P8"},
        "voltage": {"graphics_volt": "693.750 mV"},
        "supported_clocks": "6251: 1710-210/15; 405: 420-210/15",
    },
    "pci_bus_ids": ["0000:00:1e.0"],
}
