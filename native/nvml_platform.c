/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Where a GPU is in its chassis, and the NVLink fabric that it belongs to. */
#include "nvml.h"
#include "text.h"

API int nvmlDeviceGetModuleId(nvmlDevice_t device, unsigned *id)
{
    return give_number(device, MODULE_ID, id);
}

/* nvmlPdi_v1_t */
struct pdi {
    unsigned version;
    unsigned long long value;
};

API int nvmlDeviceGetPdi(nvmlDevice_t device, struct pdi *pdi)
{
    const struct gpu_facts *gpu;
    int64_t value;
    TRY(gpu_of(device, &gpu));
    if (!pdi)
        return INVALID_ARGUMENT;
    if (pdi->version != STRUCT_VERSION(struct pdi, 1))
        return VERSION_MISMATCH;
    TRY(number_of(gpu, PDI, &value));
    pdi->value = (unsigned long long)value;
    return SUCCESS;
}

/* nvmlPlatformInfo_v2_t; the first version has the same layout, with the rack in place of the chassis. */
struct platform {
    unsigned version;
    unsigned char guid[16], serial[16], slot, tray, host, peer, module;
};

API int nvmlDeviceGetPlatformInfo(nvmlDevice_t device, struct platform *platform)
{
    const struct gpu_facts *gpu;
    int64_t peer, guid;
    int i;
    TRY(gpu_of(device, &gpu));
    if (!platform)
        return INVALID_ARGUMENT;
    if (platform->version != STRUCT_VERSION(struct platform, 1) && platform->version != STRUCT_VERSION(struct platform, 2))
        return VERSION_MISMATCH;
    /* Boards that have only a module ID do not know their platform. */
    TRY(number_of(gpu, PEER_TYPE, &peer));
    *platform = (struct platform){.version = platform->version, .peer = (unsigned char)peer};
    guid = number_or(gpu, FABRIC_GUID, 0);
    for (i = 0; i < 8; i++)
        platform->guid[i] = (unsigned char)((uint64_t)guid >> (56 - 8 * i));
    for (i = 0; i < 16 && gpu->texts[CHASSIS_SERIAL][i]; i++)
        platform->serial[i] = (unsigned char)gpu->texts[CHASSIS_SERIAL][i];
    platform->slot = (unsigned char)number_or(gpu, SLOT_NUMBER, 0);
    platform->tray = (unsigned char)number_or(gpu, TRAY_INDEX, 0);
    platform->host = (unsigned char)number_or(gpu, HOST_ID, 0);
    platform->module = (unsigned char)number_or(gpu, MODULE_ID, 0);
    return SUCCESS;
}

/* nvmlGpuFabricInfo_t; nvmlGpuFabricInfo_v2_t and _v3_t, of which the second version ends before the summary */
struct fabric {
    unsigned char cluster[CLUSTER];
    unsigned status, clique;
    unsigned char state;
};
struct fabric_v3 {
    unsigned version;
    unsigned char cluster[CLUSTER];
    unsigned status, clique;
    unsigned char state;
    unsigned health;
    unsigned char summary;
};
struct fabric_v2 {
    unsigned version;
    unsigned char cluster[CLUSTER];
    unsigned status, clique;
    unsigned char state;
    unsigned health;
};

static int fabric_of(nvmlDevice_t device, const void *out, const struct gpu_facts **gpu, int64_t *state)
{
    TRY(gpu_of(device, gpu));
    if (!out)
        return INVALID_ARGUMENT;
    return number_of(*gpu, FABRIC_STATE, state);
}

static void put_cluster(const struct gpu_facts *gpu, unsigned char *cluster)
{
    int i;
    for (i = 0; i < CLUSTER; i++)
        cluster[i] = gpu->cluster[i];
}

API int nvmlDeviceGetGpuFabricInfo(nvmlDevice_t device, struct fabric *fabric)
{
    const struct gpu_facts *gpu;
    int64_t state;
    TRY(fabric_of(device, fabric, &gpu, &state));
    put_cluster(gpu, fabric->cluster);
    fabric->status = (unsigned)number_or(gpu, FABRIC_STATUS, SUCCESS);
    fabric->clique = (unsigned)number_or(gpu, FABRIC_CLIQUE, 0);
    fabric->state = (unsigned char)state;
    return SUCCESS;
}

API int nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, struct fabric_v3 *fabric)
{
    const struct gpu_facts *gpu;
    int64_t state;
    TRY(gpu_of(device, &gpu));
    if (!fabric)
        return INVALID_ARGUMENT;
    if (fabric->version != STRUCT_VERSION(struct fabric_v2, 2) && fabric->version != STRUCT_VERSION(struct fabric_v3, 3))
        return VERSION_MISMATCH;
    TRY(fabric_of(device, fabric, &gpu, &state));
    put_cluster(gpu, fabric->cluster);
    fabric->status = (unsigned)number_or(gpu, FABRIC_STATUS, SUCCESS);
    fabric->clique = (unsigned)number_or(gpu, FABRIC_CLIQUE, 0);
    fabric->state = (unsigned char)state;
    fabric->health = (unsigned)number_or(gpu, FABRIC_HEALTH_MASK, 0);
    if (fabric->version == STRUCT_VERSION(struct fabric_v3, 3))
        fabric->summary = (unsigned char)number_or(gpu, FABRIC_HEALTH, 0);
    return SUCCESS;
}

/* nvmlGpuFabricInfo_v4_t */
struct fabric_v4 {
    unsigned char cluster[CLUSTER];
    unsigned status;
    struct {
        unsigned char type;
        unsigned id;
    } cliques[64];
    unsigned count;
    unsigned char state;
    unsigned health;
    unsigned char summary;
};

API int nvmlDeviceGetGpuFabricInfo_v4(nvmlDevice_t device, struct fabric_v4 *fabric)
{
    enum { UNICAST_POINTER = 0 };
    const struct gpu_facts *gpu;
    int64_t state;
    TRY(fabric_of(device, fabric, &gpu, &state));
    *fabric = (struct fabric_v4){.status = (unsigned)number_or(gpu, FABRIC_STATUS, SUCCESS), .state = (unsigned char)state};
    put_cluster(gpu, fabric->cluster);
    fabric->count = 1;
    fabric->cliques[0].type = UNICAST_POINTER;
    fabric->cliques[0].id = (unsigned)number_or(gpu, FABRIC_CLIQUE, 0);
    fabric->health = (unsigned)number_or(gpu, FABRIC_HEALTH_MASK, 0);
    fabric->summary = (unsigned char)number_or(gpu, FABRIC_HEALTH, 0);
    return SUCCESS;
}

/* nvmlDeviceCapabilities_v1_t: the lowest bit is extended GPU memory */
struct device_capabilities {
    unsigned version, mask;
};

API int nvmlDeviceGetCapabilities(nvmlDevice_t device, struct device_capabilities *capabilities)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!capabilities)
        return INVALID_ARGUMENT;
    if (capabilities->version != STRUCT_VERSION(struct device_capabilities, 1))
        return VERSION_MISMATCH;
    return give_number(device, EGM, &capabilities->mask);
}
