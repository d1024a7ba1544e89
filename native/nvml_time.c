/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include <linux/time_types.h>

#include "nvml.h"
#include "system.h"

enum { REAL_TIME = 0 };

int64_t microseconds_since_1970(void)
{
    struct __kernel_timespec now = {0};
    CALL(clock_gettime, REAL_TIME, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
