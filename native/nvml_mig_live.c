/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The GPU instances and compute instances that there are now: those of the state, or of the machine if the state has none. Each pair of
 * ids has one record, whose address is the handle. So a handle is the same when an instance is made again, and invalid in between. */
#include "big.h"
#include "nvml_mig.h"
#include "nvml_state.h"
#include "system.h"
#include "text.h"

enum { OF_INSTANCE = MIG_COMPUTES, PER_INSTANCE, PER_GPU = MIG_INSTANCES * PER_INSTANCE };
enum { READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22 };

static struct mig_facts *records;
static struct {
    unsigned char is_enabled, computes[MIG_INSTANCES]; /* bits of the ids that there are */
    uint16_t instances;
} live[STATE_GPUS] BIG;
static volatile int lock;

static struct mig_facts *record_of(unsigned gpu, unsigned instance, unsigned compute)
{
    return &records[gpu * PER_GPU + instance * PER_INSTANCE + compute];
}

const struct mig_rules *rules_of_profiles(void)
{
    static struct mig_rules rules BIG;
    unsigned i, k;
    if (rules.count)
        return &rules;
    for (i = 0; i < facts.profile_count && i < MIG_PROFILES; i++) {
        const struct profile_facts *profile = &all_profiles()[i];
        struct mig_rule *rule = &rules.rules[i];
        *rule = (struct mig_rule){profile->id, profile->counts.slices, profile->size, profile->counts.instances, profile->start_count, {0}};
        for (k = 0; k < rule->start_count && k < MIG_STARTS; k++)
            rule->starts[k] = profile->starts[k];
    }
    rules.count = i;
    return &rules;
}

/* The compute slices of the MIG devices of the same GPU instance that come before this one. */
static unsigned slices_before(const struct mig_facts *first, const struct mig_facts *mig)
{
    unsigned sum = 0;
    for (; first < mig; first++)
        sum += first->instance == mig->instance ? first->slices : 0;
    return sum;
}

int layout_at_rest(const struct gpu_facts *gpu, struct mig_layout *layout)
{
    const struct mig_facts *first = &all_migs()[gpu->mig_first], *mig;
    mig_clear(layout);
    layout->enabled = layout->pending = gpu->mig_enabled != 0;
    for (mig = first; mig < first + gpu->mig_count; mig++) {
        if (mig->profile < 0 || mig->instance >= MIG_INSTANCES || mig->compute_instance >= MIG_COMPUTES)
            return NOT_SUPPORTED;
        layout->instances[mig->instance].rule = mig->profile;
        layout->instances[mig->instance].start = mig->start;
        layout->computes[mig->instance][mig->compute_instance].slices = mig->slices;
        layout->computes[mig->instance][mig->compute_instance].start = slices_before(first, mig);
    }
    return SUCCESS;
}

static int64_t given(const struct gpu_facts *gpu, enum number which)
{
    return gpu->numbers[which] < LEAST_NUMBER ? 0 : gpu->numbers[which];
}

/* What machine/document/instances.py says about a MIG device. */
static void describe(struct mig_facts *mig, const struct gpu_facts *gpu, const struct profile_facts *profile)
{
    const int64_t total = given(gpu, MEMORY_TOTAL), memory = (int64_t)profile->memory_mib;
    const int64_t eighths = total ? (memory * 8 + total - 1) / total : 0;
    const int64_t bar1 = given(gpu, BAR1_TOTAL) ? (given(gpu, BAR1_TOTAL) - given(gpu, BAR1_USED)) * eighths / 8 : 0;
    char digits[21], uuid[41];
    mig->size = profile->size;
    mig->numbers[INSTANCE_TOTAL] = mig->numbers[INSTANCE_FREE] = memory;
    mig->numbers[INSTANCE_RESERVED] = mig->numbers[INSTANCE_USED] = mig->numbers[INSTANCE_BAR1_USED] = 0;
    mig->numbers[INSTANCE_BAR1_TOTAL] = mig->numbers[INSTANCE_BAR1_FREE] = bar1;
    mig->numbers[INSTANCE_ERRORS] = given(gpu, ECC_MODE) == 1 ? 0 : INT64_MIN + NOT_SUPPORTED;
    if (mig->slices >= profile->counts.slices) {
        mig->multiprocessors = profile->counts.multiprocessors;
        join(mig->name, sizeof mig->name, gpu->name, " ", profile->name, NULL);
    } else {
        mig->multiprocessors = mig->slices * of_one_slice(profile);
        join(mig->name, sizeof mig->name, gpu->name, " MIG ", decimal(mig->slices, digits), "c.", profile->name + 4, NULL);
    }
    mig_uuid(gpu->uuid, mig->instance, mig->compute_instance, uuid);
    join(mig->uuid, sizeof mig->uuid, uuid, NULL);
}

static void fill(struct mig_facts *mig, unsigned gpu, unsigned instance, unsigned compute, const struct mig_layout *layout)
{
    const struct gpu_facts *of = &all_gpus()[gpu];
    mig->gpu = gpu;
    mig->instance = instance;
    mig->compute_instance = compute;
    mig->compute_minor = mig_minor(of->minor, instance, (int)compute);
    mig->profile = layout->instances[instance].rule;
    mig->start = layout->instances[instance].start;
    mig->slices = compute < MIG_COMPUTES ? layout->computes[instance][compute].slices : all_profiles()[mig->profile].counts.slices;
    mig->compute_start = compute < MIG_COMPUTES ? layout->computes[instance][compute].start : 0;
    describe(mig, of, &all_profiles()[mig->profile]);
}

static void take_made(unsigned gpu, const struct mig_layout *layout)
{
    unsigned i, k;
    live[gpu].instances = 0;
    for (i = 0; i < MIG_INSTANCES; i++) {
        unsigned char computes = 0;
        live[gpu].computes[i] = 0;
        if (layout->instances[i].rule < 0)
            continue;
        fill(record_of(gpu, i, OF_INSTANCE), gpu, i, OF_INSTANCE, layout);
        for (k = 0; k < MIG_COMPUTES; k++) {
            if (!layout->computes[i][k].slices)
                continue;
            fill(record_of(gpu, i, k), gpu, i, k, layout);
            computes |= (unsigned char)(1u << k);
        }
        live[gpu].computes[i] = computes;
        live[gpu].instances |= (uint16_t)(1u << i);
    }
}

static void take_rest(unsigned gpu)
{
    const struct gpu_facts *of = &all_gpus()[gpu];
    const struct mig_facts *first = &all_migs()[of->mig_first], *mig;
    unsigned i;
    live[gpu].instances = 0;
    for (i = 0; i < MIG_INSTANCES; i++)
        live[gpu].computes[i] = 0;
    for (mig = first; mig < first + of->mig_count; mig++) {
        struct mig_facts *record;
        if (mig->instance >= MIG_INSTANCES || mig->compute_instance >= MIG_COMPUTES)
            continue;
        record = record_of(gpu, mig->instance, mig->compute_instance);
        *record = *mig;
        record->compute_start = slices_before(first, mig);
        if (!(live[gpu].instances >> mig->instance & 1)) {
            *record_of(gpu, mig->instance, OF_INSTANCE) = *record;
            if (mig->profile >= 0)
                record_of(gpu, mig->instance, OF_INSTANCE)->slices = all_profiles()[mig->profile].counts.slices;
        }
        live[gpu].computes[mig->instance] |= (unsigned char)(1u << mig->compute_instance);
        live[gpu].instances |= (uint16_t)(1u << mig->instance);
    }
}

void mig_take(unsigned gpu, const struct state_own *own)
{
    static struct mig_layout layout BIG, rest BIG;
    if (!records || gpu >= STATE_GPUS)
        return;
    live[gpu].is_enabled = all_gpus()[gpu].mig_enabled != 0;
    if (own && own->is_set[SET_MIG_MODE])
        live[gpu].is_enabled = own->values[SET_MIG_MODE] != 0;
    if (!own || !own->is_set[SET_MIG_MADE] || layout_at_rest(&all_gpus()[gpu], &rest)) {
        take_rest(gpu);
        return;
    }
    mig_read(&layout, own, &rest, rules_of_profiles());
    take_made(gpu, &layout);
}

/* Only programs that ask about MIG need the records. */
static void start(void)
{
    const size_t size = sizeof *records * PER_GPU * (facts.gpu_count < STATE_GPUS ? facts.gpu_count : STATE_GPUS);
    unsigned i;
    long made;
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
        CALL(sched_yield, 0);
    if (!records && size) {
        made = CALL(mmap, 0, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
        if (made > 0) {
            __atomic_store_n(&records, (struct mig_facts *)made, __ATOMIC_RELEASE);
            for (i = 0; i < facts.gpu_count; i++)
                mig_take(i, NULL);
            state_read_again();
        }
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

int mig_refresh(void)
{
    if (!__atomic_load_n(&records, __ATOMIC_ACQUIRE))
        start();
    if (!records)
        return 0;
    state_look();
    return 1;
}

int mig_is_enabled(const struct gpu_facts *gpu)
{
    size_t place = (size_t)(gpu - all_gpus());
    return mig_refresh() && place < STATE_GPUS ? live[place].is_enabled : gpu->mig_enabled != 0;
}

const struct mig_facts *mig_record(uintptr_t address)
{
    uintptr_t offset;
    size_t at;
    if (!mig_refresh())
        return NULL;
    offset = address - (uintptr_t)records;
    at = offset / sizeof *records;
    if (address < (uintptr_t)records || offset % sizeof *records || at >= (size_t)facts.gpu_count * PER_GPU || at / PER_GPU >= STATE_GPUS)
        return NULL;
    return &records[at];
}

static unsigned place_in_gpu(const struct mig_facts *mig)
{
    return (unsigned)((size_t)(mig - records) % PER_GPU);
}

static int is_there(unsigned gpu, unsigned instance, unsigned compute)
{
    return compute == OF_INSTANCE ? live[gpu].instances >> instance & 1 : live[gpu].computes[instance] >> compute & 1;
}

int is_gpu_instance(const struct mig_facts *mig)
{
    unsigned place = place_in_gpu(mig);
    return place % PER_INSTANCE == OF_INSTANCE && is_there((unsigned)((size_t)(mig - records) / PER_GPU), place / PER_INSTANCE, OF_INSTANCE);
}

int is_compute_instance(const struct mig_facts *mig)
{
    unsigned place = place_in_gpu(mig);
    return place % PER_INSTANCE != OF_INSTANCE &&
        is_there((unsigned)((size_t)(mig - records) / PER_GPU), place / PER_INSTANCE, place % PER_INSTANCE);
}

static const struct mig_facts *next_from(unsigned gpu, unsigned place, unsigned end, int of_instances)
{
    for (; place < end; place++) {
        if ((place % PER_INSTANCE == OF_INSTANCE) == of_instances && is_there(gpu, place / PER_INSTANCE, place % PER_INSTANCE))
            return &records[gpu * PER_GPU + place];
    }
    return NULL;
}

static const struct mig_facts *next_of(const struct gpu_facts *gpu, const struct mig_facts *last, int of_instances)
{
    size_t place = (size_t)(gpu - all_gpus());
    if (!mig_refresh() || place >= STATE_GPUS)
        return NULL;
    return next_from((unsigned)place, last ? place_in_gpu(last) + 1 : 0, PER_GPU, of_instances);
}

const struct mig_facts *next_mig(const struct gpu_facts *gpu, const struct mig_facts *last)
{
    return next_of(gpu, last, 0);
}

const struct mig_facts *next_gpu_instance(const struct gpu_facts *gpu, const struct mig_facts *last)
{
    return next_of(gpu, last, 1);
}

const struct mig_facts *next_compute_instance(const struct mig_facts *instance, const struct mig_facts *last)
{
    unsigned first = instance->instance * PER_INSTANCE;
    return next_from(instance->gpu, last ? place_in_gpu(last) + 1 : first, first + OF_INSTANCE, 0);
}

const struct mig_facts *live_instance(unsigned gpu, unsigned instance, int compute)
{
    unsigned of = compute < 0 ? OF_INSTANCE : (unsigned)compute;
    if (!mig_refresh() || gpu >= STATE_GPUS || instance >= MIG_INSTANCES || of > OF_INSTANCE || !is_there(gpu, instance, of))
        return NULL;
    return record_of(gpu, instance, of);
}

void layout_now(const struct gpu_facts *gpu, struct mig_layout *layout)
{
    const struct mig_facts *mig = NULL;
    mig_clear(layout);
    layout->enabled = layout->pending = (unsigned)mig_is_enabled(gpu);
    while ((mig = next_gpu_instance(gpu, mig))) {
        layout->instances[mig->instance].rule = mig->profile;
        layout->instances[mig->instance].start = mig->start;
    }
    while ((mig = next_mig(gpu, mig))) {
        layout->computes[mig->instance][mig->compute_instance].slices = mig->slices;
        layout->computes[mig->instance][mig->compute_instance].start = mig->compute_start;
    }
}
