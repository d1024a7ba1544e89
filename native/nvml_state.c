/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The process has a copy of the state, and reads the file again when some milliseconds have passed by the counter of the
 * processor. So a query costs no system call. There are two copies and an index: readers take no lock. A reader that sleeps
 * for longer than that may see a newer number in the older copy, never half of one. */
#include "nvml_state.h"

#include <linux/elf.h>

#include "big.h"
#include "nvml.h"
#include "processes.h"
#include "system.h"

enum { PERIOD = 20 /* milliseconds */ };
/* Counts in this time, for processors of 1 to 5 GHz. */
enum { LEAST_PERIOD = 20000000, MOST_PERIOD = 100000000 };

struct snapshot {
    unsigned char has[STATE_GPUS];
    unsigned char has_processes[STATE_GPUS];
    int64_t numbers[STATE_GPUS][NUMBERS];
    int64_t energy[STATE_GPUS]; /* -1: not counted */
    uint64_t inactive[STATE_GPUS]; /* a bit per link */
    int64_t errors[STATE_GPUS][SET_LINKS][LINK_ERRORS];
};

/* Provided by the process's C library, if it has one: struct dl_phdr_info. */
struct loaded {
    uintptr_t base;
    const char *file;
    const Elf64_Phdr *segments;
    Elf64_Half segment_count;
};
extern int dl_iterate_phdr(int (*each)(struct loaded *, size_t, void *), void *context) __attribute__((weak));

static char path[STATE_PATH];
static int is_found, is_looked_for;
static struct state state FIRST_BIG;
static struct snapshot snapshots[2] BIG;
static const struct snapshot *current; /* NULL: everything is at rest */
static uint64_t last, period = ~0ull;  /* of the counter; 0: read at the next question */
static uint64_t refreshing;            /* when it began; 0: nobody does */
static int moves, is_read;

static inline uint64_t counter(void)
{
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
#else
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#endif
}

static void apply(struct snapshot *to, unsigned gpu, const struct state_own *own)
{
    const int64_t *rest = all_gpus()[gpu].numbers;
    int64_t *numbers = to->numbers[gpu];
    unsigned i, k;
    for (i = 0; i < NUMBERS; i++)
        numbers[i] = rest[i];
    for (i = 0; i < EFFECTS; i++) {
        const struct state_effect *effect = &state_effects[i];
        int64_t *number = &numbers[effect->number];
        if (!own->is_set[effect->setting] || rest[effect->number] < LEAST_NUMBER)
            continue; /* the board does not have it */
        if (effect->mask)
            *number = (*number & ~(int64_t)effect->mask) | (own->values[effect->setting] << effect->shift & effect->mask);
        else
            *number = own->values[effect->setting];
    }
    if (own->is_set[SET_MEMORY_FREE] && rest[MEMORY_FREE] >= LEAST_NUMBER)
        numbers[MEMORY_FREE] = own->values[SET_MEMORY_FREE];
    to->has_processes[gpu] = (unsigned char)has_processes(own);
    to->energy[gpu] = own->is_set[SET_ENERGY] ? own->values[SET_ENERGY] : -1;
    to->inactive[gpu] = 0;
    for (i = 0; i < SET_LINKS; i++) {
        unsigned first = SET_FIRST_LINK + 8 * i;
        if (own->is_set[first] && !own->values[first])
            to->inactive[gpu] |= 1ull << i;
        for (k = 0; k < LINK_ERRORS; k++)
            to->errors[gpu][i][k] = own->is_set[first + 1 + k] ? own->values[first + 1 + k] : 0;
    }
}

static void rebuild(void)
{
    static struct state_own own BIG;
    struct snapshot *next = current == &snapshots[0] ? &snapshots[1] : &snapshots[0];
    unsigned i, any = 0, count = facts.gpu_count < STATE_GPUS ? facts.gpu_count : STATE_GPUS;
    int64_t now = state.slot.count ? state_now() : 0;
    moves = 0;
    for (i = 0; state.slot.count && i < count; i++) {
        next->has[i] = (unsigned char)state_values(&state, i, &own);
        if (!next->has[i])
            continue;
        moves |= state_evaluate(&own, now);
        apply(next, i, &own);
        any = 1;
    }
    __atomic_store_n(&current, any ? next : NULL, __ATOMIC_RELEASE);
}

/* How many counts PERIOD has. The processor says it, or it is measured since the process has begun to count. */
static uint64_t counts_of_period(void)
{
#if defined(__aarch64__)
    uint64_t frequency;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency / 1000 * PERIOD;
#else
    static uint64_t first;
    static int64_t then;
    uint64_t counts;
    int64_t now = state_now();
    if (!first) {
        first = counter();
        then = now;
    }
    if (now <= then)
        return LEAST_PERIOD;
    counts = (counter() - first) / (uint64_t)(now - then) * PERIOD;
    return counts < LEAST_PERIOD ? LEAST_PERIOD : counts > MOST_PERIOD ? MOST_PERIOD : counts;
#endif
}

/* Sets the path if this library is the one. */
static int put_path(struct loaded *loaded, size_t size, void *unused)
{
    unsigned i;
    (void)size, (void)unused;
    for (i = 0; i < loaded->segment_count; i++) {
        const Elf64_Phdr *segment = &loaded->segments[i];
        if (segment->p_type == PT_LOAD && (uintptr_t)&facts - loaded->base - segment->p_vaddr < segment->p_memsz)
            return loaded->file && state_beside_file(loaded->file, facts.driver_version, path) ? 1 : -1;
    }
    return 0;
}

/* The dynamic linker knows the directory by the name that the program used, which is faster than the list of mappings. Returns what
 * state_read returns. */
static int find_and_read(void)
{
    int (*function)(int (*)(struct loaded *, size_t, void *), void *) = dl_iterate_phdr;
    int result = -1;
    __asm__("" : "+r"(function)); /* Keeps the call indirect, as in device_nodes.c. */
    is_looked_for = 1;
    if (function && function(put_path, NULL) > 0)
        result = state_read(path, &state);
    is_found = result >= 0 || state_beside(&facts, facts.driver_version, path);
    return result < 0 && is_found ? state_read(path, &state) : result;
}

/* One thread does it, and others go on with what was read before. */
static void wait_for_first(uint64_t since)
{
    while (!__atomic_load_n(&is_read, __ATOMIC_ACQUIRE) && __atomic_load_n(&refreshing, __ATOMIC_RELAXED) && counter() - since < MOST_PERIOD)
        CALL(sched_yield, 0);
}

/* If the process forks while another thread does it, the child goes on after some time. */
static __attribute__((noinline)) void refresh(uint64_t now)
{
    uint64_t begun = __atomic_load_n(&refreshing, __ATOMIC_RELAXED);
    int result;
    if ((begun && now - begun < 16ull * MOST_PERIOD) ||
        !__atomic_compare_exchange_n(&refreshing, &begun, now | 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        wait_for_first(now);
        return;
    }
    result = is_looked_for ? is_found ? state_read(path, &state) : -1 : find_and_read();
    if (result > 0 || (moves && state.known))
        rebuild();
    __atomic_store_n(&period, is_found ? counts_of_period() : ~0ull, __ATOMIC_RELAXED);
    __atomic_store_n(&last, now, __ATOMIC_RELAXED);
    __atomic_store_n(&is_read, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&refreshing, 0, __ATOMIC_RELEASE);
}

void state_start(void)
{
    __atomic_store_n(&period, 0, __ATOMIC_RELAXED);
}

static const struct snapshot *snapshot(void)
{
    uint64_t now = counter();
    if (__builtin_expect(now - __atomic_load_n(&last, __ATOMIC_RELAXED) > __atomic_load_n(&period, __ATOMIC_RELAXED), 0))
        refresh(now);
    return __atomic_load_n(&current, __ATOMIC_ACQUIRE);
}

const int64_t *numbers_now(const struct gpu_facts *gpu)
{
    const struct snapshot *now = snapshot();
    size_t place = (size_t)(gpu - all_gpus());
    return now && place < STATE_GPUS && now->has[place] ? now->numbers[place] : gpu->numbers;
}

static const struct snapshot *snapshot_of(const struct gpu_facts *gpu, size_t *place)
{
    const struct snapshot *now = snapshot();
    *place = (size_t)(gpu - all_gpus());
    return now && *place < STATE_GPUS && now->has[*place] ? now : NULL;
}

int energy_now(const struct gpu_facts *gpu, int64_t *energy)
{
    size_t place;
    const struct snapshot *now = snapshot_of(gpu, &place);
    if (!now || now->energy[place] < 0)
        return 0;
    *energy = now->energy[place];
    return 1;
}

int link_is_active(const struct gpu_facts *gpu, unsigned link)
{
    size_t place;
    const struct snapshot *now = snapshot_of(gpu, &place);
    return !now || link >= SET_LINKS || !(now->inactive[place] >> link & 1);
}

int64_t link_errors(const struct gpu_facts *gpu, unsigned link, unsigned counter_number)
{
    size_t place;
    const struct snapshot *now = snapshot_of(gpu, &place);
    return now && link < SET_LINKS && counter_number < LINK_ERRORS ? now->errors[place][link][counter_number] : 0;
}

int may_have_processes(const struct gpu_facts *gpu)
{
    size_t place;
    const struct snapshot *now = snapshot_of(gpu, &place);
    return now && now->has_processes[place];
}

int values_now(const struct gpu_facts *gpu, struct state *buffer, struct state_own *own)
{
    if (!is_found || state_read(path, buffer) < 0 || !state_values(buffer, (unsigned)(gpu - all_gpus()), own))
        return 0;
    state_evaluate(own, state_now());
    return 1;
}

int state_set(const struct gpu_facts *gpu, const struct state_edit *edits, int count)
{
    int result;
    snapshot();
    if (!is_found)
        return NOT_SUPPORTED;
    result = state_write(path, (unsigned)(gpu - all_gpus()), edits, count);
    if (result == -ENOENT)
        return NOT_SUPPORTED;
    if (result)
        return result == -EROFS || result == -EACCES || result == -EPERM ? NO_PERMISSION : UNKNOWN_ERROR;
    __atomic_store_n(&last, counter() - __atomic_load_n(&period, __ATOMIC_RELAXED) - 1, __ATOMIC_RELAXED);
    return SUCCESS;
}

int setting_of(enum number number)
{
    int i;
    for (i = 0; i < EFFECTS; i++) {
        if (state_effects[i].number == number && !state_effects[i].mask)
            return state_effects[i].setting;
    }
    return -1;
}
