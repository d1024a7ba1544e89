# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX H200: 8 x H200 141GB HBM3e (SXM5).

Sources: driver, CUDA, memory, MIG memory, multiprocessors and engines, PCI bus ids: go-nvml 2f9e261f
pkg/nvml/mock/dgxh200 (of engines the MIG user guide has other numbers: 8 copy engines and 7 decoders in 7g.141gb). No public
capture of this board is known: VBIOS and board part are those of the H100 board, the subsystem repeats the device's id.
MIG placements: `nvidia-smi mig -lgipp` as the MIG user guide prints it (eight memory slices; go-nvml's mock counts seven and
gives the two-slice profiles a size of one). Profile names: slices and memory rounded up to GiB, as nvidia-smi spells
them. NVLinks: NVLink 4, 18 per GPU.
No readings.
PCIe switches and CPU sockets: how such machines are built in general; no capture of one is published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "550.54.15",
    "cuda_version": "12.4",
    "gpu_count": 8,
    "product_name": "NVIDIA H200 141GB HBM3e",
    "architecture": "Hopper",
    "brand": "NVIDIA",
    "memory_mib": 144384,
    "compute_capability": "9.0",
    "pci_device_id": "233310DE",
    "pci_subsystem_id": "233310DE",
    "vbios_version": "96.00.99.00.01",
    "board_part_number": "692-2G520-0200-000",
    "nvlink_links": 18,
    "gpus_per_pcie_switch": 1,
    "gpus_per_socket": 4,
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.18gb", 1, [0, 1, 2, 3, 4, 5, 6], 18432, 7, 16, [1, 1, 0, 0, 0]],
        ["1g.18gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 18432, 1, 16, [1, 1, 0, 1, 1]],
        ["1g.35gb", 2, [0, 2, 4, 6], 35840, 4, 16, [1, 1, 0, 0, 0]],
        ["2g.35gb", 2, [0, 2, 4], 35840, 3, 32, [2, 1, 0, 0, 0]],
        ["3g.71gb", 4, [0, 4], 72704, 2, 48, [3, 2, 0, 0, 0]],
        ["4g.71gb", 4, [0], 72704, 1, 64, [4, 2, 0, 0, 0]],
        ["7g.141gb", 8, [0], 144384, 1, 112, [7, 5, 0, 0, 0]],
    ],
}
