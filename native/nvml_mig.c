/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* MIG mode and MIG devices. */
#include "nvml_mig.h"

/* nvmlDeviceAttributes_t */
struct attributes {
    unsigned multiprocessors, engines[ENGINES], instance_slices, compute_slices;
    unsigned long long memory_mib;
};

int is_capable(const struct gpu_facts *gpu)
{
    return facts.profile_count > 0 || gpu->mig_enabled;
}

const struct profile_facts *profile_of(const struct mig_facts *mig)
{
    return mig->profile < 0 ? NULL : &all_profiles()[mig->profile];
}

API int nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    unsigned mode;
    TRY(give_number(device, MIG_MODE, current ? &mode : NULL));
    TRY(give_number(device, PENDING_MIG_MODE, pending));
    *current = mode;
    return SUCCESS;
}

API int nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!count)
        return INVALID_ARGUMENT;
    *count = mig_is_enabled(gpu) ? COMPUTE_SLICES : 0;
    return SUCCESS;
}

API int nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *is_mig)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(either_of(device, &gpu, &mig));
    if (!is_mig)
        return INVALID_ARGUMENT;
    *is_mig = mig != NULL;
    return SUCCESS;
}

/* The index counts the MIG devices that are visible here. */
API int nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *mig_device)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig = NULL;
    TRY(gpu_of(device, &gpu));
    if (!mig_device || index >= COMPUTE_SLICES)
        return INVALID_ARGUMENT;
    if (!is_capable(gpu))
        return NOT_SUPPORTED;
    /* Without MIG mode there is no MIG device. go-nvlib continues with the next GPU after NOT_FOUND, and stops after
     * NOT_SUPPORTED. */
    while ((mig = next_mig(gpu, mig))) {
        if (is_visible(mig) && index-- == 0) {
            *mig_device = handle_of_mig(mig);
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

static int mig_of(nvmlDevice_t device, const struct mig_facts **mig)
{
    const struct gpu_facts *gpu;
    TRY(either_of(device, &gpu, mig));
    return *mig ? SUCCESS : NOT_SUPPORTED;
}

API int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t mig_device, nvmlDevice_t *device)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(either_of(mig_device, &gpu, &mig));
    if (!mig || !device)
        return INVALID_ARGUMENT;
    *device = handle_of_gpu(&all_gpus()[mig->gpu]);
    return SUCCESS;
}

API int nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id)
{
    const struct mig_facts *mig;
    TRY(mig_of(device, &mig));
    if (!id)
        return INVALID_ARGUMENT;
    *id = mig->instance;
    return SUCCESS;
}

API int nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id)
{
    const struct mig_facts *mig;
    TRY(mig_of(device, &mig));
    if (!id)
        return INVALID_ARGUMENT;
    *id = mig->compute_instance;
    return SUCCESS;
}

API int nvmlDeviceGetAttributes_v2(nvmlDevice_t device, struct attributes *attributes)
{
    const struct mig_facts *mig;
    const struct profile_facts *profile;
    int64_t total;
    int i;
    TRY(mig_of(device, &mig));
    if (!attributes)
        return INVALID_ARGUMENT;
    *attributes = (struct attributes){
        .multiprocessors = mig->multiprocessors,
        .instance_slices = mig->slices,
        .compute_slices = mig->slices,
    };
    TRY(mig_number_of(mig, INSTANCE_TOTAL, &total));
    attributes->memory_mib = (unsigned long long)total;
    profile = profile_of(mig);
    if (profile) {
        attributes->instance_slices = profile->counts.slices;
        for (i = 0; i < ENGINES; i++)
            attributes->engines[i] = profile->counts.engines[i];
    }
    return SUCCESS;
}

API int nvmlDeviceGetAttributes(nvmlDevice_t device, struct attributes *attributes)
{
    return nvmlDeviceGetAttributes_v2(device, attributes);
}
