/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* MIG profiles and devices, from the lines that layout/smi_commands.py writes. */
#ifndef NVMOCK_SMI_MIG_H
#define NVMOCK_SMI_MIG_H

#include <stdint.h>

#include "smi.h"

enum { COPY, DECODER, ENCODER, JPEG, OFA, ENGINES };
enum { STARTS = 8 };

/* A profile of GPU instances. */
struct mig_profile {
    const char *name;
    uint64_t id, slices, size, memory_mib, instances, multiprocessors, engines[ENGINES], p2p, graphics;
    uint64_t starts[STARTS];
    int start_count;
};

/* A MIG device that is visible here. */
struct mig_device {
    int gpu, index;                /* of the visible GPU, and among its visible MIG devices */
    int profile;                   /* of the GPU instance; -1 if unknown */
    const char *name, *uuid;       /* such as 1c.3g.20gb */
    const char *capability;        /* minor of the device node of the compute instance */
    uint64_t instance, compute;    /* ids */
    uint64_t slices, start;        /* of the compute instance; *start* counts memory slices of the GPU instance */
    uint64_t memory_mib, multiprocessors, engines[ENGINES];
};

/* Returns 0 if there is no such profile. */
int smi_mig_profile(const struct view *view, int index, struct mig_profile *profile);

/* Multiprocessors of a compute instance with so many slices: all, or those of as many GPU instances of one slice (an H200 with
 * 3g.71gb of 60 says 16 of 1c.3g.71gb). */
uint64_t smi_multiprocessors(const struct view *view, const struct mig_profile *profile, uint64_t slices);

/* The MIG device number *index* of a visible GPU; returns 0 if there is none. */
int smi_mig_device(const struct view *view, int gpu, int index, struct mig_device *device);

/* The same of all MIG devices of the GPU, also of those that are not visible here. */
int smi_mig_instance(const struct view *view, int gpu, int index, struct mig_device *device);

/* Text of an element of the MIG device in -q -x, such as "fb_memory_usage/used"; "ecc_error_count" is that of SRAM. */
const char *smi_mig_value(const struct view *view, const struct mig_device *device, const char *path);

#endif
