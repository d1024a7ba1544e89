/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The state of an idle GPU. No program runs on it, so its memory is free and its load is 0. Modes have their defaults.
 * */
#include "nvml.h"
#include "system.h"

/* nvmlMemory_t, nvmlMemory_v2_t */
struct memory {
    unsigned long long total, free, used;
};
struct memory_v2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
};

static int memory_of(nvmlDevice_t device, const void *out, unsigned long long *total)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(either_of(device, &gpu, &mig));
    if (!out)
        return INVALID_ARGUMENT;
    *total = mig ? mig->memory_mib << 20 : facts.memory;
    return *total ? SUCCESS : NOT_SUPPORTED;
}

API int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, struct memory *memory)
{
    unsigned long long total;
    TRY(memory_of(device, memory, &total));
    *memory = (struct memory){.total = total, .free = total};
    return SUCCESS;
}

API int nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, struct memory_v2 *memory)
{
    unsigned long long total;
    TRY(memory_of(device, memory, &total));
    /* Not ARGUMENT_VERSION_MISMATCH: drivers 510 to 550 return this status (NVIDIA/nvidia-settings, issue 78). */
    if (memory->version != STRUCT_VERSION(struct memory_v2, 2))
        return FUNCTION_NOT_FOUND;
    *memory = (struct memory_v2){.version = memory->version, .total = total, .free = total};
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
    TRY(gpu_of(device, &gpu));
    if (!limits || limits->soft > limits->hard)
        return INVALID_ARGUMENT;
    if (facts.memory && (limits->soft > facts.memory || (limits->hard > facts.memory && limits->hard != no_limit)))
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

/* nvmlUtilization_t */
struct utilization {
    unsigned gpu, memory;
};

/* NVML reports no load for a GPU in MIG mode or for a MIG device. */
static int load_of(nvmlDevice_t device, const void *out)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!out)
        return INVALID_ARGUMENT;
    return gpu->mig_enabled ? NOT_SUPPORTED : SUCCESS;
}

API int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, struct utilization *utilization)
{
    TRY(load_of(device, utilization));
    *utilization = (struct utilization){0};
    return SUCCESS;
}

static int engine_load(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    TRY(load_of(device, utilization));
    if (!period)
        return INVALID_ARGUMENT;
    *utilization = *period = 0;
    return SUCCESS;
}

API int nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    return engine_load(device, utilization, period);
}

API int nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    return engine_load(device, utilization, period);
}

API int nvmlDeviceGetJpgUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    return engine_load(device, utilization, period);
}

API int nvmlDeviceGetOfaUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    return engine_load(device, utilization, period);
}

static int no_processes(nvmlDevice_t device, unsigned *count)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    if (!count)
        return INVALID_ARGUMENT;
    *count = 0;
    return SUCCESS;
}

/* For all versions, because there is no process whose layout could differ. */
#define PROCESSES(name) \
    API int name(nvmlDevice_t device, unsigned *count, void *infos) \
    { \
        (void)infos; \
        return no_processes(device, count); \
    }

PROCESSES(nvmlDeviceGetComputeRunningProcesses)
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2)
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3)
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses)
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2)
PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3)

/* NOT_FOUND without samples, like drivers 550 (Cldfire/nvml-wrapper, issue 56). */
API int nvmlDeviceGetProcessUtilization(nvmlDevice_t device, void *samples, unsigned *count, unsigned long long since)
{
    (void)samples;
    (void)since;
    TRY(load_of(device, count));
    *count = 0;
    return NOT_FOUND;
}

static int give_mode(nvmlDevice_t device, unsigned mode, unsigned *out)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!out)
        return INVALID_ARGUMENT;
    *out = mode;
    return SUCCESS;
}

enum { DISABLED = 0, DEFAULT_COMPUTE_MODE = 0, NOT_VIRTUAL = 0, BUS_PCIE = 2 };

API int nvmlDeviceGetComputeMode(nvmlDevice_t device, unsigned *mode)
{
    return give_mode(device, DEFAULT_COMPUTE_MODE, mode);
}

API int nvmlDeviceGetDisplayMode(nvmlDevice_t device, unsigned *mode)
{
    return give_mode(device, DISABLED, mode);
}

API int nvmlDeviceGetDisplayActive(nvmlDevice_t device, unsigned *active)
{
    return give_mode(device, DISABLED, active);
}

API int nvmlDeviceGetAccountingMode(nvmlDevice_t device, unsigned *mode)
{
    return give_mode(device, DISABLED, mode);
}

API int nvmlDeviceGetVirtualizationMode(nvmlDevice_t device, unsigned *mode)
{
    return give_mode(device, NOT_VIRTUAL, mode);
}

API int nvmlDeviceGetMultiGpuBoard(nvmlDevice_t device, unsigned *multiple)
{
    return give_mode(device, 0, multiple);
}

/* The same as /proc/driver/nvidia/gpus/<bus id>/information. */
API int nvmlDeviceGetBusType(nvmlDevice_t device, unsigned *type)
{
    return give_mode(device, BUS_PCIE, type);
}
