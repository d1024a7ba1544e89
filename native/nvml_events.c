/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Events of GPUs. Faults put them into a ring of the state (state_faults.h), and each event set has a place in the ring of each of
 * its GPUs. */
#include <linux/time_types.h>

#include "big.h"
#include "big.h"
#include "nvml.h"
#include "nvml_state.h"
#include "system.h"

enum { SETS = 256, FOR_EVER = 0xffffffff };
enum { PERIOD = 50, LOST_AFTER = 1000 /* milliseconds */ };

/* nvmlEventTypeSingleBitEccError, DoubleBitEccError, XidCriticalError */
enum { SUPPORTED_EVENTS = 0x1 | 0x2 | 0x8 };
/* As the ring has an event without an instance, and as NVML tells it. */
enum { NO_INSTANCE = 255, INVALID_INSTANCE = 0xffffffff };

/* nvmlEventSet_t is the address of one of these. */
static volatile int used[SETS] BIG;

/* What each set waits for. */
static struct waiting {
    int is_any;
    unsigned char types[STATE_GPUS];
    int64_t sequences[STATE_GPUS]; /* of the next event */
} waiting[SETS] BIG;
static volatile int busy;

/* nvmlEventData_t; its first version ends before the instances. */
struct event_data {
    nvmlDevice_t device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
};

static void lock(void)
{
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        CALL(sched_yield, 0);
}

static void unlock(void)
{
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static int set_of(volatile int *set)
{
    uintptr_t offset = (uintptr_t)set - (uintptr_t)used;
    TRY(initialized());
    if ((uintptr_t)set < (uintptr_t)used || offset >= sizeof used || offset % sizeof *used)
        return INVALID_ARGUMENT;
    return __atomic_load_n(set, __ATOMIC_ACQUIRE) ? SUCCESS : INVALID_ARGUMENT;
}

API int nvmlEventSetCreate(volatile int **set)
{
    int i;
    TRY(initialized());
    if (!set)
        return INVALID_ARGUMENT;
    for (i = 0; i < SETS; i++) {
        if (!__atomic_exchange_n(&used[i], 1, __ATOMIC_ACQ_REL)) {
            *set = &used[i];
            return SUCCESS;
        }
    }
    return INSUFFICIENT_RESOURCES;
}

API int nvmlEventSetFree(volatile int *set)
{
    struct waiting *own;
    unsigned i;
    TRY(set_of(set));
    own = &waiting[set - used];
    lock();
    for (i = 0; own->is_any && i < STATE_GPUS; i++)
        own->types[i] = 0;
    own->is_any = 0;
    unlock();
    __atomic_store_n(set, 0, __ATOMIC_RELEASE);
    return SUCCESS;
}

API int nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!types)
        return INVALID_ARGUMENT;
    *types = SUPPORTED_EVENTS;
    return SUCCESS;
}

/* Events that have occurred before are not delivered. */
API int nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, volatile int *set)
{
    const struct gpu_facts *gpu;
    struct waiting *own;
    size_t place;
    TRY(gpu_of(device, &gpu));
    TRY(set_of(set));
    if (types & ~(unsigned long long)SUPPORTED_EVENTS)
        return NOT_SUPPORTED;
    place = (size_t)(gpu - all_gpus());
    if (place >= STATE_GPUS)
        return SUCCESS;
    own = &waiting[set - used];
    lock();
    if (!own->types[place])
        own->sequences[place] = next_event(gpu);
    own->types[place] |= (unsigned char)types;
    own->is_any = 1;
    unlock();
    return SUCCESS;
}

/* The instances have 8 bits. */
static unsigned instance(int64_t bits)
{
    return (bits & 255) == NO_INSTANCE ? (unsigned)INVALID_INSTANCE : (unsigned)(bits & 255);
}

/* Returns SUCCESS with an event, GPU_IS_LOST if there is none and one of the GPUs is lost, otherwise TIMEOUT. */
static int take_event(struct waiting *own, struct event_data *data)
{
    int result = TIMEOUT;
    unsigned i, count = facts.gpu_count < STATE_GPUS ? facts.gpu_count : STATE_GPUS;
    lock();
    for (i = 0; own->is_any && result != SUCCESS && i < count; i++) {
        const struct gpu_facts *gpu = &all_gpus()[i];
        int64_t event = own->types[i] ? event_since(gpu, &own->sequences[i], own->types[i]) : 0;
        if (event) {
            *data = (struct event_data){handle_of_gpu(gpu), (unsigned long long)(event >> 32 & 255),
                (unsigned long long)(event & 65535), instance(event >> 16), instance(event >> 24)};
            result = SUCCESS;
        } else if (own->types[i] && gpu_is_lost(gpu)) {
            result = GPU_IS_LOST;
        }
    }
    unlock();
    return result;
}

/* A lost GPU ends the wait late, because programs that wait in a loop would otherwise never sleep. */
static int wait_for(volatile int *set, unsigned milliseconds, struct event_data *data)
{
    int64_t begun = state_now(), passed;
    for (;;) {
        struct __kernel_timespec rest = {0, PERIOD * 1000000L};
        int result;
        TRY(set_of(set)); /* may have been freed */
        result = take_event(&waiting[set - used], data);
        if (result == SUCCESS)
            return SUCCESS;
        passed = state_now() - begun;
        if (passed < 0)
            begun = state_now();
        if (result == GPU_IS_LOST && passed >= LOST_AFTER)
            return result;
        if (milliseconds != (unsigned)FOR_EVER) {
            /* Both times are cut to milliseconds, so one more may have begun only. */
            if (passed > milliseconds || milliseconds == 0)
                return result;
            if (milliseconds - passed < PERIOD)
                rest.tv_nsec = (milliseconds - passed + 1) * 1000000L;
        }
        CALL(nanosleep, &rest, NULL);
    }
}

API int nvmlEventSetWait_v2(volatile int *set, struct event_data *data, unsigned milliseconds)
{
    struct event_data found;
    TRY(set_of(set));
    if (!data)
        return INVALID_ARGUMENT;
    TRY(wait_for(set, milliseconds, &found));
    *data = found;
    return SUCCESS;
}

API int nvmlEventSetWait(volatile int *set, struct event_data *data, unsigned milliseconds)
{
    struct event_data found;
    TRY(set_of(set));
    if (!data)
        return INVALID_ARGUMENT;
    TRY(wait_for(set, milliseconds, &found));
    data->device = found.device;
    data->type = found.type;
    data->data = found.data;
    return SUCCESS;
}
