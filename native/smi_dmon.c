/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi dmon and pmon. Layouts: dmon -c and pmon -c of 590.48.01, 595.80 and 610.57.04; the narrower columns before
 * branch 530: published output. No process runs on a mock GPU. */
#include "clock.h"
#include "output.h"
#include "smi_sub.h"
#include "system.h"
#include "text.h"

enum { WIDE = 530, WITH_JPEG = 535, WITH_JPEG_OF_PROCESSES = 550 };

struct column {
    char group;
    const char *name, *unit, *path;
    /* Multiplied by 1, or divided by 1000 where it is KB/s. */
    int divided;
    int since;
};

static const struct column device_columns[] = {
    {'p', "pwr", "W", NULL, 0, 0},
    {'p', "gtemp", "C", "temperature/gpu_temp", 0, 0},
    {'p', "mtemp", "C", "temperature/memory_temp", 0, 0},
    {'u', "sm", "%", "utilization/gpu_util", 0, 0},
    {'u', "mem", "%", "utilization/memory_util", 0, 0},
    {'u', "enc", "%", "utilization/encoder_util", 0, 0},
    {'u', "dec", "%", "utilization/decoder_util", 0, 0},
    {'u', "jpg", "%", "utilization/jpeg_util", 0, WITH_JPEG},
    {'u', "ofa", "%", "utilization/ofa_util", 0, WITH_JPEG},
    {'c', "mclk", "MHz", "clocks/mem_clock", 0, 0},
    {'c', "pclk", "MHz", "clocks/graphics_clock", 0, 0},
    {'v', "pviol", "%", "", 0, 0},
    {'v', "tviol", "bool", "", 0, 0},
    {'m', "fb", "MB", "fb_memory_usage/used", 0, 0},
    {'m', "bar1", "MB", "bar1_memory_usage/used", 0, 0},
    {'m', "ccpm", "MB", "cc_protected_memory_usage/used", 0, WIDE},
    {'e', "sbecc", "errs", "ecc_errors/volatile/sram_correctable", 0, 0},
    {'e', "dbecc", "errs", "ecc_errors/volatile/dram_uncorrectable", 0, 0},
    {'e', "pci", "errs", "pci/replay_counter", 0, 0},
    {'t', "rxpci", "MB/s", "pci/rx_util", 1, 0},
    {'t', "txpci", "MB/s", "pci/tx_util", 1, 0},
};
static const struct column process_columns[] = {
    {'u', "sm", "%", NULL, 0, 0},
    {'u', "mem", "%", NULL, 0, 0},
    {'u', "enc", "%", NULL, 0, 0},
    {'u', "dec", "%", NULL, 0, 0},
    {'u', "jpg", "%", NULL, 0, WITH_JPEG_OF_PROCESSES},
    {'u', "ofa", "%", NULL, 0, WITH_JPEG_OF_PROCESSES},
    {'m', "fb", "MB", NULL, 0, 0},
    {'m', "ccpm", "MB", NULL, 0, WIDE},
};

struct monitor {
    const struct subarguments *arguments;
    const struct column *columns;
    unsigned column_count;
    const char *groups;
    int date, time, processes;
};

static int is_shown(const struct monitor *monitor, const struct column *column)
{
    const char *group;
    if (monitor->arguments->branch < column->since)
        return 0;
    for (group = monitor->groups; *group; group++) {
        if (*group == column->group)
            return 1;
    }
    return 0;
}

static void put_cell(const struct monitor *monitor, const char *text)
{
    int wide = monitor->arguments->branch >= WIDE;
    put_padded(text, -6);
    put(wide ? " " : "", NULL);
}

static void put_heading(const struct monitor *monitor, int units)
{
    unsigned i;
    int wide = monitor->arguments->branch >= WIDE;
    put("#", NULL);
    if (monitor->date)
        put(units ? "YYYYMMDD   " : "Date       ", NULL);
    if (monitor->time)
        put(units ? "HH:MM:SS   " : "Time       ", NULL);
    put(units ? " Idx" : " gpu", wide ? " " : "", NULL);
    if (monitor->processes) {
        put(units ? "          #" : "        pid", wide ? " " : "", NULL);
        put_cell(monitor, units ? "C/G" : "type");
    }
    for (i = 0; i < monitor->column_count; i++) {
        if (is_shown(monitor, &monitor->columns[i]))
            put_cell(monitor, units ? monitor->columns[i].unit : monitor->columns[i].name);
    }
    if (monitor->processes)
        put("   ", units ? "name" : "command", wide ? " " : "", NULL);
    put("\n", NULL);
}

/* "YYYY/MM/DD HH:MM:SS.mmm" */
static void put_time(const struct monitor *monitor)
{
    char words[32], stamp[32], date[16], time[16], part[8];
    time_now(words, stamp);
    join(date, 5, stamp, NULL);
    join(part, 3, stamp + 5, NULL);
    join(date + 4, 3, part, NULL);
    join(date + 6, 3, stamp + 8, NULL);
    join(time, 9, stamp + 11, NULL);
    if (monitor->date || monitor->time)
        put(" ", NULL);
    if (monitor->date)
        put(date, "   ", NULL);
    if (monitor->time)
        put(time, "   ", NULL);
}

static const char *power_of(const struct view *view, int gpu)
{
    static const char *const paths[] = {
        "gpu_power_readings/instant_power_draw", "gpu_power_readings/power_draw", "gpu_power_readings/average_power_draw",
        "power_readings/power_draw"};
    const char *text = "N/A";
    unsigned i;
    for (i = 0; i < 4 && !(text[0] >= '0' && text[0] <= '9'); i++)
        text = smi_value(view, gpu, paths[i]);
    return text;
}

/* The whole number of a column, "-" without one. */
static void put_figure(const struct monitor *monitor, int gpu, const struct column *column)
{
    const struct view *view = monitor->arguments->view;
    const char *text = !column->path ? power_of(view, gpu) : column->path[0] ? smi_value(view, gpu, column->path) : "0";
    uint64_t value = 0;
    const char *rest;
    char digits[21];
    if (number(text, 10, &value, &rest) < 0)
        put_cell(monitor, "-");
    else
        put_cell(monitor, decimal(column->divided ? value / 1000 : value, digits));
}

static void put_device(const struct monitor *monitor, int gpu)
{
    char index[21];
    unsigned i;
    int wide = monitor->arguments->branch >= WIDE;
    put_time(monitor);
    put_padded(decimal((uint64_t)gpu, index), monitor->date || monitor->time ? -4 : -5);
    if (monitor->processes)
        put("          -     -", NULL);
    else
        put(wide ? " " : "", NULL);
    for (i = 0; i < monitor->column_count; i++) {
        if (!is_shown(monitor, &monitor->columns[i]))
            continue;
        if (monitor->processes)
            put_padded("-", wide ? -7 : -6);
        else
            put_figure(monitor, gpu, &monitor->columns[i]);
    }
    put(monitor->processes ? (wide ? "    -              \n" : "   -              \n") : "\n", NULL);
}

static int open_output(const struct subarguments *arguments)
{
    const char *path = sub_value(arguments, "-f");
    long fd;
    if (!path)
        return SMI_OK;
    fd = CALL(openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return smi_say(SMI_FAILED, "Failed to create the log file ", path, NULL);
    output_to((int)fd);
    return SMI_OK;
}

static int has_letter(const char *text, char letter)
{
    for (; text && *text; text++) {
        if (*text == letter)
            return 1;
    }
    return 0;
}

static int watch(const struct monitor *monitor, uint64_t most)
{
    const struct subarguments *arguments = monitor->arguments;
    const struct view *view = arguments->view;
    uint64_t delay = 1, count = 0, turn;
    int at, status = sub_number(arguments, "-d", &delay);
    if (!status)
        status = sub_number(arguments, "-c", &count);
    if (!status)
        status = open_output(arguments);
    if (status)
        return status;
    if (delay == 0 || delay > most)
        return smi_say(SMI_BAD_ARGUMENT, "Option \"", sub_value(arguments, "-d"), "\" is invalid for \"-d\".", NULL);
    put_heading(monitor, 0);
    put_heading(monitor, 1);
    for (turn = 0; !sub_has(arguments, "-c") || turn < count; turn++) {
        if (turn)
            smi_sleep((long)delay * 1000);
        for (at = 0; at < view->chosen_count && at < 16; at++)
            put_device(monitor, view->chosen[at]);
        if (flush())
            return SMI_FAILED;
    }
    return flush();
}

/* What only hardware can answer, and a layout that is not published. */
static int not_on_the_device(void)
{
    return smi_say(SMI_FAILED, "Not supported on the device(s)\nFailed to process command line \n", NULL);
}

int smi_dmon(const struct subarguments *arguments)
{
    struct monitor monitor = {
        .arguments = arguments,
        .columns = device_columns,
        .column_count = sizeof device_columns / sizeof *device_columns,
        .groups = sub_has(arguments, "-s") ? sub_value(arguments, "-s") : "puc",
        .date = has_letter(sub_value(arguments, "-o"), 'D'),
        .time = has_letter(sub_value(arguments, "-o"), 'T'),
    };
    if (sub_has(arguments, "--gpm-metrics") || sub_has(arguments, "--gpm-options") || sub_has(arguments, "--format"))
        return not_on_the_device();
    return watch(&monitor, 100000);
}

int smi_pmon(const struct subarguments *arguments)
{
    struct monitor monitor = {
        .arguments = arguments,
        .columns = process_columns,
        .column_count = sizeof process_columns / sizeof *process_columns,
        .groups = sub_has(arguments, "-s") ? sub_value(arguments, "-s") : "u",
        .date = has_letter(sub_value(arguments, "-o"), 'D'),
        .time = has_letter(sub_value(arguments, "-o"), 'T'),
        .processes = 1,
    };
    return watch(&monitor, 10);
}
