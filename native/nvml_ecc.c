/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Errors of memory, and memory that was taken out of use because of them. */
#include "nvml.h"

API int nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    unsigned mode;
    TRY(give_number(device, ECC_MODE, current ? &mode : NULL));
    TRY(give_number(device, PENDING_ECC_MODE, pending));
    *current = mode;
    return SUCCESS;
}

/* A board has its default mode as long as nothing has changed it. */
API int nvmlDeviceGetDefaultEccMode(nvmlDevice_t device, unsigned *mode)
{
    return give_number(device, ECC_MODE, mode);
}

enum { CORRECTED = 0, UNCORRECTED = 1, ERRORS = 2, COUNTERS = 2 /* volatile or aggregate */ };
enum { DRAM = 2, SRAM = 7, LOCATIONS = 8 }; /* nvmlMemoryLocation_t */

/* Boards since Ampere count parity and SEC-DED errors of SRAM apart, older ones together. */
static int errors_of(const struct gpu_facts *gpu, unsigned error, unsigned counter, unsigned location, uint64_t *count)
{
    int64_t first = 0, second = 0;
    if (location == DRAM) {
        enum number which = error == CORRECTED ? VOLATILE_DRAM_CORRECTED : VOLATILE_DRAM_UNCORRECTED;
        if (counter)
            which = error == CORRECTED ? AGGREGATE_DRAM_CORRECTED : AGGREGATE_DRAM_UNCORRECTED;
        TRY(number_of(gpu, which, &first));
    } else if (error == CORRECTED) {
        TRY(number_of(gpu, counter ? AGGREGATE_SRAM_CORRECTED : VOLATILE_SRAM_CORRECTED, &first));
    } else if (number_of(gpu, counter ? AGGREGATE_SRAM_PARITY : VOLATILE_SRAM_PARITY, &first) ||
        number_of(gpu, counter ? AGGREGATE_SRAM_SECDED : VOLATILE_SRAM_SECDED, &second)) {
        TRY(number_of(gpu, counter ? AGGREGATE_SRAM_UNCORRECTED : VOLATILE_SRAM_UNCORRECTED, &first));
        second = 0;
    }
    *count = (uint64_t)(first + second);
    return SUCCESS;
}

static int check_errors(nvmlDevice_t device, unsigned error, unsigned counter, const void *out, const struct gpu_facts **gpu,
    const struct mig_facts **mig)
{
    TRY(either_of(device, gpu, mig));
    return out && error < ERRORS && counter < COUNTERS ? SUCCESS : INVALID_ARGUMENT;
}

/* A MIG device counts the uncorrected errors of its SRAM since the driver was loaded. */
static int instance_errors(const struct mig_facts *mig, unsigned error, unsigned counter, unsigned long long *count)
{
    int64_t errors;
    if (error != UNCORRECTED || counter)
        return NOT_SUPPORTED;
    TRY(mig_number_of(mig, INSTANCE_ERRORS, &errors));
    *count = (unsigned long long)errors;
    return SUCCESS;
}

API int nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned error, unsigned counter, unsigned long long *count)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    uint64_t of_dram, of_sram;
    TRY(check_errors(device, error, counter, count, &gpu, &mig));
    if (mig)
        return instance_errors(mig, error, counter, count);
    TRY(errors_of(gpu, error, counter, DRAM, &of_dram));
    TRY(errors_of(gpu, error, counter, SRAM, &of_sram));
    *count = of_dram + of_sram;
    return SUCCESS;
}

API int nvmlDeviceGetMemoryErrorCounter(
    nvmlDevice_t device, unsigned error, unsigned counter, unsigned location, unsigned long long *count)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    uint64_t errors;
    TRY(check_errors(device, error, counter, count, &gpu, &mig));
    if (location >= LOCATIONS)
        return INVALID_ARGUMENT;
    if (mig)
        return location == SRAM ? instance_errors(mig, error, counter, count) : NOT_SUPPORTED;
    if (location != DRAM && location != SRAM)
        return NOT_SUPPORTED;
    TRY(errors_of(gpu, error, counter, location, &errors));
    *count = errors;
    return SUCCESS;
}

/* nvmlEccSramErrorStatus_v1_t */
struct sram_errors {
    unsigned version;
    unsigned long long aggregate[3], current[3]; /* parity, SEC-DED, corrected */
    unsigned long long sources[5];               /* L2, SM, PCIe, microcontroller, other */
    unsigned exceeded;
};

API int nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device, struct sram_errors *status)
{
    static const enum number counted[] = {AGGREGATE_SRAM_PARITY, AGGREGATE_SRAM_SECDED, AGGREGATE_SRAM_CORRECTED,
        VOLATILE_SRAM_PARITY, VOLATILE_SRAM_SECDED, VOLATILE_SRAM_CORRECTED, SRAM_L2, SRAM_SM, SRAM_PCIE, SRAM_MICROCONTROLLER,
        SRAM_OTHER, SRAM_THRESHOLD_EXCEEDED};
    enum { COUNTED = sizeof counted / sizeof *counted };
    const struct gpu_facts *gpu;
    int64_t values[COUNTED];
    int i;
    TRY(gpu_of(device, &gpu));
    if (!status)
        return INVALID_ARGUMENT;
    if (status->version != STRUCT_VERSION(struct sram_errors, 1))
        return VERSION_MISMATCH;
    for (i = 0; i < COUNTED; i++)
        TRY(number_of(gpu, counted[i], &values[i]));
    for (i = 0; i < 3; i++) {
        status->aggregate[i] = (unsigned long long)values[i];
        status->current[i] = (unsigned long long)values[3 + i];
    }
    for (i = 0; i < 5; i++)
        status->sources[i] = (unsigned long long)values[6 + i];
    status->exceeded = (unsigned)values[11];
    return SUCCESS;
}

/* nvmlEccSramUniqueUncorrectedErrorCounts_v1_t */
struct unique_errors {
    unsigned version, count;
    void *entries;
};

API int nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts(nvmlDevice_t device, struct unique_errors *errors)
{
    const struct gpu_facts *gpu;
    int64_t count;
    TRY(gpu_of(device, &gpu));
    if (!errors)
        return INVALID_ARGUMENT;
    if (errors->version != STRUCT_VERSION(struct unique_errors, 1))
        return VERSION_MISMATCH;
    TRY(number_of(gpu, AGGREGATE_SRAM_PARITY, &count));
    errors->count = 0;
    return SUCCESS;
}

/* nvmlRepairStatus_v1_t */
struct repairs {
    unsigned version, channel, tpc;
};

API int nvmlDeviceGetRepairStatus(nvmlDevice_t device, struct repairs *repairs)
{
    const struct gpu_facts *gpu;
    int64_t channel, tpc;
    TRY(gpu_of(device, &gpu));
    if (!repairs)
        return INVALID_ARGUMENT;
    if (repairs->version != STRUCT_VERSION(struct repairs, 1))
        return VERSION_MISMATCH;
    TRY(number_of(gpu, CHANNEL_REPAIR_PENDING, &channel));
    TRY(number_of(gpu, TPC_REPAIR_PENDING, &tpc));
    repairs->channel = (unsigned)channel;
    repairs->tpc = (unsigned)tpc;
    return SUCCESS;
}

API int nvmlDeviceGetUnrepairableMemoryFlag_v1(nvmlDevice_t device, unsigned *unrepairable)
{
    return give_number(device, UNREPAIRABLE_MEMORY, unrepairable);
}

/* -- Pages that were retired, by boards before Ampere ---------------------------------------------------------------- */

/* The document counts pages. Their addresses and times are unknown, so they are 0. */
static int retired(
    nvmlDevice_t device, unsigned cause, unsigned *count, unsigned long long *addresses, unsigned long long *times)
{
    enum { SINGLE_BIT = 0, DOUBLE_BIT = 1 };
    const struct gpu_facts *gpu;
    unsigned i, pages, room;
    TRY(gpu_of(device, &gpu));
    if (!count || cause > DOUBLE_BIT)
        return INVALID_ARGUMENT;
    TRY(give_number(device, cause == SINGLE_BIT ? RETIRED_SINGLE_BIT : RETIRED_DOUBLE_BIT, &pages));
    room = *count;
    *count = pages;
    if (room < pages)
        return INSUFFICIENT_SIZE;
    for (i = 0; i < pages; i++) {
        if (addresses)
            addresses[i] = 0;
        if (times)
            times[i] = 0;
    }
    return SUCCESS;
}

API int nvmlDeviceGetRetiredPages(nvmlDevice_t device, unsigned cause, unsigned *count, unsigned long long *addresses)
{
    return retired(device, cause, count, addresses, NULL);
}

API int nvmlDeviceGetRetiredPages_v2(
    nvmlDevice_t device, unsigned cause, unsigned *count, unsigned long long *addresses, unsigned long long *times)
{
    return retired(device, cause, count, addresses, times);
}

API int nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t device, unsigned *pending)
{
    return give_number(device, RETIRED_PENDING, pending);
}

/* -- Rows that were remapped, by boards since Ampere ----------------------------------------------------------------- */

API int nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed)
{
    unsigned first, second, third;
    TRY(give_number(device, REMAPPED_CORRECTED, corrected ? &first : NULL));
    TRY(give_number(device, REMAPPED_UNCORRECTED, uncorrected ? &second : NULL));
    TRY(give_number(device, REMAPPED_PENDING, pending ? &third : NULL));
    TRY(give_number(device, REMAPPED_FAILURE, failed));
    *corrected = first;
    *uncorrected = second;
    *pending = third;
    return SUCCESS;
}

/* Fills an array of numbers, all of them or none. */
static int give_numbers(nvmlDevice_t device, const enum number *which, int count, unsigned *out)
{
    const struct gpu_facts *gpu;
    int64_t value;
    int i;
    TRY(gpu_of(device, &gpu));
    if (!out)
        return INVALID_ARGUMENT;
    for (i = 0; i < count; i++)
        TRY(number_of(gpu, which[i], &value));
    for (i = 0; i < count; i++)
        out[i] = (unsigned)number_or(gpu, which[i], 0);
    return SUCCESS;
}

/* nvmlRemappedRowsInfo_v2_t is an array of six numbers. */
API int nvmlDeviceGetRemappedRows_v2(nvmlDevice_t device, unsigned *rows)
{
    static const enum number counted[] = {REMAPPED_CORRECTED, INACTIVE_CORRECTED, REMAPPED_UNCORRECTED, INACTIVE_UNCORRECTED,
        REMAPPED_PENDING, REMAPPED_FAILURE};
    return give_numbers(device, counted, sizeof counted / sizeof *counted, rows);
}

/* nvmlRowRemapperHistogramValues_t is an array of five numbers. */
API int nvmlDeviceGetRowRemapperHistogram(nvmlDevice_t device, unsigned *banks)
{
    static const enum number counted[] = {HISTOGRAM_MAX, HISTOGRAM_HIGH, HISTOGRAM_PARTIAL, HISTOGRAM_LOW, HISTOGRAM_NONE};
    return give_numbers(device, counted, sizeof counted / sizeof *counted, banks);
}
