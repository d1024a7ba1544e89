/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The devices that a process sees: those with device nodes, in the order of CUDA_DEVICE_ORDER, chosen by
 * CUDA_VISIBLE_DEVICES (CUDA programming guide, environment variables; MIG user guide, device enumeration). What these do
 * not say is as PyTorch's torch.cuda reads the variable: a number may be followed by other text, an ambiguous prefix is
 * invalid, and a device that is named twice leaves no device. */
#include "cuda.h"
#include "device_nodes.h"
#include "text.h"

struct devices {
    struct device *found;
    unsigned count;
};

static int is_visible(const struct mig_facts *mig)
{
    return node_exists("nvidia-caps/nvidia-cap", mig->compute_minor);
}

/* The first compute instance that is visible here. CUDA uses one for a GPU in MIG mode. */
static const struct mig_facts *first_instance(const struct gpu_facts *gpu)
{
    unsigned i;
    for (i = 0; i < gpu->mig_count; i++) {
        const struct mig_facts *mig = &all_migs()[gpu->mig_first + i];
        if (is_visible(mig))
            return mig;
    }
    return NULL;
}

static uint64_t bus_order(const struct gpu_facts *gpu)
{
    return (uint64_t)gpu->domain << 16 | gpu->bus << 8 | gpu->device;
}

/* All GPUs of a machine are equally fast, so the default order, FASTEST_FIRST, is the machine's. */
static void find_gpus(struct devices *all)
{
    const char *order = environment_variable("CUDA_DEVICE_ORDER");
    int by_bus = order && equal(order, "PCI_BUS_ID");
    unsigned i, at;
    for (i = 0; i < facts.gpu_count && all->count < MAXIMUM_DEVICES; i++) {
        const struct gpu_facts *gpu = &all_gpus()[i];
        const struct mig_facts *mig = gpu->mig_enabled ? first_instance(gpu) : NULL;
        if (!node_exists("nvidia", gpu->minor) || (gpu->mig_enabled && !mig))
            continue;
        for (at = all->count++; at > 0 && by_bus && bus_order(all->found[at - 1].gpu) > bus_order(gpu); at--)
            all->found[at] = all->found[at - 1];
        all->found[at] = (struct device){gpu, mig};
    }
}

/* Whether the first *length* bytes of *text* are the beginning of *whole*. */
static int is_beginning(const char *text, size_t length, const char *whole)
{
    size_t i;
    for (i = 0; i < length; i++) {
        if (!whole[i] || whole[i] != text[i])
            return 0;
    }
    return 1;
}

/* MIG-GPU-<UUID>/<GPU instance>/<compute instance>: the names of drivers before 470, which later ones accept. */
static int is_old_name(const char *text, size_t length, const struct mig_facts *mig)
{
    char name[UUID + 64], first[21], second[21];
    join(name, sizeof name, "MIG-", all_gpus()[mig->gpu].uuid, "/", decimal(mig->instance, first), "/",
         decimal(mig->compute_instance, second), NULL);
    return length_of(name) == length && is_beginning(text, length, name);
}

/* The device that these *length* bytes name; one without a GPU if there is none, or more than one. */
static struct device by_uuid(const char *text, size_t length, const struct devices *all)
{
    struct device result = {NULL, NULL};
    unsigned i, k, matches = 0;
    for (i = 0; i < all->count; i++) {
        const struct gpu_facts *gpu = all->found[i].gpu;
        if (is_beginning(text, length, gpu->uuid)) {
            result = all->found[i];
            matches++;
        }
        for (k = 0; k < gpu->mig_count; k++) {
            const struct mig_facts *mig = &all_migs()[gpu->mig_first + k];
            if ((is_beginning(text, length, mig->uuid) || is_old_name(text, length, mig)) && is_visible(mig)) {
                result = (struct device){gpu, mig};
                matches++;
            }
        }
    }
    return matches == 1 ? result : (struct device){NULL, NULL};
}

/* The device with the number that *length* bytes begin with; one without a GPU if there is none. */
static struct device by_number(const char *text, size_t length, const struct devices *all)
{
    const char *end = text + length;
    unsigned value = 0;
    int is_number = 0, is_negative;
    while (text < end && (*text == ' ' || (*text >= '\t' && *text <= '\r')))
        text++;
    is_negative = text < end && *text == '-';
    if (is_negative || (text < end && *text == '+'))
        text++;
    for (; text < end && *text >= '0' && *text <= '9' && value < MAXIMUM_DEVICES; text++) {
        value = value * 10 + (unsigned)(*text - '0');
        is_number = 1;
    }
    return is_number && !(is_negative && value) && value < all->count ? all->found[value] : (struct device){NULL, NULL};
}

/* Adds the devices that *list* names, up to the first that is invalid. */
static void choose(const char *list, const struct devices *all, struct devices *chosen)
{
    const char *prefix = begins_with(list, "GPU-") ? "GPU-" : begins_with(list, "MIG-") ? "MIG-" : "";
    for (;;) {
        struct device device = {NULL, NULL};
        size_t length = 0;
        unsigned i;
        while (list[length] && list[length] != ',')
            length++;
        if (!prefix[0])
            device = by_number(list, length, all);
        else if (begins_with(list, prefix))
            device = by_uuid(list, length, all);
        if (!device.gpu)
            return;
        for (i = 0; i < chosen->count; i++) {
            if (chosen->found[i].gpu == device.gpu && chosen->found[i].mig == device.mig) {
                chosen->count = 0;
                return;
            }
        }
        /* A list may name more compute instances than there is room for, but only the first remains. */
        if (chosen->count < MAXIMUM_DEVICES)
            chosen->found[chosen->count++] = device;
        if (!list[length])
            return;
        list += length + 1;
    }
}

unsigned find_devices(struct device found[MAXIMUM_DEVICES])
{
    struct device seen[MAXIMUM_DEVICES];
    struct devices all = {seen, 0}, chosen = {found, 0};
    const char *list = environment_variable("CUDA_VISIBLE_DEVICES");
    unsigned i;
    if (!control_node_exists())
        return 0;
    find_gpus(&all);
    if (list) {
        choose(list, &all, &chosen);
    } else {
        for (i = 0; i < all.count; i++)
            found[i] = all.found[i];
        chosen.count = all.count;
    }
    /* CUDA enumerates a single compute instance, and beside it no GPU. */
    for (i = 0; i < chosen.count; i++) {
        if (found[i].mig) {
            found[0] = found[i];
            return 1;
        }
    }
    return chosen.count;
}
