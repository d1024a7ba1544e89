/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* MIG mode and instances are changed in the state of the node, by root. gpu-mockctl watch makes their device nodes, as the driver's kernel
 * module and nvidia-modprobe do for a real GPU. */
#include <linux/time_types.h>

#include "nvml_mig.h"
#include "nvml_state.h"
#include "system.h"

enum { IN_USE = 19, HOPPER = 9, NAP = 10, LONGEST_WAIT = 1500 /* milliseconds */ };

static int change(const struct gpu_facts *gpu, struct mig_change *wanted)
{
    struct mig_layout rest;
    int result;
    TRY(layout_at_rest(gpu, &rest));
    if (!state_file_path())
        return NOT_SUPPORTED;
    wanted->rules = rules_of_profiles();
    wanted->rest = &rest;
    result = mig_change(state_file_path(), (unsigned)(gpu - all_gpus()), wanted);
    if (result == SUCCESS) {
        state_refresh_soon();
        mig_refresh();
    }
    return result;
}

/* Waits until the device node of a compute instance is there, if somebody makes it: a program that goes on uses it at once. */
static void wait_for_node(unsigned minor)
{
    struct __kernel_timespec nap = {.tv_nsec = NAP * 1000000};
    int waited;
    if (!state_is_followed(state_file_path()))
        return;
    for (waited = 0; waited < LONGEST_WAIT && !node_exists("nvidia-caps/nvidia-cap", minor); waited += NAP)
        CALL(nanosleep, &nap, NULL);
}

static int is_held(const char *name, unsigned number)
{
    char path[STATE_PATH];
    return node_path(name, number, path, sizeof path) == 0 && mig_is_held(path);
}

/* Boards before Hopper are reset to change the mode, so it waits while a process uses the GPU. Later boards refuse it then. */
API int nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned mode, int *activation)
{
    struct mig_change wanted = {.what = MIG_SET_MODE, .mode = mode};
    const struct gpu_facts *gpu;
    unsigned now, pending;
    TRY(gpu_of(device, &gpu));
    if (!activation || mode > 1)
        return INVALID_ARGUMENT;
    if (!is_capable(gpu))
        return NOT_SUPPORTED;
    TRY(nvmlDeviceGetMigMode(device, &now, &pending));
    TRY(need_root(device, &gpu));
    *activation = SUCCESS;
    if (now == mode && pending == mode)
        return SUCCESS;
    if (now != mode && is_held("nvidia", gpu->minor)) {
        *activation = IN_USE;
        if (facts.architecture >= HOPPER)
            return SUCCESS;
        wanted.waits = 1;
    }
    return change(gpu, &wanted);
}

/* -- GPU instances --------------------------------------------------------------------------------------------------- */

static int create_instance(nvmlDevice_t device, unsigned id, const struct placement *placement, nvmlGpuInstance_t *instance)
{
    struct mig_change wanted = {.what = MIG_CREATE_INSTANCE, .start = placement ? (int)placement->start : -1};
    const struct profile_facts *profile;
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!instance)
        return INVALID_ARGUMENT;
    TRY(profile_by_id(gpu, id, &profile));
    if (placement && (placement->size != profile->size || placement->start >= MIG_STARTS))
        return INVALID_ARGUMENT;
    TRY(need_root(device, &gpu));
    wanted.rule = (unsigned)(profile - all_profiles());
    TRY(change(gpu, &wanted));
    *instance = gpu_instance(live_instance((unsigned)(gpu - all_gpus()), wanted.instance, -1));
    return SUCCESS;
}

API int nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *instance)
{
    return create_instance(device, id, NULL, instance);
}

API int nvmlDeviceCreateGpuInstanceWithPlacement(
    nvmlDevice_t device, unsigned id, const struct placement *placement, nvmlGpuInstance_t *instance)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return placement ? create_instance(device, id, placement, instance) : INVALID_ARGUMENT;
}

API int nvmlGpuInstanceDestroy(nvmlGpuInstance_t instance)
{
    struct mig_change wanted = {.what = MIG_DESTROY_INSTANCE};
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(gpu_instance_of(instance, &mig));
    gpu = &all_gpus()[mig->gpu];
    TRY(need_root(handle_of_gpu(gpu), &gpu));
    wanted.instance = mig->instance;
    if (is_held("nvidia-caps/nvidia-cap", mig_minor(gpu->minor, mig->instance, -1)))
        return IN_USE;
    return change(gpu, &wanted);
}

/* -- Compute instances ----------------------------------------------------------------------------------------------- */

static int create_compute(nvmlGpuInstance_t instance, unsigned id, const struct placement *placement, nvmlComputeInstance_t *compute)
{
    struct mig_change wanted = {.what = MIG_CREATE_COMPUTE, .start = placement ? (int)placement->start : -1};
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(gpu_instance_of(instance, &mig));
    wanted.slices = slices_of_compute_profile(id);
    if (!compute || !wanted.slices)
        return INVALID_ARGUMENT;
    if (placement && (placement->size != wanted.slices || placement->start >= COMPUTE_SLICES))
        return INVALID_ARGUMENT;
    gpu = &all_gpus()[mig->gpu];
    TRY(need_root(handle_of_gpu(gpu), &gpu));
    wanted.instance = mig->instance;
    TRY(change(gpu, &wanted));
    *compute = compute_instance(live_instance((unsigned)(gpu - all_gpus()), wanted.instance, (int)wanted.compute));
    wait_for_node(mig_minor(gpu->minor, wanted.instance, (int)wanted.compute));
    return SUCCESS;
}

API int nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t instance, unsigned id, nvmlComputeInstance_t *compute)
{
    return create_compute(instance, id, NULL, compute);
}

API int nvmlGpuInstanceCreateComputeInstanceWithPlacement(
    nvmlGpuInstance_t instance, unsigned id, const struct placement *placement, nvmlComputeInstance_t *compute)
{
    const struct mig_facts *mig;
    TRY(gpu_instance_of(instance, &mig));
    return placement ? create_compute(instance, id, placement, compute) : INVALID_ARGUMENT;
}

API int nvmlComputeInstanceDestroy(nvmlComputeInstance_t compute)
{
    struct mig_change wanted = {.what = MIG_DESTROY_COMPUTE};
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(compute_instance_of(compute, &mig));
    gpu = &all_gpus()[mig->gpu];
    TRY(need_root(handle_of_gpu(gpu), &gpu));
    wanted.instance = mig->instance;
    wanted.compute = mig->compute_instance;
    if (is_held("nvidia-caps/nvidia-cap", mig->compute_minor))
        return IN_USE;
    return change(gpu, &wanted);
}
