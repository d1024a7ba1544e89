/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Values by field number (NVML_FI_... of CUDA 13.5's nvml.h). */
#include "nvml.h"
#include "nvml_state.h"
#include "system.h"

/* nvmlFieldValue_t */
struct field_value {
    unsigned field, scope;
    long long timestamp, latency; /* in microseconds */
    unsigned type;
    int status;
    unsigned long long value;
};
enum { UNSIGNED_INTEGER = 1, WHOLE = 3, SIGNED_INTEGER = 5 }; /* nvmlValueType_t */

/* How a value is found. */
enum way {
    NUMBER,       /* a number of the facts */
    SIGNED,       /* the same, which can be negative */
    DURATION,     /* a number of microseconds, told in nanoseconds */
    ECC,          /* errors of memory: the number is 2 * corrected or not + volatile or aggregate */
    DRAM_ERRORS,  /* the same in DRAM */
    NO_VIOLATION, /* 0 */
    NO_ERROR,     /* 0, where the GPU's replays are known */
    OF_LINK,      /* errors of the link of the number */
    OF_SCOPE,     /* 0 for the link in the scope, if there is one */
    OF_LINKS,     /* errors of all links */
    SCOPE_ERRORS, /* errors of the link in the scope */
    LINK_SPEED,   /* of the link of the number; LINKS for that of all */
    SCOPE_SPEED, SCOPE_STATE, SCOPE_VERSION, /* of the link in the scope */
    NVLINK_5,     /* 0 for the link in the scope, if it is of version 5 or later */
    LINK_COUNT,
    ENERGY,
    RESETLESS,
    POWER,        /* power by scope: of the GPU, the module, the memory */
};
enum { LINKS = 255 };

/* Consecutive fields; the number grows with the field if *step* is 1. */
struct fields {
    unsigned short first, last;
    unsigned char way, number, step;
    unsigned char counter; /* of the errors of a link */
};

static const struct fields known[] = {
    {1, 1, NUMBER, ECC_MODE, 0, 0},
    {2, 2, NUMBER, PENDING_ECC_MODE, 0, 0},
    {3, 6, ECC, 0, 1, 0},
    {11, 12, DRAM_ERRORS, 0, 1, 0},
    {22, 23, DRAM_ERRORS, 2, 1, 0},
    {29, 29, NUMBER, RETIRED_SINGLE_BIT, 0, 0},
    {30, 30, NUMBER, RETIRED_DOUBLE_BIT, 0, 0},
    {31, 31, NUMBER, RETIRED_PENDING, 0, 0},
    {32, 37, OF_LINK, 0, 1, 2}, /* errors by link, and of all links */
    {38, 38, OF_LINKS, 0, 0, 2},
    {39, 44, OF_LINK, 0, 1, 3},
    {45, 45, OF_LINKS, 0, 0, 3},
    {46, 51, OF_LINK, 0, 1, 0},
    {52, 52, OF_LINKS, 0, 0, 0},
    {53, 58, OF_LINK, 0, 1, 1},
    {59, 59, OF_LINKS, 0, 0, 1},
    {74, 74, DURATION, SW_POWER_CAP_TIME, 0, 0},
    {75, 75, DURATION, SW_THERM_SLOWDOWN_TIME, 0, 0},
    {76, 76, DURATION, SYNC_BOOST_TIME, 0, 0},
    {77, 81, NO_VIOLATION, 0, 0, 0},
    {82, 82, NUMBER, MEMORY_TEMPERATURE, 0, 0},
    {83, 83, ENERGY, 0, 0, 0},
    {84, 89, LINK_SPEED, 0, 1, 0},
    {90, 90, LINK_SPEED, LINKS, 0, 0},
    {91, 91, LINK_COUNT, 0, 0, 0},
    {92, 93, NUMBER, RETIRED_PENDING, 0, 0},
    {94, 94, NUMBER, REPLAYS, 0, 0},
    {95, 95, NUMBER, REPLAY_ROLLOVERS, 0, 0},
    {96, 101, OF_LINK, 6, 1, 2},
    {102, 107, OF_LINK, 6, 1, 3},
    {108, 113, OF_LINK, 6, 1, 0},
    {114, 119, OF_LINK, 6, 1, 1},
    {132, 137, LINK_SPEED, 6, 1, 0},
    {138, 141, OF_SCOPE, 0, 0, 0},
    {142, 142, NUMBER, REMAPPED_CORRECTED, 0, 0},
    {143, 143, NUMBER, REMAPPED_UNCORRECTED, 0, 0},
    {144, 144, NUMBER, REMAPPED_PENDING, 0, 0},
    {145, 145, NUMBER, REMAPPED_FAILURE, 0, 0},
    {147, 147, LINK_COUNT, 0, 0, 0},
    {148, 159, OF_LINK, 0, 1, 4},
    {160, 160, OF_LINKS, 0, 0, 4},
    {161, 161, SCOPE_ERRORS, 0, 0, 0},
    {162, 162, SCOPE_ERRORS, 0, 0, 1},
    {163, 163, SCOPE_ERRORS, 0, 0, 2},
    {164, 164, SCOPE_SPEED, 0, 0, 0},
    {165, 165, SCOPE_STATE, 0, 0, 0},
    {166, 166, SCOPE_VERSION, 0, 0, 0},
    {167, 167, OF_SCOPE, 0, 0, 0}, /* 0 is the high speed */
    {169, 169, NO_ERROR, 0, 0, 0},
    {173, 183, NO_ERROR, 0, 0, 0},
    {184, 184, RESETLESS, 0, 0, 0},
    {185, 190, POWER, 0, 1, 0},
    {191, 191, ENERGY, 0, 0, 0},
    {192, 192, POWER, 6, 0, 0},
    {193, 193, SIGNED, SHUTDOWN_MARGIN, 0, 0},
    {194, 194, SIGNED, SLOWDOWN_MARGIN, 0, 0},
    {195, 195, SIGNED, MEMORY_OPERATING_MARGIN, 0, 0},
    {196, 196, SIGNED, OPERATING_MARGIN, 0, 0},
    {199, 199, RESETLESS, 0, 0, 0}, /* the same boards can be asked about MIG without MIG mode */
    {201, 204, NVLINK_5, 0, 0, 0},
    {206, 215, NVLINK_5, 0, 0, 0},
    {219, 219, NVLINK_5, 0, 0, 0},
    {221, 221, NVLINK_5, 0, 0, 0},
    {226, 226, NUMBER, RESET_REQUIRED, 0, 0},
    {227, 227, NUMBER, DRAIN_AND_RESET, 0, 0},
    {228, 228, NUMBER, OUTBOUND_ATOMICS, 0, 0},
    {229, 229, NUMBER, INBOUND_ATOMICS, 0, 0},
    {230, 230, NUMBER, RECOVERY_ACTION, 0, 0},
    {235, 250, NVLINK_5, 0, 0, 0},
    {269, 269, DURATION, SW_THERM_SLOWDOWN_TIME, 0, 0},
    {270, 270, DURATION, HW_THERM_SLOWDOWN_TIME, 0, 0},
    {271, 271, DURATION, HW_POWER_BRAKE_TIME, 0, 0},
    {301, 301, NUMBER, INACTIVE_CORRECTED, 0, 0},
    {302, 302, NUMBER, INACTIVE_UNCORRECTED, 0, 0},
};
enum { KNOWN = sizeof known / sizeof *known, MAXIMUM_FIELD = 310, HOPPER = 9, NVLINK_VERSION_5 = 7 };

/* NVML_FI_DEV_POWER_AVERAGE to _CURRENT_LIMIT and _REQUESTED_LIMIT, by scope */
static const unsigned char power_fields[3][7] = {
    {POWER_AVERAGE, POWER_INSTANT, MIN_LIMIT, MAX_LIMIT, DEFAULT_LIMIT, CURRENT_LIMIT, REQUESTED_LIMIT},
    {MODULE_POWER_AVERAGE, MODULE_POWER_INSTANT, MODULE_MIN_LIMIT, MODULE_MAX_LIMIT, MODULE_DEFAULT_LIMIT, MODULE_CURRENT_LIMIT,
        MODULE_REQUESTED_LIMIT},
    {MEMORY_POWER_AVERAGE, MEMORY_POWER_INSTANT},
};
_Static_assert((int)NUMBERS <= (int)LINKS, "the numbers fit a field of a table");

static int fact(const struct gpu_facts *gpu, enum number which, long long factor, struct field_value *value)
{
    int64_t found;
    TRY(number_of(gpu, which, &found));
    value->value = (unsigned long long)(found * factor);
    return SUCCESS;
}

static int zero_if(int condition)
{
    return condition ? SUCCESS : NOT_SUPPORTED;
}

static int give(struct field_value *value, unsigned type, unsigned long long found)
{
    value->type = type;
    value->value = found;
    return found ? SUCCESS : NOT_SUPPORTED;
}

static int errors_of_link(const struct gpu_facts *gpu, unsigned link, unsigned counter, struct field_value *value)
{
    value->type = WHOLE;
    if (link >= facts.nvlinks)
        return NOT_SUPPORTED;
    value->value = (unsigned long long)link_errors(gpu, link, counter);
    return SUCCESS;
}

static int value_of(nvmlDevice_t device, const struct gpu_facts *gpu, const struct fields *fields, struct field_value *value)
{
    unsigned number = fields->number + (fields->step ? value->field - fields->first : 0);
    int of_scope = value->scope < facts.nvlinks;
    uint64_t energy;
    switch (fields->way) {
    case NUMBER: return fact(gpu, number, 1, value);
    case SIGNED:
        value->type = SIGNED_INTEGER;
        return fact(gpu, number, 1, value);
    case DURATION:
        value->type = WHOLE;
        return fact(gpu, number, 1000, value);
    case ECC:
        value->type = WHOLE;
        return nvmlDeviceGetTotalEccErrors(device, number & 1, number >> 1, &value->value);
    case DRAM_ERRORS:
        value->type = WHOLE;
        return nvmlDeviceGetMemoryErrorCounter(device, number & 1, number >> 1, 2, &value->value);
    case NO_VIOLATION:
        value->type = WHOLE;
        return SUCCESS;
    case NO_ERROR: return zero_if(number_or(gpu, REPLAYS, -1) >= 0);
    case OF_LINK: return errors_of_link(gpu, number, fields->counter, value);
    case SCOPE_ERRORS: return errors_of_link(gpu, value->scope, fields->counter, value);
    case OF_SCOPE:
        value->type = WHOLE;
        return zero_if(of_scope);
    case OF_LINKS:
        for (number = 0; number < facts.nvlinks; number++) {
            uint64_t sum = value->value;
            TRY(errors_of_link(gpu, number, fields->counter, value));
            value->value += sum;
        }
        value->type = WHOLE;
        return zero_if(facts.nvlinks > 0);
    case LINK_SPEED: return give(value, UNSIGNED_INTEGER, number == LINKS || number < facts.nvlinks ? facts.nvlinks ? nvlink_speed() : 0 : 0);
    case SCOPE_SPEED: return give(value, UNSIGNED_INTEGER, of_scope ? nvlink_speed() : 0);
    case SCOPE_STATE:
        value->value = of_scope && link_is_active(gpu, value->scope);
        return zero_if(of_scope);
    case SCOPE_VERSION: return give(value, UNSIGNED_INTEGER, of_scope ? nvlink_version() : 0);
    case NVLINK_5:
        value->type = WHOLE;
        return zero_if(of_scope && nvlink_version() >= NVLINK_VERSION_5);
    case LINK_COUNT: return give(value, UNSIGNED_INTEGER, facts.nvlinks);
    case ENERGY:
        value->type = WHOLE;
        TRY(energy_of(gpu, &energy));
        value->value = energy;
        return SUCCESS;
    case RESETLESS:
        value->value = facts.profile_count && facts.architecture >= HOPPER;
        return SUCCESS;
    case POWER:
        /* The memory has no limits; 0 would be another number. */
        if (value->scope > 2 || (value->scope == 2 && number > 1))
            return value->scope > 2 ? INVALID_ARGUMENT : NOT_SUPPORTED;
        return fact(gpu, power_fields[value->scope][number], 1, value);
    default: return NOT_SUPPORTED;
    }
}

static const struct fields *fields_of(unsigned field)
{
    int i;
    for (i = 0; i < KNOWN; i++) {
        if (field >= known[i].first && field <= known[i].last)
            return &known[i];
    }
    return NULL;
}

API int nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, struct field_value *values)
{
    const struct gpu_facts *gpu;
    const struct fields *fields;
    int64_t now = microseconds_since_1970();
    int i;
    TRY(gpu_of(device, &gpu));
    if (!values || count <= 0)
        return INVALID_ARGUMENT;
    for (i = 0; i < count; i++) {
        struct field_value *value = &values[i];
        value->timestamp = now;
        value->latency = 0;
        value->type = UNSIGNED_INTEGER;
        value->value = 0;
        fields = fields_of(value->field);
        value->status = fields ? value_of(device, gpu, fields, value) : NOT_SUPPORTED;
    }
    return SUCCESS;
}
