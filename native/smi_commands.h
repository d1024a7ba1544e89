/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the commands of nvidia-smi share. Each command returns an exit status. */
#ifndef NVMOCK_SMI_COMMANDS_H
#define NVMOCK_SMI_COMMANDS_H

#include "smi.h"

/* The driver branch, such as 550. */
int smi_branch(const struct view *view);

/* Fields of the GPU that is the chosen one number *at*. */
const char *const *smi_gpu(const struct view *view, int at);

/* The next line of *type* after *line* (at the head: all) with at least *count* fields; NULL if there is none. */
const struct line *smi_line(const struct line *line, const char *type, int count);

/* Prints strings and a line break; returns *status*. */
int smi_say(int status, const char *first, ...) __attribute__((sentinel));

/* Prints *template*, in which runs of < and > are places of values, left and right aligned. Longer values are cut
 * and end with dots. */
void smi_row(const char *template, ...);

/* Says on stderr that this is left out, and why (docs/nvidia-smi-coverage.md lists it); returns SMI_NOT_SUPPORTED. */
int smi_left_out(const char *what, const char *why);

/* smi_choose.c: keeps only the GPUs in *ids* (separated by commas). */
int smi_choose(struct view *view, const char *ids);

/* smi_run.c: everything without a sub command. */
int smi_run(struct view *view, int argc, char **argv);

/* smi_list.c */
int smi_list(const struct view *view);
int smi_version(const struct view *view);
int smi_units(const struct view *view, int xml);

/* smi_table.c: what is shown without options. */
int smi_table(const struct view *view);

/* smi_change.c: a device modification with its value; *strict*: a warning is an error. */
struct change {
    const char *name, *full, *value, *mode, *scope;
    int strict;
};
int smi_change(const struct view *view, const struct change *change);

/* Sub commands: argv[1] is the name. -1: there is none of this name in the driver branch. */
int smi_command(struct view *view, int argc, char **argv);

/* smi_lost.c: refuses if one of the chosen GPUs is lost. */
int smi_check_lost(const struct view *view);
/* Prints the line of a GPU that is lost; returns whether it is. */
int smi_list_lost(const struct view *view, int gpu);
/* Whether one of the visible GPUs is lost. */
int smi_any_lost(const struct view *view);

/* Waits. */
void smi_sleep(long milliseconds);

#endif
