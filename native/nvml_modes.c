/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Modes of a GPU: the functions that return them. Those that set them are in nvml_settings.c. */
#include "nvml.h"

#define MODE(name, which) \
    API int name(nvmlDevice_t device, unsigned *mode) \
    { \
        return give_number(device, which, mode); \
    }

MODE(nvmlDeviceGetComputeMode, COMPUTE_MODE)
MODE(nvmlDeviceGetDisplayMode, DISPLAY_MODE)
MODE(nvmlDeviceGetDisplayActive, DISPLAY_ACTIVE)
MODE(nvmlDeviceGetPersistenceMode, PERSISTENCE_MODE)
MODE(nvmlDeviceGetVirtualizationMode, VIRTUALIZATION_MODE)
MODE(nvmlDeviceGetHostVgpuMode, HOST_VGPU_MODE)
MODE(nvmlDeviceGetMultiGpuBoard, MULTI_GPU_BOARD)
/* nvmlC2cModeInfo_v1_t has one number. */
MODE(nvmlDeviceGetC2cModeInfoV, C2C_MODE)

static int give_pair(nvmlDevice_t device, enum number first, enum number second, unsigned *current, unsigned *pending)
{
    unsigned mode;
    TRY(give_number(device, first, current ? &mode : NULL));
    TRY(give_number(device, second, pending));
    *current = mode;
    return SUCCESS;
}

API int nvmlDeviceGetGpuOperationMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    return give_pair(device, OPERATION_MODE, PENDING_OPERATION_MODE, current, pending);
}

/* nvmlDramEncryptionInfo_v1_t */
struct encryption {
    unsigned version, state;
};

API int nvmlDeviceGetDramEncryptionMode(nvmlDevice_t device, struct encryption *current, struct encryption *pending)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!current || !pending)
        return INVALID_ARGUMENT;
    if (current->version != STRUCT_VERSION(struct encryption, 1) || pending->version != current->version)
        return VERSION_MISMATCH;
    return give_pair(device, DRAM_ENCRYPTION, PENDING_DRAM_ENCRYPTION, &current->state, &pending->state);
}

/* The same as /proc/driver/nvidia/gpus/<bus id>/information. */
API int nvmlDeviceGetBusType(nvmlDevice_t device, unsigned *type)
{
    enum { BUS_PCIE = 2 };
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!type)
        return INVALID_ARGUMENT;
    *type = BUS_PCIE;
    return SUCCESS;
}

/* nvmlDeviceAddressingMode_v1_t */
struct addressing_mode {
    unsigned version, value;
};

API int nvmlDeviceGetAddressingMode(nvmlDevice_t device, struct addressing_mode *mode)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!mode)
        return INVALID_ARGUMENT;
    if (mode->version != STRUCT_VERSION(struct addressing_mode, 1))
        return VERSION_MISMATCH;
    return give_number(device, ADDRESSING_MODE, &mode->value);
}
