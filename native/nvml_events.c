/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Events of GPUs: a program can register for them and wait, but no event ever occurs. */
#include <linux/time_types.h>

#include "big.h"
#include "nvml.h"
#include "system.h"

enum { SETS = 256, FOR_EVER = 0xffffffff };

/* nvmlEventTypeSingleBitEccError, DoubleBitEccError, XidCriticalError */
enum { SUPPORTED_EVENTS = 0x1 | 0x2 | 0x8 };

/* nvmlEventSet_t is the address of one of these. */
static volatile int used[SETS] BIG;

static int set_of(volatile int *set)
{
    uintptr_t offset = (uintptr_t)set - (uintptr_t)used;
    TRY(initialized());
    if ((uintptr_t)set < (uintptr_t)used || offset >= sizeof used || offset % sizeof *used)
        return INVALID_ARGUMENT;
    return __atomic_load_n(set, __ATOMIC_ACQUIRE) ? SUCCESS : INVALID_ARGUMENT;
}

API int nvmlEventSetCreate(volatile int **set)
{
    int i;
    TRY(initialized());
    if (!set)
        return INVALID_ARGUMENT;
    for (i = 0; i < SETS; i++) {
        if (!__atomic_exchange_n(&used[i], 1, __ATOMIC_ACQ_REL)) {
            *set = &used[i];
            return SUCCESS;
        }
    }
    return INSUFFICIENT_RESOURCES;
}

API int nvmlEventSetFree(volatile int *set)
{
    TRY(set_of(set));
    __atomic_store_n(set, 0, __ATOMIC_RELEASE);
    return SUCCESS;
}

API int nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!types)
        return INVALID_ARGUMENT;
    *types = SUPPORTED_EVENTS;
    return SUCCESS;
}

API int nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, volatile int *set)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    TRY(set_of(set));
    return types & ~(unsigned long long)SUPPORTED_EVENTS ? NOT_SUPPORTED : SUCCESS;
}

API int nvmlEventSetWait_v2(volatile int *set, void *data, unsigned milliseconds)
{
    struct __kernel_timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    TRY(set_of(set));
    if (!data)
        return INVALID_ARGUMENT;
    do {
        if (milliseconds == FOR_EVER)
            rest = (struct __kernel_timespec){3600, 0};
        while (CALL(nanosleep, &rest, &rest) == -EINTR)
            ;
    } while (milliseconds == FOR_EVER);
    return TIMEOUT;
}

API int nvmlEventSetWait(volatile int *set, void *data, unsigned milliseconds)
{
    return nvmlEventSetWait_v2(set, data, milliseconds);
}
