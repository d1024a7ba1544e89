/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi.h"

#include "message.h"
#include "output.h"
#include "system.h"
#include "text.h"

static int exists(const char *dev, const char *name, const char *number_text)
{
    char path[PATH_SIZE];
    if (join(path, sizeof path, dev, "/", name, number_text, NULL) < 0)
        return 0;
    return CALL(faccessat, AT_FDCWD, path, 0) == 0;
}

/* Used if the machine type has no readings. */
static const char *const no_readings[READ_FIELDS] = {[0 ... READ_FIELDS - 1] = ""};

int smi_exists(const struct view *view, const char *name, const char *number)
{
    return exists(view->dev, name, number);
}

static void look(struct view *view, const struct line *lines, char **environment)
{
    const struct line *line;
    view->head = lines;
    view->readings = no_readings;
    view->dev = "/dev";
    for (; *environment; environment++) {
        if (begins_with(*environment, "NVMOCK_DEV=") && (*environment)[11])
            view->dev = *environment + 11;
    }
    for (line = lines->next; line; line = line->next) {
        if (equal(line->fields[0], "readings") && line->count == READ_FIELDS)
            view->readings = line->fields;
        if (equal(line->fields[0], "gpu") && line->count == GPU_FIELDS && view->count < MAXIMUM &&
            exists(view->dev, "nvidia", line->fields[GPU_MINOR])) {
            view->chosen[view->count] = view->count;
            view->gpus[view->count++] = line;
        }
    }
    view->chosen_count = view->count;
}

static int same(const char *a, const char *b, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++) {
        char c = a[i], d = b[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (d >= 'A' && d <= 'Z')
            d = (char)(d + 32);
        if (c != d || !c)
            return 0;
    }
    return b[length] == 0;
}

/* Finds a GPU by index, UUID, serial number or PCI id (with a domain of 4 or 8 digits). */
static int is_meant(const struct view *view, int index, const char *id, size_t length)
{
    const char *const *fields = view->gpus[index]->fields;
    char digits[21];
    return same(id, decimal((uint64_t)index, digits), length) || same(id, fields[GPU_UUID], length) ||
           (fields[GPU_SERIAL][0] && same(id, fields[GPU_SERIAL], length)) || same(id, fields[GPU_BUS_ID], length) ||
           (begins_with(fields[GPU_BUS_ID], "0000") && same(id, fields[GPU_BUS_ID] + 4, length));
}

/* Keeps only the GPUs in *ids* (separated by commas); returns 0 if one of them is not visible. */
static int choose(struct view *view, const char *ids)
{
    view->chosen_count = 0;
    for (;;) {
        size_t length = 0;
        int i, before = view->chosen_count;
        while (ids[length] && ids[length] != ',')
            length++;
        for (i = 0; i < view->count && view->chosen_count < MAXIMUM; i++) {
            if (is_meant(view, i, ids, length)) {
                view->chosen[view->chosen_count++] = i;
                break;
            }
        }
        if (view->chosen_count == before)
            return 0;
        if (!ids[length])
            return 1;
        ids += length + 1;
    }
}

static int list(const struct view *view)
{
    int i;
    for (i = 0; i < view->chosen_count; i++) {
        const struct line *gpu = view->gpus[view->chosen[i]];
        const struct line *line;
        uint64_t mig = 0; /* among the visible ones */
        char digits[21];
        put("GPU ", decimal((uint64_t)view->chosen[i], digits), ": ", gpu->fields[GPU_NAME], " (UUID: ",
            gpu->fields[GPU_UUID], ")\n", NULL);
        for (line = gpu->next; line && equal(line->fields[0], "mig"); line = line->next) {
            if (line->count != MIG_FIELDS || !exists(view->dev, "nvidia-caps/nvidia-cap", line->fields[MIG_MINOR]))
                continue;
            put("  MIG ", NULL);
            put_padded(line->fields[MIG_PROFILE], length_of(line->fields[MIG_PROFILE]) > 12 ? 64 : 12);
            put(" Device ", NULL);
            put_padded(decimal(mig++, digits), -2);
            put(": (UUID: ", line->fields[MIG_UUID], ")\n", NULL);
        }
    }
    return flush();
}

static int version(const struct view *view)
{
    const char *const *head = view->head->fields;
    put("NVIDIA-SMI version  : ", head[SMI_DRIVER], "\nNVML version        : ", head[SMI_NVML],
        "\nDRIVER version      : ", head[SMI_DRIVER], "\nCUDA Version        : ", head[SMI_CUDA], "\n", NULL);
    return flush();
}

static int help(const struct view *view)
{
    put("NVIDIA System Management Interface -- v", view->head->fields[SMI_DRIVER], " (mock)\n\n"
        "This stand-in knows the facts of the mock machine; nothing runs on its GPUs.\n\n"
        "    nvidia-smi [-i ID[,ID ...]]                    a summary of the GPUs\n"
        "    nvidia-smi -L, --list-gpus                     the GPUs and MIG devices with their UUIDs\n"
        "    nvidia-smi --query-gpu=FIELD[,FIELD ...] --format=csv[,noheader][,nounits] [-i ID[,ID ...]]\n"
        "    nvidia-smi --query-compute-apps=FIELD[,FIELD ...] --format=csv[,noheader][,nounits]\n"
        "    nvidia-smi --version\n"
        "    nvidia-smi -h, --help\n", NULL);
    return flush();
}

static int bad(const char *option, const char *problem)
{
    char text[PATH_SIZE];
    join(text, sizeof text, "nvidia-smi (mock): '", option, "' ", problem, "\n", NULL);
    write_all(2, text, length_of(text));
    return SMI_BAD_ARGUMENT;
}

/* Returns the value of an option in the forms --name=value and --name value; NULL for another option. */
static const char *value_of(const char *name, int argc, char **argv, int *at)
{
    const char *rest = argv[*at];
    if (!begins_with(rest, name))
        return NULL;
    rest += length_of(name);
    if (*rest == '=')
        return rest + 1;
    return !*rest && *at + 1 < argc ? argv[++*at] : NULL;
}

int smi(const struct line *lines, int argc, char **argv, char **environment)
{
    static struct view view;
    const char *fields = NULL, *format = NULL, *ids = NULL, *value;
    static const char *const kinds[] = {"gpu", "compute-apps", "accounted-apps", "retired-pages", "remapped-rows",
                                        "supported-clocks"};
    const char *sections = NULL;
    char query[64], help_query[64];
    int i, k, listing = 0, kind = GPU, report = 0, xml = 0;
    look(&view, lines, environment);
    for (i = 1; i < argc; i++) {
        const char *option = argv[i];
        if (equal(option, "-h") || equal(option, "--help"))
            return help(&view);
        if (equal(option, "--version"))
            return version(&view);
        if (equal(option, "-L") || equal(option, "--list-gpus"))
            listing = 1;
        else if (equal(option, "-q") || equal(option, "--query"))
            report = 1;
        else if (equal(option, "-x") || equal(option, "--xml-format"))
            xml = 1;
        else if ((value = value_of("--display", argc, argv, &i)) || (value = value_of("-d", argc, argv, &i)))
            sections = value;
        else if ((value = value_of("--format", argc, argv, &i)))
            format = value;
        else if ((value = value_of("--id", argc, argv, &i)) || (value = value_of("-i", argc, argv, &i)))
            ids = value;
        else {
            for (k = 0; k < 6; k++) {
                join(query, sizeof query, "--query-", kinds[k], NULL);
                join(help_query, sizeof help_query, "--help-query-", kinds[k], NULL);
                if (equal(option, help_query))
                    return smi_list_fields(&view, k);
                if ((value = value_of(query, argc, argv, &i)))
                    break;
            }
            if (k == 6)
                return bad(option, "is not implemented");
            fields = value;
            kind = k;
        }
    }
    if (listing && (fields || format))
        return bad("--list-gpus", "can't be combined with a query");
    if (format && !fields)
        return bad("--format", "needs --query-gpu or --query-compute-apps");
    if (fields && !format)
        return bad(kind == GPU ? "--query-gpu" : kind == COMPUTE_APPS ? "--query-compute-apps" : "--query", "needs --format=csv");
    if ((ids && !choose(&view, ids)) || view.chosen_count == 0) {
        put("No devices were found\n", NULL);
        flush();
        return SMI_NOT_FOUND;
    }
    if (report)
        return smi_report(&view, sections, xml);
    return listing ? list(&view) : fields ? smi_query(&view, kind, fields, format) : smi_table(&view);
}
