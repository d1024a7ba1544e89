/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The state of the GPUs: what has been set since the driver was installed. plugins/module_utils/layout/state_file.py
 * describes the file. It is read as a copy and never mapped, because a file that is cut while it is mapped ends its readers. */
#ifndef NVMOCK_STATE_H
#define NVMOCK_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "state_settings.h"

enum { STATE_GPUS = 256, STATE_ENTRIES = 4096, STATE_PATH = 512 };

struct state_entry {
    uint16_t gpu, setting;
    uint32_t zero;
    int64_t value;
};

struct state_slot {
    uint64_t generation, boot;
    uint32_t count, checksum;
    struct state_entry entries[STATE_ENTRIES];
};

struct state {
    uint64_t active; /* twice the generation, plus the slot */
    uint32_t gpu_count;
    int known; /* whether the file was read once */
    struct state_slot slot;
};

/* The values of one GPU, by number. */
struct state_own {
    unsigned char is_set[SET_NUMBERS];
    int64_t values[SET_NUMBERS];
};

/* state.c */

/* Puts the path of the state file together that is beside *file*; returns 0 if it is too long or *file* not absolute. */
int state_beside_file(const char *file, const char *version, char path[STATE_PATH]);
/* The same for the file that *address* is mapped from. */
int state_beside(const void *address, const char *version, char path[STATE_PATH]);
/* Reads the file. Returns 1 if the state is another one than before, 0 if it is the same, -1 if the file can't be read or
 * is not whole: then *state* is as it was. */
int state_read(const char *path, struct state *state);
/* The same for an open file. */
int state_read_open(int fd, struct state *state);
/* Collects the values of a GPU; returns whether it has any. */
int state_values(const struct state *state, unsigned gpu, struct state_own *own);
/* Of the entries of a slot, and of its head. */
uint32_t state_checksum(const struct state_slot *slot);
/* This boot of the kernel, 0 if unknown. */
uint64_t state_boot(void);
int64_t state_now(void); /* in milliseconds since 1970 */

/* state_values.c: changes stored values to those of a time. Returns whether they change by themselves. */
int state_evaluate(struct state_own *own, int64_t now);
double state_exp(double negative); /* of a number that is not positive */

/* state_write.c */
struct state_edit {
    unsigned setting;
    int remove;
    int64_t value;
};
/* Changes the values of a GPU; returns 0 or -errno. */
int state_write(const char *path, unsigned gpu, const struct state_edit *edits, int count);
/* The same with the edits that *decide* makes of the values, while no other writer is at work: it returns how many, of at most SET_NUMBERS. */
int state_decide(const char *path, unsigned gpu, int (*decide)(void *context, const struct state_own *own, struct state_edit *edits), void *context);
/* Whether gpu-mockctl watch follows the state. */
int state_is_followed(const char *path);

#endif
