/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Versions of a board's firmware, and the records in its InfoROM. */
#include "nvml.h"

/* The buffer has 80 bytes, according to nvml.h. */
API int nvmlDeviceGetGspFirmwareVersion(nvmlDevice_t device, char *version)
{
    return give_text(device, FIRMWARE_VERSION, version, 80);
}

/* The driver's own firmware runs on the GPU if it has a version. Drivers use it by default on these boards. */
API int nvmlDeviceGetGspFirmwareMode(nvmlDevice_t device, unsigned *enabled, unsigned *by_default)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!enabled || !by_default)
        return INVALID_ARGUMENT;
    *enabled = *by_default = gpu->texts[FIRMWARE_VERSION][0] != 0;
    return SUCCESS;
}

API int nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char *version, unsigned length)
{
    return give_text(device, VBIOS_VERSION, version, length);
}

API int nvmlDeviceGetInforomImageVersion(nvmlDevice_t device, char *version, unsigned length)
{
    return give_text(device, IMAGE_VERSION, version, length);
}

API int nvmlDeviceGetInforomVersion(nvmlDevice_t device, unsigned object, char *version, unsigned length)
{
    /* nvmlInforomObject_t; of the last one nothing is known. */
    static const enum text versions[] = {OEM_VERSION, ECC_VERSION, POWER_VERSION};
    enum { KNOWN = sizeof versions / sizeof *versions, OBJECTS = 4 };
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!version || object >= OBJECTS)
        return INVALID_ARGUMENT;
    return object < KNOWN ? give_text(device, versions[object], version, length) : NOT_SUPPORTED;
}

/* A board that has an InfoROM has a sound one. */
API int nvmlDeviceValidateInforom(nvmlDevice_t device)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return gpu->texts[IMAGE_VERSION][0] ? SUCCESS : NOT_SUPPORTED;
}

/* The time in seconds since 1970; the duration in microseconds. */
API int nvmlDeviceGetLastBBXFlushTime(nvmlDevice_t device, unsigned long long *time, unsigned long *duration)
{
    const struct gpu_facts *gpu;
    int64_t seconds, microseconds;
    TRY(gpu_of(device, &gpu));
    if (!time || !duration)
        return INVALID_ARGUMENT;
    TRY(number_of(gpu, FLUSH_TIME, &seconds));
    TRY(number_of(gpu, FLUSH_DURATION, &microseconds));
    *time = (unsigned long long)seconds;
    *duration = (unsigned long)microseconds;
    return SUCCESS;
}
