/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The link to the host. */
#include "nvml.h"

#define PCIE(name, which) \
    API int name(nvmlDevice_t device, unsigned *value) \
    { \
        return give_number(device, which, value); \
    }

PCIE(nvmlDeviceGetMaxPcieLinkGeneration, MAX_GENERATION)
PCIE(nvmlDeviceGetGpuMaxPcieLinkGeneration, MAX_DEVICE_GENERATION)
PCIE(nvmlDeviceGetCurrPcieLinkGeneration, GENERATION)
PCIE(nvmlDeviceGetMaxPcieLinkWidth, MAX_LANES)
PCIE(nvmlDeviceGetCurrPcieLinkWidth, LANES)
PCIE(nvmlDeviceGetPcieReplayCounter, REPLAYS)

/* NVML_PCIE_LINK_MAX_SPEED_...: equal to the generation up to the last one that has a number */
enum { GENERATIONS = 6 };

API int nvmlDeviceGetPcieLinkMaxSpeed(nvmlDevice_t device, unsigned *speed)
{
    unsigned generation;
    TRY(give_number(device, MAX_GENERATION, speed ? &generation : NULL));
    if (!generation || generation > GENERATIONS)
        return NOT_SUPPORTED;
    *speed = generation;
    return SUCCESS;
}

API int nvmlDeviceGetPcieSpeed(nvmlDevice_t device, unsigned *speed)
{
    static const unsigned megatransfers[] = {2500, 5000, 8000, 16000, 32000, 64000};
    unsigned generation;
    TRY(give_number(device, GENERATION, speed ? &generation : NULL));
    if (!generation || generation > GENERATIONS)
        return NOT_SUPPORTED;
    *speed = megatransfers[generation - 1];
    return SUCCESS;
}

API int nvmlDeviceGetPcieThroughput(nvmlDevice_t device, unsigned counter, unsigned *rate)
{
    enum { SENT = 0, RECEIVED = 1 };
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (counter > RECEIVED)
        return INVALID_ARGUMENT;
    return give_number(device, counter == SENT ? TRANSMIT_RATE : RECEIVE_RATE, rate);
}
