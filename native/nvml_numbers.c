/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Numbers and texts of a GPU that nvidia-smi shows, too (layout/nvml_numbers.py). */
#include "nvml.h"
#include "nvml_state.h"
#include "system.h"

static int told(int64_t number, int64_t *value)
{
    if (number < LEAST_NUMBER)
        return (int)(number - INT64_MIN);
    *value = number;
    return SUCCESS;
}

int number_in(const int64_t *numbers, enum number which, int64_t *value)
{
    return told(numbers[which], value);
}

int64_t number_in_or(const int64_t *numbers, enum number which, int64_t otherwise)
{
    return numbers[which] < LEAST_NUMBER ? otherwise : numbers[which];
}

int number_of(const struct gpu_facts *gpu, enum number which, int64_t *value)
{
    return told(numbers_now(gpu)[which], value);
}

int mig_number_of(const struct mig_facts *mig, enum mig_number which, int64_t *value)
{
    return told(mig->numbers[which], value);
}

int64_t number_or(const struct gpu_facts *gpu, enum number which, int64_t otherwise)
{
    return number_in_or(numbers_now(gpu), which, otherwise);
}

int give_number(nvmlDevice_t device, enum number which, unsigned *out)
{
    const struct gpu_facts *gpu;
    int64_t value = 0;
    TRY(gpu_of(device, &gpu));
    if (!out)
        return INVALID_ARGUMENT;
    TRY(number_of(gpu, which, &value));
    *out = (unsigned)value;
    return SUCCESS;
}

int give_text(nvmlDevice_t device, enum text which, char *out, unsigned length)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return copy_out(gpu->texts[which], out, length);
}

int need_root(nvmlDevice_t device, const struct gpu_facts **gpu)
{
    TRY(gpu_of(device, gpu));
    return CALL(geteuid, 0) ? NO_PERMISSION : SUCCESS;
}
