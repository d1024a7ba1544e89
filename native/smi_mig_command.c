/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi mig: lists the profiles and instances. It creates and destroys none. Layouts and texts: 535.261.03 and
 * 550.163.01; the wider names of branch 575: NVIDIA's MIG user guide. */
#include "smi_mig.h"

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
    return equal(view->gpus[gpu]->fields[GPU_MIG], "Enabled");
}

/* Bits of the memory slices of a placement. */
static unsigned bits(uint64_t start, uint64_t size)
{
    return ((1u << size) - 1) << start;
}

/* The first memory slice of a GPU instance: ids number a binary tree (machine/mig.py has the same rule). */
static uint64_t start_of(uint64_t instance, const struct mig_profile *profile)
{
    uint64_t width = 1, first;
    while (width < profile->size)
        width *= 2;
    /* 8 slices: id 0; 4: 1 and 2; 2: 3 to 6; 1: 7 to 14. */
    first = 8 / width - 1;
    return instance >= first ? (instance - first) * width : 0;
}

static int is_first_of_instance(const struct view *view, int gpu, int index, uint64_t instance)
{
    struct mig_device other;
    int i;
    for (i = 0; i < index && smi_mig_instance(view, gpu, i, &other); i++) {
        if (other.instance == instance)
            return 0;
    }
    return 1;
}

/* As nvmlDeviceGetGpuInstanceRemainingCapacity. */
static uint64_t free_instances(const struct view *view, int gpu, int wanted, const struct mig_profile *profile)
{
    struct mig_device device;
    struct mig_profile other;
    uint64_t left = profile->instances, slices = 7, found = 0;
    unsigned taken = 0;
    int i;
    /* Without the mode nothing can be made. */
    if (!in_mode(view, gpu))
        return 0;
    for (i = 0; smi_mig_instance(view, gpu, i, &device); i++) {
        if (!is_first_of_instance(view, gpu, i, device.instance) || !smi_mig_profile(view, device.profile, &other))
            continue;
        taken |= bits(start_of(device.instance, &other), other.size);
        slices -= other.slices < slices ? other.slices : slices;
        left -= device.profile == wanted && left > 0;
    }
    for (i = 0; i < profile->start_count && left > 0 && slices >= profile->slices; i++) {
        unsigned place = bits(profile->starts[i], profile->size);
        if (taken & place)
            continue;
        taken |= place;
        slices -= profile->slices;
        left--;
        found++;
    }
    return found;
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
            join(usage, sizeof usage, decimal(free_instances(view, gpu, i, &profile), free_count), "/",
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

/* Calls *put_one* for each wanted instance of the chosen GPUs, in the order of profiles and ids; returns how many. With
 * *each* for each compute instance, otherwise for each GPU instance. */
static int for_instances(const struct subarguments *arguments, int each, void (*put_one)(const struct view *, const struct mig_device *, const struct mig_profile *))
{
    const struct view *view = arguments->view;
    /* -lgi takes all of them. */
    const char *gis = sub_has(arguments, "-lgi") ? NULL : sub_value(arguments, "-gi"), *cis = sub_value(arguments, "-ci");
    struct mig_device device;
    struct mig_profile profile;
    int at, i, wanted, count = 0;
    for (at = 0; at < view->chosen_count; at++) {
        int gpu = view->chosen[at];
        for (wanted = 0; smi_mig_profile(view, wanted, &profile); wanted++) {
            for (i = 0; smi_mig_instance(view, gpu, i, &device); i++) {
                if (device.profile != wanted || !is_wanted(gis, device.instance) ||
                    (each ? !is_wanted(cis, device.compute) : !is_first_of_instance(view, gpu, i, device.instance)))
                    continue;
                if (put_one)
                    put_one(view, &device, &profile);
                count++;
            }
        }
    }
    return count;
}

#define LINE_OF_INSTANCES "+-------------------------------------------------------+\n"

static void put_instance(const struct view *view, const struct mig_device *device, const struct mig_profile *profile)
{
    char index[21], name[64], id[21], instance[21], start[21], size[21];
    (void)view;
    smi_row("| >>>  <<<<<<<<<<<<<<<<<< >>>      >>>         >>:<<    |\n" LINE_OF_INSTANCES, decimal((uint64_t)device->gpu, index),
            name_of(profile->name, name), decimal(profile->id, id), decimal(device->instance, instance),
            decimal(start_of(device->instance, profile), start), decimal(profile->size, size));
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

static uint64_t compute_profile(uint64_t slices)
{
    uint64_t i = 0;
    while (i < sizeof compute_slices && compute_slices[i] != slices)
        i++;
    return i;
}

static int can_hold(uint64_t instance, uint64_t slices)
{
    return slices == instance || (slices < instance && slices <= (instance == 7 ? 4 : 2));
}

#define LINE_OF_COMPUTE "+--------------------------------------------------------------------+\n"

static void put_compute(const struct view *view, const struct mig_device *device, const struct mig_profile *profile)
{
    char index[21], name[64], instance[21], id[21], compute[21], start[21], size[21];
    (void)view;
    (void)profile;
    smi_row("| >>>    >>>       <<<<<<<<<<<<<<<<<<  >>       >>>         >>:<<    |\n" LINE_OF_COMPUTE,
            decimal((uint64_t)device->gpu, index), decimal(device->instance, instance), name_of(device->name, name),
            decimal(compute_profile(device->slices), id), decimal(device->compute, compute), decimal(device->start, start),
            decimal(device->slices, size));
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

/* Slices of a GPU instance that its compute instances leave. */
static uint64_t slices_left(const struct view *view, const struct mig_device *of, const struct mig_profile *profile)
{
    struct mig_device device;
    uint64_t left = profile->slices;
    int i;
    for (i = 0; smi_mig_instance(view, of->gpu, i, &device); i++) {
        if (device.instance == of->instance)
            left -= device.slices < left ? device.slices : left;
    }
    return left;
}

static void put_compute_profiles(const struct view *view, const struct mig_device *device, const struct mig_profile *profile)
{
    char index[21], instance[21], id[21], name[64], slices_text[21], free_count[21], total[21], numbers[6][21];
    uint64_t i;
    for (i = 0; i < sizeof compute_slices; i++) {
        uint64_t slices = compute_slices[i];
        if (!can_hold(profile->slices, slices))
            continue;
        if (slices == profile->slices)
            name_of(profile->name, name);
        else
            join(name, sizeof name, "MIG ", decimal(slices, slices_text), "c.", profile->name, NULL);
        smi_row("| >>>    >>>       <<<<<<<<<<<<<<<<<<  >><    >>/<<         >>>      >>>   >>>   >>>   |\n",
                decimal((uint64_t)device->gpu, index), decimal(device->instance, instance), name, decimal(i, id),
                slices == profile->slices ? "*" : "", decimal(slices_left(view, device, profile) / slices, free_count),
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

static void put_compute_placements(const struct view *view, const struct mig_device *device, const struct mig_profile *profile)
{
    uint64_t i;
    (void)view;
    for (i = 0; i < sizeof compute_slices; i++) {
        uint64_t slices = compute_slices[i];
        if (!can_hold(profile->slices, slices))
            continue;
        put_number("GPU ", (uint64_t)device->gpu);
        put_number(" GI ", device->instance);
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

static const char *refusal(void)
{
    return CALL(geteuid, 0) == 0 ? "Not Supported" : "Insufficient Permissions";
}

static int refusal_status(void)
{
    return CALL(geteuid, 0) == 0 ? SMI_NOT_SUPPORTED : SMI_NO_PERMISSION;
}

/* The instance that the lists begin with; 0 if there is none. */
static int first_of_profiles(const struct view *view, int gpu, struct mig_device *device)
{
    struct mig_profile profile;
    int wanted, i;
    for (wanted = 0; smi_mig_profile(view, wanted, &profile); wanted++) {
        for (i = 0; smi_mig_instance(view, gpu, i, device); i++) {
            if (device->profile == wanted)
                return 1;
        }
    }
    return 0;
}

/* -cgi, -cci, -dgi, -dci: what NVIDIA's program says where NVML can't. */
static int change(const struct subarguments *arguments)
{
    const struct view *view = arguments->view;
    const char *profile = sub_value(arguments, "-cgi");
    const char *why = refusal();
    struct mig_device device;
    int gpu = view->chosen[0];
    if (profile) {
        put_number("Unable to create a GPU instance on GPU ", (uint64_t)gpu);
        put(" using profile ", profile, ": ", why, NULL);
        return smi_say(refusal_status(), "\nFailed to create GPU instances: ", why, NULL);
    }
    if (!first_of_profiles(view, gpu, &device))
        return smi_say(SMI_NOT_FOUND, "No GPU instances found: Not Found", NULL);
    if (sub_has(arguments, "-dgi")) {
        put_number("Unable to destroy GPU instance ID ", device.instance);
        put_number(" from GPU ", (uint64_t)gpu);
        return smi_say(refusal_status(), ": ", why, "\nFailed to destroy GPU instances: ", why, NULL);
    }
    if (sub_has(arguments, "-dci")) {
        put_number("Unable to destroy compute instance ID ", device.compute);
        put_number(" from GPU ", (uint64_t)gpu);
        put_number(" GPU instance ID ", device.instance);
        return smi_say(refusal_status(), ": ", why, "\nFailed to destroy compute instances: ", why, NULL);
    }
    profile = sub_value(arguments, "-cci");
    put_number("Unable to create a compute instance on GPU ", (uint64_t)gpu);
    put_number(" GPU instance ID ", device.instance);
    put(" using profile ", profile && profile[0] ? profile : "default", ": ", why, NULL);
    return smi_say(refusal_status(), "\nFailed to create compute instances: ", why, NULL);
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
        {"-lcipp", list_compute_placements}, {"-cgi", change}, {"-dgi", change}, {"-cci", change}, {"-dci", change}};
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
