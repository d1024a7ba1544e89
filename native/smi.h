/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi: what the machine's facts say. */
#ifndef NVMOCK_SMI_H
#define NVMOCK_SMI_H

#include "payload.h"

/* Exit statuses of NVIDIA's program (RETURN VALUE in its manual page); it ends with -1 where no other one fits. */
enum {
    SMI_OK = 0,
    SMI_BAD_ARGUMENT = 2,
    SMI_NOT_SUPPORTED = 3,
    SMI_NO_PERMISSION = 4,
    SMI_NOT_FOUND = 6,
    SMI_NO_DRIVER = 9,
    SMI_LOST = 15,
    SMI_FAILED = 255,
};

/* Fields of the lines: smi driver NVML CUDA; gpu ...; mig ... */
enum { SMI_DRIVER = 1, SMI_NVML, SMI_CUDA };
enum {
    GPU_MINOR = 1,
    GPU_NAME,
    GPU_UUID,
    GPU_BUS_ID,
    GPU_MEMORY,
    GPU_SERIAL,
    GPU_VBIOS,
    GPU_COMPUTE,
    GPU_MIG,
    GPU_DEVICE_ID,
    GPU_SUBSYSTEM_ID,
    GPU_FIELDS,
};
/* readings: of every GPU; always the same number of fields, "" for an unknown reading. */
enum {
    READ_TEMPERATURE = 1,
    READ_MEMORY_TEMPERATURE,
    READ_POWER,
    READ_LIMIT,
    READ_LEAST_LIMIT,
    READ_MOST_LIMIT,
    READ_GRAPHICS,
    READ_SM,
    READ_MEMORY,
    READ_VIDEO,
    READ_MAX_GRAPHICS,
    READ_MAX_SM,
    READ_MAX_MEMORY,
    READ_MAX_VIDEO,
    READ_PCIE_GENERATION,
    READ_PCIE_LANES,
    READ_ECC_MODE,
    READ_ECC_ERRORS,
    READ_STATE,
    READ_FIELDS,
};
enum { MIG_MINOR = 1, MIG_PROFILE, MIG_UUID, MIG_FIELDS };

enum { MAXIMUM = 256 };

/* What is visible here: the lines of the GPUs whose device nodes exist, numbered from 0. */
struct view {
    const struct line *head;
    const char *const *readings;
    int count;
    const struct line *gpus[MAXIMUM];
    int chosen[MAXIMUM];
    int chosen_count;
    const char *dev;
};

int smi(const struct line *lines, int argc, char **argv, char **environment);

/* What --query-... asks for. */
enum { GPU, COMPUTE_APPS, ACCOUNTED_APPS, RETIRED_PAGES, REMAPPED_ROWS, SUPPORTED_CLOCKS };

/* --query-... and --help-query-... */
int smi_query(const struct view *view, int kind, const char *fields, const char *format);
int smi_list_fields(const struct view *view, int kind);

/* -q, -q -d SECTIONS, -q -x; *sections* may be NULL. */
int smi_report(const struct view *view, const char *sections, int xml);

/* Text of an element of -q -x for a visible GPU, such as "temperature/gpu_temp"; "N/A" if it has none. */
const char *smi_value(const struct view *view, int gpu, const char *path);

/* Whether <dev>/<name><number> exists. */
int smi_exists(const struct view *view, const char *name, const char *number);

#endif
