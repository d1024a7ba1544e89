# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A GPU of a Vera Rubin NVL72 tray: a preview, because the capture is of a board before its release.

Sources: capture by nvidia-smi 615.23 in NVIDIA/k8s-test-infra, whose name for it is that of an unknown product. Compute capability:
release notes of CUDA 13.4. Clocks: those of the highest memory
clock. No listing of its MIG profiles and NVLinks is published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "615.23",
    "gpu_count": 1,
    "product_name": "NVIDIA Graphics Device",
    "architecture": "Rubin",
    "brand": "NVIDIA",
    "memory_mib": 286524,
    "compute_capability": "10.7",
    "pci_device_id": "307F10DE",
    "pci_subsystem_id": "221A10DE",
    "vbios_version": "99.00.1B.00.00",
    "board_part_number": "699-2G558-3201-TS3",
    "addressing_mode": "ATS",
    "readings": {
        "temperature_c": 30,
        "bar1_mib": 524288,
        "power_mw": 399170,
        "power_limits_mw": [200000, 2300000, 2300000],
        "clocks_mhz": [120, 120, 3186, 744],
        "max_clocks_mhz": [2424, 2424, 4752, 2412],
        "pcie_link": [6, 16],
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "615.23",
        "mig_mode": {"current_mig": "Disabled", "pending_mig": "Disabled"},
        "gpu_part_number": "307F-892-A1",
        "platformInfo": {
            "slot_number": "2",
            "tray_index": "1",
            "host_id": "1",
            "peer_type": "Switch Connected",
            "module_id": "1",
            "gpu_fabric_guid": "0x0000000000000005",
        },
        "inforom_version": {"img_version": "G558.0200.00.01", "oem_object": "2.1", "ecc_object": "7.16"},
        "inforom_time_data": {"time_run": "6337329 seconds"},
        "c2c_mode": "Enabled",
        "pci": {
            "pci_gpu_link_info": {"pcie_gen": {"max_host_link_gen": "6"}, "link_widths": {"current_link_width": "2x"}},
            "atomic_caps_inbound": "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64",
        },
        "performance_state": "P5",
        "clocks_event_reasons": {
            "clocks_event_reason_display_clocks_setting": "Not Active",
            "clocks_event_reason_board_limit": "Not Active",
            "clocks_event_reason_reliability": "Not Active",
        },
        "fb_memory_usage": {"reserved": "1277 MiB"},
        "remapped_rows": {
            "row_remapper_histogram": {
                "row_remapper_histogram_max": "12096 bank(s)",
                "row_remapper_histogram_none": "0 bank(s)",
            },
        },
        "remapped_banks": {
            "bank_remapper_active_remappings": "0",
            "bank_remapper_inactive_remappings": "0",
            "bank_remapper_pending": "No",
            "bank_remapper_histogram": {
                "bank_remapper_histogram_max": "252 group(s)",
                "bank_remapper_histogram_none": "0 group(s)",
            },
        },
        "temperature": {
            "gpu_temp": "30 C",
            "gpu_temp_max": "N/A",
            "gpu_temp_tlimit": "55 C",
            "gpu_temp_max_tlimit_threshold": "-5 C",
            "gpu_temp_slow_tlimit_threshold": "-2 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
        },
        "gpu_power_readings": {
            "average_power_draw": "398.48 W",
            "gpu_base_power": {
                "current_base_power": "2100.00 W",
                "requested_base_power": "2100.00 W",
                "default_base_power": "2100.00 W",
                "adaptive_tgp_adjusted_base_power": "N/A",
            },
            "current_power_limit": "2300.00 W",
            "requested_power_limit": "2300.00 W",
            "default_power_limit": "2300.00 W",
        },
        "gpu_memory_power_readings": {"average_power_draw": "60.33 W"},
        "power_smoothing": "Insufficient Permissions",
        "edpp_multiplier": "100.00%",
        "clock_policy": {"auto_boost_default": "N/A"},
        "dla_clocks": {"dla_cur_engine_clock": "N/A", "dla_max_engine_clock": "N/A"},
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
                "partition_assigned": "True",
                "gfm_state": "Connected",
            },
            "cliques": {
                "clique_entry": {"clique_type": "Unicast Pointer", "clique_id": "32766"},
                "clique_entry#2": {"clique_type": "Multicast Pointer", "clique_id": "32766"},
                "clique_entry#3": {"clique_type": "Unicast LE", "clique_id": "32766"},
                "clique_entry#4": {"clique_type": "Multicast LE", "clique_id": "32766"},
            },
        },
        "supported_clocks": "4752: 2424-120/12",
        "capabilities": {"egm": "enabled"},
        "system": {"driver_version": "615.23", "cuda_version": "13.4"},
    },
    "pci_bus_ids": ["00000002:81:00.0"],
}
