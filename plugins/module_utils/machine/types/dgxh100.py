# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX H100: 8 x H100 80GB HBM3 (SXM5).

Sources: product name, memory, PCI IDs, VBIOS, board part: capture of an H100 80GB HBM3 by nvidia-smi 580.105.08 in
NVIDIA/k8s-test-infra. Driver: go-nvml 2f9e261f pkg/nvml/mock/dgxh100. PCI bus IDs: published `nvidia-smi` tables of a DGX H100
(550.90.07). MIG memory, multiprocessors and engines: a published `nvidia-smi mig -lgip` of this board; the MIG devices of a
captured H100 (590.48.01) agree. MIG placements: `nvidia-smi mig -lgipp` in NVIDIA's MIG user guide. NVLinks: NVLink 4, 18 per GPU.
Readings: the capture's first GPU, which is idle.
PCIe switches and CPU sockets: how such machines are built in general.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "550.54.15",
    "gpu_count": 8,
    "product_name": "NVIDIA H100 80GB HBM3",
    "architecture": "Hopper",
    "brand": "NVIDIA",
    "memory_mib": 81559,
    "compute_capability": "9.0",
    "pci_device_id": "233010DE",
    "pci_subsystem_id": "16C110DE",
    "vbios_version": "96.00.99.00.01",
    "board_part_number": "692-2G520-0200-000",
    "nvlink_links": 18,
    "gpus_per_pcie_switch": 1,
    "gpus_per_socket": 4,
    "readings": {
        "temperature_c": 29,
        "memory_temperature_c": 37,
        "power_mw": 68920,
        "power_limits_mw": [200000, 700000, 700000],
        "clocks_mhz": [345, 345, 2619, 765],
        "max_clocks_mhz": [1980, 1980, 2619, 1545],
        "pcie_link": [5, 16],
        "bar1_mib": 131072,
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "580.105.08",
        "display_attached": "Yes",
        "gpu_part_number": "2330-885-A1",
        "platformInfo": {"module_id": "7"},
        "inforom_version": {"img_version": "G520.0200.00.05", "oem_object": "2.1", "ecc_object": "7.16"},
        "c2c_mode": "Disabled",
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "sparse_operation_mode": "Disabled",
        "fb_memory_usage": {"reserved": "480 MiB"},
        "bar1_memory_usage": {"used": "1 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "2560 bank(s)"}},
        "temperature": {
            "gpu_temp_tlimit": "58 C",
            "gpu_temp_max_tlimit_threshold": "-8 C",
            "gpu_temp_slow_tlimit_threshold": "-2 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
            "gpu_temp_max_mem_tlimit_threshold": "0 C",
        },
        "gpu_power_readings": {"average_power_draw": "68.57 W"},
        "gpu_memory_power_readings": {"average_power_draw": "32.98 W"},
        "fabric": {
            "state": "Completed",
            "status": "Success",
            "cliqueId": "0",
            "clusterUuid": "00000000-0000-0000-0000-000000000000",
        },
        "supported_clocks": "2619: 1980-345/15; 1593: 1980-345/15",
    },
    "pci_bus_ids": ["0000:%s:00.0" % bus for bus in ("1b", "43", "52", "61", "9d", "c3", "d1", "df")],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.10gb", 1, [0, 1, 2, 3, 4, 5, 6], 9984, 7, 16, [1, 1, 0, 1, 0]],
        ["1g.10gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 9984, 1, 16, [1, 1, 0, 1, 1]],
        ["1g.20gb", 2, [0, 2, 4, 6], 20096, 4, 26, [1, 1, 0, 1, 0]],
        ["2g.20gb", 2, [0, 2, 4], 20096, 3, 32, [2, 2, 0, 2, 0]],
        ["3g.40gb", 4, [0, 4], 40448, 2, 60, [3, 3, 0, 3, 0]],
        ["4g.40gb", 4, [0], 40448, 1, 64, [4, 4, 0, 4, 0]],
        ["7g.80gb", 8, [0], 81152, 1, 132, [8, 7, 0, 7, 1]],
    ],
}
