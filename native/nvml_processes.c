/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Processes: those that the state says (processes.h). All of them compute. */
#include "big.h"
#include "lock.h"
#include "nvml.h"
#include "nvml_state.h"
#include "processes.h"
#include "text.h"

enum { PROCESS_NODES = 64 };
#define VALUE_NOT_AVAILABLE (~0ull) /* NVML_VALUE_NOT_AVAILABLE */

/* Used with the lock held: too big for the stack of a thread. */
static struct {
    struct state state;
    struct state_own own;
    struct process_node nodes[PROCESS_NODES];
    struct process list[MOST_PROCESSES];
} work BIG;

static void add_node(struct process_node *node, const char *name, unsigned number, int instance, int compute)
{
    char digits[21];
    join(node->name, sizeof node->name, name, decimal(number, digits), NULL);
    node->instance = instance;
    node->compute = compute;
}

/* The node of a GPU, those of the MIG devices of one in MIG mode, or that of a MIG device. */
static int nodes_of(const struct gpu_facts *gpu, const struct mig_facts *mig)
{
    int count = 0;
    uint32_t i;
    if (!gpu->mig_enabled) {
        add_node(&work.nodes[count++], "nvidia", gpu->minor, NO_INSTANCE, NO_INSTANCE);
        return count;
    }
    for (i = 0; i < gpu->mig_count && count < PROCESS_NODES; i++) {
        const struct mig_facts *one = &all_migs()[gpu->mig_first + i];
        if (!mig || mig == one)
            add_node(&work.nodes[count++], "nvidia-caps/nvidia-cap", one->compute_minor, (int)one->instance, (int)one->compute_instance);
    }
    return count;
}

/* Fills work.list. */
static int find_processes(const struct gpu_facts *gpu, const struct mig_facts *mig)
{
    const char *dev = environment_variable("NVMOCK_DEV");
    if (!values_now(gpu, &work.state, &work.own))
        return 0;
    return processes_of(&work.own, gpu->mig_enabled != 0, dev && dev[0] ? dev : "/dev", work.nodes, nodes_of(gpu, mig), work.list);
}

/* nvmlProcessInfo_v1_t; _v2_t; nvmlProcessDetail_v1_t */
struct process_v1 {
    unsigned pid;
    unsigned long long memory;
};
struct process_v2 {
    unsigned pid;
    unsigned long long memory;
    unsigned instance, compute;
};
struct process_detail {
    unsigned pid;
    unsigned long long memory;
    unsigned instance, compute;
    unsigned long long protected_memory;
};

/* What nvidia-smi 535 and 550 read from a private function. */
struct named_process {
    struct process_detail process;
    char name[4096];
};

static unsigned long long bytes(const struct process *process)
{
    return process->memory == NOT_AVAILABLE ? VALUE_NOT_AVAILABLE : (unsigned long long)process->memory << 20;
}

static void put_v1(void *out, int place, const struct process *process)
{
    ((struct process_v1 *)out)[place] = (struct process_v1){process->pid, bytes(process)};
}

static void put_v2(void *out, int place, const struct process *process)
{
    ((struct process_v2 *)out)[place] =
        (struct process_v2){process->pid, bytes(process), (unsigned)process->instance, (unsigned)process->compute};
}

static void put_detail(void *out, int place, const struct process *process)
{
    ((struct process_detail *)out)[place] = (struct process_detail){
        process->pid, bytes(process), (unsigned)process->instance, (unsigned)process->compute, 0};
}

static void put_named(void *out, int place, const struct process *process)
{
    struct named_process *to = &((struct named_process *)out)[place];
    put_detail(&to->process, 0, process);
    name_of(process, to->name, sizeof to->name);
}

static int give_processes(nvmlDevice_t device, unsigned *count, void *out, void (*put)(void *, int, const struct process *))
{
    const struct gpu_facts *gpu;
    const struct mig_facts *mig;
    int found = 0, i;
    unsigned room;
    TRY(either_of(device, &gpu, &mig));
    if (!count)
        return INVALID_ARGUMENT;
    if (mig)
        gpu = &all_gpus()[mig->gpu];
    room = out ? *count : 0;
    *count = 0;
    if (!may_have_processes(gpu))
        return SUCCESS;
    take_lock();
    found = find_processes(gpu, mig);
    for (i = 0; (unsigned)found <= room && i < found; i++)
        put(out, i, &work.list[i]);
    give_lock();
    *count = (unsigned)found;
    return (unsigned)found <= room ? SUCCESS : INSUFFICIENT_SIZE;
}

static int no_processes(nvmlDevice_t device, unsigned *count)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    if (!count)
        return INVALID_ARGUMENT;
    *count = 0;
    return SUCCESS;
}

int named_processes(nvmlDevice_t device, unsigned *count, void *entries)
{
    return give_processes(device, count, entries, put_named);
}

#define PROCESSES(name, put) \
    API int name(nvmlDevice_t device, unsigned *count, void *infos) \
    { \
        return give_processes(device, count, infos, put); \
    }
#define NO_PROCESSES(name) \
    API int name(nvmlDevice_t device, unsigned *count, void *infos) \
    { \
        (void)infos; \
        return no_processes(device, count); \
    }

PROCESSES(nvmlDeviceGetComputeRunningProcesses, put_v1)
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, put_v2)
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, put_v2)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3)

/* nvmlProcessDetailList_v1_t */
struct process_list {
    unsigned version, mode, count;
    void *entries;
};

API int nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, struct process_list *list)
{
    const struct gpu_facts *gpu;
    TRY(gpu_or_parent_of(device, &gpu));
    if (!list)
        return INVALID_ARGUMENT;
    if (list->version != STRUCT_VERSION(struct process_list, 1))
        return VERSION_MISMATCH;
    if (list->mode) /* graphics, MPS */
        return no_processes(device, &list->count);
    return give_processes(device, &list->count, list->entries, put_detail);
}

/* The name that a user has given to a listed process; otherwise the first argument of the running one. */
API int nvmlSystemGetProcessName(unsigned pid, char *name, unsigned length)
{
    char found[1024] = "";
    unsigned index;
    int i, count;
    TRY(initialized());
    if (!name || !length)
        return INVALID_ARGUMENT;
    for (index = 0; index < visible_count() && !found[0]; index++) {
        const struct gpu_facts *gpu = visible_gpu(index);
        if (!may_have_processes(gpu))
            continue;
        take_lock();
        if (values_now(gpu, &work.state, &work.own)) {
            work.own.is_set[SET_PROCESS_LIST] = 0;
            count = processes_of(&work.own, gpu->mig_enabled != 0, "", NULL, 0, work.list);
            for (i = 0; i < count; i++) {
                if (work.list[i].pid == pid)
                    join(found, sizeof found, work.list[i].name, NULL);
            }
        }
        give_lock();
    }
    if (!found[0] && name_of_process(pid, found, sizeof found) < 0)
        return NOT_FOUND;
    join(name, length, found, NULL); /* a longer name is cropped */
    return SUCCESS;
}

/* A GPU in MIG mode has no load. */
static int without_mig(nvmlDevice_t device, const void *out, const struct gpu_facts **gpu)
{
    TRY(gpu_of(device, gpu));
    if (!out)
        return INVALID_ARGUMENT;
    return (*gpu)->mig_enabled ? NOT_SUPPORTED : SUCCESS;
}

/* nvmlProcessUtilizationSample_t, nvmlProcessUtilizationInfo_v1_t */
struct process_sample {
    unsigned pid;
    unsigned long long time; /* in microseconds */
    unsigned loads[4];       /* multiprocessors, memory, encoder, decoder */
};
struct process_load {
    unsigned long long time;
    unsigned pid;
    unsigned loads[6]; /* JPEG, OFA */
};

static void put_sample(void *out, int place, unsigned pid, unsigned long long time, const unsigned loads[6])
{
    ((struct process_sample *)out)[place] = (struct process_sample){pid, time, {loads[0], loads[1], loads[2], loads[3]}};
}

static void put_load(void *out, int place, unsigned pid, unsigned long long time, const unsigned loads[6])
{
    ((struct process_load *)out)[place] =
        (struct process_load){time, pid, {loads[0], loads[1], loads[2], loads[3], loads[4], loads[5]}};
}

/* One sample of each process, of now: they share the load of the GPU. NOT_FOUND without samples, like drivers 550
 * (Cldfire/nvml-wrapper, issue 56). */
static int give_loads(const struct gpu_facts *gpu, unsigned *count, void *out, unsigned long long since,
    void (*put)(void *, int, unsigned, unsigned long long, const unsigned[6]))
{
    static const enum number numbers[6] = {GPU_LOAD, MEMORY_LOAD, ENCODER_LOAD, DECODER_LOAD, JPEG_LOAD, OFA_LOAD};
    unsigned long long now = (unsigned long long)microseconds_since_1970();
    unsigned loads[6], room = out ? *count : 0, any = 0;
    int found = 0, i;
    *count = 0;
    if (!may_have_processes(gpu) || since >= now)
        return NOT_FOUND;
    take_lock();
    found = find_processes(gpu, NULL);
    for (i = 0; found && i < 6; i++)
        any |= loads[i] = (unsigned)(number_or(gpu, numbers[i], 0) / found);
    for (i = 0; any && (unsigned)found <= room && i < found; i++)
        put(out, i, work.list[i].pid, now, loads);
    give_lock();
    if (!any)
        return NOT_FOUND;
    *count = (unsigned)found;
    return (unsigned)found <= room ? SUCCESS : INSUFFICIENT_SIZE;
}

/* One record per process, in which all engines are the process's: nvidia-smi takes the mean of the records. */
int load_records(nvmlDevice_t device, unsigned *count, int engines, struct load_record *record)
{
    static const enum number numbers[6] = {GPU_LOAD, MEMORY_LOAD, ENCODER_LOAD, DECODER_LOAD, JPEG_LOAD, OFA_LOAD};
    const struct gpu_facts *gpu;
    unsigned room;
    int found, i, k;
    TRY(without_mig(device, count, &gpu));
    room = *count;
    *count = 0;
    if (!record || !may_have_processes(gpu))
        return record ? SUCCESS : INVALID_ARGUMENT;
    take_lock();
    found = find_processes(gpu, NULL);
    for (i = 0; i < found && (unsigned)i < room; i++) {
        record->time = (uint64_t)microseconds_since_1970();
        for (k = 0; k < engines; k++) {
            unsigned share = (unsigned)(number_or(gpu, numbers[k], 0) / found);
            record->engines[k] = (struct engine_record){.load = share * (unsigned)found, .pid = share ? work.list[i].pid : 0};
        }
        record = (struct load_record *)&record->engines[engines];
    }
    give_lock();
    *count = (unsigned)i;
    return SUCCESS;
}

API int nvmlDeviceGetProcessUtilization(nvmlDevice_t device, void *samples, unsigned *count, unsigned long long since)
{
    const struct gpu_facts *gpu;
    TRY(without_mig(device, count, &gpu));
    return give_loads(gpu, count, samples, since, put_sample);
}

/* nvmlProcessesUtilizationInfo_v1_t */
struct process_loads {
    unsigned version, count;
    unsigned long long since;
    void *entries;
};

API int nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t device, struct process_loads *loads)
{
    const struct gpu_facts *gpu;
    TRY(without_mig(device, loads, &gpu));
    if (loads->version != STRUCT_VERSION(struct process_loads, 1))
        return VERSION_MISMATCH;
    return give_loads(gpu, &loads->count, loads->entries, loads->since, put_load);
}

/* -- Accounting ------------------------------------------------------------------------------------------------------ */

API int nvmlDeviceGetAccountingMode(nvmlDevice_t device, unsigned *mode)
{
    return give_number(device, ACCOUNTING_MODE, mode);
}

API int nvmlDeviceGetAccountingBufferSize(nvmlDevice_t device, unsigned *size)
{
    return give_number(device, ACCOUNTING_BUFFER_SIZE, size);
}

API int nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned *count, unsigned *pids)
{
    unsigned size;
    (void)pids;
    TRY(give_number(device, ACCOUNTING_BUFFER_SIZE, count ? &size : NULL));
    *count = 0;
    return SUCCESS;
}

static int no_process(nvmlDevice_t device, const void *out)
{
    unsigned size;
    TRY(give_number(device, ACCOUNTING_BUFFER_SIZE, out ? &size : NULL));
    return NOT_FOUND;
}

API int nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned pid, void *stats)
{
    (void)pid;
    return no_process(device, stats);
}

API int nvmlDeviceGetAccountingStats_v2(nvmlDevice_t device, void *stats)
{
    return no_process(device, stats);
}
