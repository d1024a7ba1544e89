/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Memory: of the GPU, of its BAR1 window, and protected memory. */
#include "nvml.h"
#include "nvml_state.h"
#include "system.h"

/* nvmlMemory_t, nvmlMemory_v2_t */
struct memory {
    unsigned long long total, free, used;
};
struct memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
};

enum { HALF_MIB = 1 << 19 };

/* nvidia-smi rounds each part to whole MiB: half a MiB up, or down before branch 550. So the parts can sum up to one MiB more or less
 * than the total, and then two of them have a half. */
static int memory_of(nvmlDevice_t device, const void *out, struct memory_v2 *memory)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    int64_t total, used = 0, free, reserved = 0;
    TRY(either_of(device, &gpu, &mig));
    if (!out)
        return INVALID_ARGUMENT;
    if (mig) {
        TRY(mig_number_of(mig, INSTANCE_TOTAL, &total));
        TRY(mig_number_of(mig, INSTANCE_USED, &used));
        TRY(mig_number_of(mig, INSTANCE_RESERVED, &reserved));
        TRY(mig_number_of(mig, INSTANCE_FREE, &free));
    } else {
        const int64_t *now = numbers_now(gpu);
        TRY(number_in(now, MEMORY_TOTAL, &total));
        used = number_in_or(now, MEMORY_USED, 0);
        reserved = number_in_or(now, MEMORY_RESERVED, 0);
        free = number_in_or(now, MEMORY_FREE, total - used - reserved);
    }
    memory->total = (unsigned long long)total << 20;
    memory->used = (unsigned long long)used << 20;
    memory->free = (unsigned long long)free << 20;
    if (used + reserved + free == total + 1)
        memory->free -= HALF_MIB;
    if (used + reserved + free == total - 1)
        memory->free += HALF_MIB;
    memory->reserved = memory->total - memory->used - memory->free;
    return SUCCESS;
}

/* The first version has no field for what is reserved, so that is used. */
API int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, struct memory *memory)
{
    struct memory_v2 now;
    TRY(memory_of(device, memory, &now));
    *memory = (struct memory){.total = now.total, .free = now.free, .used = now.total - now.free};
    return SUCCESS;
}

API int nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, struct memory_v2 *memory)
{
    struct memory_v2 now;
    TRY(memory_of(device, memory, &now));
    /* Not ARGUMENT_VERSION_MISMATCH: drivers 510 to 550 return this status (NVIDIA/nvidia-settings, issue 78). */
    if (memory->version != STRUCT_VERSION(struct memory_v2, 2))
        return FUNCTION_NOT_FOUND;
    now.version = memory->version;
    *memory = now;
    return SUCCESS;
}

/* nvmlSetMemoryLimits_v1_t, nvmlGetMemoryLimits_v1_t; in bytes. */
struct new_memory_limits {
    const char *cgroup;
    unsigned long long soft, hard;
};
struct memory_limits {
    const char *cgroup;
    unsigned long long soft, hard, used;
};

static const unsigned long long no_limit = ~0ull;

static int check_cgroup(const char *cgroup)
{
    long fd;
    if (!cgroup)
        return INVALID_ARGUMENT;
    fd = CALL(openat, AT_FDCWD, cgroup, O_PATH | O_CLOEXEC, 0);
    if (fd < 0)
        return OPERATING_SYSTEM;
    CALL(close, fd);
    return SUCCESS;
}

/* Checked, and forgotten: nothing here uses memory that could be limited. */
API int nvmlDeviceSetMemoryLimits_v1(nvmlDevice_t device, const struct new_memory_limits *limits)
{
    const struct gpu_facts *gpu;
    unsigned long long total;
    TRY(gpu_of(device, &gpu));
    if (!limits || limits->soft > limits->hard)
        return INVALID_ARGUMENT;
    total = (unsigned long long)number_or(gpu, MEMORY_TOTAL, 0) << 20;
    if (total && (limits->soft > total || (limits->hard > total && limits->hard != no_limit)))
        return INVALID_ARGUMENT;
    if (CALL(geteuid, 0))
        return NO_PERMISSION;
    return check_cgroup(limits->cgroup);
}

API int nvmlDeviceGetMemoryLimits_v1(nvmlDevice_t device, struct memory_limits *limits)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!limits)
        return INVALID_ARGUMENT;
    TRY(check_cgroup(limits->cgroup));
    limits->soft = 0;
    limits->hard = no_limit;
    limits->used = 0;
    return SUCCESS;
}

/* nvmlBAR1Memory_t */
struct bar1 {
    unsigned long long total, free, used;
};

API int nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, struct bar1 *memory)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    int64_t total, used, free;
    TRY(either_of(device, &gpu, &mig));
    if (!memory)
        return INVALID_ARGUMENT;
    if (mig) {
        TRY(mig_number_of(mig, INSTANCE_BAR1_TOTAL, &total));
        TRY(mig_number_of(mig, INSTANCE_BAR1_USED, &used));
        TRY(mig_number_of(mig, INSTANCE_BAR1_FREE, &free));
    } else {
        TRY(number_of(gpu, BAR1_TOTAL, &total));
        used = number_or(gpu, BAR1_USED, 0);
        free = number_or(gpu, BAR1_FREE, total - used);
    }
    *memory = (struct bar1){
        .total = (unsigned long long)total << 20,
        .free = (unsigned long long)free << 20,
        .used = (unsigned long long)used << 20,
    };
    return SUCCESS;
}

API int nvmlDeviceGetConfComputeProtectedMemoryUsage(nvmlDevice_t device, struct memory *memory)
{
    const struct gpu_facts *gpu;
    int64_t total;
    TRY(gpu_of(device, &gpu));
    if (!memory)
        return INVALID_ARGUMENT;
    TRY(number_of(gpu, PROTECTED_TOTAL, &total));
    *memory = (struct memory){
        .total = (unsigned long long)total << 20,
        .free = (unsigned long long)number_or(gpu, PROTECTED_FREE, total) << 20,
        .used = (unsigned long long)number_or(gpu, PROTECTED_USED, 0) << 20,
    };
    return SUCCESS;
}

/* nvmlConfComputeMemSizeInfo_t */
struct protected_sizes {
    unsigned long long protected_kib, unprotected_kib;
};

API int nvmlDeviceGetConfComputeMemSizeInfo(nvmlDevice_t device, struct protected_sizes *sizes)
{
    const struct gpu_facts *gpu;
    int64_t total, protected;
    TRY(gpu_of(device, &gpu));
    if (!sizes)
        return INVALID_ARGUMENT;
    TRY(number_of(gpu, PROTECTED_TOTAL, &protected));
    TRY(number_of(gpu, MEMORY_TOTAL, &total));
    *sizes = (struct protected_sizes){(unsigned long long)protected << 10, (unsigned long long)(total - protected) << 10};
    return SUCCESS;
}
