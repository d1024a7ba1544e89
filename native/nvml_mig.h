/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the files about MIG share. */
#ifndef NVMOCK_NVML_MIG_H
#define NVMOCK_NVML_MIG_H

#include "nvml.h"

enum { COMPUTE_SLICES = 7 };

/* NVML_GPU_INSTANCE_PROFILE_CAPS_... */
enum { CAN_P2P = 1, CAN_GRAPHICS = 2 };

/* nvmlGpuInstancePlacement_t, nvmlComputeInstancePlacement_t */
struct placement {
    unsigned start, size;
};

/* Whether the GPU supports MIG. */
int is_capable(const struct gpu_facts *gpu);
/* The GPU's MIG devices, gpu->mig_count of them. */
const struct mig_facts *migs_of(const struct gpu_facts *gpu);
/* NULL if unknown. */
const struct profile_facts *profile_of(const struct mig_facts *mig);
/* Whether it is the first MIG device of its GPU instance. */
int is_first(const struct mig_facts *mig);

#endif
