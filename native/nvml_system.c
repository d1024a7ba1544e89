/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The driver's versions, error texts, and hardware that no mock machine has. */
#include "nvml.h"

API const char *nvmlErrorString(int result)
{
    /* The texts of NVML 550. */
    switch (result) {
    case 0: return "Success";
    case 1: return "Uninitialized";
    case 2: return "Invalid Argument";
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case 5: return "Already Initialized";
    case 6: return "Not Found";
    case 7: return "Insufficient Size";
    case 8: return "Insufficient External Power";
    case 9: return "Driver Not Loaded";
    case 10: return "Timeout";
    case 11: return "Interrupt Request Issue";
    case 12: return "NVML Shared Library Not Found";
    case 13: return "Function Not Found";
    case 14: return "Corrupted infoROM";
    case 15: return "GPU is lost";
    case 16: return "GPU requires reset";
    case 17: return "GPU access blocked by the operating system";
    case 18: return "Driver/library version mismatch";
    case 19: return "In use by another client";
    case 20: return "Insufficient Memory";
    case 21: return "No data";
    case 22: return "The requested vgpu operation is not available on target device, because ECC is enabled";
    case 23: return "Insufficient Resources";
    case 24: return "Frequency Not Supported";
    case 25: return "Argument Version Mismatch";
    case 26: return "Deprecated";
    case 27: return "Not Ready";
    case 28: return "GPU Not Found";
    case 29: return "Invalid State";
    default: return "Unknown Error";
    }
}

API int nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    TRY(initialized());
    return copy_out(facts.driver_version, version, length);
}

API int nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    /* Works without initialization, too. */
    return copy_out(facts.nvml_version, version, length);
}

API int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    if (!version)
        return INVALID_ARGUMENT;
    *version = facts.cuda_version;
    return SUCCESS;
}

API int nvmlSystemGetCudaDriverVersion(int *version)
{
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

static int none(unsigned *count)
{
    TRY(initialized());
    if (!count)
        return INVALID_ARGUMENT;
    *count = 0;
    return SUCCESS;
}

API int nvmlUnitGetCount(unsigned *count)
{
    return none(count);
}

API int nvmlGetExcludedDeviceCount(unsigned *count)
{
    return none(count);
}

/* The earlier name, which libraries of NVIDIA still export. */
API int nvmlGetBlacklistDeviceCount(unsigned *count)
{
    return none(count);
}

API int nvmlSystemGetHicVersion(unsigned *count, void *entries)
{
    (void)entries;
    return none(count);
}

/* Nothing has an index where the count is 0. */
static int no_such_index(void)
{
    TRY(initialized());
    return INVALID_ARGUMENT;
}

API int nvmlUnitGetHandleByIndex(unsigned index, void *unit)
{
    (void)index;
    (void)unit;
    return no_such_index();
}

API int nvmlGetExcludedDeviceInfoByIndex(unsigned index, void *info)
{
    (void)index;
    (void)info;
    return no_such_index();
}

API int nvmlGetBlacklistDeviceInfoByIndex(unsigned index, void *info)
{
    (void)index;
    (void)info;
    return no_such_index();
}
