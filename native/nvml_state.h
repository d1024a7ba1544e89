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
/* The next query reads the file again; with the first one, even if it has not changed. */
void state_read_again(void);
void state_refresh_soon(void);
/* NULL if there is no file. */
const char *state_file_path(void);
/* Reads the file again if it is time. */
void state_look(void);
/* The numbers of a GPU as they were when its handle was checked. */
const int64_t *numbers_now(const struct gpu_facts *gpu);
/* The energy in millijoules; 0 if the state does not count it. */
int energy_now(const struct gpu_facts *gpu, int64_t *energy);
/* Whether a link is active, and the count of one of its errors. */
int link_is_active(const struct gpu_facts *gpu, unsigned link);
int64_t link_errors(const struct gpu_facts *gpu, unsigned link, unsigned counter);
/* Whether a fault makes the GPU unreachable. */
int gpu_is_lost(const struct gpu_facts *gpu);
/* The sequence number of the GPU's next event. */
int64_t next_event(const struct gpu_facts *gpu);
/* The first event of these types from a sequence number on, as layout/state_faults.py packs it; 0 if there is none. The sequence number
 * becomes that of the event after it. Events that are no longer in the ring are left out. */
int64_t event_since(const struct gpu_facts *gpu, int64_t *sequence, unsigned types);
/* Whether the state can say that the GPU has processes, and its evaluated values, which are read from the file. */
int may_have_processes(const struct gpu_facts *gpu);
int values_now(const struct gpu_facts *gpu, struct state *buffer, struct state_own *own);
/* Changes values of a GPU; returns an nvmlReturn_t. */
int state_set(const struct gpu_facts *gpu, const struct state_edit *edits, int count);
/* The setting that changes this number alone, -1 if there is none. */
int setting_of(enum number number);

#endif
