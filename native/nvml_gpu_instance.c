/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* GPU instances: the profiles that a GPU supports, and the instances that it has. */
#include "nvml_mig.h"

/* nvmlGpuInstanceProfileInfo_t, and the fields of its versions 2 and 3. */
struct profile_info {
    unsigned id, p2p;
    struct counts counts;
    unsigned long long memory_mib;
};
struct profile_info_v2 {
    unsigned version, id, p2p;
    struct counts counts;
    unsigned long long memory_mib;
    char name[TEXT];
};
struct profile_info_v3 {
    unsigned version, id;
    struct counts counts;
    unsigned long long memory_mib;
    char name[TEXT];
    unsigned capabilities;
};

enum { PROFILES = 18 /* NVML_GPU_INSTANCE_PROFILE_COUNT */, HOPPER = 9 /* nvmlDeviceArchitecture_t */ };

static int profile_by_number(nvmlDevice_t device, unsigned wanted, const void *out, const struct profile_facts **profile)
{
    const struct gpu_facts *gpu;
    unsigned i;
    TRY(gpu_of(device, &gpu));
    if (!out || wanted >= PROFILES)
        return INVALID_ARGUMENT;
    for (i = 0; i < facts.profile_count; i++) {
        *profile = &all_profiles()[i];
        if ((*profile)->number == wanted)
            return SUCCESS;
    }
    return NOT_SUPPORTED;
}

int profile_by_id(const struct gpu_facts *gpu, unsigned wanted, const struct profile_facts **profile)
{
    unsigned i;
    if (!is_capable(gpu))
        return NOT_SUPPORTED;
    for (i = 0; i < facts.profile_count; i++) {
        *profile = &all_profiles()[i];
        if ((*profile)->id == wanted)
            return SUCCESS;
    }
    return INVALID_ARGUMENT;
}

API int nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned wanted, struct profile_info *info)
{
    const struct profile_facts *profile;
    TRY(profile_by_number(device, wanted, info, &profile));
    *info = (struct profile_info){
        .id = profile->id,
        .p2p = profile->capabilities & CAN_P2P,
        .counts = profile->counts,
        .memory_mib = profile->memory_mib,
    };
    return SUCCESS;
}

static int put_profile(const struct profile_facts *profile, struct profile_info_v2 *info)
{
    struct profile_info_v3 *newer = (struct profile_info_v3 *)info;
    if (info->version == STRUCT_VERSION(struct profile_info_v2, 2)) {
        *info = (struct profile_info_v2){
            .version = info->version,
            .id = profile->id,
            .p2p = profile->capabilities & CAN_P2P,
            .counts = profile->counts,
            .memory_mib = profile->memory_mib,
        };
        return copy_out(profile->name, info->name, sizeof info->name);
    }
    if (info->version == STRUCT_VERSION(struct profile_info_v3, 3)) {
        *newer = (struct profile_info_v3){
            .version = newer->version,
            .id = profile->id,
            .counts = profile->counts,
            .memory_mib = profile->memory_mib,
            .capabilities = profile->capabilities,
        };
        return copy_out(profile->name, newer->name, sizeof newer->name);
    }
    return VERSION_MISMATCH;
}

API int nvmlDeviceGetGpuInstanceProfileInfoV(nvmlDevice_t device, unsigned wanted, struct profile_info_v2 *info)
{
    const struct profile_facts *profile;
    TRY(profile_by_number(device, wanted, info, &profile));
    return put_profile(profile, info);
}

API int nvmlDeviceGetGpuInstanceProfileInfoByIdV(nvmlDevice_t device, unsigned id, struct profile_info_v2 *info)
{
    const struct gpu_facts *gpu;
    const struct profile_facts *profile;
    TRY(gpu_of(device, &gpu));
    if (!info)
        return INVALID_ARGUMENT;
    TRY(profile_by_id(gpu, id, &profile));
    return put_profile(profile, info);
}

API int nvmlDeviceGetGpuInstancePossiblePlacements_v2(
    nvmlDevice_t device, unsigned id, struct placement *placements, unsigned *count)
{
    const struct gpu_facts *gpu;
    const struct profile_facts *profile;
    unsigned i;
    TRY(gpu_of(device, &gpu));
    if (!count)
        return INVALID_ARGUMENT;
    TRY(profile_by_id(gpu, id, &profile));
    if (placements && *count < profile->start_count) {
        *count = profile->start_count;
        return INSUFFICIENT_SIZE;
    }
    *count = profile->start_count;
    for (i = 0; placements && i < *count; i++)
        placements[i] = (struct placement){profile->starts[i], profile->size};
    return SUCCESS;
}

API int nvmlDeviceGetGpuInstancePossiblePlacements(
    nvmlDevice_t device, unsigned id, struct placement *placements, unsigned *count)
{
    return nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, id, placements, count);
}

API int nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device, unsigned id, unsigned *count)
{
    const struct gpu_facts *gpu;
    const struct profile_facts *profile;
    struct mig_layout layout;
    TRY(gpu_of(device, &gpu));
    if (!count)
        return INVALID_ARGUMENT;
    TRY(profile_by_id(gpu, id, &profile));
    /* Since Hopper, profiles can be queried without MIG mode, but nothing can be created. nvidia-smi mig -lgip needs it. */
    if (!mig_is_enabled(gpu) && facts.architecture < HOPPER)
        return NOT_SUPPORTED;
    layout_now(gpu, &layout);
    *count = mig_capacity(&layout, rules_of_profiles(), (unsigned)(profile - all_profiles()));
    return SUCCESS;
}

/* nvmlGpuInstanceInfo_t */
struct gpu_instance_info {
    nvmlDevice_t device;
    unsigned id, profile_id;
    struct placement placement;
};

API int nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instances, unsigned *count)
{
    const struct gpu_facts *gpu;
    const struct profile_facts *profile;
    const struct mig_facts *mig = NULL;
    TRY(gpu_of(device, &gpu));
    if (!instances || !count)
        return INVALID_ARGUMENT;
    TRY(profile_by_id(gpu, id, &profile));
    if (!mig_is_enabled(gpu))
        return NOT_SUPPORTED;
    *count = 0;
    /* Callers have room for as many as the profile allows, whatever the state says. */
    while (*count < profile->counts.instances && (mig = next_gpu_instance(gpu, mig))) {
        if (profile_of(mig) == profile)
            instances[(*count)++] = gpu_instance(mig);
    }
    return SUCCESS;
}

API int nvmlDeviceGetGpuInstanceById(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instance)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(gpu_of(device, &gpu));
    if (!instance)
        return INVALID_ARGUMENT;
    if (!mig_is_enabled(gpu))
        return NOT_SUPPORTED;
    mig = live_instance((unsigned)(gpu - all_gpus()), id, -1);
    if (!mig)
        return NOT_FOUND;
    *instance = gpu_instance(mig);
    return SUCCESS;
}

API int nvmlGpuInstanceGetInfo(nvmlGpuInstance_t instance, struct gpu_instance_info *info)
{
    const struct mig_facts *mig;
    TRY(gpu_instance_of(instance, &mig));
    if (!info)
        return INVALID_ARGUMENT;
    *info = (struct gpu_instance_info){
        .device = handle_of_gpu(&all_gpus()[mig->gpu]),
        .id = mig->instance,
        .profile_id = profile_of(mig) ? profile_of(mig)->id : 0,
        .placement = {mig->start, mig->size},
    };
    return SUCCESS;
}
