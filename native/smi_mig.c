/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_mig.h"

#include "smi_commands.h"
#include "smi_document.h"
#include "text.h"

/* mig-profile: id, name, slices, size, starts, memory in MiB, instances, multiprocessors, five engines, P2P, graphics */
enum {
    PROFILE_ID = 1,
    PROFILE_NAME,
    PROFILE_SLICES,
    PROFILE_SIZE,
    PROFILE_STARTS,
    PROFILE_MEMORY,
    PROFILE_INSTANCES,
    PROFILE_MULTIPROCESSORS,
    PROFILE_ENGINES,
    PROFILE_P2P = PROFILE_ENGINES + ENGINES,
    PROFILE_GRAPHICS,
    PROFILE_FIELDS,
};
/* mig-device: minor of the GPU, minor of the capability, ids of both instances, names of the device and of the profile of its
 * GPU instance, UUID, memory in MiB, compute slices */
enum {
    DEVICE_GPU = 1,
    DEVICE_CAPABILITY,
    DEVICE_INSTANCE,
    DEVICE_COMPUTE,
    DEVICE_NAME,
    DEVICE_PROFILE,
    DEVICE_UUID,
    DEVICE_MEMORY,
    DEVICE_SLICES,
    DEVICE_FIELDS,
};

static uint64_t value_of(const char *text)
{
    uint64_t value = 0;
    return number(text, 10, &value, NULL) < 0 ? 0 : value;
}

static void read_profile(const char *const *fields, struct mig_profile *profile)
{
    const char *starts = fields[PROFILE_STARTS];
    int i;
    *profile = (struct mig_profile){
        .name = fields[PROFILE_NAME],
        .id = value_of(fields[PROFILE_ID]),
        .slices = value_of(fields[PROFILE_SLICES]),
        .size = value_of(fields[PROFILE_SIZE]),
        .memory_mib = value_of(fields[PROFILE_MEMORY]),
        .instances = value_of(fields[PROFILE_INSTANCES]),
        .multiprocessors = value_of(fields[PROFILE_MULTIPROCESSORS]),
        .p2p = value_of(fields[PROFILE_P2P]),
        .graphics = value_of(fields[PROFILE_GRAPHICS]),
    };
    for (i = 0; i < ENGINES; i++)
        profile->engines[i] = value_of(fields[PROFILE_ENGINES + i]);
    while (profile->start_count < STARTS && number(starts, 10, &profile->starts[profile->start_count], &starts) == 0) {
        profile->start_count++;
        starts += *starts == ',';
    }
}

int smi_mig_profile(const struct view *view, int index, struct mig_profile *profile)
{
    const struct line *line = view->head;
    while ((line = smi_line(line, "mig-profile", PROFILE_FIELDS))) {
        if (index-- == 0) {
            read_profile(line->fields, profile);
            return 1;
        }
    }
    return 0;
}

/* Compute slices of the other compute instances of this GPU instance that have lower ids. */
static uint64_t slices_before(const struct view *view, const char *const *of)
{
    const struct line *line = view->head;
    uint64_t sum = 0;
    while ((line = smi_line(line, "mig-device", DEVICE_FIELDS))) {
        if (equal(line->fields[DEVICE_GPU], of[DEVICE_GPU]) && equal(line->fields[DEVICE_INSTANCE], of[DEVICE_INSTANCE]) &&
            value_of(line->fields[DEVICE_COMPUTE]) < value_of(of[DEVICE_COMPUTE]))
            sum += value_of(line->fields[DEVICE_SLICES]);
    }
    return sum;
}

uint64_t smi_multiprocessors(const struct view *view, const struct mig_profile *profile, uint64_t slices)
{
    struct mig_profile other;
    int i;
    if (slices >= profile->slices)
        return profile->multiprocessors;
    for (i = 0; smi_mig_profile(view, i, &other); i++) {
        if (other.slices == 1)
            return other.multiprocessors * slices;
    }
    return profile->multiprocessors * slices / profile->slices;
}

static int find_device(const struct view *view, int gpu, int index, int visible, struct mig_device *device)
{
    const struct line *line = view->head;
    struct mig_profile profile;
    int i, left = index;
    while ((line = smi_line(line, "mig-device", DEVICE_FIELDS))) {
        const char *const *fields = line->fields;
        if (!equal(fields[DEVICE_GPU], view->gpus[gpu]->fields[GPU_MINOR]) ||
            (visible && !smi_exists(view, "nvidia-caps/nvidia-cap", fields[DEVICE_CAPABILITY])) || left-- > 0)
            continue;
        *device = (struct mig_device){
            .gpu = gpu,
            .index = index,
            .profile = -1,
            .name = fields[DEVICE_NAME],
            .uuid = fields[DEVICE_UUID],
            .capability = fields[DEVICE_CAPABILITY],
            .instance = value_of(fields[DEVICE_INSTANCE]),
            .compute = value_of(fields[DEVICE_COMPUTE]),
            .slices = value_of(fields[DEVICE_SLICES]),
            .start = slices_before(view, fields),
            .memory_mib = value_of(fields[DEVICE_MEMORY]),
        };
        for (i = 0; smi_mig_profile(view, i, &profile); i++) {
            if (!equal(profile.name, fields[DEVICE_PROFILE]))
                continue;
            device->profile = i;
            device->multiprocessors = smi_multiprocessors(view, &profile, device->slices);
            for (left = 0; left < ENGINES; left++)
                device->engines[left] = profile.engines[left];
        }
        return 1;
    }
    return 0;
}

int smi_mig_device(const struct view *view, int gpu, int index, struct mig_device *device)
{
    return find_device(view, gpu, index, 1, device);
}

int smi_mig_instance(const struct view *view, int gpu, int index, struct mig_device *device)
{
    return find_device(view, gpu, index, 0, device);
}

const char *smi_mig_value(const struct view *view, const struct mig_device *device, const char *path)
{
    static const struct { const char *path; int place; } values[] = {
        {"ecc_error_count", 6}, {"fb_memory_usage/total", 7}, {"fb_memory_usage/used", 9}, {"bar1_memory_usage/total", 11}, {"bar1_memory_usage/used", 12}};
    const struct line *line = view->gpus[device->gpu];
    unsigned i;
    while ((line = smi_next(line, "instance", 1))) {
        if (line->count != INSTANCE_FIELDS || value_of(line->fields[INSTANCE_GI]) != device->instance ||
            value_of(line->fields[INSTANCE_CI]) != device->compute)
            continue;
        for (i = 0; i < sizeof values / sizeof *values; i++) {
            if (equal(path, values[i].path))
                return line->fields[INSTANCE_COUNTS + values[i].place];
        }
    }
    return "N/A";
}
