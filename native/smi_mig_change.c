/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi mig -cgi, -cci, -dgi and -dci. Lines of success and refusal: NVIDIA's MIG user guide. They change the state of the node;
 * gpu-mockctl watch makes the device nodes. */
#include "output.h"
#include "smi_mig_layout.h"
#include "smi_state.h"
#include "system.h"
#include "text.h"

enum { NAP = 20, LONGEST_WAIT = 1500 /* milliseconds */, NAME = 64 };

const char *smi_mig_text(int result)
{
    switch (result) {
    case MIG_INVALID: return "Invalid Argument";
    case MIG_NOT_SUPPORTED: return "Not Supported";
    case MIG_NO_PERMISSION: return "Insufficient Permissions";
    case MIG_NOT_FOUND: return "Not Found";
    case MIG_IN_USE: return "In use by another client";
    case MIG_NO_ROOM: return "Insufficient Resources";
    default: return "Unknown Error";
    }
}

int smi_mig_status(int result)
{
    return result > 0 && result < SMI_FAILED ? result : SMI_FAILED;
}

int smi_is_held(const struct view *view, const char *name, unsigned number)
{
    char path[PATH_SIZE], digits[21];
    return join(path, sizeof path, view->dev, "/", name, decimal(number, digits), NULL) == 0 && mig_is_held(path);
}

int smi_mig_do(const struct view *view, int gpu, struct mig_change *change)
{
    static struct mig_layout rest;
    int result;
    if (CALL(geteuid, 0))
        return MIG_NO_PERMISSION;
    if (!smi_state_file(view) || !smi_mig_rest(view, gpu, &rest))
        return MIG_NOT_SUPPORTED;
    change->rules = smi_mig_rules(view);
    change->rest = &rest;
    result = mig_change(smi_state_file(view), smi_state_place(view, gpu), change);
    smi_state_forget();
    return result;
}

void smi_mig_warn(const struct view *view)
{
    static const char text[] =
        "nvidia-smi: warning: gpu-mockctl watch does not run on this node: no device nodes are made for what has changed\n";
    if (smi_state_file(view) && !state_is_followed(smi_state_file(view)))
        write_all(2, text, sizeof text - 1);
}

static unsigned gpu_minor(const struct view *view, int gpu)
{
    uint64_t minor = 0;
    number(view->gpus[gpu]->fields[GPU_MINOR], 10, &minor, NULL);
    return (unsigned)minor;
}

/* The minor of the compute instance that was made last; 0 before the first one. */
static unsigned last_minor;

/* Waits until its device node is there, so that the next command finds the instance. */
static void wait_for_node(const struct view *view)
{
    char digits[21];
    int waited;
    decimal(last_minor, digits);
    if (!last_minor || !state_is_followed(smi_state_file(view)))
        return;
    for (waited = 0; waited < LONGEST_WAIT && !smi_exists(view, "nvidia-caps/nvidia-cap", digits); waited += NAP)
        smi_sleep(NAP);
}

static void put_id(const char *before, uint64_t id)
{
    char digits[21];
    put(before, NULL);
    put_padded(decimal(id, digits), -2);
}

/* The next item of a list that commas separate; 0 at its end or if it is too long. */
static int next_item(const char **list, char item[NAME])
{
    size_t length = 0;
    const char *from = *list;
    while (from[length] && from[length] != ',')
        length++;
    if (!length || length >= NAME)
        return 0;
    join(item, length + 1, from, NULL);
    *list = from + length + (from[length] == ',');
    return 1;
}

/* Cuts a placement off an item: 9:4 or 3g.20gb:{4}. Returns 0 if it is none. */
static int cut_start(char *item, int *start)
{
    uint64_t value;
    const char *rest, *from;
    size_t i = 0;
    *start = -1;
    while (item[i] && item[i] != ':')
        i++;
    if (!item[i])
        return 1;
    item[i] = 0;
    from = item + i + 1 + (item[i + 1] == '{');
    if (number(from, 10, &value, &rest) < 0 || value >= MIG_STARTS || (*rest && !equal(rest, "}")))
        return 0;
    *start = (int)value;
    return 1;
}

static int find_profile(const struct view *view, const char *item, struct mig_profile *profile)
{
    uint64_t id;
    int i;
    const char *name = begins_with(item, "MIG ") ? item + 4 : item;
    for (i = 0; smi_mig_profile(view, i, profile); i++) {
        if (equal(profile->name, name) || (number(item, 10, &id, NULL) == 0 && profile->id == id))
            return i;
    }
    return -1;
}

/* "MIG 3g.20gb" or "MIG 1c.3g.20gb" */
static const char *name_of(const struct mig_profile *profile, unsigned slices, char out[NAME])
{
    char digits[21];
    if (slices >= profile->slices)
        join(out, NAME, "MIG ", profile->name, NULL);
    else
        join(out, NAME, "MIG ", decimal(slices, digits), "c.", profile->name, NULL);
    return out;
}

/* Whether a list of ids has this one; without a list everything is wanted. */
static int is_wanted(const char *list, uint64_t wanted)
{
    uint64_t value;
    if (!list || !list[0])
        return 1;
    while (number(list, 10, &value, &list) == 0) {
        if (value == wanted)
            return 1;
        list += *list == ',';
    }
    return 0;
}

static int make_compute(const struct subarguments *arguments, int gpu, unsigned instance, const struct mig_profile *profile, const char *item,
    unsigned slices, int start)
{
    struct mig_change change = {.what = MIG_CREATE_COMPUTE, .instance = instance, .slices = slices, .start = start};
    int result = smi_mig_do(arguments->view, gpu, &change);
    char name[NAME];
    if (result) {
        put_id("Unable to create a compute instance on GPU ", (uint64_t)gpu);
        put_id(" GPU instance ID ", instance);
        put(" using profile ", item, ": ", smi_mig_text(result), NULL);
        return smi_say(smi_mig_status(result), "\nFailed to create compute instances: ", smi_mig_text(result), NULL);
    }
    put_id("Successfully created compute instance ID ", change.compute);
    put_id(" on GPU ", (uint64_t)gpu);
    put_id(" GPU instance ID ", instance);
    put(" using profile ", name_of(profile, slices, name), NULL);
    put_id(" (ID ", smi_compute_profile(slices));
    put(")\n", NULL);
    last_minor = mig_minor(gpu_minor(arguments->view, gpu), instance, (int)change.compute);
    return SMI_OK;
}

static int make_instance(const struct subarguments *arguments, int gpu, char *item)
{
    struct mig_change change = {.what = MIG_CREATE_INSTANCE};
    struct mig_profile profile;
    int place = -1, result = MIG_INVALID;
    char name[NAME];
    if (cut_start(item, &change.start))
        place = find_profile(arguments->view, item, &profile);
    if (place >= 0) {
        change.rule = (unsigned)place;
        result = smi_mig_do(arguments->view, gpu, &change);
    }
    if (result) {
        put_id("Unable to create a GPU instance on GPU ", (uint64_t)gpu);
        put(" using profile ", item, ": ", smi_mig_text(result), NULL);
        return smi_say(smi_mig_status(result), "\nFailed to create GPU instances: ", smi_mig_text(result), NULL);
    }
    put_id("Successfully created GPU instance ID ", change.instance);
    put_id(" on GPU ", (uint64_t)gpu);
    put(" using profile ", name_of(&profile, (unsigned)profile.slices, name), NULL);
    put_id(" (ID ", profile.id);
    put(")\n", NULL);
    if (!sub_has(arguments, "-C"))
        return SMI_OK;
    return make_compute(arguments, gpu, change.instance, &profile, "default", (unsigned)profile.slices, -1);
}

static int ended(const struct subarguments *arguments, int status)
{
    smi_mig_warn(arguments->view);
    flush();
    wait_for_node(arguments->view);
    return status;
}

int smi_mig_create(const struct subarguments *arguments)
{
    const struct view *view = arguments->view;
    char item[NAME];
    int at, status = SMI_OK;
    for (at = 0; at < view->chosen_count && !status; at++) {
        const char *list = sub_value(arguments, "-cgi");
        while (!status && next_item(&list, item))
            status = make_instance(arguments, view->chosen[at], item);
    }
    return ended(arguments, status);
}

/* The slices of a compute profile: its id, 1c.3g.20gb, or the whole GPU instance for 3g.20gb and the default. 0 if there is none. */
static unsigned compute_slices_of(const char *item, const struct mig_profile *profile)
{
    const char *name = begins_with(item, "MIG ") ? item + 4 : item, *rest;
    uint64_t value;
    unsigned slices;
    if (!item[0] || equal(name, profile->name))
        return (unsigned)profile->slices;
    if (number(item, 10, &value, NULL) == 0) {
        for (slices = 1; slices <= 8; slices++) {
            if (smi_compute_profile(slices) == value)
                return slices;
        }
        return 0;
    }
    if (number(name, 10, &value, &rest) == 0 && begins_with(rest, "c.") && equal(rest + 2, profile->name) && value < 8)
        return (unsigned)value;
    return 0;
}

static int make_computes(const struct subarguments *arguments, int gpu, unsigned instance, const struct mig_profile *profile)
{
    const char *list = sub_value(arguments, "-cci");
    char item[NAME];
    int start, status = SMI_OK;
    if (!list || !list[0])
        return make_compute(arguments, gpu, instance, profile, "default", (unsigned)profile->slices, -1);
    while (!status && next_item(&list, item)) {
        unsigned slices = cut_start(item, &start) ? compute_slices_of(item, profile) : 0;
        status = make_compute(arguments, gpu, instance, profile, item, slices, start);
    }
    return status;
}

/* Calls *each* for the wanted GPU instances of the chosen GPUs, in the order of their ids, until one fails. */
static int for_instances(const struct subarguments *arguments, const char *gis, int (*each)(const struct subarguments *, int, unsigned, const struct mig_profile *))
{
    const struct view *view = arguments->view;
    static struct mig_layout layout;
    struct mig_profile profile;
    int at, status = SMI_OK, found = 0;
    unsigned i;
    for (at = 0; at < view->chosen_count && !status; at++) {
        smi_mig_layout(view, view->chosen[at], &layout);
        for (i = 0; i < MIG_INSTANCES && !status; i++) {
            if (layout.instances[i].rule < 0 || !is_wanted(gis, i) || !smi_mig_profile(view, layout.instances[i].rule, &profile))
                continue;
            found = 1;
            status = each(arguments, view->chosen[at], i, &profile);
        }
    }
    return found ? ended(arguments, status) : smi_say(SMI_NOT_FOUND, "No GPU instances found: Not Found", NULL);
}

int smi_mig_create_computes(const struct subarguments *arguments)
{
    return for_instances(arguments, sub_value(arguments, "-gi"), make_computes);
}

static int destroy_instance(const struct subarguments *arguments, int gpu, unsigned instance, const struct mig_profile *profile)
{
    struct mig_change change = {.what = MIG_DESTROY_INSTANCE, .instance = instance};
    const struct view *view = arguments->view;
    int result = MIG_IN_USE;
    (void)profile;
    if (CALL(geteuid, 0) || !smi_is_held(view, "nvidia-caps/nvidia-cap", mig_minor(gpu_minor(view, gpu), instance, -1)))
        result = smi_mig_do(view, gpu, &change);
    if (result) {
        put_id("Unable to destroy GPU instance ID ", instance);
        put_id(" from GPU ", (uint64_t)gpu);
        return smi_say(smi_mig_status(result), ": ", smi_mig_text(result), "\nFailed to destroy GPU instances: ", smi_mig_text(result), NULL);
    }
    put_id("Successfully destroyed GPU instance ID ", instance);
    put_id(" from GPU ", (uint64_t)gpu);
    put("\n", NULL);
    return SMI_OK;
}

int smi_mig_destroy(const struct subarguments *arguments)
{
    return for_instances(arguments, sub_value(arguments, "-gi"), destroy_instance);
}

static int found_computes;

static int destroy_computes(const struct subarguments *arguments, int gpu, unsigned instance, const struct mig_profile *profile)
{
    static struct mig_layout layout;
    const struct view *view = arguments->view;
    unsigned k;
    (void)profile;
    smi_mig_layout(view, gpu, &layout);
    for (k = 0; k < MIG_COMPUTES; k++) {
        struct mig_change change = {.what = MIG_DESTROY_COMPUTE, .instance = instance, .compute = k};
        int result = MIG_IN_USE;
        if (!layout.computes[instance][k].slices || !is_wanted(sub_value(arguments, "-ci"), k))
            continue;
        found_computes = 1;
        if (CALL(geteuid, 0) || !smi_is_held(view, "nvidia-caps/nvidia-cap", mig_minor(gpu_minor(view, gpu), instance, (int)k)))
            result = smi_mig_do(view, gpu, &change);
        if (result) {
            put_id("Unable to destroy compute instance ID ", k);
            put_id(" from GPU ", (uint64_t)gpu);
            put_id(" GPU instance ID ", instance);
            return smi_say(smi_mig_status(result), ": ", smi_mig_text(result), "\nFailed to destroy compute instances: ", smi_mig_text(result), NULL);
        }
        put_id("Successfully destroyed compute instance ID ", k);
        put_id(" from GPU ", (uint64_t)gpu);
        put_id(" GPU instance ID ", instance);
        put("\n", NULL);
    }
    return SMI_OK;
}

int smi_mig_destroy_computes(const struct subarguments *arguments)
{
    int status = for_instances(arguments, sub_value(arguments, "-gi"), destroy_computes);
    if (status == SMI_OK && !found_computes)
        return smi_say(SMI_NOT_FOUND, "No compute instances found: Not Found", NULL);
    return status;
}
