/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* libcuda.so.1: declarations that its files share. Names, numbers and layouts are those of the CUDA driver API (cuda.h of
 * CUDA 13.5). Enumerations are passed as int. */
#ifndef NVMOCK_CUDA_H
#define NVMOCK_CUDA_H

#include <stddef.h>
#include <stdint.h>

#include "cuda_facts.h"

#define API __attribute__((visibility("default")))

/* CUresult */
enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_CONTEXT = 201,
    NOT_FOUND = 500,
    CONTEXT_IS_DESTROYED = 709,
    NOT_SUPPORTED = 801,
};

/* CUdevice_attribute: those that differ between the devices of a machine */
enum {
    MULTIPROCESSOR_COUNT = 16,
    PCI_BUS_ID = 33,
    PCI_DEVICE_ID = 34,
    L2_CACHE_SIZE = 38,
    ASYNC_ENGINE_COUNT = 40,
    PCI_DOMAIN_ID = 50,
    COMPUTE_CAPABILITY_MAJOR = 75,
    COMPUTE_CAPABILITY_MINOR = 76,
    MULTI_GPU_BOARD_GROUP_ID = 85,
    MAX_PERSISTING_L2_CACHE_SIZE = 108,
};

/* CUdevice: the place among the devices that this process sees */
typedef int CUdevice;

/* What CUDA calls a device: a GPU, or a compute instance of a GPU in MIG mode. */
struct device {
    const struct gpu_facts *gpu;
    const struct mig_facts *mig; /* NULL for a whole GPU */
};

enum { MAXIMUM_DEVICES = 256 };

/* Returns from a function with a status other than success. */
#define TRY(expression) \
    do { \
        int status_ = (expression); \
        if (status_) \
            return status_; \
    } while (0)

/* cuda_init.c */

/* Returns NOT_INITIALIZED or SUCCESS. */
int initialized(void);
/* How many devices this process sees, and each of them. */
unsigned device_count(void);
const struct device *device_at(unsigned place);
/* Returns a status, and sets the device of a number. */
int device_of(CUdevice number, const struct device **device);

/* cuda_visible.c: finds the devices that this process sees, in their order; returns their number. */
unsigned find_devices(struct device found[MAXIMUM_DEVICES]);

/* cuda_device.c: the memory of a device in bytes. */
uint64_t memory_of(const struct device *device);

/* cuda_unsupported.c: what every function returns that needs hardware. */
int not_supported(void);

#endif
