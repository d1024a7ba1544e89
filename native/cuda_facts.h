/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The facts of the machine, in the last segment of libcuda.so.1 (plugins/module_utils/layout/cuda_facts.py has the same
 * fields in the same order). The GPUs and MIG devices follow the head, each 8-byte aligned. */
#ifndef NVMOCK_CUDA_FACTS_H
#define NVMOCK_CUDA_FACTS_H

#include <stdint.h>

/* CU_DEVICE_ATTRIBUTE_MAX of CUDA 13.5, and an attribute that is not known. */
enum { ATTRIBUTES = 162, UNKNOWN = INT32_MIN };
enum { NAME = 96, UUID = 48 };

struct facts {
    char magic[8];
    uint32_t gpu_count, mig_count;
    int32_t cuda_version; /* 1000 * major + 10 * minor */
    int32_t attribute_count; /* the attributes that this CUDA version has are below this number */
    uint32_t has_peers;      /* whether a GPU can reach the memory of another */
    uint32_t reserved;
    uint64_t memory; /* in bytes; 0 if unknown */
    int32_t attributes[ATTRIBUTES]; /* by number; of a whole GPU */
};

struct gpu_facts {
    uint32_t minor;
    uint32_t has_pci, domain, bus, device;
    uint32_t mig_enabled;
    uint32_t mig_first, mig_count; /* of its MIG devices */
    char uuid[UUID], name[NAME];
};

struct mig_facts {
    uint32_t gpu;
    uint32_t instance, compute_instance; /* ids */
    uint32_t compute_minor;              /* of the device node of the compute instance's capability */
    int32_t multiprocessors, l2_cache, copy_engines; /* attributes that differ from those of the GPU */
    uint32_t reserved;
    uint64_t memory; /* in bytes */
    char uuid[UUID], name[NAME];
};

_Static_assert(sizeof(struct facts) == 688, "layout/cuda_facts.py has the same layout");
_Static_assert(sizeof(struct gpu_facts) == 176, "layout/cuda_facts.py has the same layout");
_Static_assert(sizeof(struct mig_facts) == 184, "layout/cuda_facts.py has the same layout");

extern const struct facts facts __attribute__((visibility("hidden")));

/* Hides the origin of this pointer from the compiler, which would assume that only the head exists. */
static inline const struct gpu_facts *all_gpus(void)
{
    const struct facts *behind = &facts + 1;
    __asm__("" : "+r"(behind));
    return (const struct gpu_facts *)behind;
}

static inline const struct mig_facts *all_migs(void)
{
    return (const struct mig_facts *)(all_gpus() + facts.gpu_count);
}

#endif
