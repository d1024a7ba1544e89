/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Confidential computing: off. GPUs since Hopper are capable of it. */
#include "nvml.h"

enum { HOPPER = 9 }; /* nvmlDeviceArchitecture_t */

static int check(const void *out)
{
    TRY(initialized());
    if (!out)
        return INVALID_ARGUMENT;
    return facts.architecture >= HOPPER ? SUCCESS : NOT_SUPPORTED;
}

/* nvmlConfComputeSystemCaps_t */
struct capabilities {
    unsigned cpu, gpus;
};

API int nvmlSystemGetConfComputeCapabilities(struct capabilities *capabilities)
{
    enum { CPU_NONE = 0, GPUS_CAPABLE = 1 };
    TRY(check(capabilities));
    *capabilities = (struct capabilities){CPU_NONE, GPUS_CAPABLE};
    return SUCCESS;
}

/* nvmlConfComputeSystemState_t: environment, feature, tools for developers. Nothing of it is on. */
API int nvmlSystemGetConfComputeState(unsigned *state)
{
    TRY(check(state));
    state[0] = state[1] = state[2] = 0;
    return SUCCESS;
}

/* nvmlSystemConfComputeSettings_v1_t, and the second version, which has one more field */
struct settings {
    unsigned version, environment, feature, tools, multiple_gpus;
};

API int nvmlSystemGetConfComputeSettings(struct settings *settings)
{
    TRY(initialized());
    if (!settings)
        return INVALID_ARGUMENT;
    if (settings->version != STRUCT_VERSION(struct settings, 1))
        return VERSION_MISMATCH;
    TRY(check(settings));
    *settings = (struct settings){.version = settings->version};
    return SUCCESS;
}

API int nvmlSystemGetConfComputeGpusReadyState(unsigned *ready)
{
    TRY(check(ready));
    *ready = 0;
    return SUCCESS;
}
