/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The rest of the CUDA driver API: functions that need hardware, or that no program has needed yet. All of them return
 * CUDA_ERROR_NOT_SUPPORTED, so that programs can bind them and continue. */
#include "cuda.h"

int not_supported(void)
{
    TRY(initialized());
    return NOT_SUPPORTED;
}

#define ANSWERED(name, version)
/* The same function with another name. */
#define UNSUPPORTED(name, version) API int name(void) __attribute__((alias("not_supported")));
#include "cuda_names.h"
