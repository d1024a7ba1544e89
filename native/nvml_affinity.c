/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs and which memory are near a GPU: all that the process may use, because a mock GPU has no real location. */
#include "nvml.h"
#include "system.h"

enum { BITS = 8 * sizeof(unsigned long), WORDS = 1024 / BITS, ALLOWED_MEMORY = 4 /* MPOL_F_MEMS_ALLOWED */ };

static int all_of(nvmlDevice_t device, unsigned size, unsigned long *set, const unsigned long *all)
{
    const struct gpu_facts *gpu;
    unsigned i;
    TRY(gpu_or_parent_of(device, &gpu));
    if (!set || !size)
        return INVALID_ARGUMENT;
    for (i = 0; i < size; i++)
        set[i] = i < WORDS ? all[i] : 0;
    return SUCCESS;
}

API int nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned size, unsigned long *set)
{
    unsigned long all[WORDS] = {0};
    if (CALL(sched_getaffinity, 0, sizeof all, all) < 0)
        return UNKNOWN_ERROR;
    return all_of(device, size, set, all);
}

/* The scope is a NUMA node, or a socket. */
enum { SCOPES = 2 };

API int nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t device, unsigned size, unsigned long *set, unsigned scope)
{
    TRY(initialized());
    return scope < SCOPES ? nvmlDeviceGetCpuAffinity(device, size, set) : INVALID_ARGUMENT;
}

API int nvmlDeviceGetMemoryAffinity(nvmlDevice_t device, unsigned size, unsigned long *set, unsigned scope)
{
    unsigned long all[WORDS] = {0};
    TRY(initialized());
    if (scope >= SCOPES)
        return INVALID_ARGUMENT;
    /* Containers may not be permitted to query this. The first node always exists. */
    if (CALL(get_mempolicy, NULL, all, 8 * sizeof all, NULL, ALLOWED_MEMORY) < 0)
        all[0] = 1;
    return all_of(device, size, set, all);
}

/* Binds the thread to the CPUs near the GPU: those that it may use already. */
static int keep_affinity(nvmlDevice_t device)
{
    const struct gpu_facts *gpu;
    return gpu_or_parent_of(device, &gpu);
}

API int nvmlDeviceSetCpuAffinity(nvmlDevice_t device)
{
    return keep_affinity(device);
}

API int nvmlDeviceClearCpuAffinity(nvmlDevice_t device)
{
    return keep_affinity(device);
}
