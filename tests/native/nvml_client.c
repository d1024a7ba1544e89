/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A program as NVIDIA's nvml.h makes one: linked with the library, it prints what the header's structures hold, a line for each
 * field. Run by test_nvml_header.py, which compares it with the machine. */
#include <nvml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call) \
    do { \
        nvmlReturn_t status_ = (call); \
        if (status_ != NVML_SUCCESS) { \
            fprintf(stderr, "%s: %s\n", #call, nvmlErrorString(status_)); \
            exit(1); \
        } \
    } while (0)
#define NUMBER(structure, field) printf("%s.%s %llu\n", #structure, #field, (unsigned long long)structure.field)
#define TEXT(structure, field) printf("%s.%s %s\n", #structure, #field, structure.field)
#define VALUE(name) printf("%s %llu\n", #name, (unsigned long long)name)
#define WORDS(name) printf("%s %s\n", #name, name)

static void show_pci(nvmlDevice_t device)
{
    nvmlPciInfo_t pci;
    nvmlPciInfoExt_t ext = {.version = nvmlPciInfoExt_v1};
    TRY(nvmlDeviceGetPciInfo(device, &pci));
    TEXT(pci, busIdLegacy);
    NUMBER(pci, domain);
    NUMBER(pci, bus);
    NUMBER(pci, device);
    NUMBER(pci, pciDeviceId);
    NUMBER(pci, pciSubSystemId);
    TEXT(pci, busId);
    TRY(nvmlDeviceGetPciInfoExt(device, &ext));
    NUMBER(ext, domain);
    NUMBER(ext, bus);
    NUMBER(ext, device);
    NUMBER(ext, pciDeviceId);
    NUMBER(ext, pciSubSystemId);
    NUMBER(ext, baseClass);
    NUMBER(ext, subClass);
    TEXT(ext, busId);
}

static void show_memory(nvmlDevice_t device)
{
    nvmlMemory_t memory;
    nvmlMemory_v2_t memory_v2 = {.version = nvmlMemory_v2};
    TRY(nvmlDeviceGetMemoryInfo(device, &memory));
    NUMBER(memory, total);
    NUMBER(memory, free);
    NUMBER(memory, used);
    TRY(nvmlDeviceGetMemoryInfo_v2(device, &memory_v2));
    NUMBER(memory_v2, total);
    NUMBER(memory_v2, reserved);
    NUMBER(memory_v2, free);
    NUMBER(memory_v2, used);
}

#ifdef NVML_DEVICE_MEMORY_LIMIT_MAX
static void show_limits(nvmlDevice_t device)
{
    nvmlSetMemoryLimits_v1_t wanted = {.nameSpace = "/", .softLimit = 1 << 20, .hardLimit = 1 << 30};
    nvmlGetMemoryLimits_v1_t limits = {.nameSpace = "/", .softLimit = 5, .hardLimit = 6, .currentUsed = 7};
    unsigned set = nvmlDeviceSetMemoryLimits_v1(device, &wanted);
    unsigned get = nvmlDeviceGetMemoryLimits_v1(device, &limits);
    VALUE(set);
    VALUE(get);
    NUMBER(limits, softLimit);
    NUMBER(limits, hardLimit);
    NUMBER(limits, currentUsed);
}
#else
#define show_limits(device) (void)device
#endif

static void show_gpu(nvmlDevice_t device)
{
    char name[NVML_DEVICE_NAME_V2_BUFFER_SIZE], uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
    char serial[NVML_DEVICE_SERIAL_BUFFER_SIZE], vbios[NVML_DEVICE_VBIOS_VERSION_BUFFER_SIZE];
    char part_number[NVML_DEVICE_PART_NUMBER_BUFFER_SIZE];
    unsigned index, minor_number, mig, mig_pending;
    int major, minor;
    nvmlBrandType_t brand;
    nvmlDeviceArchitecture_t architecture;
#if NVML_API_VERSION >= 13
    nvmlDeviceAddressingMode_t addressing = {.version = nvmlDeviceAddressingMode_v1};
#endif
    nvmlFieldValue_t field[2] = {{.fieldId = NVML_FI_DEV_NVLINK_LINK_COUNT}, {.fieldId = NVML_FI_DEV_RETIRED_PENDING}};
    nvmlUtilization_t utilization;
    nvmlEnableState_t link;
    TRY(nvmlDeviceGetName(device, name, sizeof name));
    WORDS(name);
    TRY(nvmlDeviceGetUUID(device, uuid, sizeof uuid));
    WORDS(uuid);
    TRY(nvmlDeviceGetSerial(device, serial, sizeof serial));
    WORDS(serial);
    TRY(nvmlDeviceGetVbiosVersion(device, vbios, sizeof vbios));
    WORDS(vbios);
    TRY(nvmlDeviceGetBoardPartNumber(device, part_number, sizeof part_number));
    WORDS(part_number);
    TRY(nvmlDeviceGetIndex(device, &index));
    VALUE(index);
    TRY(nvmlDeviceGetMinorNumber(device, &minor_number));
    VALUE(minor_number);
    TRY(nvmlDeviceGetCudaComputeCapability(device, &major, &minor));
    VALUE(major);
    VALUE(minor);
    TRY(nvmlDeviceGetBrand(device, &brand));
    VALUE(brand);
    TRY(nvmlDeviceGetArchitecture(device, &architecture));
    VALUE(architecture);
    TRY(nvmlDeviceGetMigMode(device, &mig, &mig_pending));
    VALUE(mig);
    VALUE(mig_pending);
#if NVML_API_VERSION >= 13
    TRY(nvmlDeviceGetAddressingMode(device, &addressing));
    NUMBER(addressing, value);
#endif
    TRY(nvmlDeviceGetFieldValues(device, 2, field));
    NUMBER(field[0], nvmlReturn);
    NUMBER(field[0], valueType);
    NUMBER(field[0], value.uiVal);
    NUMBER(field[1], nvmlReturn);
    if (!mig) {
        TRY(nvmlDeviceGetUtilizationRates(device, &utilization));
        NUMBER(utilization, gpu);
        NUMBER(utilization, memory);
    }
    show_limits(device);
    TRY(nvmlDeviceGetNvLinkState(device, 0, &link));
    VALUE(link);
    show_pci(device);
    show_memory(device);
}

static void show_profiles(nvmlDevice_t device)
{
    unsigned number;
    for (number = 0; number < NVML_GPU_INSTANCE_PROFILE_COUNT; number++) {
        nvmlGpuInstanceProfileInfo_t first;
        nvmlGpuInstanceProfileInfo_v2_t second = {.version = nvmlGpuInstanceProfileInfo_v2};
        nvmlGpuInstanceProfileInfo_v3_t third = {.version = nvmlGpuInstanceProfileInfo_v3};
        nvmlGpuInstancePlacement_t placement[8];
        unsigned count = 8, i;
        if (nvmlDeviceGetGpuInstanceProfileInfo(device, number, &first) != NVML_SUCCESS)
            continue;
        VALUE(number);
#define SHOW(info) \
    NUMBER(info, id), NUMBER(info, sliceCount), NUMBER(info, instanceCount), NUMBER(info, multiprocessorCount), \
        NUMBER(info, copyEngineCount), NUMBER(info, decoderCount), NUMBER(info, encoderCount), NUMBER(info, jpegCount), \
        NUMBER(info, ofaCount), NUMBER(info, memorySizeMB)
        SHOW(first);
        NUMBER(first, isP2pSupported);
        TRY(nvmlDeviceGetGpuInstanceProfileInfoV(device, number, &second));
        SHOW(second);
        NUMBER(second, isP2pSupported);
        TEXT(second, name);
        TRY(nvmlDeviceGetGpuInstanceProfileInfoV(device, number, (nvmlGpuInstanceProfileInfo_v2_t *)&third));
        SHOW(third);
        NUMBER(third, capabilities);
        TEXT(third, name);
        TRY(nvmlDeviceGetGpuInstancePossiblePlacements(device, first.id, placement, &count));
        printf("placements");
        for (i = 0; i < count; i++)
            printf(" %u:%u", placement[i].start, placement[i].size);
        printf("\n");
    }
}

static void show_mig_device(nvmlDevice_t parent, nvmlDevice_t device)
{
    char name[NVML_DEVICE_NAME_V2_BUFFER_SIZE], uuid[NVML_DEVICE_UUID_V2_BUFFER_SIZE];
    unsigned instance_id, compute_id, count = 0;
    nvmlDevice_t found, nvml_parent;
    nvmlDeviceAttributes_t attributes;
    nvmlGpuInstance_t instance;
    nvmlGpuInstanceInfo_t instance_info;
    nvmlComputeInstance_t compute, computes[7];
    nvmlComputeInstanceInfo_t compute_info;
    nvmlComputeInstanceProfileInfo_t first;
    nvmlComputeInstanceProfileInfo_v2_t second = {.version = nvmlComputeInstanceProfileInfo_v2};
    nvmlComputeInstanceProfileInfo_v3_t third = {.version = nvmlComputeInstanceProfileInfo_v3};
    nvmlUUID_t typed = {.version = nvmlUUID_v1, .type = NVML_UUID_TYPE_ASCII};
    show_limits(device);
    TRY(nvmlDeviceGetName(device, name, sizeof name));
    WORDS(name);
    TRY(nvmlDeviceGetUUID(device, uuid, sizeof uuid));
    WORDS(uuid);
    memcpy(typed.value.str, uuid, sizeof typed.value.str);
    TRY(nvmlDeviceGetHandleByUUIDV(&typed, &found));
    TRY(nvmlDeviceGetDeviceHandleFromMigDeviceHandle(found, &nvml_parent));
    TRY(nvmlDeviceGetGpuInstanceId(device, &instance_id));
    VALUE(instance_id);
    TRY(nvmlDeviceGetComputeInstanceId(device, &compute_id));
    VALUE(compute_id);
    TRY(nvmlDeviceGetAttributes(device, &attributes));
    NUMBER(attributes, multiprocessorCount);
    NUMBER(attributes, sharedCopyEngineCount);
    NUMBER(attributes, sharedDecoderCount);
    NUMBER(attributes, sharedEncoderCount);
    NUMBER(attributes, sharedJpegCount);
    NUMBER(attributes, sharedOfaCount);
    NUMBER(attributes, gpuInstanceSliceCount);
    NUMBER(attributes, computeInstanceSliceCount);
    NUMBER(attributes, memorySizeMB);
    TRY(nvmlDeviceGetGpuInstanceById(parent, instance_id, &instance));
    TRY(nvmlGpuInstanceGetInfo(instance, &instance_info));
    NUMBER(instance_info, id);
    NUMBER(instance_info, profileId);
    NUMBER(instance_info, placement.start);
    NUMBER(instance_info, placement.size);
    TRY(nvmlGpuInstanceGetComputeInstanceById(instance, compute_id, &compute));
    TRY(nvmlComputeInstanceGetInfo(compute, &compute_info));
    NUMBER(compute_info, id);
    NUMBER(compute_info, placement.start);
    NUMBER(compute_info, placement.size);
    TRY(nvmlGpuInstanceGetComputeInstances(instance, compute_info.profileId, computes, &count));
    if (found != device || nvml_parent != parent || instance_info.device != parent || compute_info.device != parent ||
        compute_info.gpuInstance != instance || count != 1 || computes[0] != compute)
        exit(2);
    TRY(nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, compute_info.profileId, 0, &first));
#undef SHOW
#define SHOW(info) \
    NUMBER(info, sliceCount), NUMBER(info, instanceCount), NUMBER(info, multiprocessorCount), \
        NUMBER(info, sharedCopyEngineCount), NUMBER(info, sharedDecoderCount), NUMBER(info, sharedEncoderCount), \
        NUMBER(info, sharedJpegCount), NUMBER(info, sharedOfaCount)
    SHOW(first);
    TRY(nvmlGpuInstanceGetComputeInstanceProfileInfoV(instance, compute_info.profileId, 0, &second));
    SHOW(second);
    TEXT(second, name);
    TRY(nvmlGpuInstanceGetComputeInstanceProfileInfoV(
        instance, compute_info.profileId, 0, (nvmlComputeInstanceProfileInfo_v2_t *)&third));
    SHOW(third);
    TEXT(third, name);
    NUMBER(third, capabilities);
    show_memory(device);
}

int main(void)
{
    char driver[NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE], nvml[NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE];
    unsigned count, i, j;
    int cuda;
    nvmlEventSet_t events;
    nvmlEventData_t event;
    TRY(nvmlInit());
    TRY(nvmlSystemGetDriverVersion(driver, sizeof driver));
    WORDS(driver);
    TRY(nvmlSystemGetNVMLVersion(nvml, sizeof nvml));
    WORDS(nvml);
    TRY(nvmlSystemGetCudaDriverVersion(&cuda));
    VALUE(cuda);
    TRY(nvmlDeviceGetCount(&count));
    VALUE(count);
    for (i = 0; i < count; i++) {
        nvmlDevice_t device, mig_device;
        TRY(nvmlDeviceGetHandleByIndex(i, &device));
        printf("= gpu %u\n", i);
        show_gpu(device);
        printf("= profiles %u\n", i);
        show_profiles(device);
        for (j = 0; nvmlDeviceGetMigDeviceHandleByIndex(device, j, &mig_device) == NVML_SUCCESS; j++) {
            printf("= mig %u:%u\n", i, j);
            show_mig_device(device, mig_device);
        }
    }
    TRY(nvmlEventSetCreate(&events));
    if (nvmlEventSetWait(events, &event, 10) != NVML_ERROR_TIMEOUT)
        return 3;
    TRY(nvmlEventSetFree(events));
    TRY(nvmlShutdown());
    return nvmlShutdown() == NVML_ERROR_UNINITIALIZED ? 0 : 4;
}
