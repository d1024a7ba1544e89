/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A handle is the address of a record: of the facts for a GPU, of nvml_mig_live.c for everything that MIG makes. The lowest bits, which
 * are 0 in an address of a record, distinguish a compute instance from the MIG device whose record it shares. Any other handle is refused. */
#include "nvml_mig.h"
#include "nvml_state.h"
#include "text.h"

enum { OF_DEVICE = 0, OF_GPU_INSTANCE = 1, OF_COMPUTE_INSTANCE = 2, TAGS = 3 };

static const void *record(uintptr_t address, const void *first, size_t size, unsigned count)
{
    uintptr_t offset = address - (uintptr_t)first;
    return address >= (uintptr_t)first && offset < size * count && offset % size == 0 ? (const void *)address : NULL;
}

/* The record of a handle; NULL if the instance does not exist. */
static const struct mig_facts *tagged_record(const void *handle, unsigned tag)
{
    uintptr_t address = (uintptr_t)handle;
    const struct mig_facts *mig = (address & TAGS) == tag ? mig_record(address - tag) : NULL;
    return mig && (tag == OF_GPU_INSTANCE ? is_gpu_instance(mig) : is_compute_instance(mig)) ? mig : NULL;
}

int either_of(nvmlDevice_t device, const struct gpu_facts **gpu, const struct mig_facts **mig)
{
    TRY(initialized());
    *gpu = record((uintptr_t)device, all_gpus(), sizeof **gpu, facts.gpu_count);
    *mig = *gpu ? NULL : tagged_record(device, OF_DEVICE);
    if (!*gpu && !*mig)
        return INVALID_ARGUMENT;
    return gpu_is_lost(*gpu ? *gpu : &all_gpus()[(*mig)->gpu]) ? GPU_IS_LOST : SUCCESS;
}

int gpu_of(nvmlDevice_t device, const struct gpu_facts **gpu)
{
    const struct mig_facts *mig;
    TRY(either_of(device, gpu, &mig));
    return mig ? NOT_SUPPORTED : SUCCESS;
}

int gpu_or_parent_of(nvmlDevice_t device, const struct gpu_facts **gpu)
{
    const struct mig_facts *mig;
    TRY(either_of(device, gpu, &mig));
    if (mig)
        *gpu = &all_gpus()[mig->gpu];
    return SUCCESS;
}

static int instance_status(const struct mig_facts *mig)
{
    if (!mig)
        return INVALID_ARGUMENT;
    return gpu_is_lost(&all_gpus()[mig->gpu]) ? GPU_IS_LOST : SUCCESS;
}

int gpu_instance_of(nvmlGpuInstance_t instance, const struct mig_facts **mig)
{
    TRY(initialized());
    *mig = tagged_record(instance, OF_GPU_INSTANCE);
    return instance_status(*mig);
}

int compute_instance_of(nvmlComputeInstance_t instance, const struct mig_facts **mig)
{
    TRY(initialized());
    *mig = tagged_record(instance, OF_COMPUTE_INSTANCE);
    return instance_status(*mig);
}

int give_handle(const struct gpu_facts *gpu, nvmlDevice_t *device)
{
    if (gpu_is_lost(gpu))
        return GPU_IS_LOST;
    *device = handle_of_gpu(gpu);
    return SUCCESS;
}

nvmlDevice_t handle_of_gpu(const struct gpu_facts *gpu)
{
    return (nvmlDevice_t)gpu;
}

nvmlDevice_t handle_of_mig(const struct mig_facts *mig)
{
    return (nvmlDevice_t)mig;
}

nvmlGpuInstance_t gpu_instance(const struct mig_facts *mig)
{
    return (nvmlGpuInstance_t)((uintptr_t)mig + OF_GPU_INSTANCE);
}

nvmlComputeInstance_t compute_instance(const struct mig_facts *mig)
{
    return (nvmlComputeInstance_t)((uintptr_t)mig + OF_COMPUTE_INSTANCE);
}

unsigned visible_index(const struct gpu_facts *gpu)
{
    unsigned index = 0;
    while (index < visible_count() && visible_gpu(index) != gpu)
        index++;
    return index;
}

int is_visible(const struct mig_facts *mig)
{
    return visible_index(&all_gpus()[mig->gpu]) < visible_count() && node_exists("nvidia-caps/nvidia-cap", mig->compute_minor);
}

unsigned visible_mig_index(const struct mig_facts *mig)
{
    const struct mig_facts *other = NULL;
    unsigned index = 0;
    while ((other = next_mig(&all_gpus()[mig->gpu], other)) && other < mig)
        index += (unsigned)is_visible(other);
    return index;
}

int copy_out(const char *text, char *out, unsigned length)
{
    if (!out)
        return INVALID_ARGUMENT;
    if (!text[0])
        return NOT_SUPPORTED;
    if (length_of(text) >= length)
        return INSUFFICIENT_SIZE;
    while ((*out++ = *text++))
        ;
    return SUCCESS;
}

int give_known(uint32_t value, unsigned *out)
{
    if (!out)
        return INVALID_ARGUMENT;
    if (!value)
        return NOT_SUPPORTED;
    *out = value;
    return SUCCESS;
}
