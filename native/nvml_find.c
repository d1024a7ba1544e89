/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Functions that find a device's handle. */
#include "bus_id.h"
#include "nvml_mig.h"
#include "nvml_state.h"
#include "text.h"

API int nvmlDeviceGetCount_v2(unsigned *count)
{
    TRY(initialized());
    if (!count)
        return INVALID_ARGUMENT;
    *count = visible_count();
    return SUCCESS;
}

API int nvmlDeviceGetCount(unsigned *count)
{
    return nvmlDeviceGetCount_v2(count);
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    TRY(initialized());
    if (!device || index >= visible_count())
        return INVALID_ARGUMENT;
    return give_handle(visible_gpu(index), device);
}

API int nvmlDeviceGetHandleByIndex(unsigned index, nvmlDevice_t *device)
{
    return nvmlDeviceGetHandleByIndex_v2(index, device);
}

API int nvmlDeviceGetHandleBySerial(const char *serial, nvmlDevice_t *device)
{
    unsigned i;
    TRY(initialized());
    if (!serial || !serial[0] || !device)
        return INVALID_ARGUMENT;
    for (i = 0; i < visible_count(); i++) {
        if (equal(visible_gpu(i)->serial, serial))
            return give_handle(visible_gpu(i), device);
    }
    return NOT_FOUND;
}

API int nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    unsigned i;
    TRY(initialized());
    if (!uuid || !device)
        return INVALID_ARGUMENT;
    for (i = 0; i < visible_count(); i++) {
        if (equal(visible_gpu(i)->uuid, uuid))
            return give_handle(visible_gpu(i), device);
    }
    for (i = 0; i < visible_count(); i++) {
        const struct mig_facts *mig = NULL;
        while ((mig = next_mig(visible_gpu(i), mig))) {
            if (equal(mig->uuid, uuid) && is_visible(mig)) {
                if (gpu_is_lost(visible_gpu(i)))
                    return GPU_IS_LOST;
                *device = handle_of_mig(mig);
                return SUCCESS;
            }
        }
    }
    return NOT_FOUND;
}

/* nvmlUUID_t */
struct typed_uuid {
    unsigned version, type;
    char value[41];
};
enum { ASCII = 1 };

API int nvmlDeviceGetHandleByUUIDV(const struct typed_uuid *uuid, nvmlDevice_t *device)
{
    char text[sizeof uuid->value + 1] = "";
    unsigned i;
    TRY(initialized());
    if (!uuid || !device)
        return INVALID_ARGUMENT;
    if (uuid->version != STRUCT_VERSION(struct typed_uuid, 1))
        return VERSION_MISMATCH;
    if (uuid->type != ASCII)
        return NOT_SUPPORTED;
    for (i = 0; i < sizeof uuid->value && uuid->value[i]; i++)
        text[i] = uuid->value[i];
    return nvmlDeviceGetHandleByUUID(text, device);
}

API int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device)
{
    uint64_t parts[3];
    unsigned i;
    TRY(initialized());
    if (!bus_id || !device || !parse_bus_id(bus_id, parts))
        return INVALID_ARGUMENT;
    for (i = 0; i < visible_count(); i++) {
        const struct gpu_facts *gpu = visible_gpu(i);
        if (gpu->has_pci && gpu->domain == parts[0] && gpu->bus == parts[1] && gpu->device == parts[2])
            return give_handle(gpu, device);
    }
    return NOT_FOUND;
}

API int nvmlDeviceGetHandleByPciBusId(const char *bus_id, nvmlDevice_t *device)
{
    return nvmlDeviceGetHandleByPciBusId_v2(bus_id, device);
}
