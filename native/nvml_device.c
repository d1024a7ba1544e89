/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Identity and properties of a GPU. */
#include "nvml.h"

API int nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(either_of(device, &gpu, &mig));
    return copy_out(mig ? mig->name : gpu->name, name, length);
}

API int nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(either_of(device, &gpu, &mig));
    return copy_out(mig ? mig->uuid : gpu->uuid, uuid, length);
}

API int nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    return copy_out(gpu->serial, serial, length);
}

API int nvmlDeviceGetBoardPartNumber(nvmlDevice_t device, char *number_text, unsigned length)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return copy_out(facts.board_part_number, number_text, length);
}

API int nvmlDeviceGetBrand(nvmlDevice_t device, unsigned *brand)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    return give_known(facts.brand, brand);
}

API int nvmlDeviceGetArchitecture(nvmlDevice_t device, unsigned *architecture)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    return give_known(facts.architecture, architecture);
}

API int nvmlDeviceGetIrqNum(nvmlDevice_t device, unsigned *number_out)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    return give_known(gpu->irq, number_out);
}

API int nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    if (!major || !minor)
        return INVALID_ARGUMENT;
    if (!facts.capability_major)
        return NOT_SUPPORTED;
    *major = facts.capability_major;
    *minor = facts.capability_minor;
    return SUCCESS;
}

/* A MIG device's index is the one for nvmlDeviceGetMigDeviceHandleByIndex. */
API int nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    TRY(either_of(device, &gpu, &mig));
    if (!index)
        return INVALID_ARGUMENT;
    *index = mig ? visible_mig_index(mig) : visible_index(gpu);
    return SUCCESS;
}

API int nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!minor)
        return INVALID_ARGUMENT;
    *minor = gpu->minor;
    return SUCCESS;
}

/* Domain, bus and device in one number, like in captures of nvidia-smi -q. */
API int nvmlDeviceGetBoardId(nvmlDevice_t device, unsigned *id)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!id)
        return INVALID_ARGUMENT;
    if (!gpu->has_pci)
        return NOT_SUPPORTED;
    *id = gpu->domain << 16 | gpu->bus << 8 | gpu->device;
    return SUCCESS;
}

/* nvmlPciInfo_t; the first version ends before bus_id and subsystem_id. */
struct pci_info {
    char legacy_bus_id[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
};

/* nvmlPciInfoExt_v1_t */
struct pci_info_ext {
    unsigned version, domain, bus, device, device_id, subsystem_id, base_class, sub_class;
    char bus_id[32];
};

static void put_hexadecimal(char **at, uint32_t value, int digits)
{
    while (digits--) {
        unsigned nibble = value >> (4 * digits) & 15;
        *(*at)++ = (char)(nibble < 10 ? '0' + nibble : 'A' + nibble - 10);
    }
}

/* DDDDDDDD:BB:DD.0 with the requested number of digits of the domain. */
static void put_bus_id(char *at, const struct gpu_facts *gpu, int domain_digits)
{
    put_hexadecimal(&at, gpu->domain, domain_digits);
    *at++ = ':';
    put_hexadecimal(&at, gpu->bus, 2);
    *at++ = ':';
    put_hexadecimal(&at, gpu->device, 2);
    *at++ = '.';
    *at++ = '0';
    *at = 0;
}

static int pci_of(nvmlDevice_t device, const void *out, const struct gpu_facts **gpu)
{
    TRY(gpu_or_parent_of(device, gpu));
    if (!out)
        return INVALID_ARGUMENT;
    return (*gpu)->has_pci ? SUCCESS : NOT_SUPPORTED;
}

API int nvmlDeviceGetPciInfo(nvmlDevice_t device, struct pci_info *info)
{
    const struct gpu_facts *gpu;
    TRY(pci_of(device, info, &gpu));
    put_bus_id(info->legacy_bus_id, gpu, 4);
    info->domain = gpu->domain;
    info->bus = gpu->bus;
    info->device = gpu->device;
    info->device_id = facts.pci_device_id;
    return SUCCESS;
}

/* It has the same layout as the third version, except for bus_id, which the second does not have. */
API int nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, struct pci_info *info)
{
    TRY(nvmlDeviceGetPciInfo(device, info));
    info->subsystem_id = facts.pci_subsystem_id;
    return SUCCESS;
}

API int nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, struct pci_info *info)
{
    const struct gpu_facts *gpu;
    TRY(pci_of(device, info, &gpu));
    TRY(nvmlDeviceGetPciInfo_v2(device, info));
    put_bus_id(info->bus_id, gpu, 8);
    return SUCCESS;
}

API int nvmlDeviceGetPciInfoExt(nvmlDevice_t device, struct pci_info_ext *info)
{
    enum { DISPLAY_CONTROLLER = 3, OF_3D = 2 }; /* PCI class 0302, the class of all machines' GPUs */
    const struct gpu_facts *gpu;
    TRY(pci_of(device, info, &gpu));
    if (info->version != STRUCT_VERSION(struct pci_info_ext, 1))
        return VERSION_MISMATCH;
    info->domain = gpu->domain;
    info->bus = gpu->bus;
    info->device = gpu->device;
    info->device_id = facts.pci_device_id;
    info->subsystem_id = facts.pci_subsystem_id;
    info->base_class = DISPLAY_CONTROLLER;
    info->sub_class = OF_3D;
    put_bus_id(info->bus_id, gpu, 8);
    return SUCCESS;
}
