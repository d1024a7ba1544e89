/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi dmon and pmon. Layouts: dmon -c and pmon -c of 590.48.01, 595.80 and 610.57.04; the narrower columns before
 * branch 530: published output. */
#include "clock.h"
#include "output.h"
#include "smi_processes.h"
#include "smi_sub.h"
#include "system.h"
#include "text.h"

enum { WIDE = 530, WITH_JPEG = 535, WIDE_PROCESSES = 545, WITH_JPEG_OF_PROCESSES = 550 };

struct column {
    char group;
    const char *name, *unit, *path;
    /* Multiplied by 1, or divided by 1000 where it is KB/s. */
    int divided;
    int since;
    const char *constant; /* instead of a path */
};

static const struct column device_columns[] = {
    {'p', "pwr", "W", NULL, 0, 0, NULL},
    {'p', "gtemp", "C", "temperature/gpu_temp", 0, 0, NULL},
    {'p', "mtemp", "C", "temperature/memory_temp", 0, 0, NULL},
    {'u', "sm", "%", "utilization/gpu_util", 0, 0, NULL},
    {'u', "mem", "%", "utilization/memory_util", 0, 0, NULL},
    {'u', "enc", "%", "utilization/encoder_util", 0, 0, NULL},
    {'u', "dec", "%", "utilization/decoder_util", 0, 0, NULL},
    {'u', "jpg", "%", "utilization/jpeg_util", 0, WITH_JPEG, NULL},
    {'u', "ofa", "%", "utilization/ofa_util", 0, WITH_JPEG, NULL},
    {'c', "mclk", "MHz", "clocks/mem_clock", 0, 0, NULL},
    {'c', "pclk", "MHz", "clocks/graphics_clock", 0, 0, NULL},
    {'v', "pviol", "%", NULL, 0, 0, "0"},
    {'v', "tviol", "bool", NULL, 0, 0, "-"},
    {'m', "fb", "MB", "fb_memory_usage/used", 0, 0, NULL},
    {'m', "bar1", "MB", "bar1_memory_usage/used", 0, 0, NULL},
    {'m', "ccpm", "MB", "cc_protected_memory_usage/used", 0, WIDE, NULL},
    {'e', "sbecc", "errs", "ecc_errors/volatile/sram_correctable", 0, 0, NULL},
    {'e', "dbecc", "errs", "ecc_errors/volatile/dram_uncorrectable", 0, 0, NULL},
    {'e', "pci", "errs", "pci/replay_counter", 0, 0, NULL},
    {'t', "rxpci", "MB/s", "pci/rx_util", 1, 0, NULL},
    {'t', "txpci", "MB/s", "pci/tx_util", 1, 0, NULL},
};
static const struct column process_columns[] = {
    {'u', "sm", "%", "utilization/gpu_util", 0, 0, NULL},
    {'u', "mem", "%", "utilization/memory_util", 0, 0, NULL},
    {'u', "enc", "%", "utilization/encoder_util", 0, 0, NULL},
    {'u', "dec", "%", "utilization/decoder_util", 0, 0, NULL},
    {'u', "jpg", "%", "utilization/jpeg_util", 0, WITH_JPEG_OF_PROCESSES, NULL},
    {'u', "ofa", "%", "utilization/ofa_util", 0, WITH_JPEG_OF_PROCESSES, NULL},
    {'m', "fb", "MB", NULL, 0, 0, NULL},
    {'m', "ccpm", "MB", NULL, 0, WIDE, NULL},
};

struct monitor {
    const struct subarguments *arguments;
    const struct column *columns;
    unsigned column_count;
    const char *groups;
    int date, time, processes;
    int csv, header, units; /* --format */
    int first;              /* of the cells of a line */
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

/* A cell of at least *width* columns; in CSV its text alone. A positive width is of a text that begins at the left. */
static void put_cell(struct monitor *monitor, const char *text, int width)
{
    if (monitor->csv) {
        put(monitor->first ? "" : ", ", text, NULL);
        monitor->first = 0;
    } else {
        put_padded(text, width);
    }
}

/* Between the columns: a blank since branch 530, and since 550 one after the date and the time, too. */
static void put_gap(const struct monitor *monitor, int since)
{
    if (!monitor->csv && monitor->arguments->branch >= since)
        put(" ", NULL);
}

/* Width of the column number *at*: the heading of pmon of branches 530 to 549 has a narrower first one. */
static int width_of(const struct monitor *monitor, int at)
{
    int branch = monitor->arguments->branch;
    if (branch < WIDE)
        return -6;
    return monitor->processes && branch < WIDE_PROCESSES && at == 0 ? -6 : -7;
}

static void put_heading(struct monitor *monitor, int units)
{
    const int branch = monitor->arguments->branch;
    unsigned i;
    int at = 0;
    if (units ? !monitor->units : !monitor->header)
        return;
    monitor->first = 1;
    put("#", NULL);
    if (monitor->date)
        put_cell(monitor, units ? "YYYYMMDD" : "Date", 11), put_gap(monitor, WIDE_PROCESSES);
    if (monitor->time)
        put_cell(monitor, units ? "HH:MM:SS" : "Time", 11), put_gap(monitor, WIDE_PROCESSES);
    put_cell(monitor, units ? "Idx" : "gpu", -4);
    put_gap(monitor, WIDE);
    if (monitor->processes) {
        put_cell(monitor, units ? "#" : "pid", -11);
        put_gap(monitor, WIDE_PROCESSES);
        put_cell(monitor, units ? "C/G" : "type", -6);
        put_gap(monitor, WIDE_PROCESSES);
    }
    for (i = 0; i < monitor->column_count; i++) {
        const struct column *column = &monitor->columns[i];
        if (!is_shown(monitor, column))
            continue;
        if (branch >= WIDE && (!monitor->processes || branch >= WIDE_PROCESSES)) {
            put_cell(monitor, units ? column->unit : column->name, -6);
            put_gap(monitor, WIDE);
        } else {
            put_cell(monitor, units ? column->unit : column->name, width_of(monitor, at++));
        }
    }
    if (monitor->processes)
        put(branch >= WIDE && branch < WIDE_PROCESSES ? "    " : "   ", units ? "name" : "command", branch >= WIDE_PROCESSES ? " " : "", NULL);
    put("\n", NULL);
}

/* "YYYY/MM/DD HH:MM:SS.mmm" */
static void put_time(struct monitor *monitor)
{
    char words[32], stamp[32], date[16], time[16], part[8];
    time_now(words, stamp);
    join(date, 5, stamp, NULL);
    join(part, 3, stamp + 5, NULL);
    join(date + 4, 3, part, NULL);
    join(date + 6, 3, stamp + 8, NULL);
    join(time, 9, stamp + 11, NULL);
    if (monitor->date || monitor->time || monitor->csv)
        put(" ", NULL);
    if (monitor->date)
        put_cell(monitor, date, 11), put_gap(monitor, WIDE_PROCESSES);
    if (monitor->time)
        put_cell(monitor, time, 11), put_gap(monitor, WIDE_PROCESSES);
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
static const char *figure(const struct view *view, int gpu, const struct column *column, char digits[21])
{
    const char *text = column->path ? smi_value(view, gpu, column->path) : power_of(view, gpu);
    uint64_t value = 0;
    const char *rest;
    if (number(text, 10, &value, &rest) < 0)
        return "-";
    return decimal(column->divided ? value / 1000 : value, digits);
}

/* The figure of a process: its part of the load of the GPU, "-" without one. */
static const char *figure_of_process(const struct view *view, int gpu, const struct column *column, const struct process *process,
    int count, char digits[21])
{
    uint64_t value = 0;
    const char *rest;
    if (!column->path)
        return equal(column->name, "fb") && process->memory > 0 ? decimal((uint64_t)process->memory, digits) : "0";
    if (number(smi_value(view, gpu, column->path), 10, &value, &rest) < 0 || value / (unsigned)count == 0)
        return "-";
    return decimal(value / (unsigned)count, digits);
}

/* A line of pmon. *process* is NULL if the GPU has none. */
static void put_process(struct monitor *monitor, int gpu, const struct process *process, int count)
{
    const int wide = monitor->arguments->branch >= WIDE;
    char index[21], pid[21], digits[21], name[PROCESS_NAME] = "-";
    const char *command = name, *at;
    unsigned i;
    monitor->first = 1;
    put_time(monitor);
    put_cell(monitor, decimal((uint64_t)gpu, index), monitor->date || monitor->time ? -4 : -5);
    put_padded(process ? decimal(process->pid, pid) : "-", -11);
    put_padded(process ? "C" : "-", -6);
    for (i = 0; i < monitor->column_count; i++) {
        const struct column *column = &monitor->columns[i];
        if (is_shown(monitor, column))
            put_padded(process ? figure_of_process(monitor->arguments->view, gpu, column, process, count, digits) : "-", wide ? -7 : -6);
    }
    if (process)
        name_of(process, name, sizeof name);
    for (at = name; *at; at++) {
        if (*at == '/' && at > name)
            command = at + 1;
    }
    put(wide ? "    " : "   ", NULL);
    put_padded(command, 15);
    put("\n", NULL);
}

static void put_processes(struct monitor *monitor, int gpu)
{
    const struct process *list, *next;
    int count = smi_processes(monitor->arguments->view, gpu, &list), i, turn;
    int64_t last = -1;
    for (turn = 0; turn < count; turn++) { /* by pid, also in MIG mode */
        for (next = NULL, i = 0; i < count; i++) {
            if (list[i].pid > last && (!next || list[i].pid < next->pid))
                next = &list[i];
        }
        if (next && smi_process_is_known(next))
            put_process(monitor, gpu, next, count);
        last = next ? next->pid : UINT32_MAX;
    }
    if (!count)
        put_process(monitor, gpu, NULL, 0);
}

static void put_device(struct monitor *monitor, int gpu)
{
    char index[21], digits[21];
    unsigned i;
    monitor->first = 1;
    put_time(monitor);
    put_cell(monitor, decimal((uint64_t)gpu, index), monitor->date || monitor->time ? -4 : -5);
    put_gap(monitor, WIDE);
    for (i = 0; i < monitor->column_count; i++) {
        const struct column *column = &monitor->columns[i];
        if (!is_shown(monitor, column))
            continue;
        put_cell(monitor, column->constant ? column->constant : figure(monitor->arguments->view, gpu, column, digits), -6);
        put_gap(monitor, WIDE);
    }
    put("\n", NULL);
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

static int not_processed(const char *what)
{
    return smi_say(SMI_FAILED, what, "\nFailed to process command line \n", NULL);
}

/* Whether *text* has no other letters than *allowed*. */
static int has_only(const char *text, const char *allowed)
{
    for (; text && *text; text++) {
        if (!has_letter(allowed, *text))
            return 0;
    }
    return 1;
}

static int bad_number(const struct subarguments *arguments, const char *what, const char *most)
{
    put(what, most ? most : "", most ? " seconds\n" : "\n", NULL);
    put_help_of(arguments);
    return flush();
}

static int is_in_list(const char *list, const char *word)
{
    while (list && *list) {
        size_t i = 0;
        while (word[i] && list[i] == word[i])
            i++;
        if (!word[i] && (!list[i] || list[i] == ','))
            return 1;
        while (*list && *list++ != ',')
            ;
    }
    return 0;
}

static int watch(struct monitor *monitor, const char *all, uint64_t most)
{
    const struct subarguments *arguments = monitor->arguments;
    const struct view *view = arguments->view;
    const char *options = sub_value(arguments, "-o"), *format = sub_value(arguments, "--format");
    const char *delay_text = sub_value(arguments, "-d"), *count_text = sub_value(arguments, "-c");
    char digits[21];
    uint64_t delay = 1, count = 0, turn;
    int at, status;
    if (count_text && number(count_text, 10, &count, NULL) < 0)
        return bad_number(arguments, "Invalid value for number of samples to be displayed", NULL);
    if (delay_text && (number(delay_text, 10, &delay, NULL) < 0 || delay == 0 || delay > most))
        return bad_number(arguments, "Collection delay/interval should be between 1 second and ", decimal(most, digits));
    if (sub_has(arguments, "-s"))
        monitor->groups = sub_value(arguments, "-s");
    if (!has_only(monitor->groups, all))
        return not_processed("Failed to find any metric to display");
    if (!has_only(options, "DT"))
        return not_processed("Error in parsing options");
    monitor->date = has_letter(options, 'D');
    monitor->time = has_letter(options, 'T');
    monitor->csv = is_in_list(format, "csv");
    monitor->header = !is_in_list(format, "noheader");
    monitor->units = !is_in_list(format, "nounit");
    status = open_output(arguments);
    if (status)
        return status;
    put_heading(monitor, 0);
    put_heading(monitor, 1);
    for (turn = 0; !count_text || turn < count; turn++) {
        if (turn)
            smi_sleep((long)delay * 1000);
        for (at = 0; at < view->chosen_count && at < 16; at++)
            (monitor->processes ? put_processes : put_device)(monitor, view->chosen[at]);
        if (flush())
            return SMI_FAILED;
    }
    return flush();
}

int smi_dmon(const struct subarguments *arguments)
{
    struct monitor monitor = {
        .arguments = arguments,
        .columns = device_columns,
        .column_count = sizeof device_columns / sizeof *device_columns,
        .groups = "puc",
    };
    /* Only hardware can measure them. */
    if (sub_has(arguments, "--gpm-metrics") || sub_has(arguments, "--gpm-options"))
        return not_processed("Not supported on the device(s)");
    return watch(&monitor, "pucvmet", 600);
}

int smi_pmon(const struct subarguments *arguments)
{
    struct monitor monitor = {
        .arguments = arguments,
        .columns = process_columns,
        .column_count = sizeof process_columns / sizeof *process_columns,
        .groups = "u",
        .processes = 1,
    };
    return watch(&monitor, "um", 10);
}
