/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What a device is. */
#include "bus_id.h"
#include "cuda.h"
#include "text.h"

uint64_t memory_of(const struct device *device)
{
    return device->mig ? device->mig->memory : facts.memory;
}

API int cuDeviceGetCount(int *count)
{
    TRY(initialized());
    if (!count)
        return INVALID_VALUE;
    *count = (int)device_count();
    return SUCCESS;
}

API int cuDeviceGet(CUdevice *device, int place)
{
    const struct device *found;
    TRY(initialized());
    if (!device)
        return INVALID_VALUE;
    TRY(device_of(place, &found));
    *device = place;
    return SUCCESS;
}

/* Checks a call that asks about one device. */
static int asked(const void *answer, CUdevice number, const struct device **device)
{
    TRY(initialized());
    if (!answer)
        return INVALID_VALUE;
    return device_of(number, device);
}

API int cuDeviceGetName(char *name, int length, CUdevice number)
{
    const struct device *device;
    TRY(asked(name, number, &device));
    if (length < 1)
        return INVALID_VALUE;
    join(name, (size_t)length, device->mig ? device->mig->name : device->gpu->name, NULL); /* shortened if need be */
    return SUCCESS;
}

/* CUuuid */
struct uuid {
    unsigned char bytes[16];
};

/* Sets the 16 bytes of a text such as GPU-<UUID>. */
static void read_uuid(const char *text, struct uuid *uuid)
{
    unsigned digits = 0;
    *uuid = (struct uuid){{0}};
    for (text += 4; *text && digits < 32; text++) {
        char digit[2] = {*text, 0};
        uint64_t value;
        if (number(digit, 16, &value, NULL) == 0) {
            uuid->bytes[digits / 2] |= (unsigned char)(digits % 2 ? value : value << 4);
            digits++;
        }
    }
}

/* The first version does not know MIG devices. */
API int cuDeviceGetUuid(struct uuid *uuid, CUdevice number)
{
    const struct device *device;
    TRY(asked(uuid, number, &device));
    read_uuid(device->gpu->uuid, uuid);
    return SUCCESS;
}

API int cuDeviceGetUuid_v2(struct uuid *uuid, CUdevice number)
{
    const struct device *device;
    TRY(asked(uuid, number, &device));
    read_uuid(device->mig ? device->mig->uuid : device->gpu->uuid, uuid);
    return SUCCESS;
}

API int cuDeviceTotalMem_v2(size_t *bytes, CUdevice number)
{
    const struct device *device;
    TRY(asked(bytes, number, &device));
    if (!memory_of(device))
        return NOT_SUPPORTED;
    *bytes = memory_of(device);
    return SUCCESS;
}

API int cuDeviceTotalMem(unsigned *bytes, CUdevice number)
{
    size_t all;
    if (initialized() == SUCCESS && !bytes)
        return INVALID_VALUE;
    TRY(cuDeviceTotalMem_v2(&all, number));
    *bytes = all > UINT32_MAX ? UINT32_MAX : (unsigned)all;
    return SUCCESS;
}

static int attribute_of(const struct device *device, CUdevice number, int attribute)
{
    const struct gpu_facts *gpu = device->gpu;
    const struct mig_facts *mig = device->mig;
    switch (attribute) {
    case PCI_BUS_ID: return gpu->has_pci ? (int)gpu->bus : UNKNOWN;
    case PCI_DEVICE_ID: return gpu->has_pci ? (int)gpu->device : UNKNOWN;
    case PCI_DOMAIN_ID: return gpu->has_pci ? (int)gpu->domain : UNKNOWN;
    case MULTI_GPU_BOARD_GROUP_ID: return number;
    }
    if (mig) {
        switch (attribute) {
        case MULTIPROCESSOR_COUNT: return mig->multiprocessors;
        case L2_CACHE_SIZE: return mig->l2_cache;
        case ASYNC_ENGINE_COUNT: return mig->copy_engines;
        case MAX_PERSISTING_L2_CACHE_SIZE: return 0;
        }
    }
    return facts.attributes[attribute];
}

API int cuDeviceGetAttribute(int *value, int attribute, CUdevice number)
{
    const struct device *device;
    int known;
    TRY(asked(value, number, &device));
    if (attribute < 1 || attribute >= facts.attribute_count || attribute >= ATTRIBUTES)
        return INVALID_VALUE;
    known = attribute_of(device, number, attribute);
    if (known == UNKNOWN)
        return NOT_SUPPORTED;
    *value = known;
    return SUCCESS;
}

API int cuDeviceComputeCapability(int *major, int *minor, CUdevice number)
{
    const struct device *device;
    TRY(asked(major, number, &device));
    if (!minor)
        return INVALID_VALUE;
    if (facts.attributes[COMPUTE_CAPABILITY_MAJOR] == UNKNOWN)
        return NOT_SUPPORTED;
    *major = facts.attributes[COMPUTE_CAPABILITY_MAJOR];
    *minor = facts.attributes[COMPUTE_CAPABILITY_MINOR];
    return SUCCESS;
}

/* CUdevprop: its members are the first attributes, in their order. */
struct properties {
    int attributes[14];
};

API int cuDeviceGetProperties(struct properties *properties, CUdevice number)
{
    const struct device *device;
    int i;
    TRY(asked(properties, number, &device));
    for (i = 0; i < 14; i++) {
        if (attribute_of(device, number, i + 1) == UNKNOWN)
            return NOT_SUPPORTED;
    }
    for (i = 0; i < 14; i++)
        properties->attributes[i] = attribute_of(device, number, i + 1);
    return SUCCESS;
}

/* Writes at least *width* upper-case hexadecimal digits; returns the end. */
static char *write_digits(char *out, uint64_t value, unsigned width)
{
    char digits[21];
    size_t length = length_of(hexadecimal(value, digits)), i;
    for (i = length; i < width; i++)
        *out++ = '0';
    for (i = 0; i < length; i++)
        *out++ = digits[i] >= 'a' ? (char)(digits[i] - 'a' + 'A') : digits[i];
    return out;
}

API int cuDeviceGetPCIBusId(char *id, int length, CUdevice number)
{
    const struct device *device;
    const struct gpu_facts *gpu;
    char text[32], *end;
    TRY(asked(id, number, &device));
    gpu = device->gpu;
    if (!gpu->has_pci)
        return NOT_SUPPORTED;
    end = write_digits(text, gpu->domain, 4);
    *end++ = ':';
    end = write_digits(end, gpu->bus, 2);
    *end++ = ':';
    end = write_digits(end, gpu->device, 2);
    *end++ = '.';
    *end++ = '0';
    *end = 0;
    if (length <= end - text)
        return INVALID_VALUE;
    join(id, (size_t)length, text, NULL);
    return SUCCESS;
}

API int cuDeviceGetByPCIBusId(CUdevice *number, const char *id)
{
    uint64_t parts[3];
    unsigned i;
    TRY(initialized());
    if (!number || !id || !parse_bus_id(id, parts))
        return INVALID_VALUE;
    for (i = 0; i < device_count(); i++) {
        const struct gpu_facts *gpu = device_at(i)->gpu;
        if (gpu->has_pci && gpu->domain == parts[0] && gpu->bus == parts[1] && gpu->device == parts[2]) {
            *number = (CUdevice)i;
            return SUCCESS;
        }
    }
    return INVALID_DEVICE;
}

API int cuDeviceCanAccessPeer(int *can, CUdevice number, CUdevice other)
{
    const struct device *one, *peer;
    TRY(asked(can, number, &one));
    TRY(device_of(other, &peer));
    *can = facts.has_peers && one != peer;
    return SUCCESS;
}

/* CUdevice_P2PAttribute */
enum { PERFORMANCE_RANK = 1, ACCESS_SUPPORTED = 2, NATIVE_ATOMIC_SUPPORTED = 3, CUDA_ARRAY_ACCESS_SUPPORTED = 4 };

API int cuDeviceGetP2PAttribute(int *value, int attribute, CUdevice number, CUdevice other)
{
    const struct device *one, *peer;
    TRY(asked(value, number, &one));
    if (attribute < PERFORMANCE_RANK || attribute > CUDA_ARRAY_ACCESS_SUPPORTED)
        return INVALID_VALUE;
    TRY(device_of(other, &peer));
    if (one == peer)
        return INVALID_DEVICE;
    *value = attribute != PERFORMANCE_RANK && facts.has_peers; /* All links have the same, best rank. */
    return SUCCESS;
}
