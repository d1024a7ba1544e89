/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi --query-gpu=... and --query-compute-apps=..., --format=csv: the queries for scripts. */
#include "clock.h"
#include "output.h"
#include "smi.h"
#include "system.h"
#include "text.h"

enum { QUERY_FIELDS = 128 };

/* The source of a field: a fact of the GPU (above 0), or one of these. */
enum { UNKNOWN = -1, NOT_AVAILABLE = -2, TIMESTAMP = -3, DRIVER = -4, COUNT = -5, INDEX = -6, PCI_PART = -7 };
/* Above this number: a reading (READ_...) of the machine type. */
enum { READING = 100 };
/* The same as in NVML (nvml_state.c): nothing runs on the GPU, and its modes have their defaults. */
enum { NO_MEMORY = -8, NO_LOAD = -9, DISABLED = -10, DEFAULT = -11 };

struct field {
    const char *name;
    /* The name in the header, if it differs. */
    const char *shown;
    int answer;
    /* Position and length of a part of the PCI id; only for PCI_PART. */
    short from, length;
    const char *unit;
};

static const struct field known[] = {
    {"timestamp", NULL, TIMESTAMP, 0, 0, NULL},
    {"driver_version", NULL, DRIVER, 0, 0, NULL},
    {"count", NULL, COUNT, 0, 0, NULL},
    {"name", NULL, GPU_NAME, 0, 0, NULL},
    {"gpu_name", "name", GPU_NAME, 0, 0, NULL},
    {"serial", NULL, GPU_SERIAL, 0, 0, NULL},
    {"gpu_serial", "serial", GPU_SERIAL, 0, 0, NULL},
    {"uuid", NULL, GPU_UUID, 0, 0, NULL},
    {"gpu_uuid", "uuid", GPU_UUID, 0, 0, NULL},
    {"pci.bus_id", NULL, GPU_BUS_ID, 0, 0, NULL},
    {"gpu_bus_id", "pci.bus_id", GPU_BUS_ID, 0, 0, NULL},
    {"pci.domain", NULL, PCI_PART, 4, 4, NULL},
    {"pci.bus", NULL, PCI_PART, 9, 2, NULL},
    {"pci.device", NULL, PCI_PART, 12, 2, NULL},
    {"pci.device_id", NULL, GPU_DEVICE_ID, 0, 0, NULL},
    {"pci.sub_device_id", NULL, GPU_SUBSYSTEM_ID, 0, 0, NULL},
    {"vbios_version", NULL, GPU_VBIOS, 0, 0, NULL},
    {"index", NULL, INDEX, 0, 0, NULL},
    {"memory.total", NULL, GPU_MEMORY, 0, 0, "MiB"},
    {"compute_cap", NULL, GPU_COMPUTE, 0, 0, NULL},
    {"mig.mode.current", NULL, GPU_MIG, 0, 0, NULL},
    {"mig.mode.pending", NULL, GPU_MIG, 0, 0, NULL},
    {"memory.used", NULL, NO_MEMORY, 0, 0, "MiB"},
    {"memory.free", NULL, GPU_MEMORY, 0, 0, "MiB"},
    {"utilization.gpu", NULL, NO_LOAD, 0, 0, "%"},
    {"utilization.memory", NULL, NO_LOAD, 0, 0, "%"},
    {"display_mode", NULL, DISABLED, 0, 0, NULL},
    {"display_active", NULL, DISABLED, 0, 0, NULL},
    {"accounting.mode", NULL, DISABLED, 0, 0, NULL},
    {"compute_mode", NULL, DEFAULT, 0, 0, NULL},
    {"temperature.gpu", NULL, READING + READ_TEMPERATURE, 0, 0, NULL},
    {"temperature.memory", NULL, READING + READ_MEMORY_TEMPERATURE, 0, 0, NULL},
    {"power.draw", NULL, READING + READ_POWER, 0, 0, "W"},
    {"power.draw.instant", NULL, READING + READ_POWER, 0, 0, "W"},
    {"power.limit", NULL, READING + READ_LIMIT, 0, 0, "W"},
    {"power.default_limit", NULL, READING + READ_LIMIT, 0, 0, "W"},
    {"power.min_limit", NULL, READING + READ_LEAST_LIMIT, 0, 0, "W"},
    {"power.max_limit", NULL, READING + READ_MOST_LIMIT, 0, 0, "W"},
    {"clocks.gr", "clocks.current.graphics", READING + READ_GRAPHICS, 0, 0, "MHz"},
    {"clocks.sm", "clocks.current.sm", READING + READ_SM, 0, 0, "MHz"},
    {"clocks.mem", "clocks.current.memory", READING + READ_MEMORY, 0, 0, "MHz"},
    {"clocks.video", "clocks.current.video", READING + READ_VIDEO, 0, 0, "MHz"},
    {"clocks.current.graphics", NULL, READING + READ_GRAPHICS, 0, 0, "MHz"},
    {"clocks.current.sm", NULL, READING + READ_SM, 0, 0, "MHz"},
    {"clocks.current.memory", NULL, READING + READ_MEMORY, 0, 0, "MHz"},
    {"clocks.current.video", NULL, READING + READ_VIDEO, 0, 0, "MHz"},
    {"clocks.max.gr", "clocks.max.graphics", READING + READ_MAX_GRAPHICS, 0, 0, "MHz"},
    {"clocks.max.sm", NULL, READING + READ_MAX_SM, 0, 0, "MHz"},
    {"clocks.max.mem", "clocks.max.memory", READING + READ_MAX_MEMORY, 0, 0, "MHz"},
    {"clocks.max.graphics", NULL, READING + READ_MAX_GRAPHICS, 0, 0, "MHz"},
    {"clocks.max.memory", NULL, READING + READ_MAX_MEMORY, 0, 0, "MHz"},
    {"pstate", NULL, READING + READ_STATE, 0, 0, NULL},
    {"ecc.mode.current", NULL, READING + READ_ECC_MODE, 0, 0, NULL},
    {"ecc.mode.pending", NULL, READING + READ_ECC_MODE, 0, 0, NULL},
    {"ecc.errors.corrected.volatile.total", NULL, READING + READ_ECC_ERRORS, 0, 0, NULL},
    {"ecc.errors.uncorrected.volatile.total", NULL, READING + READ_ECC_ERRORS, 0, 0, NULL},
    {"pcie.link.gen.current", NULL, READING + READ_PCIE_GENERATION, 0, 0, NULL},
    {"pcie.link.gen.max", NULL, READING + READ_PCIE_GENERATION, 0, 0, NULL},
    {"pcie.link.width.current", NULL, READING + READ_PCIE_LANES, 0, 0, NULL},
    {"pcie.link.width.max", NULL, READING + READ_PCIE_LANES, 0, 0, NULL},
    /* Fields without a value on a mock. */
    {"memory.reserved", NULL, NOT_AVAILABLE, 0, 0, "MiB"},
    {"power.management", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"power.draw.average", NULL, NOT_AVAILABLE, 0, 0, "W"},
    {"fan.speed", NULL, NOT_AVAILABLE, 0, 0, "%"},
    {"persistence_mode", NULL, NOT_AVAILABLE, 0, 0, NULL},
};

/* Fields of processes. No process ever runs. */
static const struct field of_processes[] = {
    {"timestamp", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"gpu_name", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"gpu_bus_id", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"gpu_serial", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"gpu_uuid", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"pid", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"process_name", NULL, NOT_AVAILABLE, 0, 0, NULL},
    {"name", "process_name", NOT_AVAILABLE, 0, 0, NULL},
    {"used_gpu_memory", NULL, NOT_AVAILABLE, 0, 0, "MiB"},
    {"used_memory", "used_gpu_memory", NOT_AVAILABLE, 0, 0, "MiB"},
};

/* Reads the next word of a list with commas, without the blanks around it; returns 0 at the end. */
static int next_word(const char **list, char *word, size_t size)
{
    const char *at = *list;
    size_t length = 0;
    if (!at)
        return 0;
    while (*at == ' ')
        at++;
    while (at[length] && at[length] != ',')
        length++;
    *list = at[length] ? at + length + 1 : NULL;
    while (length > 0 && at[length - 1] == ' ')
        length--;
    join(word, length + 1 < size ? length + 1 : size, at, NULL);
    return 1;
}

static int problem(const char *text, const char *word, const char *rest)
{
    put(text, word, rest, "\n", NULL);
    flush();
    return SMI_BAD_ARGUMENT;
}

static void put_answer(const struct view *view, int index, const struct field *field, int units)
{
    const char *const *gpu = view->gpus[index]->fields;
    const char *text = NULL;
    char words[32], stamp[32], part[16];
    switch (field->answer) {
    case NOT_AVAILABLE: break;
    case TIMESTAMP: time_now(words, stamp), text = stamp; break;
    case DRIVER: text = view->head->fields[SMI_DRIVER]; break;
    case COUNT: text = decimal((uint64_t)view->count, stamp); break;
    case NO_MEMORY: text = gpu[GPU_MEMORY][0] ? "0" : NULL; break;
    case NO_LOAD: text = equal(gpu[GPU_MIG], "Enabled") ? NULL : "0"; break;
    case DISABLED: text = "Disabled"; break;
    case DEFAULT: text = "Default"; break;
    case INDEX: text = decimal((uint64_t)index, stamp); break;
    case PCI_PART:
        if (length_of(gpu[GPU_BUS_ID]) > 13) {
            join(part, (size_t)field->length + 1, gpu[GPU_BUS_ID] + field->from, NULL);
            join(stamp, sizeof stamp, "0x", part, NULL);
            text = stamp;
        }
        break;
    default: text = field->answer > READING ? view->readings[field->answer - READING] : gpu[field->answer];
    }
    if (!text || !*text)
        put("[N/A]", NULL);
    else
        put(text, units && field->unit ? " " : NULL, field->unit, NULL);
}

int smi_query(const struct view *view, int processes, const char *list, const char *format)
{
    const struct field *table = processes ? of_processes : known;
    const int known_count = processes ? sizeof of_processes / sizeof *of_processes : sizeof known / sizeof *known;
    const struct field *fields[QUERY_FIELDS];
    char word[128];
    int count = 0, csv = 0, header = 1, units = 1, i, f;
    while (next_word(&format, word, sizeof word)) {
        if (equal(word, "csv"))
            csv = 1;
        else if (equal(word, "noheader"))
            header = 0;
        else if (equal(word, "nounits"))
            units = 0;
        else
            return problem("\"", word, "\" is not a format: it must be csv, with noheader and nounits if wanted.");
    }
    if (!csv)
        return problem("\"", "csv", "\" must be among the words of --format.");
    while (next_word(&list, word, sizeof word)) {
        for (f = 0; f < known_count; f++) {
            if (equal(word, table[f].name))
                break;
        }
        if (f == known_count || count == QUERY_FIELDS)
            return problem("Field \"", word, "\" is not a valid field to query.");
        fields[count++] = &table[f];
    }
    for (f = 0; header && f < count; f++) {
        put(fields[f]->shown ? fields[f]->shown : fields[f]->name, NULL);
        if (fields[f]->unit)
            put(" [", fields[f]->unit, "]", NULL);
        put(f + 1 < count ? ", " : "\n", NULL);
    }
    for (i = 0; !processes && i < view->chosen_count; i++) {
        for (f = 0; f < count; f++) {
            put_answer(view, view->chosen[i], fields[f], units);
            put(f + 1 < count ? ", " : "\n", NULL);
        }
    }
    return flush();
}
