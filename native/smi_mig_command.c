/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi mig: lists the profiles and instances. smi_mig_change.c creates and destroys them. Layouts and texts: 535.261.03 and
 * 550.163.01; the wider names of branch 575: NVIDIA's MIG user guide. */
#include "smi_mig_layout.h"

#include "output.h"
#include "smi_sub.h"
#include "system.h"
#include "text.h"

enum { WIDE_NAMES = 575, PROFILES_WITHOUT_MODE = 550 };

static int is_capable(const struct view *view, int gpu)
{
    return view->gpus[gpu]->fields[GPU_MIG][0] != 0;
}

static int in_mode(const struct view *view, int gpu)
{
    return smi_mig_enabled(view, gpu);
}

/* As nvmlDeviceGetGpuInstanceRemainingCapacity. */
static uint64_t free_instances(const struct view *view, int gpu, int wanted)
{
    static struct mig_layout layout;
    smi_mig_layout(view, gpu, &layout);
    return mig_capacity(&layout, smi_mig_rules(view), (unsigned)wanted);
}

static void put_gib(uint64_t mib, char out[32])
{
    uint64_t hundredths = mib * 100 / 1024, rest = mib * 100 % 1024;
    char whole[21], part[21];
    hundredths += rest > 512 || (rest == 512 && hundredths % 2);
    join(out, 32, decimal(hundredths / 100, whole), ".", decimal(hundredths % 100 + 100, part) + 1, NULL);
}

static const char *name_of(const char *profile, char out[64])
{
    join(out, 64, "MIG ", profile, NULL);
    return out;
}

#define LINE_79 "+-----------------------------------------------------------------------------+\n"
#define LINE_81 "+-------------------------------------------------------------------------------+\n"

static int list_profiles(const struct subarguments *arguments)
{
    static const struct { const char *head, *row, *second, *line; } layouts[2] = {
        {LINE_79 "| GPU instance profiles:                                                      |\n"
                 "| GPU   Name             ID    Instances   Memory     P2P    SM    DEC   ENC  |\n"
                 "|                              Free/Total   GiB              CE    JPEG  OFA  |\n"
                 "|=============================================================================|\n",
         "| >>>  <<<<<<<<<<<<<<<< >>>     <<<<<<<<<< <<<<<<<<<< <<<<< >>>   >>>   >>>   |\n",
         "|                                                           >>>   >>>   >>>   |\n", LINE_79},
        {LINE_81 "| GPU instance profiles:                                                        |\n"
                 "| GPU   Name               ID    Instances   Memory     P2P    SM    DEC   ENC  |\n"
                 "|                                Free/Total   GiB              CE    JPEG  OFA  |\n"
                 "|===============================================================================|\n",
         "| >>>  <<<<<<<<<<<<<<<<<< >>>     <<<<<<<<<< <<<<<<<<<< <<<<< >>>   >>>   >>>   |\n",
         "|                                                             >>>   >>>   >>>   |\n", LINE_81}};
    const struct view *view = arguments->view;
    const int wide = arguments->branch >= WIDE_NAMES;
    struct mig_profile profile;
    char index[21], id[21], usage[48], memory[32], name[64], free_count[21], total[21], numbers[6][21];
    int at, i;
    put(layouts[wide].head, NULL);
    for (at = 0; at < view->chosen_count; at++) {
        int gpu = view->chosen[at];
        if (!is_capable(view, gpu) || (arguments->branch < PROFILES_WITHOUT_MODE && !in_mode(view, gpu)))
            continue;
        for (i = 0; smi_mig_profile(view, i, &profile); i++) {
            join(usage, sizeof usage, decimal(free_instances(view, gpu, i), free_count), "/",
                 decimal(profile.instances, total), NULL);
            put_gib(profile.memory_mib, memory);
            smi_row(layouts[wide].row, decimal((uint64_t)gpu, index), name_of(profile.name, name), decimal(profile.id, id),
                    usage, memory, profile.p2p ? "Yes" : "No", decimal(profile.multiprocessors, numbers[0]),
                    decimal(profile.engines[DECODER], numbers[1]), decimal(profile.engines[ENCODER], numbers[2]));
            smi_row(layouts[wide].second, decimal(profile.engines[COPY], numbers[3]),
                    decimal(profile.engines[JPEG], numbers[4]), decimal(profile.engines[OFA], numbers[5]));
            put(layouts[wide].line, NULL);
        }
    }
    return flush();
}

static void put_starts(const struct mig_profile *profile, uint64_t step, uint64_t count, uint64_t size)
{
    char digits[21];
    uint64_t i;
    put(count > 1 ? "Placements: {" : "Placement : {", NULL);
    for (i = 0; i < count; i++)
        put(i ? "," : "", decimal(profile ? profile->starts[i] : i * step, digits), NULL);
    put("}:", decimal(size, digits), "\n", NULL);
}

static void put_number(const char *before, uint64_t value)
{
    char digits[21];
    put(before, NULL);
    put_padded(decimal(value, digits), -2);
}

static int list_placements(const struct subarguments *arguments)
{
    const struct view *view = arguments->view;
    struct mig_profile profile;
    int at, i;
    for (at = 0; at < view->chosen_count; at++) {
        if (!is_capable(view, view->chosen[at]) || (arguments->branch < PROFILES_WITHOUT_MODE && !in_mode(view, view->chosen[at])))
            continue;
        for (i = 0; smi_mig_profile(view, i, &profile); i++) {
            put_number("GPU ", (uint64_t)view->chosen[at]);
            put_number(" Profile ID ", profile.id);
            put(" ", NULL);
            put_starts(&profile, 0, (uint64_t)profile.start_count, profile.size);
        }
    }
    return flush();
}

/* Whether a list of numbers has *wanted*; without a list everything is wanted. */
static int is_wanted(const char *list, uint64_t wanted)
{
    uint64_t value;
    if (!list)
        return 1;
    while (number(list, 10, &value, &list) == 0) {
        if (value == wanted)
            return 1;
        list += *list == ',';
    }
    return 0;
}

/* One instance: *slices* and *first* are those of a compute instance, *start* the first memory slice of the GPU instance. */
struct instance {
    int gpu;
    unsigned instance, compute, slices, first, start;
};
typedef void put_function(const struct view *view, const struct instance *instance, const struct mig_profile *profile);

/* The compute instances of a GPU instance. */
static int for_computes(const struct view *view, struct instance *found, const struct mig_layout *layout, const char *cis,
    put_function *put_one, const struct mig_profile *profile)
{
    int count = 0;
    for (found->compute = 0; found->compute < MIG_COMPUTES; found->compute++) {
        found->slices = layout->computes[found->instance][found->compute].slices;
        found->first = layout->computes[found->instance][found->compute].start;
        if (!found->slices || !is_wanted(cis, found->compute))
            continue;
        if (put_one)
            put_one(view, found, profile);
        count++;
    }
    return count;
}

/* Calls *put_one* for each wanted instance of the chosen GPUs, in the order of profiles and ids; returns how many. With
 * *each* for each compute instance, otherwise for each GPU instance. */
static int for_instances(const struct subarguments *arguments, int each, put_function *put_one)
{
    static struct mig_layout layout;
    const struct view *view = arguments->view;
    /* -lgi takes all of them. */
    const char *gis = sub_has(arguments, "-lgi") ? NULL : sub_value(arguments, "-gi"), *cis = sub_value(arguments, "-ci");
    struct mig_profile profile;
    int at, wanted, count = 0;
    for (at = 0; at < view->chosen_count; at++) {
        struct instance found = {.gpu = view->chosen[at]};
        smi_mig_layout(view, found.gpu, &layout);
        for (wanted = 0; smi_mig_profile(view, wanted, &profile); wanted++) {
            for (found.instance = 0; found.instance < MIG_INSTANCES; found.instance++) {
                if (layout.instances[found.instance].rule != wanted || !is_wanted(gis, found.instance))
                    continue;
                found.start = layout.instances[found.instance].start;
                if (each) {
                    count += for_computes(view, &found, &layout, cis, put_one, &profile);
                    continue;
                }
                if (put_one)
                    put_one(view, &found, &profile);
                count++;
            }
        }
    }
    return count;
}

#define LINE_OF_INSTANCES "+-------------------------------------------------------+\n"

static void put_instance(const struct view *view, const struct instance *found, const struct mig_profile *profile)
{
    char index[21], name[64], id[21], instance[21], start[21], size[21];
    (void)view;
    smi_row("| >>>  <<<<<<<<<<<<<<<<<< >>>      >>>         >>:<<    |\n" LINE_OF_INSTANCES, decimal((uint64_t)found->gpu, index),
            name_of(profile->name, name), decimal(profile->id, id), decimal(found->instance, instance), decimal(found->start, start),
            decimal(profile->size, size));
}

static int list_instances(const struct subarguments *arguments)
{
    put(LINE_OF_INSTANCES
        "| GPU instances:                                        |\n"
        "| GPU   Name             Profile  Instance   Placement  |\n"
        "|                          ID       ID       Start:Size |\n"
        "|=======================================================|\n", NULL);
    for_instances(arguments, 0, put_instance);
    return flush();
}

/* NVML_COMPUTE_INSTANCE_PROFILE_... by slices (nvml_compute_instance.c). */
static const unsigned char compute_slices[] = {1, 2, 3, 4, 7, 8, 6};

unsigned smi_compute_profile(unsigned slices)
{
    unsigned i = 0;
    while (i < sizeof compute_slices && compute_slices[i] != slices)
        i++;
    return i;
}

/* The name of a compute instance's profile: that of its GPU instance if it has all of its slices. */
static const char *compute_name(const struct mig_profile *profile, uint64_t slices, char out[64])
{
    char digits[21];
    if (slices >= profile->slices)
        return name_of(profile->name, out);
    join(out, 64, "MIG ", decimal(slices, digits), "c.", profile->name, NULL);
    return out;
}

#define LINE_OF_COMPUTE "+--------------------------------------------------------------------+\n"

static void put_compute(const struct view *view, const struct instance *found, const struct mig_profile *profile)
{
    char index[21], name[64], instance[21], id[21], compute[21], start[21], size[21];
    (void)view;
    smi_row("| >>>    >>>       <<<<<<<<<<<<<<<<<<  >>       >>>         >>:<<    |\n" LINE_OF_COMPUTE,
            decimal((uint64_t)found->gpu, index), decimal(found->instance, instance), compute_name(profile, found->slices, name),
            decimal(smi_compute_profile(found->slices), id), decimal(found->compute, compute), decimal(found->first, start),
            decimal(found->slices, size));
}

static int list_compute_instances(const struct subarguments *arguments)
{
    if (!for_instances(arguments, 1, NULL))
        return smi_say(SMI_NOT_FOUND, "No compute instances found: Not Found", NULL);
    put(LINE_OF_COMPUTE
        "| Compute instances:                                                 |\n"
        "| GPU     GPU       Name             Profile   Instance   Placement  |\n"
        "|       Instance                       ID        ID       Start:Size |\n"
        "|         ID                                                         |\n"
        "|====================================================================|\n", NULL);
    for_instances(arguments, 1, put_compute);
    return flush();
}

#define LINE_OF_COMPUTE_PROFILES "+--------------------------------------------------------------------------------------+\n"

static void put_compute_profiles(const struct view *view, const struct instance *found, const struct mig_profile *profile)
{
    static struct mig_layout layout;
    char index[21], instance[21], id[21], name[64], free_count[21], total[21], numbers[6][21];
    uint64_t i;
    smi_mig_layout(view, found->gpu, &layout);
    for (i = 0; i < sizeof compute_slices; i++) {
        uint64_t slices = compute_slices[i];
        if (!mig_can_hold((unsigned)profile->slices, (unsigned)slices))
            continue;
        smi_row("| >>>    >>>       <<<<<<<<<<<<<<<<<<  >><    >>/<<         >>>      >>>   >>>   >>>   |\n",
                decimal((uint64_t)found->gpu, index), decimal(found->instance, instance), compute_name(profile, slices, name), decimal(i, id),
                slices == profile->slices ? "*" : "",
                decimal(mig_compute_capacity(&layout, smi_mig_rules(view), found->instance, (unsigned)slices), free_count),
                decimal(profile->slices / slices, total), decimal(smi_multiprocessors(view, profile, slices), numbers[0]),
                decimal(profile->engines[DECODER], numbers[1]), decimal(profile->engines[ENCODER], numbers[2]),
                decimal(profile->engines[OFA], numbers[3]));
        smi_row("|                                                                    >>>   >>>         |\n" LINE_OF_COMPUTE_PROFILES,
                decimal(profile->engines[COPY], numbers[4]), decimal(profile->engines[JPEG], numbers[5]));
    }
}

static int list_compute_profiles(const struct subarguments *arguments)
{
    if (!for_instances(arguments, 0, NULL))
        return smi_say(SMI_NOT_FOUND, "No GPU instances found: Not Found", NULL);
    put(LINE_OF_COMPUTE_PROFILES
        "| Compute instance profiles:                                                           |\n"
        "| GPU     GPU       Name             Profile  Instances   Exclusive       Shared       |\n"
        "|       Instance                       ID     Free/Total     SM       DEC   ENC   OFA  |\n"
        "|         ID                                                          CE    JPEG       |\n"
        "|======================================================================================|\n", NULL);
    for_instances(arguments, 0, put_compute_profiles);
    return flush();
}

static void put_compute_placements(const struct view *view, const struct instance *found, const struct mig_profile *profile)
{
    uint64_t i;
    (void)view;
    for (i = 0; i < sizeof compute_slices; i++) {
        uint64_t slices = compute_slices[i];
        if (!mig_can_hold((unsigned)profile->slices, (unsigned)slices))
            continue;
        put_number("GPU ", (uint64_t)found->gpu);
        put_number(" GI ", found->instance);
        put_number(" Profile ID ", i);
        put(" ", NULL);
        put_starts(NULL, slices, profile->slices / slices, slices);
    }
}

static int list_compute_placements(const struct subarguments *arguments)
{
    if (!for_instances(arguments, 0, put_compute_placements))
        return smi_say(SMI_NOT_FOUND, "No GPU instances found: Not Found", NULL);
    return flush();
}

/* Keeps the GPUs in MIG mode; returns how many. */
static int keep_in_mode(struct view *view)
{
    int at, count = 0;
    for (at = 0; at < view->chosen_count; at++) {
        if (in_mode(view, view->chosen[at]))
            view->chosen[count++] = view->chosen[at];
    }
    return view->chosen_count = count;
}

int smi_mig(const struct subarguments *arguments)
{
    static const struct { const char *option; int (*run)(const struct subarguments *); } commands[] = {
        {"-lgi", list_instances}, {"-lci", list_compute_instances}, {"-lcip", list_compute_profiles},
        {"-lcipp", list_compute_placements}, {"-cgi", smi_mig_create},
        {"-dgi", smi_mig_destroy}, {"-cci", smi_mig_create_computes}, {"-dci", smi_mig_destroy_computes}};
    struct view *view = arguments->view;
    const int no_mode = arguments->branch < PROFILES_WITHOUT_MODE ? SMI_NOT_FOUND : SMI_OK;
    int capable = 0, at;
    unsigned i;
    for (at = 0; at < view->chosen_count; at++)
        capable |= is_capable(view, view->chosen[at]);
    if (sub_has(arguments, "-lgip") || sub_has(arguments, "-lgipp")) {
        if (arguments->branch >= PROFILES_WITHOUT_MODE && !capable)
            return smi_say(SMI_NOT_FOUND, "No MIG-supported devices found.", NULL);
        if (arguments->branch < PROFILES_WITHOUT_MODE && !keep_in_mode(view))
            return smi_say(no_mode, "No MIG-enabled devices found.", NULL);
        return sub_has(arguments, "-lgip") ? list_profiles(arguments) : list_placements(arguments);
    }
    if (!keep_in_mode(view))
        return smi_say(no_mode, "No MIG-enabled devices found.", NULL);
    for (i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (sub_has(arguments, commands[i].option))
            return commands[i].run(arguments);
    }
    return flush();
}
