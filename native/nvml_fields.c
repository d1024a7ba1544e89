/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Values by field number, for fields that are facts of the machine only. */
#include <linux/time_types.h>

#include "nvml.h"
#include "system.h"

/* nvmlFieldValue_t */
struct field_value {
    unsigned field, scope;
    long long timestamp, latency; /* in microseconds */
    unsigned type;
    int status;
    union {
        unsigned integer;
        unsigned long long whole;
    } value;
};
enum { UNSIGNED_INTEGER = 1, REAL_TIME = 0 };

/* Whether NVML_FI_DEV_... has a value; 0 is a value for ECC fields only. */
static int value_of(unsigned field, unsigned *value)
{
    switch (field) {
    case 1: case 2: /* ECC_CURRENT, ECC_PENDING */
        *value = facts.ecc_mode == ECC_ENABLED;
        return facts.ecc_mode != 0;
    case 3: case 4: case 5: case 6: /* ECC_..._TOTAL */
        *value = 0;
        return facts.ecc_mode == ECC_ENABLED;
    case 82: *value = facts.memory_temperature; break; /* MEMORY_TEMP */
    case 91: *value = facts.nvlinks; break; /* NVLINK_LINK_COUNT */
    case 186: *value = facts.power; break; /* POWER_INSTANT */
    case 187: *value = facts.power_limits[LEAST_LIMIT]; break;
    case 188: *value = facts.power_limits[MOST_LIMIT]; break;
    case 189: case 190: case 192: /* POWER_DEFAULT_LIMIT, POWER_CURRENT_LIMIT, POWER_REQUESTED_LIMIT */
        *value = facts.power_limits[DEFAULT_LIMIT];
        break;
    default: return 0;
    }
    return *value != 0;
}

API int nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, struct field_value *values)
{
    const struct gpu_facts *gpu;
    struct __kernel_timespec now = {0};
    int i;
    TRY(gpu_of(device, &gpu));
    if (!values || count <= 0)
        return INVALID_ARGUMENT;
    CALL(clock_gettime, REAL_TIME, &now);
    for (i = 0; i < count; i++) {
        struct field_value *value = &values[i];
        value->timestamp = now.tv_sec * 1000000 + now.tv_nsec / 1000;
        value->latency = 0;
        value->type = UNSIGNED_INTEGER;
        value->value.whole = 0;
        value->status = value_of(value->field, &value->value.integer) ? SUCCESS : NOT_SUPPORTED;
    }
    return SUCCESS;
}
