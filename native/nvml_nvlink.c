/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* How GPUs are connected. NVLinks lead to NVSwitches that connect all GPUs, like on the boards of the machine types.
 * The switches' own addresses are unknown. */
#include "nvml.h"
#include "nvml_state.h"

enum { MAXIMUM_LINKS = 36 };
enum { ENABLED = 1, TO_SWITCH = 2 };
enum { CAPABILITIES = 6 }; /* nvmlNvLinkCapability_t */

static int link_of(nvmlDevice_t device, unsigned link, const void *out)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!out)
        return INVALID_ARGUMENT;
    if (link < facts.nvlinks)
        return SUCCESS;
    return link < MAXIMUM_LINKS ? NOT_SUPPORTED : INVALID_ARGUMENT;
}

API int nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned link, unsigned *active)
{
    const struct gpu_facts *gpu;
    TRY(link_of(device, link, active));
    TRY(gpu_of(device, &gpu));
    *active = link_is_active(gpu, link) ? ENABLED : 0;
    return SUCCESS;
}

API int nvmlDeviceGetNvLinkCapability(nvmlDevice_t device, unsigned link, unsigned capability, unsigned *result)
{
    TRY(link_of(device, link, result));
    if (capability >= CAPABILITIES)
        return INVALID_ARGUMENT;
    *result = 1; /* nvidia-smi nvlink -c prints "true" for each of them on boards with NVSwitches. */
    return SUCCESS;
}

API int nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned link, unsigned *type)
{
    TRY(link_of(device, link, type));
    *type = TO_SWITCH;
    return SUCCESS;
}

/* nvmlNvlinkVersion_t, and MB/s of a link as nvidia-smi nvlink -s prints it: by architecture, because each has one version of NVLink. */
struct nvlink_facts {
    unsigned version, speed;
};

static const struct nvlink_facts *nvlink(void)
{
    enum { VOLTA = 5 };
    static const struct nvlink_facts by_architecture[] = {
        {2, 25781}, /* Volta */
        {2, 25781}, /* Turing */
        {4, 25000}, /* Ampere */
        {0, 0},     /* Ada has none */
        {6, 26562}, /* Hopper */
        {7, 53125}, /* Blackwell */
    };
    unsigned place = facts.architecture - VOLTA;
    return place < sizeof by_architecture / sizeof *by_architecture ? &by_architecture[place] : NULL;
}

unsigned nvlink_speed(void)
{
    return nvlink() ? nvlink()->speed : 0;
}

unsigned nvlink_version(void)
{
    return nvlink() ? nvlink()->version : 0;
}

API int nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, unsigned link, unsigned *version)
{
    TRY(link_of(device, link, version));
    return give_known(nvlink_version(), version);
}

API int nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t device, unsigned link, unsigned counter, unsigned long long *count)
{
    const struct gpu_facts *gpu;
    TRY(link_of(device, link, count));
    if (counter >= LINK_ERRORS) /* nvmlNvLinkErrorCounter_t */
        return INVALID_ARGUMENT;
    TRY(gpu_of(device, &gpu));
    *count = (unsigned long long)link_errors(gpu, link, counter);
    return SUCCESS;
}

API int nvmlDeviceResetNvLinkErrorCounters(nvmlDevice_t device, unsigned link)
{
    struct state_edit edits[LINK_ERRORS];
    const struct gpu_facts *gpu;
    unsigned i, any = 0;
    TRY(link_of(device, link, &gpu));
    TRY(need_root(device, &gpu));
    for (i = 0; i < LINK_ERRORS; i++) {
        edits[i] = (struct state_edit){.setting = SET_FIRST_LINK + 8 * link + 1 + i, .remove = 1};
        any |= link_errors(gpu, link, i) != 0;
    }
    return any ? state_set(gpu, edits, LINK_ERRORS) : SUCCESS;
}

/* nvmlGpuTopologyLevel_t */
enum { INTERNAL = 0, ONE_SWITCH = 10, NODE = 40, SYSTEM = 50 };

static unsigned level_of(const struct gpu_facts *one, const struct gpu_facts *other)
{
    unsigned a = (unsigned)(one - all_gpus()), b = (unsigned)(other - all_gpus());
    if (a == b)
        return INTERNAL;
    if (facts.gpus_per_switch && a / facts.gpus_per_switch == b / facts.gpus_per_switch)
        return ONE_SWITCH;
    if (facts.gpus_per_socket && a / facts.gpus_per_socket == b / facts.gpus_per_socket)
        return NODE;
    return SYSTEM;
}

API int nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t one, nvmlDevice_t other, unsigned *level)
{
    const struct gpu_facts *a, *b;
    TRY(gpu_of(one, &a));
    TRY(gpu_of(other, &b));
    if (!level)
        return INVALID_ARGUMENT;
    *level = level_of(a, b);
    return SUCCESS;
}

API int nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t device, unsigned level, unsigned *count, nvmlDevice_t *nearest)
{
    const struct gpu_facts *gpu;
    unsigned i, found = 0;
    TRY(gpu_of(device, &gpu));
    if (!count || level > SYSTEM || (*count && !nearest))
        return INVALID_ARGUMENT;
    for (i = 0; i < visible_count(); i++) {
        if (visible_gpu(i) == gpu || level_of(gpu, visible_gpu(i)) != level)
            continue;
        if (found < *count)
            nearest[found] = handle_of_gpu(visible_gpu(i));
        found++;
    }
    if (*count == 0 || found < *count) /* zero requests the number */
        *count = found;
    return SUCCESS;
}

/* The GPUs near a CPU: all, as nvml_affinity.c has it the other way round. */
API int nvmlSystemGetTopologyGpuSet(unsigned cpu, unsigned *count, nvmlDevice_t *devices)
{
    unsigned i, room;
    (void)cpu;
    TRY(initialized());
    if (!count || (*count && !devices))
        return INVALID_ARGUMENT;
    room = *count;
    for (i = 0; i < room && i < visible_count(); i++)
        devices[i] = handle_of_gpu(visible_gpu(i));
    if (room == 0 || visible_count() < room) /* zero requests the number */
        *count = visible_count();
    return SUCCESS;
}

/* nvmlGpuP2PCapsIndex_t, nvmlGpuP2PStatus_t */
enum { P2P_READ = 0, P2P_WRITE = 1, P2P_NVLINK = 2, P2P_INDICES = 5, P2P_OK = 0, P2P_NOT_SUPPORTED = 5, P2P_UNKNOWN = 6 };

API int nvmlDeviceGetP2PStatus(nvmlDevice_t one, nvmlDevice_t other, unsigned what, unsigned *status)
{
    const struct gpu_facts *a, *b;
    TRY(gpu_of(one, &a));
    TRY(gpu_of(other, &b));
    if (!status || a == b || what >= P2P_INDICES)
        return INVALID_ARGUMENT;
    if (what == P2P_NVLINK)
        *status = facts.nvlinks ? P2P_OK : P2P_NOT_SUPPORTED;
    else
        *status = facts.nvlinks && (what == P2P_READ || what == P2P_WRITE) ? P2P_OK : P2P_UNKNOWN;
    return SUCCESS;
}

/* A board has one GPU. */
API int nvmlDeviceOnSameBoard(nvmlDevice_t one, nvmlDevice_t other, int *same)
{
    const struct gpu_facts *a, *b;
    TRY(gpu_of(one, &a));
    TRY(gpu_of(other, &b));
    if (!same)
        return INVALID_ARGUMENT;
    *same = a == b;
    return SUCCESS;
}
