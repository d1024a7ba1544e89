/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The facts of the machine, in the library's last segment. They are added when the library is written to a node
 * (plugins/module_utils/layout/nvml_facts.py has the same fields in the same order). So the library reads no file, and
 * the node needs no compiler. The GPUs, MIG devices and MIG profiles follow the head, each 8-byte aligned. */
#ifndef NVMOCK_NVML_FACTS_H
#define NVMOCK_NVML_FACTS_H

#include <stdint.h>

enum { TEXT = 96, STARTS = 8, ENGINES = 5, CLOCKS = 4 };
enum { LEAST_LIMIT, DEFAULT_LIMIT, MOST_LIMIT, LIMITS };
enum { ECC_DISABLED = 1, ECC_ENABLED = 2 };

struct facts {
    char magic[8];
    uint32_t gpu_count, mig_count, profile_count;
    int32_t cuda_version; /* 1000 * major + 10 * minor */
    uint64_t memory;      /* in bytes; 0 if unknown, like everything below */
    int32_t capability_major, capability_minor;
    uint32_t architecture, brand; /* nvmlDeviceArchitecture_t, nvmlBrandType_t */
    uint32_t pci_device_id, pci_subsystem_id;
    uint32_t nvlinks;
    uint32_t gpus_per_switch, gpus_per_socket;
    uint32_t temperature, memory_temperature;          /* in degrees Celsius */
    uint32_t power, power_limits[LIMITS];              /* in milliwatts */
    uint32_t clocks[CLOCKS], max_clocks[CLOCKS];       /* in MHz, by nvmlClockType_t */
    uint32_t pcie_generation, pcie_lanes, bar1_mib;
    uint32_t ecc_mode;
    uint32_t reserved;
    char driver_version[TEXT], nvml_version[TEXT], vbios[TEXT], board_part_number[TEXT];
};

struct gpu_facts {
    uint32_t minor;
    uint32_t has_pci, domain, bus, device;
    uint32_t irq;
    int32_t addressing_mode; /* nvmlDeviceAddressingModeType_t, -1 if unknown */
    uint32_t mig_enabled;
    uint32_t mig_first, mig_count; /* of its MIG devices */
    char uuid[TEXT], name[TEXT], serial[TEXT];
};

struct mig_facts {
    uint32_t gpu;
    uint32_t instance, compute_instance; /* ids */
    uint32_t compute_minor;              /* of the device node of the compute instance's capability */
    int32_t profile;                     /* in the table below, -1 if unknown */
    uint32_t start, size;                /* memory slices */
    uint32_t slices;                     /* compute slices */
    uint64_t memory_mib;
    char uuid[TEXT], name[TEXT];
};

/* In the order of all of NVML's structures about profiles. */
struct counts {
    uint32_t slices, instances, multiprocessors;
    uint32_t engines[ENGINES]; /* copy, decoder, encoder, JPEG, OFA */
};

struct profile_facts {
    uint32_t number; /* NVML_GPU_INSTANCE_PROFILE_... */
    uint32_t id;
    uint32_t capabilities; /* NVML_GPU_INSTANCE_PROFILE_CAPS_... */
    uint32_t size;         /* memory slices */
    struct counts counts;
    uint32_t start_count, starts[STARTS];
    uint32_t reserved;
    uint64_t memory_mib;
    char name[TEXT];
};

_Static_assert(sizeof(struct facts) == 528, "layout/nvml_facts.py has the same layout");
_Static_assert(sizeof(struct gpu_facts) == 328, "layout/nvml_facts.py has the same layout");
_Static_assert(sizeof(struct mig_facts) == 232, "layout/nvml_facts.py has the same layout");
_Static_assert(sizeof(struct profile_facts) == 192, "layout/nvml_facts.py has the same layout");

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

static inline const struct profile_facts *all_profiles(void)
{
    return (const struct profile_facts *)(all_migs() + facts.mig_count);
}

#endif
