/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What is visible, and which part of nvidia-smi runs. */
#include "smi_commands.h"

#include <stdarg.h>

#include "output.h"
#include "smi_options.h"
#include "smi_state.h"
#include "system.h"
#include "text.h"

int smi_exists(const struct view *view, const char *name, const char *number_text)
{
    char path[PATH_SIZE];
    if (join(path, sizeof path, view->dev, "/", name, number_text, NULL) < 0)
        return 0;
    return CALL(faccessat, AT_FDCWD, path, 0) == 0;
}

int smi_branch(const struct view *view)
{
    uint64_t branch = 0;
    const char *rest;
    return number(view->head->fields[SMI_DRIVER], 10, &branch, &rest) == 0 && branch < EVER ? (int)branch : 0;
}

const char *const *smi_gpu(const struct view *view, int at)
{
    return view->gpus[view->chosen[at]]->fields;
}

const struct line *smi_line(const struct line *line, const char *type, int count)
{
    for (line = line->next; line; line = line->next) {
        if (line->count >= count && equal(line->fields[0], type))
            return line;
    }
    return NULL;
}

int smi_say(int status, const char *first, ...)
{
    const char *part;
    va_list parts;
    va_start(parts, first);
    for (part = first; part; part = va_arg(parts, const char *))
        put(part, NULL);
    va_end(parts);
    put("\n", NULL);
    flush();
    return status;
}

/* NVIDIA's program shows with dots that a text was cut. */
static void put_cell(const char *text, int width)
{
    const int wide = width < 0 ? -width : width;
    if ((int)length_of(text) <= wide || wide <= 3) {
        put_padded(text, width);
        return;
    }
    put_padded(text, wide - 3);
    put("...", NULL);
}

void smi_row(const char *template, ...)
{
    va_list values;
    va_start(values, template);
    while (*template) {
        char one[2] = {*template, 0};
        int width = 0;
        if (*template != '<' && *template != '>') {
            put(one, NULL);
            template++;
            continue;
        }
        while (template[width] == *one)
            width++;
        template += width;
        put_cell(va_arg(values, const char *), *one == '<' ? width : -width);
    }
    va_end(values);
}

int smi_left_out(const char *what, const char *why)
{
    char text[PATH_SIZE];
    join(text, sizeof text, "nvidia-smi (mock): '", what, "' is not implemented: ", why, "\n", NULL);
    write_all(2, text, length_of(text));
    return SMI_NOT_SUPPORTED;
}

void smi_sleep(long milliseconds)
{
    struct { long seconds, nanoseconds; } time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    CALL(nanosleep, &time, NULL);
    smi_state_forget();
}

/* Used if the machine type has no readings. */
static const char *const no_readings[READ_FIELDS] = {[0 ... READ_FIELDS - 1] = ""};

static void look(struct view *view, const struct line *lines, char **environment)
{
    const struct line *line;
    view->head = lines;
    view->readings = no_readings;
    view->dev = "/dev";
    for (; *environment; environment++) {
        if (begins_with(*environment, "NVMOCK_DEV=") && (*environment)[11])
            view->dev = *environment + 11;
    }
    for (line = lines->next; line; line = line->next) {
        if (equal(line->fields[0], "readings") && line->count == READ_FIELDS)
            view->readings = line->fields;
        if (equal(line->fields[0], "gpu") && line->count == GPU_FIELDS && view->count < MAXIMUM &&
            smi_exists(view, "nvidia", line->fields[GPU_MINOR])) {
            view->chosen[view->count] = view->count;
            view->gpus[view->count++] = line;
        }
    }
    view->chosen_count = view->count;
}

/* -h alone; beside other arguments smi_run refuses it. */
static int asks_help(int argc, char **argv)
{
    return argc == 2 && (equal(argv[1], "-h") || equal(argv[1], "--help"));
}

int smi(const struct line *lines, int argc, char **argv, char **environment)
{
    static struct view view;
    int status;
    look(&view, lines, environment);
    if (asks_help(argc, argv)) {
        put_help(view.head->fields[SMI_DRIVER], smi_branch(&view));
        return flush();
    }
    if (!smi_exists(&view, "nvidiactl", ""))
        return smi_say(SMI_NO_DRIVER, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure "
                       "that the latest NVIDIA driver is installed and running.\n", NULL);
    status = argc > 1 ? smi_command(&view, argc, argv) : -1;
    if (status < 0 && argc > 1 && has_command(smi_branch(&view), argv[1]))
        return smi_left_out(argv[1], "its output is not published");
    return status < 0 ? smi_run(&view, argc, argv) : status;
}
