/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* libnvidia-ml.so.1: declarations that its files share. Names, numbers and layouts are those of NVML's interface
 * (nvml.h of CUDA 12.9, and the names and counts of CUDA 13.5). Enumerations are passed as int. */
#ifndef NVMOCK_NVML_H
#define NVMOCK_NVML_H

#include <stddef.h>
#include <stdint.h>

#include "device_nodes.h"
#include "nvml_facts.h"

#define API __attribute__((visibility("default")))

/* nvmlReturn_t */
enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    TIMEOUT = 10,
    FUNCTION_NOT_FOUND = 13,
    OPERATING_SYSTEM = 17,
    INSUFFICIENT_RESOURCES = 23,
    VERSION_MISMATCH = 25,
    DEPRECATED = 26,
    UNKNOWN_ERROR = 999,
};

/* Handles of a GPU or MIG device, of a GPU instance, and of a compute instance (nvml_handles.c). */
typedef const struct nvml_device *nvmlDevice_t;
typedef const struct nvml_gpu_instance *nvmlGpuInstance_t;
typedef const struct nvml_compute_instance *nvmlComputeInstance_t;

/* Versions of structures, computed like NVML's. */
#define STRUCT_VERSION(type, version) ((unsigned)sizeof(type) | (unsigned)(version) << 24)

/* Returns from a function with a status other than success. */
#define TRY(expression) \
    do { \
        int status_ = (expression); \
        if (status_) \
            return status_; \
    } while (0)

/* nvml_init.c */

/* Returns UNINITIALIZED or SUCCESS. */
int initialized(void);
/* How many GPUs are visible here, and the machine's index of each. */
unsigned visible_count(void);
const struct gpu_facts *visible_gpu(unsigned index);

/* nvml_handles.c: each returns a status, and sets the object of a handle. */

int gpu_of(nvmlDevice_t device, const struct gpu_facts **gpu);         /* a GPU; NOT_SUPPORTED for a MIG device */
int gpu_or_parent_of(nvmlDevice_t device, const struct gpu_facts **gpu); /* a MIG device's handle gives its GPU */
int either_of(nvmlDevice_t device, const struct gpu_facts **gpu, const struct mig_facts **mig); /* one is NULL */
int gpu_instance_of(nvmlGpuInstance_t instance, const struct mig_facts **mig);
int compute_instance_of(nvmlComputeInstance_t instance, const struct mig_facts **mig);
nvmlDevice_t handle_of_gpu(const struct gpu_facts *gpu);
nvmlDevice_t handle_of_mig(const struct mig_facts *mig);
nvmlGpuInstance_t gpu_instance(const struct mig_facts *mig);
nvmlComputeInstance_t compute_instance(const struct mig_facts *mig);
unsigned visible_index(const struct gpu_facts *gpu);
int is_visible(const struct mig_facts *mig);
unsigned visible_mig_index(const struct mig_facts *mig); /* among the MIG devices of its GPU */

/* Copies *text* to the caller's buffer; "" means unknown. */
int copy_out(const char *text, char *out, unsigned length);

/* Sets the result to *value*; 0 means unknown. */
int give_known(uint32_t value, unsigned *out);

/* nvml_numbers.c */

/* Below this a number of the facts is a status. */
#define LEAST_NUMBER (INT64_MIN + 1000)

/* Sets a number of the GPU's facts, or returns the status that the facts have in place of it, such as NOT_SUPPORTED. */
int number_of(const struct gpu_facts *gpu, enum number which, int64_t *value);
/* The same for several numbers of one moment: *numbers* are those of numbers_now. */
int number_in(const int64_t *numbers, enum number which, int64_t *value);
int64_t number_in_or(const int64_t *numbers, enum number which, int64_t otherwise);
/* The same for a function that has a device's handle and a pointer for the result. */
int give_number(nvmlDevice_t device, enum number which, unsigned *out);
/* The same for a MIG device. */
int mig_number_of(const struct mig_facts *mig, enum mig_number which, int64_t *value);
/* The number, or *otherwise* if there is none. */
int64_t number_or(const struct gpu_facts *gpu, enum number which, int64_t otherwise);
int give_text(nvmlDevice_t device, enum text which, char *out, unsigned length);
/* Refuses what only root may do. */
int need_root(nvmlDevice_t device, const struct gpu_facts **gpu);

/* nvml_power.c: since the host has started, in millijoules. */
int energy_of(const struct gpu_facts *gpu, uint64_t *energy);
/* nvml_nvlink.c: nvmlNvlinkVersion_t, and MB/s of a link; 0 if unknown. */
unsigned nvlink_version(void);
unsigned nvlink_speed(void);

/* nvml_processes.c: compute processes and their loads for the table of private functions. */
struct engine_record {
    unsigned load, scale, pid, others[17];
};
struct load_record {
    uint64_t time;
    struct engine_record engines[6]; /* as many as the branch has */
};
int named_processes(nvmlDevice_t device, unsigned *count, void *entries);
int load_records(nvmlDevice_t device, unsigned *count, int engines, struct load_record *record);

/* nvml_time.c */
int64_t microseconds_since_1970(void);

/* Functions of NVML's interface that other files call. */
int nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned error, unsigned counter, unsigned long long *count);
int nvmlDeviceGetMemoryErrorCounter(
    nvmlDevice_t device, unsigned error, unsigned counter, unsigned location, unsigned long long *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device);
int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device);
int nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t one, nvmlDevice_t other, unsigned *level);
int nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned *count, void *infos);

#endif
