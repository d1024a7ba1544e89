/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Clocks, the clocks that can be set, and why they are lower than they could be. */
#include "nvml.h"

enum { CLOCKS = 4 }; /* nvmlClockType_t: graphics, SM, memory, video */

static const enum number current_clocks[CLOCKS] = {GRAPHICS_CLOCK, SM_CLOCK, MEM_CLOCK, VIDEO_CLOCK};
static const enum number most_clocks[CLOCKS] = {MAX_GRAPHICS_CLOCK, MAX_SM_CLOCK, MAX_MEM_CLOCK, MAX_VIDEO_CLOCK};
/* Of these the document has the graphics and memory clocks only. NUMBERS stands for none. */
static const enum number application_clocks[CLOCKS] = {
    APPLICATION_GRAPHICS_CLOCK, APPLICATION_GRAPHICS_CLOCK, APPLICATION_MEM_CLOCK, NUMBERS};
static const enum number default_clocks[CLOCKS] = {
    DEFAULT_APPLICATION_GRAPHICS_CLOCK, DEFAULT_APPLICATION_GRAPHICS_CLOCK, DEFAULT_APPLICATION_MEM_CLOCK, NUMBERS};
static const enum number boost_clocks[CLOCKS] = {BOOST_GRAPHICS_CLOCK, BOOST_GRAPHICS_CLOCK, NUMBERS, NUMBERS};

static int clock_of(nvmlDevice_t device, const enum number *clocks, unsigned type, unsigned *clock)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!clock || type >= CLOCKS)
        return INVALID_ARGUMENT;
    return clocks[type] == NUMBERS ? NOT_SUPPORTED : give_number(device, clocks[type], clock);
}

API int nvmlDeviceGetClockInfo(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, current_clocks, type, clock);
}

API int nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, most_clocks, type, clock);
}

API int nvmlDeviceGetApplicationsClock(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, application_clocks, type, clock);
}

API int nvmlDeviceGetDefaultApplicationsClock(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, default_clocks, type, clock);
}

API int nvmlDeviceGetMaxCustomerBoostClock(nvmlDevice_t device, unsigned type, unsigned *clock)
{
    return clock_of(device, boost_clocks, type, clock);
}

API int nvmlDeviceGetClock(nvmlDevice_t device, unsigned type, unsigned which, unsigned *clock)
{
    /* nvmlClockId_t */
    static const enum number *const by_id[] = {current_clocks, application_clocks, default_clocks, boost_clocks};
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return which < sizeof by_id / sizeof *by_id ? clock_of(device, by_id[which], type, clock) : INVALID_ARGUMENT;
}

API int nvmlDeviceGetAutoBoostedClocksEnabled(nvmlDevice_t device, unsigned *enabled, unsigned *by_default)
{
    TRY(give_number(device, AUTO_BOOST, enabled));
    return give_number(device, DEFAULT_AUTO_BOOST, by_default);
}

/* Copies clocks to a caller's array; *count is its length, and becomes the number of clocks. */
static int put_clocks(const uint32_t *clocks, unsigned number, unsigned *count, unsigned *out)
{
    unsigned i, room = *count;
    *count = number;
    if (!out || room < number)
        return INSUFFICIENT_SIZE;
    for (i = 0; i < number; i++)
        out[i] = clocks[i];
    return SUCCESS;
}

static int clocks_of(nvmlDevice_t device, const unsigned *count)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!count)
        return INVALID_ARGUMENT;
    return facts.clock_words ? SUCCESS : NOT_SUPPORTED;
}

enum { MOST_MEMORY_CLOCKS = 64 };

API int nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t device, unsigned *count, unsigned *clocks)
{
    uint32_t found[MOST_MEMORY_CLOCKS];
    unsigned at, number = 0;
    TRY(clocks_of(device, count));
    for (at = 0; at + 1 < facts.clock_words && number < MOST_MEMORY_CLOCKS; at += 2 + all_clocks()[at + 1])
        found[number++] = all_clocks()[at];
    return put_clocks(found, number, count, clocks);
}

API int nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t device, unsigned memory_clock, unsigned *count, unsigned *clocks)
{
    unsigned at;
    TRY(clocks_of(device, count));
    for (at = 0; at + 1 < facts.clock_words; at += 2 + all_clocks()[at + 1]) {
        if (all_clocks()[at] == memory_clock)
            return put_clocks(&all_clocks()[at + 2], all_clocks()[at + 1], count, clocks);
    }
    return NOT_FOUND;
}

API int nvmlDeviceGetPerformanceState(nvmlDevice_t device, unsigned *state)
{
    return give_number(device, PERFORMANCE_STATE, state);
}

API int nvmlDeviceGetPowerState(nvmlDevice_t device, unsigned *state)
{
    return nvmlDeviceGetPerformanceState(device, state);
}

static int reasons_of(nvmlDevice_t device, enum number which, unsigned long long *reasons)
{
    unsigned mask;
    TRY(give_number(device, which, reasons ? &mask : NULL));
    *reasons = mask;
    return SUCCESS;
}

API int nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, unsigned long long *reasons)
{
    return reasons_of(device, EVENT_REASONS, reasons);
}

API int nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, unsigned long long *reasons)
{
    return reasons_of(device, EVENT_REASONS, reasons);
}

API int nvmlDeviceGetSupportedClocksEventReasons(nvmlDevice_t device, unsigned long long *reasons)
{
    return reasons_of(device, SUPPORTED_REASONS, reasons);
}

API int nvmlDeviceGetSupportedClocksThrottleReasons(nvmlDevice_t device, unsigned long long *reasons)
{
    return reasons_of(device, SUPPORTED_REASONS, reasons);
}

/* nvmlViolationTime_t: microseconds since 1970, and nanoseconds */
struct violation {
    unsigned long long now, violated;
};

/* How long a policy has lowered the clocks: what the document counts; an idle board has no other violations. */
API int nvmlDeviceGetViolationStatus(nvmlDevice_t device, unsigned policy, struct violation *violation)
{
    /* nvmlPerfPolicyType_t: these, BOARD_LIMIT to RELIABILITY, TOTAL_APP_CLOCKS and TOTAL_BASE_CLOCKS */
    static const enum number counters[] = {SW_POWER_CAP_TIME, SW_THERM_SLOWDOWN_TIME, SYNC_BOOST_TIME};
    enum { COUNTERS = sizeof counters / sizeof *counters, LAST_SINGLE = 5, FIRST_TOTAL = 10, LAST_TOTAL = 11 };
    const struct gpu_facts *gpu;
    int64_t microseconds = 0;
    TRY(gpu_of(device, &gpu));
    if (!violation || policy > LAST_TOTAL || (policy > LAST_SINGLE && policy < FIRST_TOTAL))
        return INVALID_ARGUMENT;
    if (policy < COUNTERS)
        TRY(number_of(gpu, counters[policy], &microseconds));
    *violation = (struct violation){(unsigned long long)microseconds_since_1970(), (unsigned long long)microseconds * 1000};
    return SUCCESS;
}
