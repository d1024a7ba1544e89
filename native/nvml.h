/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* libnvidia-ml.so.1: what its files share. Names, numbers and layouts are those of NVML's interface (nvml.h of CUDA 12.9,
 * and the names and counts of CUDA 13.5's); enumerations are passed as int. */
#ifndef NVMOCK_NVML_H
#define NVMOCK_NVML_H

#include <stddef.h>
#include <stdint.h>

#include "nvml_facts.h"

#define API __attribute__((visibility("default")))

/* nvmlReturn_t */
enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    TIMEOUT = 10,
    FUNCTION_NOT_FOUND = 13,
    OPERATING_SYSTEM = 17,
    INSUFFICIENT_RESOURCES = 23,
    VERSION_MISMATCH = 25,
    UNKNOWN_ERROR = 999,
};

/* A GPU, or a MIG device; a GPU instance; a compute instance: see nvml_handles.c. */
typedef const struct nvml_device *nvmlDevice_t;
typedef const struct nvml_gpu_instance *nvmlGpuInstance_t;
typedef const struct nvml_compute_instance *nvmlComputeInstance_t;

/* Versions of structures, as NVML makes them. */
#define STRUCT_VERSION(type, version) ((unsigned)sizeof(type) | (unsigned)(version) << 24)

/* Ends a function with a status that is no success. */
#define TRY(expression) \
    do { \
        int status_ = (expression); \
        if (status_) \
            return status_; \
    } while (0)

/* nvml_init.c */

/* UNINITIALIZED, or SUCCESS. */
int initialized(void);
/* How many GPUs are visible here, and which of the machine's each is. */
unsigned visible_count(void);
const struct gpu_facts *visible_gpu(unsigned index);
/* Whether <dev>/<name><number> is there. */
int node_exists(const char *name, unsigned number);

/* nvml_handles.c: each gives a status, and what a handle stands for. */

int gpu_of(nvmlDevice_t device, const struct gpu_facts **gpu);         /* a GPU, no MIG device: else NOT_SUPPORTED */
int gpu_or_parent_of(nvmlDevice_t device, const struct gpu_facts **gpu); /* a MIG device stands for its GPU */
int either_of(nvmlDevice_t device, const struct gpu_facts **gpu, const struct mig_facts **mig); /* one is NULL */
int gpu_instance_of(nvmlGpuInstance_t instance, const struct mig_facts **mig);
int compute_instance_of(nvmlComputeInstance_t instance, const struct mig_facts **mig);
nvmlDevice_t handle_of_gpu(const struct gpu_facts *gpu);
nvmlDevice_t handle_of_mig(const struct mig_facts *mig);
nvmlGpuInstance_t gpu_instance(const struct mig_facts *mig);
nvmlComputeInstance_t compute_instance(const struct mig_facts *mig);
unsigned visible_index(const struct gpu_facts *gpu);
int is_visible(const struct mig_facts *mig);
unsigned visible_mig_index(const struct mig_facts *mig); /* among those of its GPU */

/* Copies *text*, "" meaning that it is not known, into the caller's buffer. */
int copy_out(const char *text, char *out, unsigned length);

/* Gives *value*, 0 meaning that it is not known. */
int give_known(uint32_t value, unsigned *out);

#endif
