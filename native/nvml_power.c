/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Power, its limits, and energy. */
#include <linux/time.h>
#include <linux/time_types.h>

#include "nvml.h"
#include "nvml_state.h"
#include "system.h"

/* The average of a second where boards measure it (since Ampere, but not the A100), otherwise the present one. */
static int power_of(const struct gpu_facts *gpu, int64_t *power)
{
    return number_of(gpu, POWER_AVERAGE, power) ? number_of(gpu, POWER_INSTANT, power) : SUCCESS;
}

API int nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *power)
{
    const struct gpu_facts *gpu;
    int64_t milliwatts;
    TRY(gpu_of(device, &gpu));
    if (!power)
        return INVALID_ARGUMENT;
    TRY(power_of(gpu, &milliwatts));
    *power = (unsigned)milliwatts;
    return SUCCESS;
}

API int nvmlDeviceGetPowerManagementDefaultLimit(nvmlDevice_t device, unsigned *limit)
{
    return give_number(device, DEFAULT_LIMIT, limit);
}

API int nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *limit)
{
    return give_number(device, REQUESTED_LIMIT, limit);
}

API int nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *limit)
{
    return give_number(device, CURRENT_LIMIT, limit);
}

API int nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned *least, unsigned *most)
{
    TRY(give_number(device, MIN_LIMIT, least));
    return give_number(device, MAX_LIMIT, most);
}

API int nvmlDeviceGetPowerManagementMode(nvmlDevice_t device, unsigned *mode)
{
    TRY(give_number(device, DEFAULT_LIMIT, mode));
    *mode = 1;
    return SUCCESS;
}

API int nvmlDeviceGetPowerSource(nvmlDevice_t device, unsigned *source)
{
    TRY(give_number(device, DEFAULT_LIMIT, source));
    *source = 0; /* NVML_POWER_SOURCE_AC */
    return SUCCESS;
}

enum { VOLTA = 5 }; /* nvmlDeviceArchitecture_t: the first boards that count energy */

/* What the state says, or what the idle board has drawn since the host was started. */
int energy_of(const struct gpu_facts *gpu, uint64_t *energy)
{
    struct __kernel_timespec now = {0};
    int64_t milliwatts, counted;
    if (facts.architecture < VOLTA)
        return NOT_SUPPORTED;
    if (energy_now(gpu, &counted)) {
        *energy = (uint64_t)counted;
        return SUCCESS;
    }
    TRY(power_of(gpu, &milliwatts));
    CALL(clock_gettime, CLOCK_BOOTTIME, &now);
    *energy = (uint64_t)milliwatts * (uint64_t)now.tv_sec + (uint64_t)milliwatts * (uint64_t)(now.tv_nsec / 1000000) / 1000;
    return SUCCESS;
}

API int nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *energy)
{
    const struct gpu_facts *gpu;
    uint64_t millijoules;
    TRY(gpu_of(device, &gpu));
    if (!energy)
        return INVALID_ARGUMENT;
    TRY(energy_of(gpu, &millijoules));
    *energy = millijoules;
    return SUCCESS;
}
