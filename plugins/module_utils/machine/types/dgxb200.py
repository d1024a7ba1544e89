# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX B200: 8 x B200 180GB HBM3e.

Sources: driver, CUDA, memory, MIG memory, multiprocessors and engines, PCI bus ids: go-nvml 2f9e261f
pkg/nvml/mock/dgxb200 (of engines the MIG user guide has other numbers: 16 copy engines and 1 decoder in 7g.180gb).
VBIOS, board part, subsystem: capture of a B200 by nvidia-smi 580.105.08; PCI device id, too (go-nvml's mock has 2B00),
in NVIDIA/k8s-test-infra. MIG placements: `nvidia-smi mig -lgipp` as the MIG user guide prints it (eight memory slices;
go-nvml's mock counts seven and gives the two-slice profiles a size of one). Profile names: slices and memory rounded up
to GiB, as nvidia-smi spells them. NVLinks: NVLink 5, 18 per GPU.
Readings: that capture's first GPU, which is idle.
PCIe switches and CPU sockets: how such machines are built in general; no capture of one is published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "560.28.03",
    "cuda_version": "12.6",
    "gpu_count": 8,
    "product_name": "NVIDIA B200 180GB HBM3e",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 184320,
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
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.23gb", 1, [0, 1, 2, 3, 4, 5, 6], 23552, 7, 18, [1, 1, 0, 0, 0]],
        ["1g.23gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 23552, 1, 18, [1, 1, 1, 1, 1]],
        ["1g.45gb", 2, [0, 2, 4, 6], 46080, 4, 18, [1, 1, 0, 0, 0]],
        ["2g.45gb", 2, [0, 2, 4], 46080, 3, 36, [2, 2, 1, 1, 1]],
        ["3g.90gb", 4, [0, 4], 92160, 2, 54, [3, 3, 2, 2, 2]],
        ["4g.90gb", 4, [0], 92160, 1, 72, [4, 4, 2, 2, 2]],
        ["7g.180gb", 8, [0], 184320, 1, 126, [7, 7, 4, 4, 4]],
    ],
}
