/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Functions that change a GPU, for root where the state can be written. Otherwise they succeed only if the GPU already is as it should
 * become. */
#include "nvml.h"
#include "nvml_state.h"

/* Sets a number to a value of at most *most*. */
static int set_number(nvmlDevice_t device, enum number which, unsigned value, unsigned most)
{
    const struct gpu_facts *gpu;
    struct state_edit edit = {.value = value};
    int64_t now;
    int status;
    TRY(gpu_of(device, &gpu));
    if (value > most)
        return INVALID_ARGUMENT;
    status = number_of(gpu, which, &now);
    if (status)
        return status;
    TRY(need_root(device, &gpu));
    if (now == value)
        return SUCCESS;
    edit.setting = (unsigned)setting_of(which);
    return setting_of(which) < 0 ? NOT_SUPPORTED : state_set(gpu, &edit, 1);
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

/* Takes back what was set of the numbers. */
static int take_back(nvmlDevice_t device, enum number which, const unsigned *settings, int count)
{
    struct state_edit edits[8];
    const struct gpu_facts *gpu;
    int i, status;
    TRY(reset(device, which));
    TRY(gpu_of(device, &gpu));
    for (i = 0; i < count; i++)
        edits[i] = (struct state_edit){.setting = settings[i], .remove = 1};
    status = state_set(gpu, edits, count);
    return status == NOT_SUPPORTED ? SUCCESS : status; /* without a state nothing can have been set */
}

#define TAKE_BACK(device, which, ...) \
    take_back(device, which, (const unsigned[]){__VA_ARGS__}, sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

API int nvmlDeviceResetApplicationsClocks(nvmlDevice_t device)
{
    const struct gpu_facts *gpu;
    TRY(TAKE_BACK(device, APPLICATION_GRAPHICS_CLOCK, SET_APPLICATION_GRAPHICS_CLOCK, SET_APPLICATION_MEMORY_CLOCK));
    TRY(gpu_of(device, &gpu));
    if (number_or(gpu, APPLICATION_GRAPHICS_CLOCK, 0) != number_or(gpu, DEFAULT_APPLICATION_GRAPHICS_CLOCK, 0))
        return NOT_SUPPORTED;
    return number_or(gpu, APPLICATION_MEM_CLOCK, 0) == number_or(gpu, DEFAULT_APPLICATION_MEM_CLOCK, 0) ? SUCCESS : NOT_SUPPORTED;
}

/* The clocks at rest are stored, too, because readers of the state have no facts. */
static int lock_clocks(nvmlDevice_t device, enum number clock, unsigned setting, unsigned least, unsigned most)
{
    const struct gpu_facts *gpu;
    int64_t now;
    struct state_edit edits[4] = {{.setting = setting, .value = least}, {.setting = setting + 1, .value = most}};
    int count = 2;
    TRY(gpu_of(device, &gpu));
    if (least > most)
        return INVALID_ARGUMENT;
    TRY(number_of(gpu, clock, &now));
    TRY(need_root(device, &gpu));
    if (clock == GRAPHICS_CLOCK) {
        edits[count++] = (struct state_edit){.setting = SET_GRAPHICS_REST, .value = gpu->numbers[GRAPHICS_CLOCK]};
        if (gpu->numbers[SM_CLOCK] >= LEAST_NUMBER)
            edits[count++] = (struct state_edit){.setting = SET_SM_REST, .value = gpu->numbers[SM_CLOCK]};
    } else {
        edits[count++] = (struct state_edit){.setting = SET_MEMORY_CLOCK_REST, .value = gpu->numbers[MEM_CLOCK]};
    }
    return state_set(gpu, edits, count);
}

API int nvmlDeviceSetGpuLockedClocks(nvmlDevice_t device, unsigned least, unsigned most)
{
    return lock_clocks(device, GRAPHICS_CLOCK, SET_LOCKED_GRAPHICS_CLOCK_MIN, least, most);
}

API int nvmlDeviceSetMemoryLockedClocks(nvmlDevice_t device, unsigned least, unsigned most)
{
    return lock_clocks(device, MEM_CLOCK, SET_LOCKED_MEMORY_CLOCK_MIN, least, most);
}

API int nvmlDeviceResetGpuLockedClocks(nvmlDevice_t device)
{
    return TAKE_BACK(device, GRAPHICS_CLOCK, SET_LOCKED_GRAPHICS_CLOCK_MIN, SET_LOCKED_GRAPHICS_CLOCK_MAX);
}

API int nvmlDeviceResetMemoryLockedClocks(nvmlDevice_t device)
{
    return TAKE_BACK(device, MEM_CLOCK, SET_LOCKED_MEMORY_CLOCK_MIN, SET_LOCKED_MEMORY_CLOCK_MAX);
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
    struct state_edit edits[COUNTS];
    int i, count = 0;
    TRY(gpu_of(device, &gpu));
    if (counter >= COUNTERS)
        return INVALID_ARGUMENT;
    TRY(reset(device, VOLATILE_DRAM_CORRECTED));
    for (i = 0; i < COUNTS; i++) {
        enum number which = counter ? aggregate_counts[i] : volatile_counts[i];
        if (number_or(gpu, which, 0))
            edits[count++] = (struct state_edit){.setting = (unsigned)setting_of(which), .value = 0};
    }
    return count ? state_set(gpu, edits, count) : SUCCESS;
}
