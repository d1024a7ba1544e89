/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What a board measures, and its limits: the readings of the machine type, which never change. Readings that the type
 * does not have are NOT_SUPPORTED. */
#include "nvml.h"

/* Returns a reading of a GPU; 0 means that there is no reading. */
static int give(nvmlDevice_t device, uint32_t reading, unsigned *out)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return give_known(reading, out);
}

/* -- Temperature --------------------------------------------------------------------------------------------------- */

enum { OF_GPU = 0 };

API int nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *temperature)
{
    return give(device, sensor == OF_GPU ? facts.temperature : 0, temperature);
}

/* nvmlTemperature_v1_t */
struct temperature {
    unsigned version, sensor;
    int degrees;
};

API int nvmlDeviceGetTemperatureV(nvmlDevice_t device, struct temperature *temperature)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!temperature)
        return INVALID_ARGUMENT;
    if (temperature->version != STRUCT_VERSION(struct temperature, 1))
        return VERSION_MISMATCH;
    return nvmlDeviceGetTemperature(device, temperature->sensor, (unsigned *)&temperature->degrees);
}

/* -- Power --------------------------------------------------------------------------------------------------------- */

API int nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *power)
{
    return give(device, facts.power, power);
}

API int nvmlDeviceGetPowerManagementDefaultLimit(nvmlDevice_t device, unsigned *limit)
{
    return give(device, facts.power_limits[DEFAULT_LIMIT], limit);
}

API int nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *limit)
{
    return nvmlDeviceGetPowerManagementDefaultLimit(device, limit);
}

API int nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *limit)
{
    return nvmlDeviceGetPowerManagementDefaultLimit(device, limit);
}

API int nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned *least, unsigned *most)
{
    TRY(give(device, facts.power_limits[LEAST_LIMIT], least));
    return give(device, facts.power_limits[MOST_LIMIT], most);
}

API int nvmlDeviceGetPowerManagementMode(nvmlDevice_t device, unsigned *mode)
{
    /* Enabled is 1. */
    return give(device, facts.power_limits[DEFAULT_LIMIT] ? 1 : 0, mode);
}

/* -- Clocks -------------------------------------------------------------------------------------------------------- */

enum { CURRENT = 0, IDLE = 1 /* nvmlClocksEventReasonGpuIdle */ };

static int clock_of(nvmlDevice_t device, const uint32_t *clocks, unsigned type, unsigned *clock)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return type < CLOCKS ? give(device, clocks[type], clock) : INVALID_ARGUMENT;
}

API int nvmlDeviceGetClockInfo(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, facts.clocks, type, clock);
}

API int nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, facts.max_clocks, type, clock);
}

API int nvmlDeviceGetClock(nvmlDevice_t device, unsigned type, unsigned which, unsigned *clock)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return which == CURRENT ? nvmlDeviceGetClockInfo(device, type, clock) : NOT_SUPPORTED;
}

/* P0, the state of highest performance, which captures of idle boards also show. */
API int nvmlDeviceGetPerformanceState(nvmlDevice_t device, unsigned *state)
{
    TRY(give(device, facts.clocks[0], state));
    *state = 0;
    return SUCCESS;
}

API int nvmlDeviceGetPowerState(nvmlDevice_t device, unsigned *state)
{
    return nvmlDeviceGetPerformanceState(device, state);
}

API int nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, unsigned long long *reasons)
{
    unsigned clock;
    TRY(initialized());
    if (!reasons)
        return INVALID_ARGUMENT;
    TRY(give(device, facts.clocks[0], &clock));
    *reasons = IDLE;
    return SUCCESS;
}

API int nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, unsigned long long *reasons)
{
    return nvmlDeviceGetCurrentClocksEventReasons(device, reasons);
}

/* -- PCIe ---------------------------------------------------------------------------------------------------------- */

#define PCIE(name, part) \
    API int name(nvmlDevice_t device, unsigned *value) \
    { \
        return give(device, facts.part, value); \
    }

PCIE(nvmlDeviceGetMaxPcieLinkGeneration, pcie_generation)
PCIE(nvmlDeviceGetGpuMaxPcieLinkGeneration, pcie_generation)
PCIE(nvmlDeviceGetCurrPcieLinkGeneration, pcie_generation)
PCIE(nvmlDeviceGetMaxPcieLinkWidth, pcie_lanes)
PCIE(nvmlDeviceGetCurrPcieLinkWidth, pcie_lanes)

/* nvmlBAR1Memory_t */
struct bar1 {
    unsigned long long total, free, used;
};

/* A MIG device has its share by memory slices minus one MiB, like on an A100 (XuehaiPan/nvitop, pull request 8: 32767
 * and 8191 of 65536 MiB). */
API int nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, struct bar1 *memory)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    unsigned long long mib = facts.bar1_mib;
    TRY(either_of(device, &gpu, &mig));
    if (!memory)
        return INVALID_ARGUMENT;
    if (!mib || (mig && !mig->size))
        return NOT_SUPPORTED;
    if (mig)
        mib = mib * mig->size / 8 - 1;
    *memory = (struct bar1){.total = mib << 20, .free = mib << 20};
    return SUCCESS;
}

/* -- ECC ----------------------------------------------------------------------------------------------------------- */

API int nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    TRY(give(device, facts.ecc_mode, current));
    TRY(give(device, facts.ecc_mode, pending));
    *current = *pending = facts.ecc_mode == ECC_ENABLED;
    return SUCCESS;
}

API int nvmlDeviceGetDefaultEccMode(nvmlDevice_t device, unsigned *mode)
{
    unsigned pending;
    return nvmlDeviceGetEccMode(device, mode, &pending);
}

/* Unused memory has no errors. */
static int no_errors(nvmlDevice_t device, unsigned error, unsigned counter, unsigned long long *count)
{
    enum { ERRORS = 2, COUNTERS = 2 }; /* corrected or not; volatile or aggregate */
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!count || error >= ERRORS || counter >= COUNTERS)
        return INVALID_ARGUMENT;
    if (facts.ecc_mode != ECC_ENABLED)
        return NOT_SUPPORTED;
    *count = 0;
    return SUCCESS;
}

API int nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned error, unsigned counter, unsigned long long *count)
{
    return no_errors(device, error, counter, count);
}

API int nvmlDeviceGetMemoryErrorCounter(
    nvmlDevice_t device, unsigned error, unsigned counter, unsigned location, unsigned long long *count)
{
    (void)location;
    return no_errors(device, error, counter, count);
}
