/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Functions that change a GPU. A mock GPU keeps no state, so they succeed, for root, only if the GPU already is as it should become:
 * the value is the present one, or what is reset has its default. Any other change is NOT_SUPPORTED. */
#include "nvml.h"

/* Sets a number of the facts to a value of at most *most*. */
static int set_number(nvmlDevice_t device, enum number which, unsigned value, unsigned most)
{
    const struct gpu_facts *gpu;
    int64_t now;
    int status;
    TRY(gpu_of(device, &gpu));
    if (value > most)
        return INVALID_ARGUMENT;
    status = number_of(gpu, which, &now);
    if (status)
        return status;
    TRY(need_root(device, &gpu));
    return now == value ? SUCCESS : NOT_SUPPORTED;
}

enum { ENABLED = 1, COMPUTE_MODES = 4 };

API int nvmlDeviceSetPersistenceMode(nvmlDevice_t device, unsigned mode)
{
    return set_number(device, PERSISTENCE_MODE, mode, ENABLED);
}

API int nvmlDeviceSetComputeMode(nvmlDevice_t device, unsigned mode)
{
    return set_number(device, COMPUTE_MODE, mode, COMPUTE_MODES - 1);
}

API int nvmlDeviceSetEccMode(nvmlDevice_t device, unsigned mode)
{
    return set_number(device, PENDING_ECC_MODE, mode, ENABLED);
}

API int nvmlDeviceSetAccountingMode(nvmlDevice_t device, unsigned mode)
{
    return set_number(device, ACCOUNTING_MODE, mode, ENABLED);
}

API int nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned mode, int *activation)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!activation)
        return INVALID_ARGUMENT;
    TRY(set_number(device, PENDING_MIG_MODE, mode, ENABLED));
    *activation = SUCCESS;
    return SUCCESS;
}

/* -- Power and clocks ------------------------------------------------------------------------------------------------ */

static int set_limit(nvmlDevice_t device, enum number which, enum number least, enum number most, unsigned limit)
{
    const struct gpu_facts *gpu;
    int64_t low, high;
    TRY(gpu_of(device, &gpu));
    TRY(number_of(gpu, least, &low));
    TRY(number_of(gpu, most, &high));
    if (limit < low)
        return INVALID_ARGUMENT;
    return set_number(device, which, limit, (unsigned)high);
}

API int nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned limit)
{
    return set_limit(device, REQUESTED_LIMIT, MIN_LIMIT, MAX_LIMIT, limit);
}

/* nvmlPowerValue_v2_t */
struct power_value {
    unsigned version;
    unsigned char scope;
    unsigned milliwatts;
};

API int nvmlDeviceSetPowerManagementLimit_v2(nvmlDevice_t device, const struct power_value *value)
{
    enum { SCOPE_GPU = 0, SCOPE_MODULE = 1, SCOPE_MEMORY = 2, SCOPES = 4 };
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!value)
        return INVALID_ARGUMENT;
    if (value->version != STRUCT_VERSION(struct power_value, 2))
        return VERSION_MISMATCH;
    if (value->scope >= SCOPES)
        return INVALID_ARGUMENT;
    if (value->scope == SCOPE_MODULE)
        return set_limit(device, MODULE_REQUESTED_LIMIT, MODULE_MIN_LIMIT, MODULE_MAX_LIMIT, value->milliwatts);
    return value->scope == SCOPE_GPU ? nvmlDeviceSetPowerManagementLimit(device, value->milliwatts) : NOT_SUPPORTED;
}

/* The application clocks. */
API int nvmlDeviceSetApplicationsClocks(nvmlDevice_t device, unsigned memory_clock, unsigned graphics_clock)
{
    TRY(set_number(device, APPLICATION_MEM_CLOCK, memory_clock, ~0u));
    return set_number(device, APPLICATION_GRAPHICS_CLOCK, graphics_clock, ~0u);
}

/* Resets what has its default wherever *which* is known. */
static int reset(nvmlDevice_t device, enum number which)
{
    const struct gpu_facts *gpu;
    int64_t value;
    TRY(gpu_of(device, &gpu));
    TRY(number_of(gpu, which, &value));
    return need_root(device, &gpu);
}

API int nvmlDeviceResetApplicationsClocks(nvmlDevice_t device)
{
    const struct gpu_facts *gpu;
    TRY(reset(device, APPLICATION_GRAPHICS_CLOCK));
    TRY(gpu_of(device, &gpu));
    if (gpu->numbers[APPLICATION_GRAPHICS_CLOCK] != gpu->numbers[DEFAULT_APPLICATION_GRAPHICS_CLOCK])
        return NOT_SUPPORTED;
    return gpu->numbers[APPLICATION_MEM_CLOCK] == gpu->numbers[DEFAULT_APPLICATION_MEM_CLOCK] ? SUCCESS : NOT_SUPPORTED;
}

API int nvmlDeviceResetGpuLockedClocks(nvmlDevice_t device)
{
    return reset(device, GRAPHICS_CLOCK);
}

API int nvmlDeviceResetMemoryLockedClocks(nvmlDevice_t device)
{
    return reset(device, MEM_CLOCK);
}

/* -- Counters -------------------------------------------------------------------------------------------------------- */

API int nvmlDeviceClearAccountingPids(nvmlDevice_t device)
{
    return reset(device, ACCOUNTING_BUFFER_SIZE);
}

API int nvmlDeviceClearEccErrorCounts(nvmlDevice_t device, unsigned counter)
{
    static const enum number volatile_counts[] = {VOLATILE_SRAM_CORRECTED, VOLATILE_SRAM_UNCORRECTED, VOLATILE_SRAM_PARITY,
        VOLATILE_SRAM_SECDED, VOLATILE_DRAM_CORRECTED, VOLATILE_DRAM_UNCORRECTED};
    static const enum number aggregate_counts[] = {AGGREGATE_SRAM_CORRECTED, AGGREGATE_SRAM_UNCORRECTED, AGGREGATE_SRAM_PARITY,
        AGGREGATE_SRAM_SECDED, AGGREGATE_DRAM_CORRECTED, AGGREGATE_DRAM_UNCORRECTED};
    enum { COUNTS = sizeof volatile_counts / sizeof *volatile_counts, COUNTERS = 2 };
    const struct gpu_facts *gpu;
    unsigned i;
    TRY(gpu_of(device, &gpu));
    if (counter >= COUNTERS)
        return INVALID_ARGUMENT;
    TRY(reset(device, VOLATILE_DRAM_CORRECTED));
    for (i = 0; i < COUNTS; i++) {
        if (number_or(gpu, counter ? aggregate_counts[i] : volatile_counts[i], 0))
            return NOT_SUPPORTED;
    }
    return SUCCESS;
}
