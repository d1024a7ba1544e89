# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX H100: 8 x H100 80GB HBM3 (SXM5).

Sources: driver, CUDA, memory, MIG memory, multiprocessors and engines, PCI bus ids: go-nvml 2f9e261f
pkg/nvml/mock/dgxh100 (of engines the MIG user guide has other numbers: 8 copy engines and 7 decoders in 7g.80gb).
VBIOS, board part, subsystem: capture of an H100 80GB HBM3 by nvidia-smi 580.105.08
in NVIDIA/k8s-test-infra. MIG placements: `nvidia-smi mig -lgipp` as the MIG user guide prints it (eight memory slices;
go-nvml's mock counts seven and gives the two-slice profiles a size of one). Profile names: slices and memory rounded up
to GiB, as nvidia-smi spells them. NVLinks: NVLink 4, 18 per GPU.
Readings: that capture's first GPU, which is idle.
PCIe switches and CPU sockets: how such machines are built in general; no capture of one is published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "550.54.15",
    "cuda_version": "12.4",
    "gpu_count": 8,
    "product_name": "NVIDIA H100 80GB HBM3",
    "architecture": "Hopper",
    "brand": "NVIDIA",
    "memory_mib": 81920,
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
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.10gb", 1, [0, 1, 2, 3, 4, 5, 6], 10240, 7, 16, [1, 1, 0, 0, 0]],
        ["1g.10gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 10240, 1, 16, [1, 1, 0, 1, 1]],
        ["1g.20gb", 2, [0, 2, 4, 6], 20480, 4, 16, [1, 1, 0, 0, 0]],
        ["2g.20gb", 2, [0, 2, 4], 20480, 3, 32, [2, 1, 0, 0, 0]],
        ["3g.40gb", 4, [0, 4], 40960, 2, 48, [3, 2, 0, 0, 0]],
        ["4g.40gb", 4, [0], 40960, 1, 64, [4, 2, 0, 0, 0]],
        ["7g.80gb", 8, [0], 81920, 1, 112, [7, 5, 0, 0, 0]],
    ],
}
