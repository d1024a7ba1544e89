/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What the readings of a GPU are at a time: layout/state_values.py has the same rules. */
#include "state.h"

enum { POWER_CONSTANT = 3000, TEMPERATURE_CONSTANT = 20000 }; /* milliseconds */
#define MOST 9007199254740992.0

/* 2^-k * exp(-r), where r is at most ln 2. */
double state_exp(double negative)
{
    static const double ln2 = 0.693147180559945309417;
    double x = -negative, r, term = 1, sum = 1;
    union { uint64_t bits; double number; } scale;
    int k, i;
    if (!(x > 0))
        return 1;
    if (x > 700)
        return 0;
    k = (int)(x / ln2);
    r = x - k * ln2;
    for (i = 1; i < 18; i++) {
        term *= -r / i;
        sum += term;
    }
    scale.bits = (uint64_t)(1023 - k) << 52;
    return sum * scale.number;
}

static int64_t rounded(double value)
{
    if (!(value < MOST))
        value = MOST;
    if (!(value > -MOST))
        value = -MOST;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static int64_t value_or(const struct state_own *own, unsigned number, int64_t otherwise)
{
    return own->is_set[number] ? own->values[number] : otherwise;
}

static void put_if_unset(struct state_own *own, unsigned number, int64_t value)
{
    if (own->is_set[number])
        return;
    own->is_set[number] = 1;
    own->values[number] = value;
}

/* The value at a time; *total: the integral from the start of the load on. *first* is the number of the value at the
 * start; those of the target and of the value at rest follow. */
static double curve(const struct state_own *own, unsigned first, double constant, int64_t now, double *total)
{
    int64_t start = own->values[SET_LOAD_START], until = value_or(own, SET_LOAD_UNTIL, 0);
    int64_t end = now < until ? now : until;
    double begin = (double)value_or(own, first, 0), target = (double)value_or(own, first + 1, 0);
    double rest = (double)value_or(own, first + 2, 0), time = end > start ? (double)(end - start) : 0;
    double fallen = state_exp(-time / constant), value = target + (begin - target) * fallen;
    *total = target * time + (begin - target) * constant * (1 - fallen);
    if (now > until) {
        time = (double)(now - until);
        fallen = state_exp(-time / constant);
        *total += rest * time + (value - rest) * constant * (1 - fallen);
        value = rest + (value - rest) * fallen;
    }
    return value;
}

static void evaluate_load(struct state_own *own, int64_t now)
{
    double unused;
    unsigned i;
    if (own->values[SET_LOAD_START] <= now && now < value_or(own, SET_LOAD_UNTIL, 0)) {
        for (i = 0; i < SETTINGS; i++) {
            if (own->is_set[SET_WHILE_LOADED + i])
                put_if_unset(own, i, own->values[SET_WHILE_LOADED + i]);
        }
    }
    if (own->is_set[SET_POWER_TARGET])
        put_if_unset(own, SET_POWER, rounded(curve(own, SET_POWER_FROM, POWER_CONSTANT, now, &unused)));
    if (own->is_set[SET_TEMPERATURE_TARGET]) {
        int64_t now_is = rounded(curve(own, SET_TEMPERATURE_FROM, TEMPERATURE_CONSTANT, now, &unused));
        put_if_unset(own, SET_TEMPERATURE, (now_is + 500) / 1000);
        if (own->is_set[SET_MEMORY_TEMPERATURE_REST])
            put_if_unset(own, SET_MEMORY_TEMPERATURE, own->values[SET_MEMORY_TEMPERATURE_REST] + own->values[SET_TEMPERATURE] -
                value_or(own, SET_TEMPERATURE_REST, 0) / 1000);
    }
}

static void lock_clock(struct state_own *own, unsigned clock, unsigned rest, unsigned least, unsigned most)
{
    int64_t value;
    if (!own->is_set[rest])
        return;
    value = value_or(own, clock, own->values[rest]);
    if (own->is_set[most] && value > own->values[most])
        value = own->values[most];
    if (own->is_set[least] && value < own->values[least])
        value = own->values[least];
    own->is_set[clock] = 1;
    own->values[clock] = value;
}

/* What the listed processes have, in MiB. */
static int64_t memory_of_processes(const struct state_own *own)
{
    int64_t count = value_or(own, SET_PROCESS_COUNT, 0), sum = 0;
    unsigned i;
    for (i = 0; i < SET_PROCESSES && (int64_t)i < count; i++) {
        int64_t memory = value_or(own, SET_FIRST_PROCESS + i * SET_PROCESS_SIZE + SET_PROCESS_MEMORY, 0);
        sum += memory > 0 ? memory : 0;
    }
    return sum;
}

static void evaluate_energy(struct state_own *own, int has_power, int64_t power, int64_t now)
{
    int64_t since = value_or(own, SET_ENERGY_SINCE, now);
    double spent, before;
    if (!has_power && own->is_set[SET_LOAD_START] && own->is_set[SET_POWER_TARGET]) {
        curve(own, SET_POWER_FROM, POWER_CONSTANT, now, &spent);
        curve(own, SET_POWER_FROM, POWER_CONSTANT, since, &before);
        spent -= before;
    } else {
        spent = (double)(has_power ? power : value_or(own, SET_ENERGY_POWER, 0)) * (double)(now - since);
    }
    own->values[SET_ENERGY] += rounded((spent > 0 ? spent : 0) / 1000);
}

int state_evaluate(struct state_own *own, int64_t now)
{
    int has_power = own->is_set[SET_POWER];
    int64_t power = value_or(own, SET_POWER, 0), memory;
    if (own->is_set[SET_LOAD_START])
        evaluate_load(own, now);
    lock_clock(own, SET_GRAPHICS_CLOCK, SET_GRAPHICS_REST, SET_LOCKED_GRAPHICS_CLOCK_MIN, SET_LOCKED_GRAPHICS_CLOCK_MAX);
    lock_clock(own, SET_SM_CLOCK, SET_SM_REST, SET_LOCKED_GRAPHICS_CLOCK_MIN, SET_LOCKED_GRAPHICS_CLOCK_MAX);
    lock_clock(own, SET_MEMORY_CLOCK, SET_MEMORY_CLOCK_REST, SET_LOCKED_MEMORY_CLOCK_MIN, SET_LOCKED_MEMORY_CLOCK_MAX);
    if (own->is_set[SET_THERMAL_LIMIT] && own->is_set[SET_TEMPERATURE])
        put_if_unset(own, SET_TEMPERATURE_MARGIN, own->values[SET_THERMAL_LIMIT] - own->values[SET_TEMPERATURE]);
    memory = memory_of_processes(own);
    if (memory && own->is_set[SET_MEMORY_USED_REST])
        put_if_unset(own, SET_MEMORY_USED, own->values[SET_MEMORY_USED_REST] + memory);
    if (own->is_set[SET_MEMORY_AVAILABLE] && own->is_set[SET_MEMORY_USED])
        put_if_unset(own, SET_MEMORY_FREE, own->values[SET_MEMORY_AVAILABLE] - own->values[SET_MEMORY_USED]);
    if (own->is_set[SET_ENERGY])
        evaluate_energy(own, has_power, power, now);
    return own->is_set[SET_LOAD_START] || own->is_set[SET_ENERGY];
}
