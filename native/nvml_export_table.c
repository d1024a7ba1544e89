/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The table of private functions that NVIDIA's nvidia-smi asks for, so that a real one works with this library. NVIDIA publishes some of
 * its entries (NVIDIA/k8s-test-infra 19ab4e0f, pkg/gpu/mocknvml/bridge/internal.go, Apache-2.0). The meaning of the others is what
 * nvidia-smi 535.261.03 and 550.163.01 print if an entry returns a value: both call the same entries. */
#include "big.h"
#include "nvml.h"
#include "system.h"
#include "text.h"

enum { ENTRIES = 512, LOWEST_BRANCH_OF_249 = 550 };
static const unsigned char known_table[16] = {
    0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e, 0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};

/* The first entry is the size of the table in bytes. It is filled when it is asked for, always in the same way, so the library needs no
 * relocation for each entry. */
static void *volatile table[ENTRIES] BIG;

#define ENTRY(name, ...) static int name(__VA_ARGS__)

static int unknown(void)
{
    return NOT_SUPPORTED;
}

/* 20: whether the GPU is the one that the system was started with, which can't be reset. */
ENTRY(is_primary, nvmlDevice_t device, unsigned *primary)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!primary)
        return INVALID_ARGUMENT;
    *primary = 0;
    return SUCCESS;
}

/* 23: the common ancestor of two PCI devices. */
ENTRY(common_ancestor, const char *one, const char *other, unsigned *level)
{
    nvmlDevice_t a, b;
    TRY(nvmlDeviceGetHandleByPciBusId_v2(one, &a));
    TRY(nvmlDeviceGetHandleByPciBusId_v2(other, &b));
    return nvmlDeviceGetTopologyCommonAncestor(a, b, level);
}

/* 26: called for each line of output. */
static int printed(void)
{
    return SUCCESS;
}

/* 72: whether dmon and pmon can watch the GPU. */
ENTRY(can_be_watched, nvmlDevice_t device, unsigned *possible)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!possible)
        return INVALID_ARGUMENT;
    *possible = 1;
    return SUCCESS;
}

/* 165 */
ENTRY(relaxed_ordering, nvmlDevice_t device, unsigned which, unsigned *mode)
{
    (void)which;
    return give_number(device, RELAXED_ORDERING_MODE, mode);
}

/* The policies of 192 and 193 */
struct policy {
    unsigned kind, value;
};
struct policies {
    unsigned count;
    struct policy policies[1];
};
enum { TIME_SLICE = 0, DEFAULT_SLICE = 0, LONGEST_SLICE = 3, VOLTA = 5 };

/* 168, 169, 182, 183, 184 and 197: the steps of nvidia-smi -r. A mock GPU that is reset is as before. */
static int reset_step(void)
{
    TRY(initialized());
    return CALL(geteuid, 0) ? NO_PERMISSION : SUCCESS;
}

/* 192: any time slice is kept where no process runs. */
ENTRY(set_policy, nvmlDevice_t device, const struct policy *policy)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!policy || policy->value > LONGEST_SLICE)
        return INVALID_ARGUMENT;
    if (policy->kind != TIME_SLICE || facts.architecture < VOLTA)
        return NOT_SUPPORTED;
    return need_root(device, &gpu);
}

/* 193 */
ENTRY(get_policies, nvmlDevice_t device, struct policies *policies)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!policies)
        return INVALID_ARGUMENT;
    if (facts.architecture < VOLTA)
        return NOT_SUPPORTED;
    *policies = (struct policies){1, {{TIME_SLICE, DEFAULT_SLICE}}};
    return SUCCESS;
}

static uint64_t branch(void);

/* 145: samples of the processes, for pmon. */
ENTRY(loads, nvmlDevice_t device, unsigned long long since, void *unread, unsigned *count, struct load_record *records)
{
    (void)since, (void)unread;
    return load_records(device, count, branch() < LOWEST_BRANCH_OF_249 ? 4 : 6, records);
}

/* 213 to 215: compute, graphics and MPS processes with their names. */
ENTRY(compute_processes, nvmlDevice_t device, unsigned *count, void *entries)
{
    return named_processes(device, count, entries);
}

ENTRY(other_processes, nvmlDevice_t device, unsigned *count, void *entries)
{
    return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, entries);
}

/* 226: atomic operations over PCIe, as bits. */
ENTRY(atomics, nvmlDevice_t device, unsigned *out_and_in)
{
    const struct gpu_facts *gpu;
    TRY(gpu_of(device, &gpu));
    if (!out_and_in)
        return INVALID_ARGUMENT;
    out_and_in[0] = (unsigned)number_or(gpu, OUTBOUND_ATOMICS, 0);
    out_and_in[1] = (unsigned)number_or(gpu, INBOUND_ATOMICS, 0);
    return SUCCESS;
}

#define NUMBER_ENTRY(name, which) \
    ENTRY(name, nvmlDevice_t device, unsigned *value) \
    { \
        return give_number(device, which, value); \
    }

NUMBER_ENTRY(voltage, VOLTAGE)                       /* 209 */
NUMBER_ENTRY(host_generation, MAX_HOST_GENERATION)   /* 230 */
NUMBER_ENTRY(deferred_clock, DEFERRED_MEM_CLOCK)     /* 232 */
NUMBER_ENTRY(margin, MARGIN)                         /* 240 */
NUMBER_ENTRY(addressing_mode, ADDRESSING_MODE)       /* 242 */
NUMBER_ENTRY(sparse_operation, SPARSE_OPERATION_MODE) /* 243; 249 since branch 550 */

#define TEXT_ENTRY(name, which) \
    ENTRY(name, nvmlDevice_t device, char *text, unsigned length) \
    { \
        return give_text(device, which, text, length); \
    }

TEXT_ENTRY(gpu_part_number, GPU_PART_NUMBER) /* 231 */
TEXT_ENTRY(fru_part_number, FRU_PART_NUMBER) /* 237 */

static uint64_t branch(void)
{
    const char *rest;
    uint64_t value = 0;
    return number(facts.driver_version, 10, &value, &rest) ? 0 : value;
}

#define PUT(place, function) (table[place] = (void *)(function))

API int nvmlInternalGetExportTable(const void **out, const unsigned char *which)
{
    int i;
    TRY(initialized());
    if (!out || !which)
        return INVALID_ARGUMENT;
    for (i = 0; i < (int)sizeof known_table; i++) {
        if (which[i] != known_table[i])
            return NOT_SUPPORTED;
    }
    for (i = 1; i < ENTRIES; i++) {
        if (!table[i])
            PUT(i, unknown);
    }
    PUT(20, is_primary);
    PUT(23, common_ancestor);
    PUT(26, printed);
    PUT(72, can_be_watched);
    PUT(81, nvmlDeviceGetHandleByIndex_v2);
    PUT(145, loads);
    PUT(165, relaxed_ordering);
    PUT(168, reset_step);
    PUT(169, reset_step);
    PUT(182, reset_step);
    PUT(183, reset_step);
    PUT(184, reset_step);
    PUT(192, set_policy);
    PUT(193, get_policies);
    PUT(197, reset_step);
    PUT(209, voltage);
    PUT(213, compute_processes);
    PUT(214, other_processes);
    PUT(215, other_processes);
    PUT(226, atomics);
    PUT(230, host_generation);
    PUT(231, gpu_part_number);
    PUT(232, deferred_clock);
    PUT(237, fru_part_number);
    PUT(240, margin);
    PUT(242, addressing_mode);
    PUT(branch() < LOWEST_BRANCH_OF_249 ? 243 : 249, sparse_operation);
    table[0] = (void *)sizeof table;
    *out = (const void *)table;
    return SUCCESS;
}
