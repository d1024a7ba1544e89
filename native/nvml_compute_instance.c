/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Compute instances: those of the MIG devices that are in the same GPU instance. Most have one, with all slices. */
#include "nvml_mig.h"
#include "text.h"

/* nvmlComputeInstanceProfileInfo_t, and its versions 2 and 3 */
struct compute_profile {
    unsigned id;
    struct counts counts;
};
struct compute_profile_v2 {
    unsigned version;
    struct compute_profile profile;
    char name[TEXT];
};
struct compute_profile_v3 {
    struct compute_profile_v2 older;
    unsigned capabilities;
};

/* The slices of each NVML_COMPUTE_INSTANCE_PROFILE_..., in order; 0 for those that no MIG profile has here. */
static const unsigned char compute_slices[] = {1, 2, 3, 4, 7, 8, 6, 0, 0};
enum { COMPUTE_PROFILES = sizeof compute_slices, SHARED_ENGINES = 0, COMPUTE_GRAPHICS = 1 /* NVML_COMPUTE_INSTANCE_PROFILE_CAPS_GFX */ };

unsigned slices_of_compute_profile(unsigned id)
{
    return id < COMPUTE_PROFILES ? compute_slices[id] : 0;
}

static unsigned whole_profile(unsigned slices)
{
    unsigned i = 0;
    while (i < COMPUTE_PROFILES && compute_slices[i] != slices)
        i++;
    return i;
}

/* Those of the least GPU instance with one slice. */
unsigned of_one_slice(const struct profile_facts *profile)
{
    unsigned i, least = profile->counts.multiprocessors / profile->counts.slices;
    for (i = 0; i < facts.profile_count; i++) {
        const struct counts *counts = &all_profiles()[i].counts;
        if (counts->slices == 1 && counts->multiprocessors < least)
            least = counts->multiprocessors;
    }
    return least;
}

static int compute_profile_of(const struct mig_facts *mig, unsigned wanted, struct compute_profile *info)
{
    const struct profile_facts *profile = profile_of(mig);
    unsigned slices;
    if (wanted >= COMPUTE_PROFILES)
        return INVALID_ARGUMENT;
    slices = compute_slices[wanted];
    if (!profile || !mig_can_hold(profile->counts.slices, slices))
        return NOT_SUPPORTED;
    *info = (struct compute_profile){.id = wanted, .counts = profile->counts};
    info->counts.slices = slices;
    info->counts.instances = profile->counts.slices / slices;
    if (slices < profile->counts.slices)
        info->counts.multiprocessors = slices * of_one_slice(profile);
    return SUCCESS;
}

API int nvmlGpuInstanceGetComputeInstanceProfileInfo(
    nvmlGpuInstance_t instance, unsigned wanted, unsigned engines, struct compute_profile *info)
{
    const struct mig_facts *mig;
    TRY(gpu_instance_of(instance, &mig));
    if (!info || engines != SHARED_ENGINES)
        return INVALID_ARGUMENT;
    return compute_profile_of(mig, wanted, info);
}

API int nvmlGpuInstanceGetComputeInstanceProfileInfoV(
    nvmlGpuInstance_t instance, unsigned wanted, unsigned engines, struct compute_profile_v2 *info)
{
    const struct mig_facts *mig;
    char digits[21];
    TRY(gpu_instance_of(instance, &mig));
    if (!info || engines != SHARED_ENGINES)
        return INVALID_ARGUMENT;
    if (info->version != STRUCT_VERSION(struct compute_profile_v2, 2) &&
        info->version != STRUCT_VERSION(struct compute_profile_v3, 3))
        return VERSION_MISMATCH;
    TRY(compute_profile_of(mig, wanted, &info->profile));
    if (info->version == STRUCT_VERSION(struct compute_profile_v3, 3))
        ((struct compute_profile_v3 *)info)->capabilities = profile_of(mig)->capabilities & CAN_GRAPHICS ? COMPUTE_GRAPHICS : 0;
    /* A compute instance with all slices has the name of its GPU instance, "MIG 3g.20gb"; others are "MIG 1c.3g.20gb".
     * */
    if (info->profile.counts.slices == profile_of(mig)->counts.slices)
        return copy_out(profile_of(mig)->name, info->name, sizeof info->name);
    join(info->name, sizeof info->name, "MIG ", decimal(info->profile.counts.slices, digits), "c.", profile_of(mig)->name + 4, NULL);
    return SUCCESS;
}

static int compute_instances(nvmlGpuInstance_t instance, unsigned id, const void *count, const struct mig_facts **mig)
{
    struct compute_profile profile;
    TRY(gpu_instance_of(instance, mig));
    if (!count)
        return INVALID_ARGUMENT;
    return compute_profile_of(*mig, id, &profile);
}

API int nvmlGpuInstanceGetComputeInstanceRemainingCapacity(nvmlGpuInstance_t instance, unsigned id, unsigned *count)
{
    const struct mig_facts *mig;
    struct mig_layout layout;
    TRY(compute_instances(instance, id, count, &mig));
    layout_now(&all_gpus()[mig->gpu], &layout);
    *count = mig_compute_capacity(&layout, rules_of_profiles(), mig->instance, compute_slices[id]);
    return SUCCESS;
}

API int nvmlGpuInstanceGetComputeInstancePossiblePlacements(
    nvmlGpuInstance_t instance, unsigned id, struct placement *placements, unsigned *count)
{
    const struct mig_facts *mig;
    unsigned i, possible;
    TRY(compute_instances(instance, id, count, &mig));
    possible = profile_of(mig)->counts.slices / compute_slices[id];
    if (placements && *count < possible) {
        *count = possible;
        return INSUFFICIENT_SIZE;
    }
    *count = possible;
    for (i = 0; placements && i < possible; i++)
        placements[i] = (struct placement){i * compute_slices[id], compute_slices[id]};
    return SUCCESS;
}

API int nvmlGpuInstanceGetComputeInstances(
    nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstance_t *instances, unsigned *count)
{
    const struct mig_facts *mig, *other = NULL;
    TRY(compute_instances(instance, id, count, &mig));
    if (!instances)
        return INVALID_ARGUMENT;
    *count = 0;
    while (*count < profile_of(mig)->counts.slices / compute_slices[id] && (other = next_compute_instance(mig, other))) {
        if (whole_profile(other->slices) == id)
            instances[(*count)++] = compute_instance(other);
    }
    return SUCCESS;
}

API int nvmlGpuInstanceGetComputeInstanceById(nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstance_t *compute)
{
    const struct mig_facts *mig, *other;
    TRY(gpu_instance_of(instance, &mig));
    if (!compute)
        return INVALID_ARGUMENT;
    other = id < MIG_COMPUTES ? live_instance(mig->gpu, mig->instance, (int)id) : NULL;
    if (!other)
        return NOT_FOUND;
    *compute = compute_instance(other);
    return SUCCESS;
}

/* nvmlComputeInstanceInfo_t */
struct compute_instance_info {
    nvmlDevice_t device;
    nvmlGpuInstance_t instance;
    unsigned id, profile_id;
    struct placement placement;
};

API int nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t compute, struct compute_instance_info *info)
{
    const struct mig_facts *mig;
    TRY(compute_instance_of(compute, &mig));
    if (!info)
        return INVALID_ARGUMENT;
    *info = (struct compute_instance_info){
        .device = handle_of_gpu(&all_gpus()[mig->gpu]),
        .instance = gpu_instance(live_instance(mig->gpu, mig->instance, -1)),
        .id = mig->compute_instance,
        .profile_id = whole_profile(mig->slices),
        .placement = {mig->compute_start, mig->slices},
    };
    return SUCCESS;
}

API int nvmlComputeInstanceGetInfo(nvmlComputeInstance_t compute, struct compute_instance_info *info)
{
    return nvmlComputeInstanceGetInfo_v2(compute, info);
}
