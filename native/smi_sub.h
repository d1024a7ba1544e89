/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The sub commands of nvidia-smi and their options. */
#ifndef NVMOCK_SMI_SUB_H
#define NVMOCK_SMI_SUB_H

#include <stdint.h>

#include "smi_commands.h"
#include "smi_options.h"

/* What a sub command does without options; beside NO_VALUE, A_VALUE and MAYBE_A_VALUE of its options. */
enum { SHOWS_HELP = 10, RUNS };

/* A sub command (no full name, *kind* as above), followed by its options. The last one has no text. */
struct suboption {
    const char *brief, *full;
    short kind, since, until;
    const char *text;
};
extern const struct suboption smi_suboptions[];

/* The arguments of a sub command. */
enum { MOST_SUBARGUMENTS = 64 };
struct subarguments {
    struct view *view;
    const char *command;
    int branch, count;
    const struct suboption *options[MOST_SUBARGUMENTS];
    const char *values[MOST_SUBARGUMENTS];
};

/* The value of an option, "" if it takes none, NULL if it was not given. */
const char *sub_value(const struct subarguments *arguments, const char *brief);
int sub_has(const struct subarguments *arguments, const char *brief);

/* Reads the value of an option as a number; SMI_BAD_ARGUMENT after a message. */
int sub_number(const struct subarguments *arguments, const char *brief, uint64_t *value);

void put_sub_help(const struct suboption *command, int branch);
/* Help of the command of these arguments. */
void put_help_of(const struct subarguments *arguments);

/* Each sub command. */
int smi_topo(const struct subarguments *arguments);
int smi_nvlink(const struct subarguments *arguments);
int smi_mig(const struct subarguments *arguments);
int smi_dmon(const struct subarguments *arguments);
int smi_pmon(const struct subarguments *arguments);
int smi_compute_policy(const struct subarguments *arguments);
int smi_drain(const struct subarguments *arguments);
/* Those that need what no machine has: smi_absent.c. */
int smi_absent(const struct subarguments *arguments);

/* "GPU 0: NAME (UUID: ...)" */
void put_gpu_title(const struct view *view, int gpu);

#endif
