/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Initialization, counted like in NVML. The first one finds the GPUs: those whose device nodes are visible here, so
 * that a container sees the GPUs that it was given. */
#include "nvml.h"
#include "nvml_state.h"
#include "system.h"

enum { MAXIMUM_GPUS = 256 };

static volatile int lock;
static int references;
static unsigned count;
static uint16_t visible[MAXIMUM_GPUS];

static void take(void)
{
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
        CALL(sched_yield, 0);
}

static void give(void)
{
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static int start(void)
{
    unsigned i;
    if (!control_node_exists())
        return DRIVER_NOT_LOADED;
    state_start();
    count = 0;
    for (i = 0; i < facts.gpu_count && count < MAXIMUM_GPUS; i++) {
        if (node_exists("nvidia", all_gpus()[i].minor))
            visible[count++] = (uint16_t)i;
    }
    return SUCCESS;
}

int initialized(void)
{
    return __atomic_load_n(&references, __ATOMIC_ACQUIRE) > 0 ? SUCCESS : UNINITIALIZED;
}

unsigned visible_count(void)
{
    return count;
}

const struct gpu_facts *visible_gpu(unsigned index)
{
    return &all_gpus()[visible[index]];
}

API int nvmlInitWithFlags(unsigned flags)
{
    int status = SUCCESS;
    (void)flags; /* Only relevant without a GPU or if a GPU can't be attached. Neither is an error here. */
    take();
    if (references == 0)
        status = start();
    if (!status)
        __atomic_add_fetch(&references, 1, __ATOMIC_RELEASE);
    give();
    return status;
}

API int nvmlInit_v2(void)
{
    return nvmlInitWithFlags(0);
}

API int nvmlInit(void)
{
    return nvmlInitWithFlags(0);
}

API int nvmlShutdown(void)
{
    int status = UNINITIALIZED;
    take();
    if (references > 0) {
        __atomic_sub_fetch(&references, 1, __ATOMIC_RELEASE);
        status = SUCCESS;
    }
    give();
    return status;
}
