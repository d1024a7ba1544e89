# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX B200: 8 x B200 (180 GB of HBM3e).

Sources: product name, memory, driver, PCI IDs, VBIOS, board part: capture of a B200 by nvidia-smi 580.105.08 in
NVIDIA/k8s-test-infra. PCI bus IDs: published `nvidia-smi` tables of a machine with eight B200 in the chassis of the DGX B200
(570.158.01). MIG engines, number of instances and share of the multiprocessors: NVIDIA's MIG user guide; multiprocessors of a slice:
go-nvml 2f9e261f pkg/nvml/mock/dgxb200; of the whole GPU: 148. MIG memory: 20992 MiB of 1g.23gb were reported; no listing of the
others is published, so they have their eighths of the GPU, rounded down to 64 MiB. MIG placements: `nvidia-smi mig -lgipp` in the
MIG user guide. NVLinks: NVLink 5, 18 per GPU.
Readings: the capture's first GPU, which is idle.
PCIe switches and CPU sockets: how such machines are built in general.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.105.08",
    "gpu_count": 8,
    "product_name": "NVIDIA B200",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 183359,
    "compute_capability": "10.0",
    "pci_device_id": "290110DE",
    "pci_subsystem_id": "199910DE",
    "vbios_version": "97.00.FA.00.09",
    "board_part_number": "692-2G525-0220-500",
    "nvlink_links": 18,
    "gpus_per_pcie_switch": 1,
    "gpus_per_socket": 4,
    "readings": {
        "temperature_c": 39,
        "memory_temperature_c": 39,
        "power_mw": 195790,
        "power_limits_mw": [200000, 1000000, 1000000],
        "clocks_mhz": [120, 120, 3996, 600],
        "max_clocks_mhz": [1965, 1965, 3996, 1965],
        "pcie_link": [5, 16],
        "bar1_mib": 262144,
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "580.105.08",
        "display_attached": "Yes",
        "persistence_mode": "Disabled",
        "gpu_part_number": "2901-886-A1",
        "platformInfo": {
            "chassis_serial_number": "",
            "host_id": "1",
            "peer_type": "Switch Connected",
            "module_id": "6",
            "gpu_fabric_guid": "0x0000000000000002",
        },
        "inforom_version": {"img_version": "G525.0220.00.03", "oem_object": "2.1", "ecc_object": "7.16"},
        "c2c_mode": "Disabled",
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "pci": {
            "atomic_caps_outbound": "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64",
            "atomic_caps_inbound": "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64",
        },
        "fb_memory_usage": {"reserved": "728 MiB"},
        "bar1_memory_usage": {"used": "1 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "3840 bank(s)"}},
        "temperature": {
            "gpu_temp_tlimit": "49 C",
            "gpu_temp_max_tlimit_threshold": "-5 C",
            "gpu_temp_slow_tlimit_threshold": "-3 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
            "gpu_temp_max_mem_tlimit_threshold": "0 C",
        },
        "gpu_power_readings": {"average_power_draw": "195.68 W"},
        "gpu_memory_power_readings": {"average_power_draw": "22.33 W"},
        "power_smoothing": "Insufficient Permissions",
        "fabric": {
            "state": "Completed",
            "status": "Success",
            "cliqueId": "0",
            "clusterUuid": "00000000-0000-0000-0000-000000000000",
            "health": {"summary": "Healthy", "access_timeout_recovery": "False"},
        },
        "supported_clocks": "3996: 1965-120/7.5; 3402: 1965-120/7.5",
    },
    "pci_bus_ids": ["0000:%s:00.0" % bus for bus in ("1b", "43", "52", "61", "9d", "c3", "d1", "df")],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.23gb", 1, [0, 1, 2, 3, 4, 5, 6], 20992, 7, 18, [2, 1, 0, 1, 0]],
        ["1g.23gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 20992, 1, 18, [2, 1, 0, 1, 1]],
        ["1g.45gb", 2, [0, 2, 4, 6], 45824, 4, 18, [2, 1, 0, 1, 0]],
        ["2g.45gb", 2, [0, 2, 4], 45824, 3, 36, [3, 1, 0, 1, 0]],
        ["3g.90gb", 4, [0, 4], 91648, 2, 54, [6, 1, 0, 1, 0]],
        ["4g.90gb", 4, [0], 91648, 1, 72, [8, 1, 0, 1, 0]],
        ["7g.180gb", 8, [0], 183296, 1, 148, [16, 1, 0, 1, 1]],
    ],
}
