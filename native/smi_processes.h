/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The processes of a visible GPU, for the outputs of nvidia-smi. */
#ifndef NVMOCK_SMI_PROCESSES_H
#define NVMOCK_SMI_PROCESSES_H

#include "processes.h"
#include "smi.h"

enum { PROCESS_NAME = 1024, PROCESS_DIGITS = 24 };

/* Sets *list*, which is valid until the next call; returns how many there are. */
int smi_processes(const struct view *view, int gpu, const struct process **list);
/* Whether the program knows a name: that of the list, or that of a running process. */
int smi_process_is_known(const struct process *process);
/* The id of an instance, or "N/A". */
const char *smi_instance(int id, char out[PROCESS_DIGITS]);

#endif
