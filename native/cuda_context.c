/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Contexts. They only know their device and flags: there is nothing to run in them. Each thread has a stack of contexts, the
 * topmost of which is current. A library without a C library has no thread-local memory, so a table has the threads. */
#include "big.h"
#include "cuda.h"
#include "device_nodes.h"
#include "lock.h"
#include "system.h"

enum { CREATED = 256, THREADS = 512, DEPTH = 16 };
enum { FLAGS = 0xff, API_VERSION = 3020, NO_SUCH_PROCESS = -ESRCH };

/* The primary context of each device, and then those that cuCtxCreate made. */
static struct context {
    unsigned device, flags, uses;
} contexts[MAXIMUM_DEVICES + CREATED] BIG;

static struct thread {
    int id; /* of the kernel; 0 if the place is free */
    unsigned depth;
    uint16_t stack[DEPTH];
} threads[THREADS] BIG;
static unsigned used; /* no place from here on was ever used */

typedef struct context *CUcontext;

/* The thread's stack; NULL if it has none and *make* is not set, or if there is no place for another. */
static struct thread *this_thread(int make)
{
    int id = (int)CALL(gettid, 0);
    struct thread *place = NULL;
    unsigned i;
    for (i = 0; i < used; i++) {
        if (threads[i].id == id)
            return &threads[i];
        if (!threads[i].id && !place)
            place = &threads[i];
    }
    if (!make)
        return NULL;
    if (!place && used < THREADS)
        place = &threads[used++];
    for (i = 0; i < used && !place; i++) {
        if (CALL(tgkill, CALL(getpid, 0), threads[i].id, 0) == NO_SUCH_PROCESS)
            place = &threads[i];
    }
    if (place)
        *place = (struct thread){.id = id};
    return place;
}

static struct context *top(void)
{
    struct thread *thread = this_thread(0);
    return thread && thread->depth ? &contexts[thread->stack[thread->depth - 1]] : NULL;
}

static int push(struct context *context)
{
    struct thread *thread = this_thread(1);
    if (!thread || thread->depth == DEPTH)
        return OUT_OF_MEMORY;
    thread->stack[thread->depth++] = (uint16_t)(context - contexts);
    return SUCCESS;
}

static struct context *pop(void)
{
    struct thread *thread = this_thread(0);
    struct context *context = top();
    if (context && --thread->depth == 0)
        thread->id = 0;
    return context;
}

/* Sets the context of a handle, or the current one if it is NULL. */
static int context_of(CUcontext handle, struct context **context)
{
    uintptr_t offset = (uintptr_t)handle - (uintptr_t)contexts;
    if (handle) {
        *context = handle;
        return offset < sizeof contexts && offset % sizeof *contexts == 0 && handle->uses ? SUCCESS : INVALID_CONTEXT;
    }
    *context = top();
    if (!*context)
        return INVALID_CONTEXT;
    return (*context)->uses ? SUCCESS : CONTEXT_IS_DESTROYED;
}

/* A process holds the device node as long as it has a context on the device, like with a driver. */
static struct hold {
    unsigned contexts;
    int descriptor; /* 0: none */
} holds[MAXIMUM_DEVICES] BIG;

static void hold(unsigned number)
{
    const struct device *device = device_at(number);
    int fd;
    if (holds[number].contexts++)
        return;
    fd = device->mig ? hold_node("nvidia-caps/nvidia-cap", device->mig->compute_minor) : hold_node("nvidia", device->gpu->minor);
    holds[number].descriptor = fd > 0 ? fd : 0;
}

/* A program that closes all descriptors may have another file there. */
static void let_go(unsigned number)
{
    enum { GET_FLAGS = 3 };
    int fd = holds[number].descriptor;
    if (--holds[number].contexts)
        return;
    if (fd && CALL(fcntl, fd, GET_FLAGS) > 0 && (CALL(fcntl, fd, GET_FLAGS) & O_PATH))
        CALL(close, fd);
    holds[number].descriptor = 0;
}

/* Primary contexts */

static int retain(CUcontext *handle, CUdevice number)
{
    struct context *context = &contexts[number];
    if (context->uses == UINT32_MAX)
        return OUT_OF_MEMORY;
    context->device = (unsigned)number;
    if (!context->uses++)
        hold(context->device);
    *handle = context;
    return SUCCESS;
}

API int cuDevicePrimaryCtxRetain(CUcontext *handle, CUdevice number)
{
    const struct device *device;
    int status;
    TRY(initialized());
    if (!handle)
        return INVALID_VALUE;
    TRY(device_of(number, &device));
    take_lock();
    status = retain(handle, number);
    give_lock();
    return status;
}

API int cuDevicePrimaryCtxRelease_v2(CUdevice number)
{
    const struct device *device;
    int status = INVALID_CONTEXT;
    TRY(initialized());
    TRY(device_of(number, &device));
    take_lock();
    if (contexts[number].uses) {
        if (!--contexts[number].uses)
            let_go((unsigned)number);
        status = SUCCESS;
    }
    give_lock();
    return status;
}

API int cuDevicePrimaryCtxRelease(CUdevice number)
{
    return cuDevicePrimaryCtxRelease_v2(number);
}

/* Destroys what a context holds, which is nothing here. */
API int cuDevicePrimaryCtxReset_v2(CUdevice number)
{
    const struct device *device;
    TRY(initialized());
    return device_of(number, &device);
}

API int cuDevicePrimaryCtxReset(CUdevice number)
{
    return cuDevicePrimaryCtxReset_v2(number);
}

/* At most one way to wait is allowed. */
static int are_flags(unsigned flags)
{
    unsigned wait = flags & 7;
    return !(flags & ~(unsigned)FLAGS) && !(wait & (wait - 1));
}

API int cuDevicePrimaryCtxSetFlags_v2(CUdevice number, unsigned flags)
{
    const struct device *device;
    TRY(initialized());
    TRY(device_of(number, &device));
    if (!are_flags(flags))
        return INVALID_VALUE;
    take_lock();
    contexts[number].flags = flags;
    give_lock();
    return SUCCESS;
}

API int cuDevicePrimaryCtxSetFlags(CUdevice number, unsigned flags)
{
    return cuDevicePrimaryCtxSetFlags_v2(number, flags);
}

API int cuDevicePrimaryCtxGetState(CUdevice number, unsigned *flags, int *active)
{
    const struct device *device;
    TRY(initialized());
    if (!flags || !active)
        return INVALID_VALUE;
    TRY(device_of(number, &device));
    take_lock();
    *flags = contexts[number].flags;
    *active = contexts[number].uses > 0;
    give_lock();
    return SUCCESS;
}

/* Other contexts */

static int create(CUcontext *handle, unsigned flags, CUdevice number)
{
    unsigned i;
    for (i = MAXIMUM_DEVICES; i < MAXIMUM_DEVICES + CREATED; i++) {
        if (!contexts[i].uses) {
            TRY(push(&contexts[i]));
            contexts[i] = (struct context){(unsigned)number, flags, 1};
            hold((unsigned)number);
            *handle = &contexts[i];
            return SUCCESS;
        }
    }
    return OUT_OF_MEMORY;
}

API int cuCtxCreate_v2(CUcontext *handle, unsigned flags, CUdevice number)
{
    const struct device *device;
    int status;
    TRY(initialized());
    if (!handle || !are_flags(flags))
        return INVALID_VALUE;
    TRY(device_of(number, &device));
    take_lock();
    status = create(handle, flags, number);
    give_lock();
    return status;
}

API int cuCtxCreate(CUcontext *handle, unsigned flags, CUdevice number)
{
    return cuCtxCreate_v2(handle, flags, number);
}

/* Limits of a context to some multiprocessors are not simulated. */
API int cuCtxCreate_v3(CUcontext *handle, const void *affinities, int count, unsigned flags, CUdevice number)
{
    TRY(initialized());
    if (affinities || count)
        return NOT_SUPPORTED;
    return cuCtxCreate_v2(handle, flags, number);
}

API int cuCtxCreate_v4(CUcontext *handle, const void *parameters, unsigned flags, CUdevice number)
{
    TRY(initialized());
    if (parameters)
        return NOT_SUPPORTED;
    return cuCtxCreate_v2(handle, flags, number);
}

API int cuCtxDestroy_v2(CUcontext handle)
{
    struct context *context;
    int status = INVALID_CONTEXT;
    TRY(initialized());
    take_lock();
    if (handle && context_of(handle, &context) == SUCCESS && context >= &contexts[MAXIMUM_DEVICES]) {
        if (top() == context)
            pop();
        context->uses = 0;
        let_go(context->device);
        status = SUCCESS;
    }
    give_lock();
    return status;
}

API int cuCtxDestroy(CUcontext handle)
{
    return cuCtxDestroy_v2(handle);
}

API int cuCtxPushCurrent_v2(CUcontext handle)
{
    struct context *context;
    int status = INVALID_CONTEXT;
    TRY(initialized());
    take_lock();
    if (handle && context_of(handle, &context) == SUCCESS)
        status = push(context);
    give_lock();
    return status;
}

API int cuCtxPushCurrent(CUcontext handle)
{
    return cuCtxPushCurrent_v2(handle);
}

API int cuCtxPopCurrent_v2(CUcontext *handle)
{
    struct context *context;
    TRY(initialized());
    take_lock();
    context = pop();
    give_lock();
    if (!context)
        return INVALID_CONTEXT;
    if (handle)
        *handle = context;
    return SUCCESS;
}

API int cuCtxPopCurrent(CUcontext *handle)
{
    return cuCtxPopCurrent_v2(handle);
}

/* Replaces the topmost context; NULL removes it. */
API int cuCtxSetCurrent(CUcontext handle)
{
    struct context *context;
    int status = SUCCESS;
    TRY(initialized());
    take_lock();
    if (handle)
        status = context_of(handle, &context);
    if (!status)
        pop();
    if (!status && handle)
        status = push(context);
    give_lock();
    return status;
}

API int cuCtxGetCurrent(CUcontext *handle)
{
    TRY(initialized());
    if (!handle)
        return INVALID_VALUE;
    take_lock();
    *handle = top();
    give_lock();
    return SUCCESS;
}

/* Copies the context of a handle, or the current one if it is NULL; sets its place too. */
static int look_at(CUcontext handle, struct context *copy, unsigned *place)
{
    struct context *context;
    int status;
    TRY(initialized());
    take_lock();
    status = context_of(handle, &context);
    if (!status) {
        *copy = *context;
        *place = (unsigned)(context - contexts);
    }
    give_lock();
    return status;
}

API int cuCtxGetDevice_v2(CUdevice *number, CUcontext handle)
{
    struct context context;
    unsigned place;
    if (initialized() == SUCCESS && !number)
        return INVALID_VALUE;
    TRY(look_at(handle, &context, &place));
    *number = (CUdevice)context.device;
    return SUCCESS;
}

API int cuCtxGetDevice(CUdevice *number)
{
    return cuCtxGetDevice_v2(number, NULL);
}

API int cuCtxGetId(CUcontext handle, unsigned long long *id)
{
    struct context context;
    unsigned place;
    if (initialized() == SUCCESS && !id)
        return INVALID_VALUE;
    TRY(look_at(handle, &context, &place));
    *id = place + 1;
    return SUCCESS;
}

API int cuCtxGetApiVersion(CUcontext handle, unsigned *version)
{
    struct context context;
    unsigned place;
    if (initialized() == SUCCESS && !version)
        return INVALID_VALUE;
    TRY(look_at(handle, &context, &place));
    *version = API_VERSION;
    return SUCCESS;
}

API int cuCtxGetFlags(unsigned *flags)
{
    struct context context;
    unsigned place;
    if (initialized() == SUCCESS && !flags)
        return INVALID_VALUE;
    TRY(look_at(NULL, &context, &place));
    *flags = context.flags;
    return SUCCESS;
}

API int cuCtxSetFlags(unsigned flags)
{
    struct context *context;
    int status;
    TRY(initialized());
    if (!are_flags(flags))
        return INVALID_VALUE;
    take_lock();
    status = context_of(NULL, &context);
    if (!status)
        context->flags = flags;
    give_lock();
    return status;
}

/* There is never anything to wait for. */
API int cuCtxSynchronize_v2(CUcontext handle)
{
    struct context context;
    unsigned place;
    return look_at(handle, &context, &place);
}

API int cuCtxSynchronize(void)
{
    return cuCtxSynchronize_v2(NULL);
}

/* The memory of the current context's device; all of it is free. */
API int cuMemGetInfo_v2(size_t *free, size_t *total)
{
    struct context context;
    unsigned place;
    uint64_t memory;
    if (initialized() == SUCCESS && (!free || !total))
        return INVALID_VALUE;
    TRY(look_at(NULL, &context, &place));
    memory = memory_of(device_at(context.device));
    if (!memory)
        return NOT_SUPPORTED;
    *free = *total = memory;
    return SUCCESS;
}

API int cuMemGetInfo(unsigned *free, unsigned *total)
{
    size_t bytes, all;
    if (initialized() == SUCCESS && (!free || !total))
        return INVALID_VALUE;
    TRY(cuMemGetInfo_v2(&bytes, &all));
    *free = *total = all > UINT32_MAX ? UINT32_MAX : (unsigned)all;
    return SUCCESS;
}
