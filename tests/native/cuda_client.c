/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A deviceQuery compiled with NVIDIA's cuda.h and linked with the library. Prints a name and a value per line. */
#include <cuda.h>
#include <stdio.h>

#define CHECK(call) \
    do { \
        CUresult status_ = (call); \
        if (status_ != CUDA_SUCCESS) { \
            const char *name_ = "?"; \
            cuGetErrorName(status_, &name_); \
            fprintf(stderr, "%s: %s\n", #call, name_); \
            return 1; \
        } \
    } while (0)

#define ATTRIBUTE(name) \
    do { \
        int value_ = 0; \
        CHECK(cuDeviceGetAttribute(&value_, CU_DEVICE_ATTRIBUTE_##name, device)); \
        printf("%d.%s %d\n", i, #name, value_); \
    } while (0)

int main(void)
{
    int version, count, i, k;
    CHECK(cuInit(0));
    CHECK(cuDriverGetVersion(&version));
    CHECK(cuDeviceGetCount(&count));
    printf("version %d\ncount %d\n", version, count);
    for (i = 0; i < count; i++) {
        CUdevice device, again;
        CUcontext context;
        CUdeviceptr memory;
        CUuuid uuid;
        CUdevprop properties;
        char name[128], bus[32];
        size_t total, free_now, all;
        unsigned flags;
        int active, peer;
        CHECK(cuDeviceGet(&device, i));
        CHECK(cuDeviceGetName(name, sizeof name, device));
        CHECK(cuDeviceGetUuid(&uuid, device));
        CHECK(cuDeviceTotalMem(&total, device));
        CHECK(cuDeviceGetPCIBusId(bus, sizeof bus, device));
        CHECK(cuDeviceGetByPCIBusId(&again, bus));
        CHECK(cuDeviceGetProperties(&properties, device));
        CHECK(cuDeviceCanAccessPeer(&peer, device, (device + 1) % count));
        printf("%d.name %s\n%d.uuid ", i, name, i);
        for (k = 0; k < 16; k++)
            printf("%02x", (unsigned char)uuid.bytes[k]);
        printf("\n%d.total %zu\n%d.bus %s\n%d.again %d\n%d.peer %d\n", i, total, i, bus, i, again, i, peer);
        printf("%d.threads %d\n%d.warp %d\n%d.clock %d\n", i, properties.maxThreadsPerBlock, i, properties.SIMDWidth, i,
               properties.clockRate);
        ATTRIBUTE(MULTIPROCESSOR_COUNT);
        ATTRIBUTE(COMPUTE_CAPABILITY_MAJOR);
        ATTRIBUTE(COMPUTE_CAPABILITY_MINOR);
        ATTRIBUTE(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
        ATTRIBUTE(L2_CACHE_SIZE);
        ATTRIBUTE(GLOBAL_MEMORY_BUS_WIDTH);
        ATTRIBUTE(UNIFIED_ADDRESSING);
        CHECK(cuDevicePrimaryCtxRetain(&context, device));
        CHECK(cuCtxPushCurrent(context));
        CHECK(cuMemGetInfo(&free_now, &all));
        CHECK(cuDevicePrimaryCtxGetState(device, &flags, &active));
        printf("%d.free %zu\n%d.all %zu\n%d.active %d\n", i, free_now, i, all, i, active);
        printf("%d.alloc %d\n", i, cuMemAlloc(&memory, 4096));
        CHECK(cuCtxSynchronize());
        CHECK(cuCtxPopCurrent(&context));
        CHECK(cuDevicePrimaryCtxRelease(device));
    }
    return 0;
}
