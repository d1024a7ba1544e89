/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The rules by which a GPU is cut: machine/mig_instances.py has them in Python, and the tests compare both. */
#include "big.h"
#include "state_mig.h"

#include "system.h"

enum { COMPUTE_SLICES = 7, MEMORY_SLICES = 8, PER_INSTANCE = 1 + MIG_COMPUTES, FIRST_MINOR = 3 };

void mig_clear(struct mig_layout *layout)
{
    unsigned i, k;
    for (i = 0; i < MIG_INSTANCES; i++) {
        layout->instances[i].rule = -1;
        layout->instances[i].start = 0;
        for (k = 0; k < MIG_COMPUTES; k++)
            layout->computes[i][k].slices = layout->computes[i][k].start = 0;
    }
}

static void read_instances(struct mig_layout *layout, const struct state_own *own, const struct mig_rules *rules)
{
    unsigned i, k, number;
    mig_clear(layout);
    for (i = 0; i < MIG_INSTANCES; i++) {
        if (!own->is_set[SET_MIG_INSTANCE + i])
            continue;
        for (k = 0; k < rules->count; k++) {
            if (rules->rules[k].id == (unsigned)(own->values[SET_MIG_INSTANCE + i] & 65535))
                layout->instances[i].rule = (int)k;
        }
        layout->instances[i].start = (unsigned)(own->values[SET_MIG_INSTANCE + i] >> 16) & 7;
        for (k = 0; k < MIG_COMPUTES && layout->instances[i].rule >= 0; k++) {
            number = SET_MIG_COMPUTE + i * MIG_COMPUTES + k;
            if (!own->is_set[number])
                continue;
            layout->computes[i][k].slices = (unsigned)own->values[number] & 15;
            layout->computes[i][k].start = (unsigned)(own->values[number] >> 8) & 7;
        }
    }
}

void mig_read(struct mig_layout *layout, const struct state_own *own, const struct mig_layout *rest, const struct mig_rules *rules)
{
    *layout = *rest;
    if (own->is_set[SET_MIG_MODE])
        layout->enabled = own->values[SET_MIG_MODE] != 0;
    layout->pending = own->is_set[SET_MIG_PENDING] ? own->values[SET_MIG_PENDING] != 0 : layout->enabled;
    if (own->is_set[SET_MIG_MADE])
        read_instances(layout, own, rules);
}

static unsigned bits(unsigned start, unsigned size)
{
    return ((1u << size) - 1) << start;
}

/* The memory slices of the smallest node of the tree of instances that holds *size* of them. */
static unsigned width_of(unsigned size)
{
    unsigned width = 1;
    while (width < size)
        width *= 2;
    return width;
}

/* 8, or 4 if all profiles fit four and one of them is the whole GPU (machine/mig.py, memory_slices). */
static unsigned memory_slices(const struct mig_rules *rules)
{
    unsigned i, k, last = 0, whole = 0;
    for (i = 0; i < rules->count; i++) {
        const struct mig_rule *rule = &rules->rules[i];
        whole |= rule->size == 4 && rule->slices == 4;
        for (k = 0; k < rule->start_count; k++) {
            if (rule->starts[k] + rule->size > last)
                last = rule->starts[k] + rule->size;
        }
    }
    return whole && last <= 4 ? 4 : MEMORY_SLICES;
}

/* Memory slices that are taken, compute slices that are left, and how many instances of a profile there are. */
static unsigned taken_slices(const struct mig_layout *layout, const struct mig_rules *rules, unsigned *left, unsigned rule, unsigned *same)
{
    unsigned i, taken = 0;
    *left = COMPUTE_SLICES;
    *same = 0;
    for (i = 0; i < MIG_INSTANCES; i++) {
        const struct mig_rule *of;
        if (layout->instances[i].rule < 0)
            continue;
        of = &rules->rules[layout->instances[i].rule];
        taken |= bits(layout->instances[i].start, of->size);
        *left -= of->slices < *left ? of->slices : *left;
        *same += (unsigned)layout->instances[i].rule == rule;
    }
    return taken;
}

unsigned mig_capacity(const struct mig_layout *layout, const struct mig_rules *rules, unsigned rule)
{
    const struct mig_rule *wanted = &rules->rules[rule];
    unsigned i, left, same, found = 0, taken = taken_slices(layout, rules, &left, rule, &same);
    if (!layout->enabled)
        return 0;
    for (i = 0; i < wanted->start_count && same + found < wanted->instances && left >= wanted->slices; i++) {
        if (taken & bits(wanted->starts[i], wanted->size))
            continue;
        taken |= bits(wanted->starts[i], wanted->size);
        left -= wanted->slices;
        found++;
    }
    return found;
}

/* Compute slices that are not taken from *start* on. The last memory slice of eight has none. */
static unsigned free_compute(unsigned taken, unsigned start, unsigned width, unsigned whole)
{
    unsigned i, count = 0;
    for (i = start; i < start + width; i++)
        count += !(taken >> i & 1) && (i < COMPUTE_SLICES || whole < MEMORY_SLICES);
    return count;
}

/* The driver keeps large places free: of both halves it takes the one with fewer free slices that still holds the instance, the first one
 * if they are equal. So the instances that NVIDIA's MIG user guide makes have the ids 13, 5, 1 (1g, 2g, 4g) and 2, 1 (3g, 3g). */
static int place_in(const struct mig_rule *rule, unsigned taken, unsigned start, unsigned width, unsigned whole)
{
    unsigned half = width / 2, low, high, i;
    int found;
    if (width == width_of(rule->size)) {
        for (i = 0; i < rule->start_count; i++) {
            if (rule->starts[i] == start && !(taken & bits(start, rule->size)))
                return (int)start;
        }
        return -1;
    }
    low = free_compute(taken, start, half, whole);
    high = free_compute(taken, start + half, half, whole);
    found = place_in(rule, taken, high < low ? start + half : start, half, whole);
    return found >= 0 ? found : place_in(rule, taken, high < low ? start : start + half, half, whole);
}

static int create_instance(struct mig_layout *layout, struct mig_change *change)
{
    const struct mig_rules *rules = change->rules;
    const struct mig_rule *rule = &rules->rules[change->rule];
    unsigned i, left, same, taken, whole = memory_slices(rules), width = width_of(rule->size), id;
    int start = change->start;
    if (!layout->enabled)
        return MIG_NOT_SUPPORTED;
    for (i = 0; start >= 0 && i < rule->start_count && rule->starts[i] != (unsigned)start; i++)
        ;
    if (start >= 0 && i == rule->start_count)
        return MIG_INVALID;
    taken = taken_slices(layout, rules, &left, change->rule, &same);
    if (same >= rule->instances || left < rule->slices)
        return MIG_NO_ROOM;
    if (start < 0)
        start = place_in(rule, taken, 0, whole, whole);
    if (start < 0 || taken & bits((unsigned)start, rule->size))
        return MIG_NO_ROOM;
    id = whole / width - 1 + (unsigned)start / width;
    if (id >= MIG_INSTANCES || layout->instances[id].rule >= 0)
        return MIG_NO_ROOM;
    layout->instances[id].rule = (int)change->rule;
    layout->instances[id].start = (unsigned)start;
    change->instance = id;
    change->start = start;
    return MIG_DONE;
}

int mig_can_hold(unsigned instance, unsigned slices)
{
    return slices == instance || (slices > 0 && slices < instance && slices <= (instance == COMPUTE_SLICES ? 4u : 2u));
}

static unsigned taken_computes(const struct mig_layout *layout, unsigned instance)
{
    unsigned k, taken = 0;
    for (k = 0; k < MIG_COMPUTES; k++)
        taken |= bits(layout->computes[instance][k].start, layout->computes[instance][k].slices);
    return taken;
}

/* The first possible place of a compute instance, -1 if there is none. */
static int compute_place(unsigned taken, unsigned whole, unsigned slices)
{
    unsigned start;
    for (start = 0; start + slices <= whole; start += slices) {
        if (!(taken & bits(start, slices)))
            return (int)start;
    }
    return -1;
}

unsigned mig_compute_capacity(const struct mig_layout *layout, const struct mig_rules *rules, unsigned instance, unsigned slices)
{
    unsigned taken = taken_computes(layout, instance), found = 0;
    int start;
    if (layout->instances[instance].rule < 0)
        return 0;
    while ((start = compute_place(taken, rules->rules[layout->instances[instance].rule].slices, slices)) >= 0) {
        taken |= bits((unsigned)start, slices);
        found++;
    }
    return found;
}

static int create_compute(struct mig_layout *layout, struct mig_change *change)
{
    unsigned whole, taken, id = 0, slices = change->slices;
    int start = change->start;
    if (change->instance >= MIG_INSTANCES || layout->instances[change->instance].rule < 0)
        return MIG_INVALID;
    whole = change->rules->rules[layout->instances[change->instance].rule].slices;
    if (!mig_can_hold(whole, slices))
        return MIG_NOT_SUPPORTED;
    if (start >= 0 && ((unsigned)start % slices || (unsigned)start + slices > whole))
        return MIG_INVALID;
    taken = taken_computes(layout, change->instance);
    if (start < 0)
        start = compute_place(taken, whole, slices);
    if (start < 0 || taken & bits((unsigned)start, slices))
        return MIG_NO_ROOM;
    while (id < MIG_COMPUTES && layout->computes[change->instance][id].slices)
        id++;
    if (id == MIG_COMPUTES)
        return MIG_NO_ROOM;
    layout->computes[change->instance][id].slices = slices;
    layout->computes[change->instance][id].start = (unsigned)start;
    change->compute = id;
    change->start = start;
    return MIG_DONE;
}

static int destroy_instance(struct mig_layout *layout, const struct mig_change *change)
{
    if (change->instance >= MIG_INSTANCES || layout->instances[change->instance].rule < 0)
        return MIG_INVALID;
    if (taken_computes(layout, change->instance))
        return MIG_IN_USE;
    layout->instances[change->instance].rule = -1;
    layout->instances[change->instance].start = 0;
    return MIG_DONE;
}

static int destroy_compute(struct mig_layout *layout, const struct mig_change *change)
{
    if (change->instance >= MIG_INSTANCES || change->compute >= MIG_COMPUTES ||
        !layout->computes[change->instance][change->compute].slices)
        return MIG_INVALID;
    layout->computes[change->instance][change->compute].slices = 0;
    layout->computes[change->instance][change->compute].start = 0;
    return MIG_DONE;
}

static int set_mode(struct mig_layout *layout, const struct mig_change *change)
{
    unsigned i;
    if (change->mode > 1)
        return MIG_INVALID;
    for (i = 0; i < MIG_INSTANCES && !change->mode; i++) {
        if (layout->instances[i].rule >= 0)
            return MIG_IN_USE;
    }
    layout->pending = change->mode;
    if (!change->waits)
        layout->enabled = change->mode;
    return MIG_DONE;
}

/* A reset destroys all instances, and a pending mode takes effect. */
static int reset(struct mig_layout *layout)
{
    mig_clear(layout);
    layout->enabled = layout->pending;
    return MIG_DONE;
}

int mig_apply(struct mig_layout *layout, struct mig_change *change)
{
    switch (change->what) {
    case MIG_SET_MODE: return set_mode(layout, change);
    case MIG_CREATE_INSTANCE: return create_instance(layout, change);
    case MIG_DESTROY_INSTANCE: return destroy_instance(layout, change);
    case MIG_CREATE_COMPUTE: return create_compute(layout, change);
    case MIG_DESTROY_COMPUTE: return destroy_compute(layout, change);
    default: return reset(layout);
    }
}

/* What a writer stores for the layout: number by number, without what is stored already. */
static int edits_for(const struct mig_layout *layout, const struct mig_rules *rules, const struct state_own *own, struct state_edit *edits)
{
    unsigned number, offset;
    int count = 0;
    for (number = SET_MIG_MODE; number < SET_MIG_END; number++) {
        int64_t value = -1; /* not stored */
        if (number > SET_MIG_MADE && number < SET_MIG_INSTANCE)
            continue; /* a note of node/mig_state.py */
        if (number == SET_MIG_MODE) {
            value = layout->enabled;
        } else if (number == SET_MIG_PENDING) {
            value = layout->pending;
        } else if (number == SET_MIG_MADE) {
            value = 1;
        } else if (number >= SET_MIG_COMPUTE) {
            offset = number - SET_MIG_COMPUTE;
            if (layout->computes[offset / MIG_COMPUTES][offset % MIG_COMPUTES].slices)
                value = layout->computes[offset / MIG_COMPUTES][offset % MIG_COMPUTES].slices |
                    (int64_t)layout->computes[offset / MIG_COMPUTES][offset % MIG_COMPUTES].start << 8;
        } else if (number >= SET_MIG_INSTANCE && number < SET_MIG_INSTANCE + MIG_INSTANCES) {
            offset = number - SET_MIG_INSTANCE;
            if (layout->instances[offset].rule >= 0)
                value = rules->rules[layout->instances[offset].rule].id | (int64_t)layout->instances[offset].start << 16;
        }
        if (value < 0 ? !own->is_set[number] : own->is_set[number] && own->values[number] == value)
            continue;
        edits[count++] = (struct state_edit){.setting = number, .remove = value < 0, .value = value};
    }
    return count;
}

/* Called with the lock of the file held. */
static int decide(void *context, const struct state_own *own, struct state_edit *edits)
{
    struct mig_change *change = context;
    static struct mig_layout layout BIG;
    mig_read(&layout, own, change->rest, change->rules);
    change->result = mig_apply(&layout, change);
    return change->result ? 0 : edits_for(&layout, change->rules, own, edits);
}

int mig_change(const char *path, unsigned gpu, struct mig_change *change)
{
    int result = state_decide(path, gpu, decide, change);
    if (result == -ENOENT)
        return MIG_NOT_SUPPORTED;
    if (result)
        return result == -EROFS || result == -EACCES || result == -EPERM ? MIG_NO_PERMISSION : MIG_FAILED;
    return change->result;
}

unsigned mig_minor(unsigned gpu_minor, unsigned instance, int compute)
{
    return FIRST_MINOR + (gpu_minor * MIG_INSTANCES + instance) * PER_INSTANCE + (unsigned)(compute + 1);
}
