# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX H200: 8 x H200 (SXM5, 141 GB of HBM3e).

Sources: product name, memory, PCI IDs, VBIOS, board part, readings: capture of an idle H200 by nvidia-smi 590.48.01 in
utkuozdemir/nvidia_gpu_exporter. Driver: go-nvml 2f9e261f pkg/nvml/mock/dgxh200. PCI bus IDs: those of the DGX H100, because both
are the same chassis (the user guide is one for both). MIG memory, multiprocessors and engines of 1g.18gb, 2g.35gb and 3g.71gb: that
exporter's capture of an H200 in MIG mode; of 7g.141gb: a published `nvidia-smi mig -lgip`. 1g.35gb and 4g.71gb have the memory of
2g.35gb and 3g.71gb, and the multiprocessors of the H100, which has the same chip. Engines: NVIDIA's MIG user guide. MIG placements:
`nvidia-smi mig -lgipp` in that guide. NVLinks: NVLink 4, 18 per GPU.
PCIe switches and CPU sockets: how such machines are built in general.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "550.54.15",
    "gpu_count": 8,
    "product_name": "NVIDIA H200",
    "architecture": "Hopper",
    "brand": "NVIDIA",
    "memory_mib": 143771,
    "compute_capability": "9.0",
    "pci_device_id": "233510DE",
    "pci_subsystem_id": "18BE10DE",
    "vbios_version": "96.00.A5.00.03",
    "board_part_number": "695-2G520-0280-001",
    "nvlink_links": 18,
    "gpus_per_pcie_switch": 1,
    "gpus_per_socket": 4,
    "readings": {
        "temperature_c": 28,
        "memory_temperature_c": 32,
        "power_mw": 77880,
        "power_limits_mw": [200000, 700000, 700000],
        "clocks_mhz": [345, 345, 3201, 765],
        "max_clocks_mhz": [1980, 1980, 3201, 1545],
        "pcie_link": [5, 16],
        "bar1_mib": 262144,
        "ecc_mode": "Enabled",
    },
    "report": {
        "from_driver": "590.48.01",
        "display_attached": "Yes",
        "gpu_part_number": "2335-895-A1",
        "platformInfo": {"module_id": "1"},
        "inforom_version": {"img_version": "G520.0280.02.02", "oem_object": "2.1", "ecc_object": "7.16"},
        "c2c_mode": "Disabled",
        "gpu_virtualization_mode": {"virtualization_mode": "Pass-Through"},
        "sparse_operation_mode": "Disabled",
        "fb_memory_usage": {"reserved": "614 MiB"},
        "bar1_memory_usage": {"used": "1 MiB"},
        "remapped_rows": {"row_remapper_histogram": {"row_remapper_histogram_max": "3072 bank(s)"}},
        "temperature": {
            "gpu_temp_tlimit": "59 C",
            "gpu_temp_max_tlimit_threshold": "-8 C",
            "gpu_temp_slow_tlimit_threshold": "-2 C",
            "gpu_temp_max_gpu_tlimit_threshold": "0 C",
            "gpu_temp_max_mem_tlimit_threshold": "0 C",
        },
        "gpu_power_readings": {"average_power_draw": "77.67 W"},
        "gpu_memory_power_readings": {"average_power_draw": "46.56 W"},
        "edpp_multiplier": "100.00%",
        "fabric": {
            "state": "Completed",
            "status": "Success",
            "cliqueId": "0",
            "clusterUuid": "00000000-0000-0000-0000-000000000000",
        },
        "absent": "supported_gpu_target_temp/gpu_target_temp_min; supported_gpu_target_temp/gpu_target_temp_max",
    },
    "pci_bus_ids": ["0000:%s:00.0" % bus for bus in ("1b", "43", "52", "61", "9d", "c3", "d1", "df")],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.18gb", 1, [0, 1, 2, 3, 4, 5, 6], 16384, 7, 16, [1, 1, 0, 1, 0]],
        ["1g.18gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 16384, 1, 16, [1, 1, 0, 1, 1]],
        ["1g.35gb", 2, [0, 2, 4, 6], 33280, 4, 26, [1, 1, 0, 1, 0]],
        ["2g.35gb", 2, [0, 2, 4], 33280, 3, 32, [2, 2, 0, 2, 0]],
        ["3g.71gb", 4, [0, 4], 71424, 2, 60, [3, 3, 0, 3, 0]],
        ["4g.71gb", 4, [0], 71424, 1, 64, [4, 4, 0, 4, 0]],
        ["7g.141gb", 8, [0], 143360, 1, 132, [8, 7, 0, 7, 1]],
    ],
}
