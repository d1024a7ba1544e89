/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Processes: no process uses a mock GPU. */
#include "nvml_mig.h"

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

/* nvmlProcessDetailList_v1_t */
struct process_list {
    unsigned version, mode, count;
    void *entries;
};

API int nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, struct process_list *list)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    if (!list)
        return INVALID_ARGUMENT;
    if (list->version != STRUCT_VERSION(struct process_list, 1))
        return VERSION_MISMATCH;
    list->count = 0;
    return SUCCESS;
}

/* A GPU in MIG mode has no load. */
static int without_mig(nvmlDevice_t device, const void *out)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!out)
        return INVALID_ARGUMENT;
    return mig_is_enabled(gpu) ? NOT_SUPPORTED : SUCCESS;
}

/* NOT_FOUND without samples, like drivers 550 (Cldfire/nvml-wrapper, issue 56). */
API int nvmlDeviceGetProcessUtilization(nvmlDevice_t device, void *samples, unsigned *count, unsigned long long since)
{
    (void)samples;
    (void)since;
    TRY(without_mig(device, count));
    *count = 0;
    return NOT_FOUND;
}

/* nvmlProcessesUtilizationInfo_v1_t */
struct process_loads {
    unsigned version, count;
    unsigned long long since;
    void *entries;
};

API int nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t device, struct process_loads *loads)
{
    TRY(without_mig(device, loads));
    if (loads->version != STRUCT_VERSION(struct process_loads, 1))
        return VERSION_MISMATCH;
    loads->count = 0;
    return NOT_FOUND;
}

/* -- Accounting ------------------------------------------------------------------------------------------------------ */

API int nvmlDeviceGetAccountingMode(nvmlDevice_t device, unsigned *mode)
{
    return give_number(device, ACCOUNTING_MODE, mode);
}

API int nvmlDeviceGetAccountingBufferSize(nvmlDevice_t device, unsigned *size)
{
    return give_number(device, ACCOUNTING_BUFFER_SIZE, size);
}

API int nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned *count, unsigned *pids)
{
    unsigned size;
    (void)pids;
    TRY(give_number(device, ACCOUNTING_BUFFER_SIZE, count ? &size : NULL));
    *count = 0;
    return SUCCESS;
}

static int no_process(nvmlDevice_t device, const void *out)
{
    unsigned size;
    TRY(give_number(device, ACCOUNTING_BUFFER_SIZE, out ? &size : NULL));
    return NOT_FOUND;
}

API int nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned pid, void *stats)
{
    (void)pid;
    return no_process(device, stats);
}

API int nvmlDeviceGetAccountingStats_v2(nvmlDevice_t device, void *stats)
{
    return no_process(device, stats);
}
