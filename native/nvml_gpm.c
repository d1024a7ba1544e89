/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* GPU performance monitoring, for boards since Hopper: metrics between two samples. A mock GPU does nothing in between, so loads are 0;
 * the rates of PCIe are those of the document. */
#include "big.h"
#include "nvml.h"

enum { SAMPLES = 256, VERSION = 1, HOPPER = 9, MOST_METRICS = 1024 };
enum { FREE = 0, EMPTY = 1, TAKEN = 2 };

/* nvmlGpmSample_t is the address of one of these: FREE, or what it holds, and the GPU that it was taken of. */
static volatile int states[SAMPLES] BIG;
static const struct gpu_facts *volatile gpus[SAMPLES] BIG;

/* nvmlGpmMetric_t, nvmlGpmMetricsGet_t */
struct metric {
    unsigned id;
    int status;
    double value;
    const char *short_name, *long_name, *unit;
};
struct metrics {
    unsigned version, count;
    volatile int *first, *second;
    struct metric metrics[];
};

static int sample_of(volatile int *sample, int least)
{
    uintptr_t offset = (uintptr_t)sample - (uintptr_t)states;
    TRY(initialized());
    if ((uintptr_t)sample < (uintptr_t)states || offset >= sizeof states || offset % sizeof *states)
        return INVALID_ARGUMENT;
    return __atomic_load_n(sample, __ATOMIC_ACQUIRE) >= least ? SUCCESS : INVALID_ARGUMENT;
}

/* nvmlGpmSupport_t */
struct support {
    unsigned version, supported;
};

API int nvmlGpmQueryDeviceSupport(nvmlDevice_t device, struct support *support)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!support)
        return INVALID_ARGUMENT;
    if (support->version != VERSION)
        return VERSION_MISMATCH;
    support->supported = facts.architecture >= HOPPER;
    return SUCCESS;
}

API int nvmlGpmSampleAlloc(volatile int **sample)
{
    int i;
    TRY(initialized());
    if (!sample)
        return INVALID_ARGUMENT;
    for (i = 0; i < SAMPLES; i++) {
        int expected = FREE;
        if (__atomic_compare_exchange_n(&states[i], &expected, EMPTY, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            *sample = &states[i];
            return SUCCESS;
        }
    }
    return INSUFFICIENT_RESOURCES;
}

API int nvmlGpmSampleFree(volatile int *sample)
{
    TRY(sample_of(sample, EMPTY));
    __atomic_store_n(sample, FREE, __ATOMIC_RELEASE);
    return SUCCESS;
}

API int nvmlGpmSampleGet(nvmlDevice_t device, volatile int *sample)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    TRY(sample_of(sample, EMPTY));
    if (facts.architecture < HOPPER)
        return NOT_SUPPORTED;
    gpus[sample - states] = gpu;
    __atomic_store_n(sample, TAKEN, __ATOMIC_RELEASE);
    return SUCCESS;
}

API int nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned instance, volatile int *sample)
{
    const struct gpu_facts *gpu;
    unsigned i;
    TRY(gpu_of(device, &gpu));
    TRY(sample_of(sample, EMPTY));
    for (i = 0; i < gpu->mig_count; i++) {
        if (all_migs()[gpu->mig_first + i].instance == instance)
            return nvmlGpmSampleGet(device, sample);
    }
    return gpu->mig_enabled ? INVALID_ARGUMENT : NOT_SUPPORTED;
}

/* Sets the value of a metric (NVML_GPM_METRIC_...); the rates are in MiB per second. */
static int value_of(const struct gpu_facts *gpu, unsigned id, double *value)
{
    enum { LAST_LOAD = 13, PCIE_SENT = 20, PCIE_RECEIVED = 21, FIRST_ENGINE = 30, LAST_ENGINE = 51, FIRST_LINK = 60, LAST_LINK = 97 };
    int64_t rate = 0;
    if (id == PCIE_SENT || id == PCIE_RECEIVED)
        TRY(number_of(gpu, id == PCIE_SENT ? TRANSMIT_RATE : RECEIVE_RATE, &rate));
    else if (id >= FIRST_LINK && id <= LAST_LINK && (id - FIRST_LINK) / 2 <= facts.nvlinks)
        rate = 0;
    else if (!(id >= 1 && id <= LAST_LOAD) && !(id >= FIRST_ENGINE && id <= LAST_ENGINE))
        return NOT_SUPPORTED;
    *value = (double)rate / 1024;
    return SUCCESS;
}

API int nvmlGpmMetricsGet(struct metrics *metrics)
{
    const struct gpu_facts *gpu;
    unsigned i;
    TRY(initialized());
    if (!metrics)
        return INVALID_ARGUMENT;
    if (metrics->version != VERSION)
        return VERSION_MISMATCH;
    TRY(sample_of(metrics->first, TAKEN));
    TRY(sample_of(metrics->second, TAKEN));
    gpu = gpus[metrics->first - states];
    if (gpu != gpus[metrics->second - states] || metrics->count > MOST_METRICS)
        return INVALID_ARGUMENT;
    for (i = 0; i < metrics->count; i++) {
        struct metric *metric = &metrics->metrics[i];
        metric->value = 0;
        metric->status = value_of(gpu, metric->id, &metric->value);
        metric->short_name = metric->long_name = metric->unit = NULL; /* allowed where they are not defined */
    }
    return SUCCESS;
}
