/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* How busy the engines of a GPU are, now and in the last samples. */
#include "nvml.h"
#include "nvml_state.h"

/* nvmlUtilization_t */
struct utilization {
    unsigned gpu, memory;
};

API int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, struct utilization *utilization)
{
    const struct gpu_facts *facts_of;
    const int64_t *now;
    int64_t gpu, memory;
    TRY(gpu_of(device, &facts_of));
    if (!utilization)
        return INVALID_ARGUMENT;
    now = numbers_now(facts_of);
    TRY(number_in(now, GPU_LOAD, &gpu));
    TRY(number_in(now, MEMORY_LOAD, &memory));
    *utilization = (struct utilization){(unsigned)gpu, (unsigned)memory};
    return SUCCESS;
}

/* The sampling period is in microseconds; that of the captured boards is unknown, and 0 stands for it. */
static int engine_load(nvmlDevice_t device, enum number which, unsigned *utilization, unsigned *period)
{
    unsigned load;
    TRY(give_number(device, which, utilization ? &load : NULL));
    if (!period)
        return INVALID_ARGUMENT;
    *utilization = load;
    *period = 0;
    return SUCCESS;
}

#define LOAD(name, which) \
    API int name(nvmlDevice_t device, unsigned *utilization, unsigned *period) \
    { \
        return engine_load(device, which, utilization, period); \
    }

LOAD(nvmlDeviceGetEncoderUtilization, ENCODER_LOAD)
LOAD(nvmlDeviceGetDecoderUtilization, DECODER_LOAD)
LOAD(nvmlDeviceGetJpgUtilization, JPEG_LOAD)
LOAD(nvmlDeviceGetOfaUtilization, OFA_LOAD)

static int statistics(nvmlDevice_t device, enum number first, unsigned *sessions, unsigned *rate, unsigned *latency)
{
    unsigned a, b;
    TRY(give_number(device, first, sessions ? &a : NULL));
    TRY(give_number(device, first + 1, rate ? &b : NULL));
    TRY(give_number(device, first + 2, latency));
    *sessions = a;
    *rate = b;
    return SUCCESS;
}

API int nvmlDeviceGetEncoderStats(nvmlDevice_t device, unsigned *sessions, unsigned *rate, unsigned *latency)
{
    return statistics(device, ENCODER_SESSION_COUNT, sessions, rate, latency);
}

/* nvmlFBCStats_t is an array of three numbers. */
API int nvmlDeviceGetFBCStats(nvmlDevice_t device, unsigned *stats)
{
    unsigned told[3];
    TRY(statistics(device, FBC_SESSION_COUNT, stats ? &told[0] : NULL, &told[1], &told[2]));
    stats[0] = told[0];
    stats[1] = told[1];
    stats[2] = told[2];
    return SUCCESS;
}

/* No process uses the engines, so there is no session to describe. */
static int no_sessions(nvmlDevice_t device, enum number which, unsigned *count)
{
    unsigned sessions;
    TRY(give_number(device, which, count ? &sessions : NULL));
    *count = 0;
    return SUCCESS;
}

API int nvmlDeviceGetEncoderSessions(nvmlDevice_t device, unsigned *count, void *sessions)
{
    (void)sessions;
    return no_sessions(device, ENCODER_SESSION_COUNT, count);
}

API int nvmlDeviceGetFBCSessions(nvmlDevice_t device, unsigned *count, void *sessions)
{
    (void)sessions;
    return no_sessions(device, FBC_SESSION_COUNT, count);
}

/* nvmlSample_t */
struct sample {
    unsigned long long time; /* in microseconds */
    unsigned long long value;
};

/* One sample, of now, because no earlier ones are kept. */
API int nvmlDeviceGetSamples(nvmlDevice_t device, unsigned kind, unsigned long long since, unsigned *type, unsigned *count,
    struct sample *samples)
{
    /* By nvmlSamplingType_t. */
    static const enum number sampled[] = {POWER_INSTANT, GPU_LOAD, MEMORY_LOAD, ENCODER_LOAD, DECODER_LOAD, GRAPHICS_CLOCK, MEM_CLOCK,
        MODULE_POWER_INSTANT, JPEG_LOAD, OFA_LOAD};
    enum { UNSIGNED_INTEGER = 1, KINDS = sizeof sampled / sizeof *sampled };
    const struct gpu_facts *gpu;
    unsigned long long now = (unsigned long long)microseconds_since_1970();
    int64_t value;
    TRY(gpu_of(device, &gpu));
    if (!type || !count || kind >= KINDS)
        return INVALID_ARGUMENT;
    TRY(number_of(gpu, sampled[kind], &value));
    if (since >= now)
        return NOT_FOUND;
    *type = UNSIGNED_INTEGER;
    if (samples && !*count)
        return INSUFFICIENT_SIZE;
    *count = 1;
    if (samples)
        *samples = (struct sample){now, (unsigned long long)value};
    return SUCCESS;
}
