# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GB300, one GPU of a tray.

Sources: capture by nvidia-smi 580.173.02 in NVIDIA/k8s-test-infra. NVLinks: NVLink 5, 18 per GPU. No listing of its MIG profiles is
published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.173.02",
    "gpu_count": 1,
    "product_name": "NVIDIA GB300",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 284208,
    "compute_capability": "10.3",
    "pci_device_id": "31C210DE",
    "pci_subsystem_id": "21F110DE",
    "vbios_version": "97.10.4A.00.1A",
    "board_part_number": "900-2G548-0081-000",
    "nvlink_links": 18,
    "addressing_mode": "ATS",
    "readings": {
        "temperature_c": 38,
        "memory_temperature_c": 38,
        "bar1_mib": 524288,
        "power_mw": 180290,
        "power_limits_mw": [200000, 1400000, 1400000],
        "clocks_mhz": [120, 120, 3996, 600],
        "max_clocks_mhz": [2070, 2070, 3996, 1912],
        "pcie_link": [6, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "580.173.02",
        "display_attached": "Yes",
        "mig_mode": {"current_mig": "Disabled", "pending_mig": "Disabled"},
        "gpu_part_number": "31C2-893-A1",
        "platformInfo": {
            "slot_number": "25",
            "tray_index": "15",
            "host_id": "1",
            "peer_type": "Switch Connected",
            "module_id": "2",
            "gpu_fabric_guid": "0x0000000000000001",
        },
        "inforom_version": {"img_version": "G548.0301.00.03", "oem_object": "2.1", "ecc_object": "7.16"},
        "c2c_mode": "Enabled",
        "pci": {
            "pci_gpu_link_info": {"pcie_gen": {"max_host_link_gen": "4"}},
            "atomic_caps_inbound": "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64",
        },
        "fb_memory_usage": {"reserved": "947 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "5952 bank(s)"}},
        "temperature": {
            "gpu_temp_tlimit": "49 C",
            "gpu_temp_max_tlimit_threshold": "-5 C",
            "gpu_temp_slow_tlimit_threshold": "-2 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
            "gpu_temp_max_mem_tlimit_threshold": "0 C",
        },
        "gpu_power_readings": {"average_power_draw": "180.36 W"},
        "gpu_memory_power_readings": {"average_power_draw": "35.70 W"},
        "module_power_readings": {
            "average_power_draw": "488.29 W",
            "instant_power_draw": "487.68 W",
            "current_power_limit": "2900.00 W",
            "requested_power_limit": "2900.00 W",
            "default_power_limit": "2900.00 W",
            "min_power_limit": "500.00 W",
            "max_power_limit": "2900.00 W",
        },
        "power_smoothing": "Insufficient Permissions",
        "fabric": {
            "state": "Completed",
            "status": "Success",
            "cliqueId": "32766",
            "clusterUuid": "00000001-0000-0000-0000-000000000001",
            "health": {
                "summary": "Healthy",
                "bandwidth": "Full",
                "route_recovery_in_progress": "False",
                "route_unhealthy": "False",
                "access_timeout_recovery": "False",
                "incorrect_configuration": "None",
            },
        },
        "supported_clocks": "3996: 2070-120/7.5",
    },
    "pci_bus_ids": ["0008:06:00.0"],
}
