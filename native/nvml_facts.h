/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The facts of the machine, in the library's last segment. They are added when the library is written to a node
 * (plugins/module_utils/layout/nvml_facts.py has the same fields in the same order). So the library reads no file, and
 * the node needs no compiler. The GPUs, MIG devices, MIG profiles and supported clocks follow the head, each 8-byte aligned. */
#ifndef NVMOCK_NVML_FACTS_H
#define NVMOCK_NVML_FACTS_H

#include <stdint.h>

enum { TEXT = 96, STARTS = 8, ENGINES = 5, CLUSTER = 16 };

/* What layout/nvml_numbers.py takes from nvidia-smi's document, in its order. Units: mW, MHz, degrees Celsius, MiB, KB/s, microseconds,
 * percent, microvolts. */
enum number {
    TEMPERATURE, MEMORY_TEMPERATURE, TARGET_TEMPERATURE, LEAST_TARGET, MOST_TARGET, SHUTDOWN_TEMPERATURE,
    SLOWDOWN_TEMPERATURE, OPERATING_TEMPERATURE, MEMORY_OPERATING_TEMPERATURE, MARGIN, SHUTDOWN_MARGIN,
    SLOWDOWN_MARGIN, OPERATING_MARGIN, MEMORY_OPERATING_MARGIN, POWER_AVERAGE, POWER_INSTANT, CURRENT_LIMIT,
    REQUESTED_LIMIT, DEFAULT_LIMIT, MIN_LIMIT, MAX_LIMIT, MEMORY_POWER_AVERAGE, MEMORY_POWER_INSTANT,
    MODULE_POWER_AVERAGE, MODULE_POWER_INSTANT, MODULE_CURRENT_LIMIT, MODULE_REQUESTED_LIMIT, MODULE_DEFAULT_LIMIT,
    MODULE_MIN_LIMIT, MODULE_MAX_LIMIT, GRAPHICS_CLOCK, SM_CLOCK, MEM_CLOCK, VIDEO_CLOCK, MAX_GRAPHICS_CLOCK,
    MAX_SM_CLOCK, MAX_MEM_CLOCK, MAX_VIDEO_CLOCK, APPLICATION_GRAPHICS_CLOCK, APPLICATION_MEM_CLOCK,
    DEFAULT_APPLICATION_GRAPHICS_CLOCK, DEFAULT_APPLICATION_MEM_CLOCK, BOOST_GRAPHICS_CLOCK, DEFERRED_MEM_CLOCK,
    AUTO_BOOST, DEFAULT_AUTO_BOOST, VOLTAGE, PERFORMANCE_STATE, EVENT_REASONS, SUPPORTED_REASONS, SW_POWER_CAP_TIME,
    SYNC_BOOST_TIME, SW_THERM_SLOWDOWN_TIME, HW_THERM_SLOWDOWN_TIME, HW_POWER_BRAKE_TIME, MAX_GENERATION, GENERATION,
    MAX_DEVICE_GENERATION, MAX_HOST_GENERATION, MAX_LANES, LANES, REPLAYS, REPLAY_ROLLOVERS, TRANSMIT_RATE, RECEIVE_RATE,
    OUTBOUND_ATOMICS, INBOUND_ATOMICS, FAN_SPEED, MEMORY_TOTAL, MEMORY_RESERVED, MEMORY_USED, MEMORY_FREE, BAR1_TOTAL,
    BAR1_USED, BAR1_FREE, PROTECTED_TOTAL, PROTECTED_USED, PROTECTED_FREE, PERSISTENCE_MODE, DISPLAY_MODE,
    DISPLAY_ACTIVE, ACCOUNTING_MODE, ACCOUNTING_BUFFER_SIZE, VIRTUALIZATION_MODE, HOST_VGPU_MODE, OPERATION_MODE,
    PENDING_OPERATION_MODE, COMPUTE_MODE, MULTI_GPU_BOARD, MIG_MODE, PENDING_MIG_MODE, C2C_MODE, ADDRESSING_MODE, SPARSE_OPERATION_MODE,
    RELAXED_ORDERING_MODE, RECOVERY_ACTION, RESET_REQUIRED, DRAIN_AND_RESET, DRAM_ENCRYPTION, PENDING_DRAM_ENCRYPTION,
    GPU_LOAD, MEMORY_LOAD, ENCODER_LOAD, DECODER_LOAD, JPEG_LOAD, OFA_LOAD, ENCODER_SESSION_COUNT,
    ENCODER_AVERAGE_FPS, ENCODER_AVERAGE_LATENCY, FBC_SESSION_COUNT, FBC_AVERAGE_FPS, FBC_AVERAGE_LATENCY, ECC_MODE,
    PENDING_ECC_MODE, VOLATILE_SRAM_CORRECTED, VOLATILE_SRAM_PARITY, VOLATILE_SRAM_SECDED, VOLATILE_DRAM_CORRECTED,
    VOLATILE_DRAM_UNCORRECTED, AGGREGATE_SRAM_CORRECTED, AGGREGATE_SRAM_PARITY, AGGREGATE_SRAM_SECDED,
    AGGREGATE_DRAM_CORRECTED, AGGREGATE_DRAM_UNCORRECTED, VOLATILE_SRAM_UNCORRECTED, AGGREGATE_SRAM_UNCORRECTED,
    SRAM_L2, SRAM_SM, SRAM_MICROCONTROLLER, SRAM_PCIE, SRAM_OTHER, SRAM_THRESHOLD_EXCEEDED, CHANNEL_REPAIR_PENDING,
    TPC_REPAIR_PENDING, UNREPAIRABLE_MEMORY, RETIRED_SINGLE_BIT, RETIRED_DOUBLE_BIT, RETIRED_PENDING,
    REMAPPED_CORRECTED, REMAPPED_UNCORRECTED, INACTIVE_CORRECTED, INACTIVE_UNCORRECTED, REMAPPED_PENDING,
    REMAPPED_FAILURE, HISTOGRAM_MAX, HISTOGRAM_HIGH, HISTOGRAM_PARTIAL, HISTOGRAM_LOW, HISTOGRAM_NONE, FLUSH_TIME,
    FLUSH_DURATION, MODULE_ID, SLOT_NUMBER, TRAY_INDEX, HOST_ID, PEER_TYPE, FABRIC_GUID, PDI, FABRIC_STATE,
    FABRIC_STATUS, FABRIC_CLIQUE, FABRIC_HEALTH_MASK, FABRIC_HEALTH, EGM, NUMBERS,
};
enum text {
    IMAGE_VERSION, OEM_VERSION, ECC_VERSION, POWER_VERSION, GPU_PART_NUMBER, FRU_PART_NUMBER,
    VBIOS_VERSION, FIRMWARE_VERSION, CHASSIS_SERIAL, TEXTS,
};

/* Of a MIG device, in MiB; the last one counts errors. */
enum mig_number {
    INSTANCE_TOTAL, INSTANCE_RESERVED, INSTANCE_USED, INSTANCE_FREE, INSTANCE_BAR1_TOTAL, INSTANCE_BAR1_USED, INSTANCE_BAR1_FREE,
    INSTANCE_ERRORS, MIG_NUMBERS,
};

struct facts {
    char magic[8];
    uint32_t gpu_count, mig_count, profile_count;
    int32_t cuda_version; /* 1000 * major + 10 * minor */
    int32_t capability_major, capability_minor; /* 0 if unknown, like everything below */
    uint32_t architecture, brand; /* nvmlDeviceArchitecture_t, nvmlBrandType_t */
    uint32_t pci_device_id, pci_subsystem_id;
    uint32_t nvlinks;
    uint32_t gpus_per_switch, gpus_per_socket;
    uint32_t clock_words; /* of the supported clocks, after the profiles */
    char driver_version[TEXT], nvml_version[TEXT], board_part_number[TEXT];
};

struct gpu_facts {
    uint32_t minor;
    uint32_t has_pci, domain, bus, device;
    uint32_t irq;
    uint32_t mig_enabled;
    uint32_t mig_first, mig_count; /* of its MIG devices */
    uint32_t reserved;
    char uuid[TEXT], name[TEXT], serial[TEXT];
    int64_t numbers[NUMBERS]; /* the least number plus an nvmlReturn_t stands for this status */
    char texts[TEXTS][TEXT];
    uint8_t cluster[CLUSTER];
};

struct mig_facts {
    uint32_t gpu;
    uint32_t instance, compute_instance; /* ids */
    uint32_t compute_minor;              /* of the device node of the compute instance's capability */
    int32_t profile;                     /* in the table below, -1 if unknown */
    uint32_t start, size;                /* memory slices */
    uint32_t slices;                     /* compute slices, which are fewer than those of the GPU instance if it has several devices */
    uint32_t multiprocessors, compute_start; /* the first compute slice in the GPU instance; 0 in the facts */
    int64_t numbers[MIG_NUMBERS]; /* as those of a GPU */
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

_Static_assert(sizeof(struct facts) == 352, "layout/nvml_facts.py has the same layout");
_Static_assert(sizeof(struct gpu_facts) == 40 + 3 * TEXT + 8 * NUMBERS + TEXTS * TEXT + CLUSTER, "layout/nvml_facts.py has the same layout");
_Static_assert(sizeof(struct mig_facts) == 40 + 8 * MIG_NUMBERS + 2 * TEXT, "layout/nvml_facts.py has the same layout");
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

/* For each memory clock: the clock, how many graphics clocks follow, and these, in descending order (MHz). */
static inline const uint32_t *all_clocks(void)
{
    return (const uint32_t *)(all_profiles() + facts.profile_count);
}

#endif
