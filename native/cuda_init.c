/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Initialization. It finds the devices once, and nothing changes them later, so the other functions read them without the
 * lock. */
#include "big.h"
#include "cuda.h"
#include "lock.h"

static int is_initialized;
static unsigned count;
static struct device devices[MAXIMUM_DEVICES] FIRST_BIG;

API int cuInit(unsigned flags)
{
    int status = SUCCESS;
    if (flags)
        return INVALID_VALUE;
    take_lock();
    if (!__atomic_load_n(&is_initialized, __ATOMIC_RELAXED)) {
        count = find_devices(devices);
        if (count)
            __atomic_store_n(&is_initialized, 1, __ATOMIC_RELEASE);
        else
            status = NO_DEVICE;
    }
    give_lock();
    return status;
}

int initialized(void)
{
    return __atomic_load_n(&is_initialized, __ATOMIC_ACQUIRE) ? SUCCESS : NOT_INITIALIZED;
}

unsigned device_count(void)
{
    return count;
}

const struct device *device_at(unsigned place)
{
    return &devices[place];
}

int device_of(CUdevice number, const struct device **device)
{
    if (number < 0 || (unsigned)number >= count)
        return INVALID_DEVICE;
    *device = &devices[number];
    return SUCCESS;
}

API int cuDriverGetVersion(int *version)
{
    /* Works without initialization, too. */
    if (!version)
        return INVALID_VALUE;
    *version = facts.cuda_version;
    return SUCCESS;
}
