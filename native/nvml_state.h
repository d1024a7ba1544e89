/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The state of the GPUs as the functions of NVML see it: numbers of the facts, replaced by what is set. */
#ifndef NVMOCK_NVML_STATE_H
#define NVMOCK_NVML_STATE_H

#include "nvml_facts.h"
#include "state.h"

enum { LINK_ERRORS = 5 };

/* Lets the next question read the file. */
void state_start(void);
/* The numbers of a GPU as they are now. */
const int64_t *numbers_now(const struct gpu_facts *gpu);
/* The energy in millijoules; 0 if the state does not count it. */
int energy_now(const struct gpu_facts *gpu, int64_t *energy);
/* Whether a link is active, and the count of one of its errors. */
int link_is_active(const struct gpu_facts *gpu, unsigned link);
int64_t link_errors(const struct gpu_facts *gpu, unsigned link, unsigned counter);
/* Whether the state can say that the GPU has processes, and its evaluated values, which are read from the file. */
int may_have_processes(const struct gpu_facts *gpu);
int values_now(const struct gpu_facts *gpu, struct state *buffer, struct state_own *own);
/* Changes values of a GPU; returns an nvmlReturn_t. */
int state_set(const struct gpu_facts *gpu, const struct state_edit *edits, int count);
/* The setting that changes this number alone, -1 if there is none. */
int setting_of(enum number number);

#endif
