/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Temperatures and their limits. Boards since Hopper have distances to a limit in place of the limits themselves. */
#include "nvml.h"

enum { OF_GPU = 0 };

API int nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *temperature)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!temperature)
        return INVALID_ARGUMENT;
    return sensor == OF_GPU ? give_number_of(gpu, TEMPERATURE, temperature) : NOT_SUPPORTED;
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

/* By nvmlTemperatureThresholds_t. */
static const enum number thresholds[] = {SHUTDOWN_TEMPERATURE, SLOWDOWN_TEMPERATURE, MEMORY_OPERATING_TEMPERATURE,
    OPERATING_TEMPERATURE, LEAST_TARGET, TARGET_TEMPERATURE, MOST_TARGET};
enum { THRESHOLDS = sizeof thresholds / sizeof *thresholds, GPS_THRESHOLD = 7 };

API int nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, unsigned threshold, unsigned *temperature)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!temperature)
        return INVALID_ARGUMENT;
    if (threshold < THRESHOLDS)
        return give_number(device, thresholds[threshold], temperature);
    return threshold == GPS_THRESHOLD ? NOT_SUPPORTED : INVALID_ARGUMENT;
}

/* nvmlMarginTemperature_v1_t */
struct margin {
    unsigned version;
    int degrees;
};

API int nvmlDeviceGetMarginTemperature(nvmlDevice_t device, struct margin *margin)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!margin)
        return INVALID_ARGUMENT;
    if (margin->version != STRUCT_VERSION(struct margin, 1))
        return VERSION_MISMATCH;
    return give_number(device, MARGIN, (unsigned *)&margin->degrees);
}

/* -- Fans. The document has the speed of one fan. ------------------------------------------------------------------- */

API int nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned *speed)
{
    return give_number(device, FAN_SPEED, speed);
}

static int fan_of(nvmlDevice_t device, unsigned fan, unsigned *speed)
{
    TRY(give_number(device, FAN_SPEED, speed));
    return fan == 0 ? SUCCESS : INVALID_ARGUMENT;
}

API int nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned *speed)
{
    return fan_of(device, fan, speed);
}

API int nvmlDeviceGetTargetFanSpeed(nvmlDevice_t device, unsigned fan, unsigned *speed)
{
    return fan_of(device, fan, speed);
}

API int nvmlDeviceGetNumFans(nvmlDevice_t device, unsigned *count)
{
    TRY(give_number(device, FAN_SPEED, count));
    *count = 1;
    return SUCCESS;
}
