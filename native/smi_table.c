/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi without options: the tables of the GPUs, the MIG devices and the processes, in the layout of the driver
 * branch. Layouts: output of 470.256.02, 535.261.03, 550.163.01, 590.48.01, 595.80 and 610.57.04; published output of 570
 * and 580. */
#include "clock.h"
#include "output.h"
#include "smi_commands.h"
#include "smi_mig.h"
#include "smi_processes.h"
#include "text.h"

/* Layouts in the order of the branches. A row's values: see the functions. */
struct layout {
    int since;
    const char *head, *gpu, *state, *mode, *line;
    /* Widths of the numbers in "used / total". */
    int used_width, total_width;
    const char *mig_head, *mig, *mig_bar1, *mig_line;
    int mig_used_width;
    const char *no_mig, *gap, *processes, *process, *no_process, *end;
    int name_width; /* of a process */
};

#define HEAD_OF_550 \
    "|-----------------------------------------+------------------------+----------------------+\n"
#define COLUMNS_OF_550 \
    "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n" \
    "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n" \
    "|                                         |                        |               MIG M. |\n" \
    "|=========================================+========================+======================|\n"
#define LINE_OF_550 "+-----------------------------------------+------------------------+----------------------+\n"
#define WHOLE_LINE_OF_550 "+-----------------------------------------------------------------------------------------+\n"
#define VERSIONS_OF_550 WHOLE_LINE_OF_550 "| NVIDIA-SMI <<<<<<<<<<             Driver Version: <<<<<<<<<<     CUDA Version: <<<<<<<<<|\n"
#define GPU_OF_550 "| >>>  <<<<<<<<<<<<<<<<<<<<<<<<<<<   <<<< |   <<<<<<<<<<<<<<<<>>>> | >>>>>>>>>>>>>>>>>>>> |\n"
#define STATE_OF_550 "|>>>>  >>>> >>>>>            >>>> / >>>>> | >>>>>>>>>>>>>>>>>>>>>> |    >>>>   >>>>>>>>>> |\n"
#define MODE_OF_550 "|                                         |                        |           >>>>>>>>>> |\n"
#define MIG_LINE_OF_550 "+------------------+----------------------------------+-----------+-----------------------+\n"
#define MIG_OF_550 "|>>> >>>>  >> >>>  |          <<<<<<<<<<<<<<<<<<<<<<< |>>>   >>>> |>>> >>>  >>>  >>>  >>> |\n"
#define BAR1_OF_550 "|                  |            <<<<<<<<<<<<<<<<<<<<< |           |                       |\n"
#define BAR1_OF_570 "|                  |          <<<<<<<<<<<<<<<<<<<<<<< |           |                       |\n"
#define MIG_HEAD_OF_550 \
    WHOLE_LINE_OF_550 \
    "| MIG devices:                                                                            |\n" MIG_LINE_OF_550 \
    "| GPU  GI  CI  MIG |                     Memory-Usage |        Vol|      Shared           |\n" \
    "|      ID  ID  Dev |                       BAR1-Usage | SM     Unc| CE ENC DEC OFA JPG    |\n" \
    "|                  |                                  |        ECC|                       |\n" \
    "|==================+==================================+===========+=======================|\n"
#define MIG_HEAD_OF_570 \
    WHOLE_LINE_OF_550 \
    "| MIG devices:                                                                            |\n" MIG_LINE_OF_550 \
    "| GPU  GI  CI  MIG |              Shared Memory-Usage |        Vol|        Shared         |\n" \
    "|      ID  ID  Dev |                Shared BAR1-Usage | SM     Unc| CE ENC  DEC  OFA  JPG |\n" \
    "|                  |                                  |        ECC|                       |\n" \
    "|==================+==================================+===========+=======================|\n"
#define GAP_OF_550 "                                                                                         \n"
#define PROCESSES_OF_550(columns) \
    WHOLE_LINE_OF_550 \
    "| Processes:                                                                              |\n" columns \
    "|        ID   ID                                                               Usage      |\n" \
    "|=========================================================================================|\n"
#define NO_PROCESS_OF_550 "|  No running processes found                                                             |\n"
#define SHORT_NUMBERS "|  GPU   GI   CI        PID   Type   Process name                              GPU Memory |\n"
#define LONG_NUMBERS "|  GPU   GI   CI              PID   Type   Process name                        GPU Memory |\n"

static const struct layout layouts[] = {
    {
        .since = 0,
        .head = "+-----------------------------------------------------------------------------+\n"
                "| NVIDIA-SMI <<<<<<<<<<   Driver Version: <<<<<<<<<<   CUDA Version: <<<<<<<<<|\n"
                "|-------------------------------+----------------------+----------------------+\n"
                "| GPU  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncorr. ECC |\n"
                "| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | GPU-Util  Compute M. |\n"
                "|                               |                      |               MIG M. |\n"
                "|===============================+======================+======================|\n",
        .gpu = "| >>>  <<<<<<<<<<<<<<<<<< <<<<  | <<<<<<<<<<<<<<<<>>>> | >>>>>>>>>>>>>>>>>>>> |\n",
        .state = "|>>>>  >>>> >>>>>   >>>> / >>>> | >>>>>>>>>>>>>>>>>>>> |    >>>>   >>>>>>>>>> |\n",
        .mode = "|                               |                      |           >>>>>>>>>> |\n",
        .line = "+-------------------------------+----------------------+----------------------+\n",
        .used_width = 6,
        .total_width = 5,
        .mig_head = "+-----------------------------------------------------------------------------+\n"
                    "| MIG devices:                                                                |\n"
                    "+------------------+----------------------+-----------+-----------------------+\n"
                    "| GPU  GI  CI  MIG |         Memory-Usage |        Vol|         Shared        |\n"
                    "|      ID  ID  Dev |           BAR1-Usage | SM     Unc| CE  ENC  DEC  OFA  JPG|\n"
                    "|                  |                      |        ECC|                       |\n"
                    "|==================+======================+===========+=======================|\n",
        .mig = "|>>> >>>>  >> >>>  | <<<<<<<<<<<<<<<<<<<< |>>>   >>>> |>>> >>>  >>>  >>>  >>> |\n",
        .mig_bar1 = "|                  | <<<<<<<<<<<<<<<<<<<< |           |                       |\n",
        .mig_line = "+------------------+----------------------+-----------+-----------------------+\n",
        .mig_used_width = 6,
        .no_mig = "|  No MIG devices found                                                       |\n"
                  "+-----------------------------------------------------------------------------+\n",
        .gap = "                                                                               \n",
        .processes = "+-----------------------------------------------------------------------------+\n"
                     "| Processes:                                                                  |\n"
                     "|  GPU   GI   CI        PID   Type   Process name                  GPU Memory |\n"
                     "|        ID   ID                                                   Usage      |\n"
                     "|=============================================================================|\n",
        .process = "|  >>>   >>>  >>> >>>>>>>>>      C   <<<<<<<<<<<<<<<<<<<<<<<<<<<<>>>>>>>>>>>> |\n",
        .no_process = "|  No running processes found                                                 |\n",
        .end = "+-----------------------------------------------------------------------------+\n",
        .name_width = 28,
    },
    {
        .since = 530,
        .head = "+---------------------------------------------------------------------------------------+\n"
                "| NVIDIA-SMI <<<<<<<<<<             Driver Version: <<<<<<<<<<   CUDA Version: <<<<<<<<<|\n"
                "|-----------------------------------------+----------------------+----------------------+\n"
                "| GPU  Name                 Persistence-M | Bus-Id        Disp.A | Volatile Uncorr. ECC |\n"
                "| Fan  Temp   Perf          Pwr:Usage/Cap |         Memory-Usage | GPU-Util  Compute M. |\n"
                "|                                         |                      |               MIG M. |\n"
                "|=========================================+======================+======================|\n",
        .gpu = "| >>>  <<<<<<<<<<<<<<<<<<<<<<<<<<<   <<<< | <<<<<<<<<<<<<<<<>>>> | >>>>>>>>>>>>>>>>>>>> |\n",
        .state = "|>>>>  >>>> >>>>>             >>>> / >>>> | >>>>>>>>>>>>>>>>>>>> |    >>>>   >>>>>>>>>> |\n",
        .mode = "|                                         |                      |           >>>>>>>>>> |\n",
        .line = "+-----------------------------------------+----------------------+----------------------+\n",
        .used_width = 6,
        .total_width = 5,
        .mig_head = "+---------------------------------------------------------------------------------------+\n"
                    "| MIG devices:                                                                          |\n"
                    "+------------------+--------------------------------+-----------+-----------------------+\n"
                    "| GPU  GI  CI  MIG |                   Memory-Usage |        Vol|      Shared           |\n"
                    "|      ID  ID  Dev |                     BAR1-Usage | SM     Unc| CE ENC DEC OFA JPG    |\n"
                    "|                  |                                |        ECC|                       |\n"
                    "|==================+================================+===========+=======================|\n",
        .mig = "|>>> >>>>  >> >>>  |          <<<<<<<<<<<<<<<<<<<<< |>>>   >>>> |>>> >>>  >>>  >>>  >>> |\n",
        .mig_bar1 = "|                  |          <<<<<<<<<<<<<<<<<<<<< |           |                       |\n",
        .mig_line = "+------------------+--------------------------------+-----------+-----------------------+\n",
        .mig_used_width = 6,
        .no_mig = "|  No MIG devices found                                                                 |\n"
                  "+---------------------------------------------------------------------------------------+\n",
        .gap = GAP_OF_550,
        .processes = "+---------------------------------------------------------------------------------------+\n"
                     "| Processes:                                                                            |\n"
                     "|  GPU   GI   CI        PID   Type   Process name                            GPU Memory |\n"
                     "|        ID   ID                                                             Usage      |\n"
                     "|=======================================================================================|\n",
        .process = "|  >>>   >>>  >>> >>>>>>>>>      C   <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<>>>>>>>>>>>> |\n",
        .no_process = "|  No running processes found                                                           |\n",
        .end = "+---------------------------------------------------------------------------------------+\n",
        .name_width = 38,
    },
#define FROM_545 \
    .gpu = GPU_OF_550, .state = STATE_OF_550, .mode = MODE_OF_550, .line = LINE_OF_550, .used_width = 7, \
    .total_width = 6, .mig = MIG_OF_550, .mig_line = MIG_LINE_OF_550, .mig_used_width = 6, \
    .no_mig = "|  No MIG devices found                                                                   |\n" WHOLE_LINE_OF_550, \
    .no_process = NO_PROCESS_OF_550, .end = WHOLE_LINE_OF_550
#define SHORT_PROCESSES \
    .processes = PROCESSES_OF_550(SHORT_NUMBERS), .name_width = 38, \
    .process = "|  >>>   >>>  >>> >>>>>>>>>      C   <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<>>>>>>>>>>>>>> |\n"
#define LONG_PROCESSES \
    .processes = PROCESSES_OF_550(LONG_NUMBERS), .name_width = 32, \
    .process = "|  >>>   >>>  >>> >>>>>>>>>>>>>>>      C   <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<>>>>>>>>>>>>>> |\n"
    {.since = 545, FROM_545, .head = VERSIONS_OF_550 HEAD_OF_550 COLUMNS_OF_550, .mig_head = MIG_HEAD_OF_550,
     .mig_bar1 = BAR1_OF_550, .gap = GAP_OF_550, SHORT_PROCESSES},
    {.since = 570, FROM_545, .head = VERSIONS_OF_550 HEAD_OF_550 COLUMNS_OF_550, .mig_head = MIG_HEAD_OF_570,
     .mig_bar1 = BAR1_OF_570, .gap = GAP_OF_550, LONG_PROCESSES},
    {.since = 580, FROM_545, .head = VERSIONS_OF_550 LINE_OF_550 COLUMNS_OF_550, .mig_head = MIG_HEAD_OF_570,
     .mig_bar1 = BAR1_OF_570, .gap = "\n", LONG_PROCESSES},
    {.since = 600, FROM_545,
     .head = WHOLE_LINE_OF_550
     "| NVIDIA-SMI <<<<<<<<<<             KMD Version: <<<<<<<<<<    CUDA UMD Version: <<<<<<<<<|\n" LINE_OF_550 COLUMNS_OF_550,
     .mig_head = MIG_HEAD_OF_570, .mig_bar1 = BAR1_OF_570, .gap = "\n", LONG_PROCESSES},
};

static const struct layout *layout_of(int branch)
{
    unsigned i = sizeof layouts / sizeof *layouts - 1;
    while (i > 0 && layouts[i].since > branch)
        i--;
    return &layouts[i];
}

static int is_known(const char *text)
{
    return text[0] && !begins_with(text, "N/A") && text[0] != '[';
}

/* The whole number that *text* begins with, and *unit*; "N/A" without a number. */
static const char *rounded(const char *text, const char *unit, char out[24])
{
    size_t length = 0;
    while (length < 16 && text[length] >= '0' && text[length] <= '9')
        length++;
    if (!length)
        return "N/A";
    join(out, length + 1, text, NULL);
    join(out + length, 24 - length, unit, NULL);
    return out;
}

static const char *first_known(const struct view *view, int gpu, const char *const *paths)
{
    for (; *paths; paths++) {
        const char *text = smi_value(view, gpu, *paths);
        if (is_known(text))
            return text;
    }
    return "";
}

static uint64_t number_of(const char *text)
{
    uint64_t value = 0;
    const char *rest;
    return number(text, 10, &value, &rest) < 0 ? 0 : value;
}

/* " Off", " On ", "N/A ". */
static const char *persistence(const char *mode)
{
    return equal(mode, "Enabled") ? " On " : equal(mode, "Disabled") ? " Off" : "N/A ";
}

/* Uncorrected errors since the driver was loaded; "Off" without ECC, "On" in MIG mode, where MIG devices have them. */
static const char *ecc(const struct view *view, int gpu, char digits[21])
{
    static const char *const counts[] = {
        "ecc_errors/volatile/sram_uncorrectable", "ecc_errors/volatile/sram_uncorrectable_parity",
        "ecc_errors/volatile/sram_uncorrectable_secded", "ecc_errors/volatile/dram_uncorrectable", NULL};
    const char *mode = smi_value(view, gpu, "ecc_mode/current_ecc");
    uint64_t sum = 0;
    int i;
    if (!is_known(mode))
        return "N/A";
    if (!equal(mode, "Enabled"))
        return "Off";
    if (equal(view->gpus[gpu]->fields[GPU_MIG], "Enabled"))
        return "On";
    for (i = 0; counts[i]; i++)
        sum += number_of(smi_value(view, gpu, counts[i]));
    return decimal(sum, digits);
}

static const char *compute_mode(const char *mode)
{
    return equal(mode, "Exclusive_Process") ? "E. Process" : mode;
}

/* "     0MiB / 40960MiB", with numbers of these widths at least. */
static void usage(char *out, size_t size, const char *used, int used_width, const char *total, int total_width)
{
    char blanks[] = "                ";
    char a[24], b[24];
    int left, right;
    rounded(used, "", a);
    rounded(total, "", b);
    left = used_width - (int)length_of(a);
    right = total_width - (int)length_of(b);
    join(out, size, blanks + 16 - (left > 0 ? left : 0), a, "MiB / ", blanks + 16 - (right > 0 ? right : 0), b, "MiB", NULL);
}

/* Where the column of the limit is wider than a number needs, "N/A" stays where it was. */
static const char *watts_or_not(const char *text, const struct layout *layout, char out[24])
{
    rounded(text, "W", out);
    return text[0] ? out : layout->since >= 545 ? "N/A " : "N/A";
}

static void put_gpu(const struct view *view, const struct layout *layout, int gpu)
{
    static const char *const draws[] = {
        "gpu_power_readings/instant_power_draw", "gpu_power_readings/power_draw", "gpu_power_readings/average_power_draw",
        "power_readings/power_draw", NULL};
    static const char *const limits[] = {
        "gpu_power_readings/current_power_limit", "gpu_power_readings/gpu_ceiling_power_limit/current_power_limit",
        "power_readings/power_limit", NULL};
    const char *const *fields = view->gpus[gpu]->fields;
    const char *total = smi_value(view, gpu, "fb_memory_usage/total");
    const char *state = smi_value(view, gpu, "performance_state");
    char digits[21], errors[21], memory[64] = "N/A", fan[24], temperature[24], draw[24], limit[24], load[24];
    smi_row(layout->gpu, decimal((uint64_t)gpu, digits), fields[GPU_NAME], persistence(smi_value(view, gpu, "persistence_mode")),
            fields[GPU_BUS_ID], equal(smi_value(view, gpu, "display_active"), "Enabled") ? " On" : " Off", ecc(view, gpu, errors));
    if (is_known(total))
        usage(memory, sizeof memory, smi_value(view, gpu, "fb_memory_usage/used"), layout->used_width, total, layout->total_width);
    else
        join(memory, sizeof memory, "N/A / N/A", NULL);
    smi_row(layout->state, rounded(smi_value(view, gpu, "fan_speed"), "%", fan),
            rounded(smi_value(view, gpu, "temperature/gpu_temp"), "C", temperature), is_known(state) ? state : "N/A ",
            rounded(first_known(view, gpu, draws), "W", draw), watts_or_not(first_known(view, gpu, limits), layout, limit), memory,
            rounded(smi_value(view, gpu, "utilization/gpu_util"), "%", load),
            compute_mode(smi_value(view, gpu, "compute_mode")));
    smi_row(layout->mode, fields[GPU_MIG][0] ? fields[GPU_MIG] : "N/A");
    put(layout->line, NULL);
}

static void put_mig_device(const struct view *view, const struct layout *layout, const struct mig_device *device)
{
    static const int shown[5] = {COPY, ENCODER, DECODER, OFA, JPEG};
    char index[21], place[21], instance[21], compute[21], multiprocessors[21], memory[64], bar1[64], engines[5][21];
    int i;
    usage(memory, sizeof memory, smi_mig_value(view, device, "fb_memory_usage/used"), layout->mig_used_width,
          smi_mig_value(view, device, "fb_memory_usage/total"), 5);
    usage(bar1, sizeof bar1, smi_mig_value(view, device, "bar1_memory_usage/used"), layout->mig_used_width,
          smi_mig_value(view, device, "bar1_memory_usage/total"), 5);
    for (i = 0; i < 5; i++)
        decimal(device->engines[shown[i]], engines[i]);
    smi_row(layout->mig, decimal((uint64_t)device->gpu, index), decimal(device->instance, instance),
            decimal(device->compute, compute), decimal((uint64_t)device->index, place), memory,
            decimal(device->multiprocessors, multiprocessors), smi_mig_value(view, device, "ecc_error_count"), engines[0],
            engines[1], engines[2], engines[3], engines[4]);
    smi_row(layout->mig_bar1, bar1);
    put(layout->mig_line, NULL);
}

static void put_mig_devices(const struct view *view, const struct layout *layout)
{
    struct mig_device device;
    int at, index, mode = 0, found = 0;
    for (at = 0; at < view->chosen_count; at++)
        mode |= equal(smi_gpu(view, at)[GPU_MIG], "Enabled");
    if (!mode)
        return;
    put("\n", layout->mig_head, NULL);
    for (at = 0; at < view->chosen_count; at++) {
        for (index = 0; smi_mig_device(view, view->chosen[at], index, &device); index++) {
            put_mig_device(view, layout, &device);
            found = 1;
        }
    }
    if (!found)
        put(layout->no_mig, NULL);
}

/* " 2 " in the place of "N/A" */
static const char *instance_cell(int id, char out[PROCESS_DIGITS])
{
    char digits[PROCESS_DIGITS];
    smi_instance(id, digits);
    join(out, PROCESS_DIGITS, id == NO_INSTANCE ? "N/A" : digits, id == NO_INSTANCE ? "" : " ", NULL);
    return out;
}

static int put_processes(const struct view *view, const struct layout *layout, int gpu)
{
    char index[21], pid[21], digits[21], instance[PROCESS_DIGITS], compute[PROCESS_DIGITS], memory[32], name[PROCESS_NAME], cut[64];
    const struct process *list;
    int count = smi_processes(view, gpu, &list), i;
    for (i = 0; i < count; i++) {
        size_t length, width = (size_t)layout->name_width;
        name_of(&list[i], name, sizeof name);
        length = length_of(name);
        join(cut, sizeof cut, length > width ? "..." : "", length > width ? name + length - (width - 3) : name, NULL);
        if (list[i].memory == NOT_AVAILABLE)
            join(memory, sizeof memory, "N/A     ", NULL);
        else
            join(memory, sizeof memory, decimal((uint64_t)list[i].memory, digits), "MiB", NULL);
        smi_row(layout->process, decimal((uint64_t)gpu, index), instance_cell(list[i].instance, instance),
                instance_cell(list[i].compute, compute), decimal(list[i].pid, pid), cut, memory);
    }
    return count;
}

int smi_table(const struct view *view)
{
    const struct layout *layout = layout_of(smi_branch(view));
    const char *const *head = view->head->fields;
    char words[32], stamp[32];
    int at, processes = 0;
    time_now(words, stamp);
    put(words, "       \n", NULL);
    smi_row(layout->head, head[SMI_DRIVER], head[SMI_DRIVER], head[SMI_CUDA]);
    for (at = 0; at < view->chosen_count; at++)
        put_gpu(view, layout, view->chosen[at]);
    put_mig_devices(view, layout);
    put(layout->gap, layout->processes, NULL);
    for (at = 0; at < view->chosen_count; at++)
        processes += put_processes(view, layout, view->chosen[at]);
    put(processes ? "" : layout->no_process, layout->end, NULL);
    return flush();
}
