/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Where the GPUs are and how they are connected, from the lines that layout/smi_commands.py writes. */
#ifndef NVMOCK_SMI_PLACE_H
#define NVMOCK_SMI_PLACE_H

#include <stdint.h>

#include "smi.h"

/* nvmlGpuTopologyLevel_t; at each, two GPUs share: a board, a PCIe switch, several, a host bridge, a NUMA node, the system. */
enum { INTERNAL, ONE_SWITCH, SWITCHES, HOST_BRIDGE, NODE, SYSTEM, LEVELS };

struct links {
    uint64_t count, mb_per_s;
    int active;
};
void smi_links(const struct view *view, struct links *links);

/* The level at which two visible GPUs meet. */
int smi_level(const struct view *view, int one, int other);

/* NVLinks between two visible GPUs; 0 if there are none. */
uint64_t smi_bonded(const struct view *view, int one, int other);

/* CPUs near a GPU, such as "0-19,40-59", and its NUMA node. */
const char *smi_cpus(const struct view *view, int gpu);
const char *smi_numa(const struct view *view, int gpu);

/* Whether *list* of numbers and ranges has *wanted*. */
int smi_in_list(const char *list, uint64_t wanted);

#endif
