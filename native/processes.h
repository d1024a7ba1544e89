/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The processes of a GPU by its state: those that a user has listed, and on request those that hold its device node open. */
#ifndef NVMOCK_PROCESSES_H
#define NVMOCK_PROCESSES_H

#include "state.h"

enum { MOST_PROCESSES = 256, NODE_NAME = 48, NO_INSTANCE = -1, NOT_AVAILABLE = -1 };

struct process {
    unsigned pid;
    int instance, compute;    /* ids of the MIG device, or NO_INSTANCE */
    int64_t memory;           /* in MiB, or NOT_AVAILABLE */
    char name[SET_PROCESS_NAME_SIZE + 1]; /* "" if it has to be looked up */
};

/* A device node, such as nvidia0, whose holders are processes of a GPU or of one of its MIG devices. */
struct process_node {
    char name[NODE_NAME];
    int instance, compute;
};

/* Whether *own* can say that a GPU has processes. */
int has_processes(const struct state_own *own);
/* Fills *list*; returns how many there are. *own* are evaluated values, *dev* is the directory of the nodes. A GPU in MIG mode has
 * only the processes that hold a node. */
int processes_of(const struct state_own *own, int is_mig, const char *dev, const struct process_node *nodes, int node_count,
    struct process list[MOST_PROCESSES]);
/* The name that is listed, or that of the running process, or "[Not Found]". */
void name_of(const struct process *process, char *out, size_t size);
/* Copies the first argument of a running process, of which *size* - 1 characters fit. Returns its length, -1 if there is no such process. */
long name_of_process(unsigned pid, char *out, size_t size);

#endif
