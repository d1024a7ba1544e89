/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* MIG mode, GPU instances and compute instances in the state of a GPU, and what changes them. layout/state_mig.py has the same numbers,
 * machine/mig_instances.py the same rules. */
#ifndef NVMOCK_STATE_MIG_H
#define NVMOCK_STATE_MIG_H

#include "state.h"

enum { MIG_INSTANCES = 15, MIG_COMPUTES = 8, MIG_STARTS = 8, MIG_PROFILES = 64 };

/* Numbers of the state. */
enum {
    SET_MIG_MODE = 768,     /* the current one */
    SET_MIG_PENDING = 769,
    SET_MIG_MADE = 770,     /* the instances are those that follow, not those of the machine */
    SET_MIG_INSTANCE = 784, /* plus the id: id of the profile, plus 65536 times the first memory slice */
    SET_MIG_COMPUTE = 800,  /* plus 8 times the id of the GPU instance plus the id: slices, plus 256 times the first one */
    SET_MIG_END = SET_MIG_COMPUTE + MIG_INSTANCES * MIG_COMPUTES,
};

/* Results, with the numbers of nvmlReturn_t. */
enum {
    MIG_DONE = 0,
    MIG_INVALID = 2,
    MIG_NOT_SUPPORTED = 3,
    MIG_NO_PERMISSION = 4,
    MIG_NOT_FOUND = 6,
    MIG_IN_USE = 19,
    MIG_NO_ROOM = 23,
    MIG_FAILED = 999,
};

/* A profile of GPU instances. */
struct mig_rule {
    unsigned id, slices, size, instances; /* *size* counts memory slices */
    unsigned start_count, starts[MIG_STARTS];
};

struct mig_rules {
    unsigned count;
    struct mig_rule rules[MIG_PROFILES];
};

/* What a GPU is cut into. */
struct mig_layout {
    unsigned enabled, pending;
    struct {
        int rule; /* -1: there is no such instance */
        unsigned start;
    } instances[MIG_INSTANCES];
    struct {
        unsigned slices, start; /* 0 slices: there is no such instance */
    } computes[MIG_INSTANCES][MIG_COMPUTES];
};

enum mig_what { MIG_SET_MODE, MIG_CREATE_INSTANCE, MIG_DESTROY_INSTANCE, MIG_CREATE_COMPUTE, MIG_DESTROY_COMPUTE, MIG_RESET };

struct mig_change {
    enum mig_what what;
    unsigned mode;              /* MIG_SET_MODE */
    int waits;                  /* MIG_SET_MODE: the mode only becomes pending */
    unsigned rule, slices;      /* of what is created */
    int start;                  /* of what is created, -1 for any */
    unsigned instance, compute; /* of what is changed, and the id that was given */
    /* Set by the caller of mig_change. */
    const struct mig_rules *rules;
    const struct mig_layout *rest;
    int result;
};

void mig_clear(struct mig_layout *layout);
/* The layout that the values of a GPU say; *rest* where they say nothing. */
void mig_read(struct mig_layout *layout, const struct state_own *own, const struct mig_layout *rest, const struct mig_rules *rules);
/* How many more of these GPU instances can be made. */
unsigned mig_capacity(const struct mig_layout *layout, const struct mig_rules *rules, unsigned rule);
/* The same for compute instances with so many slices. */
unsigned mig_compute_capacity(const struct mig_layout *layout, const struct mig_rules *rules, unsigned instance, unsigned slices);
/* Whether a GPU instance with *instance* slices can have compute instances with *slices*. */
int mig_can_hold(unsigned instance, unsigned slices);
/* Changes the layout; returns MIG_DONE, or why not. */
int mig_apply(struct mig_layout *layout, struct mig_change *change);
/* Changes the state of a GPU; returns the result. */
int mig_change(const char *path, unsigned gpu, struct mig_change *change);

/* The minor of the capability of a GPU instance, or with *compute* of at least 0 of a compute instance. */
unsigned mig_minor(unsigned gpu_minor, unsigned instance, int compute);
/* "MIG-" and the UUID of a compute instance. */
void mig_uuid(const char *gpu_uuid, unsigned instance, unsigned compute, char out[41]);

/* mig_holders.c: whether a process has this file below /dev open, other than this one. */
int mig_is_held(const char *path);

#endif
