# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GB200, one GPU of a tray.

Sources: capture by nvidia-smi 580.173.02 in NVIDIA/k8s-test-infra. NVLinks: NVLink 5, 18 per GPU. No listing of its MIG profiles is
published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.173.02",
    "gpu_count": 1,
    "product_name": "NVIDIA GB200",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 189471,
    "compute_capability": "10.0",
    "pci_device_id": "294110DE",
    "pci_subsystem_id": "204610DE",
    "vbios_version": "97.00.B9.00.69",
    "board_part_number": "900-2G548-A801-000",
    "nvlink_links": 18,
    "addressing_mode": "ATS",
    "readings": {
        "temperature_c": 27,
        "memory_temperature_c": 27,
        "bar1_mib": 262144,
        "power_mw": 165930,
        "power_limits_mw": [200000, 1200000, 1200000],
        "clocks_mhz": [120, 120, 3996, 600],
        "max_clocks_mhz": [2062, 2062, 3996, 1890],
        "pcie_link": [5, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "580.173.02",
        "display_attached": "Yes",
        "mig_mode": {"current_mig": "Disabled", "pending_mig": "Disabled"},
        "gpu_part_number": "2941-892-A1",
        "platformInfo": {
            "slot_number": "14",
            "tray_index": "4",
            "host_id": "1",
            "peer_type": "Switch Connected",
            "module_id": "2",
            "gpu_fabric_guid": "0x0000000000000001",
        },
        "inforom_version": {"img_version": "G548.0201.00.06", "oem_object": "2.1", "ecc_object": "7.16"},
        "c2c_mode": "Enabled",
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "pci": {
            "pci_gpu_link_info": {"pcie_gen": {"max_device_link_gen": "6"}},
            "atomic_caps_inbound": "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64",
        },
        "fb_memory_usage": {"reserved": "742 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "3968 bank(s)"}},
        "temperature": {
            "gpu_temp_tlimit": "60 C",
            "gpu_temp_max_tlimit_threshold": "-5 C",
            "gpu_temp_slow_tlimit_threshold": "-2 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
            "gpu_temp_max_mem_tlimit_threshold": "0 C",
        },
        "gpu_memory_power_readings": {"average_power_draw": "30.26 W"},
        "module_power_readings": {
            "average_power_draw": "467.17 W",
            "instant_power_draw": "467.68 W",
            "current_power_limit": "2500.00 W",
            "requested_power_limit": "2500.00 W",
            "default_power_limit": "2500.00 W",
            "min_power_limit": "500.00 W",
            "max_power_limit": "2500.00 W",
        },
        "power_smoothing": "Insufficient Permissions",
        "fabric": {
            "state": "Completed",
            "status": "Success",
            "cliqueId": "2",
            "clusterUuid": "00000001-0000-0000-0000-000000000001",
            "health": {
                "summary": "Healthy",
                "bandwidth": "Full",
                "route_recovery_in_progress": "False",
                "route_unhealthy": "False",
                "access_timeout_recovery": "False",
            },
        },
        "supported_clocks": "3996: 2062.5-120/7.5",
    },
    "pci_bus_ids": ["0000:29:00.0"],
}
