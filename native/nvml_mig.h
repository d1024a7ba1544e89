/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the files about MIG share. */
#ifndef NVMOCK_NVML_MIG_H
#define NVMOCK_NVML_MIG_H

#include "nvml.h"
#include "state_mig.h"

enum { COMPUTE_SLICES = 7 };

/* NVML_GPU_INSTANCE_PROFILE_CAPS_... */
enum { CAN_P2P = 1, CAN_GRAPHICS = 2 };

/* nvmlGpuInstancePlacement_t, nvmlComputeInstancePlacement_t */
struct placement {
    unsigned start, size;
};

/* Whether the GPU supports MIG. */
int is_capable(const struct gpu_facts *gpu);
/* The profile with an id of NVML. */
int profile_by_id(const struct gpu_facts *gpu, unsigned id, const struct profile_facts **profile);
/* The slices of NVML_COMPUTE_INSTANCE_PROFILE_...; 0 if there is none. */
unsigned slices_of_compute_profile(unsigned id);
/* NULL if unknown. */
const struct profile_facts *profile_of(const struct mig_facts *mig);
/* Multiprocessors of one slice, if a compute instance does not have all slices. */
unsigned of_one_slice(const struct profile_facts *profile);

/* nvml_mig_live.c: instances as they are now. */

/* Makes everything below current; returns 0 if there is no memory. */
int mig_refresh(void);
int mig_is_enabled(const struct gpu_facts *gpu);
/* The MIG devices of a GPU, also those that are not visible here, and its GPU instances: the next one after *last*, the first one for NULL,
 * NULL after the last one. */
const struct mig_facts *next_mig(const struct gpu_facts *gpu, const struct mig_facts *last);
const struct mig_facts *next_gpu_instance(const struct gpu_facts *gpu, const struct mig_facts *last);
/* The same of the compute instances in a GPU instance. */
const struct mig_facts *next_compute_instance(const struct mig_facts *instance, const struct mig_facts *last);
/* By ids; *compute* -1 for the GPU instance itself. NULL if there is none. */
const struct mig_facts *live_instance(unsigned gpu, unsigned instance, int compute);
/* The record at an address, NULL if there can be none; and whether it is that of an instance that exists. */
const struct mig_facts *mig_record(uintptr_t address);
int is_gpu_instance(const struct mig_facts *mig);
int is_compute_instance(const struct mig_facts *mig);
void layout_now(const struct gpu_facts *gpu, struct mig_layout *layout);
/* What the machine has; NOT_SUPPORTED if it has an instance of an unknown profile. */
int layout_at_rest(const struct gpu_facts *gpu, struct mig_layout *layout);
const struct mig_rules *rules_of_profiles(void);
/* Takes over the values of a GPU, NULL if there are none. */
void mig_take(unsigned gpu, const struct state_own *own);

#endif
