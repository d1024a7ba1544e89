/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_place.h"

#include "smi_commands.h"
#include "system.h"
#include "text.h"

/* topology: NVLinks of a GPU, whether they are active, MB/s of each, GPUs per PCIe switch, GPUs per socket */
enum { LINKS = 1, ACTIVE, SPEED, PER_SWITCH, PER_SOCKET, TOPOLOGY_FIELDS };
/* place: minor of the GPU, its place in the machine, CPUs, NUMA node, row of the matrix of topo -m */
enum { PLACE_MINOR = 1, PLACE_INDEX, PLACE_CPUS, PLACE_NUMA, PLACE_ROW, PLACE_FIELDS };

static uint64_t value_of(const char *text)
{
    uint64_t value = 0;
    return number(text, 10, &value, NULL) < 0 ? 0 : value;
}

static uint64_t of_topology(const struct view *view, int field)
{
    const struct line *line = smi_line(view->head, "topology", TOPOLOGY_FIELDS);
    return line ? value_of(line->fields[field]) : 0;
}

static const char *of_place(const struct view *view, int gpu, int field)
{
    const struct line *line = view->head;
    while ((line = smi_line(line, "place", PLACE_FIELDS))) {
        if (equal(line->fields[PLACE_MINOR], view->gpus[gpu]->fields[GPU_MINOR]))
            return line->fields[field];
    }
    return "";
}

void smi_links(const struct view *view, struct links *links)
{
    *links = (struct links){
        .count = of_topology(view, LINKS), .active = of_topology(view, ACTIVE) != 0, .mb_per_s = of_topology(view, SPEED)};
}

/* The cell of the machine's matrix for two GPUs; 0 if it has none. */
static int cell_of(const struct view *view, int one, int other, char cell[8])
{
    const char *row = of_place(view, one, PLACE_ROW);
    uint64_t column = value_of(of_place(view, other, PLACE_INDEX));
    size_t length = 0;
    while (row[length] && column) {
        column -= row[length] == ' ';
        length++;
    }
    row += length;
    for (length = 0; row[length] && row[length] != ' ';)
        length++;
    if (column || !length || length > 7)
        return 0;
    join(cell, length + 1, row, NULL);
    return 1;
}

int smi_level(const struct view *view, int one, int other)
{
    static const char *const names[LEVELS] = {"X", "PIX", "PXB", "PHB", "NODE", "SYS"};
    uint64_t a = value_of(of_place(view, one, PLACE_INDEX)), b = value_of(of_place(view, other, PLACE_INDEX));
    uint64_t per_switch = of_topology(view, PER_SWITCH), per_socket = of_topology(view, PER_SOCKET);
    char cell[8];
    int level;
    if (cell_of(view, one, other, cell)) {
        for (level = 0; level < LEVELS; level++) {
            if (equal(cell, names[level]))
                return level;
        }
    }
    if (a == b)
        return INTERNAL;
    if (per_switch && a / per_switch == b / per_switch)
        return ONE_SWITCH;
    return per_socket && a / per_socket == b / per_socket ? NODE : SYSTEM;
}

uint64_t smi_bonded(const struct view *view, int one, int other)
{
    char cell[8];
    if (cell_of(view, one, other, cell))
        return begins_with(cell, "NV") ? value_of(cell + 2) : 0;
    /* They all meet in NVSwitches. */
    return of_topology(view, ACTIVE) ? of_topology(view, LINKS) : 0;
}

enum { BITS = 8 * sizeof(unsigned long), WORDS = 1024 / BITS, ALLOWED_MEMORY = 4 /* MPOL_F_MEMS_ALLOWED */ };

/* The members of a set, such as "0-3,8". */
static const char *members(const unsigned long *set, char *list, size_t size)
{
    unsigned from, to;
    char a[21], b[21];
    list[0] = 0;
    for (from = 0; from < WORDS * BITS; from = to + 1) {
        to = from;
        if (!(set[from / BITS] >> from % BITS & 1))
            continue;
        while (to + 1 < WORDS * BITS && (set[(to + 1) / BITS] >> (to + 1) % BITS & 1))
            to++;
        join(list + length_of(list), size - length_of(list), list[0] ? "," : "", decimal(from, a), to > from ? "-" : "",
             to > from ? decimal(to, b) : "", NULL);
    }
    return list;
}

/* The CPUs and the memory that this process may use, which are NVML's answers (nvml_affinity.c). */
static const char *allowed_cpus(void)
{
    static char list[1024];
    unsigned long set[WORDS] = {0};
    CALL(sched_getaffinity, 0, sizeof set, set);
    return members(set, list, sizeof list);
}

static const char *allowed_memory(void)
{
    static char list[1024];
    unsigned long set[WORDS] = {0};
    if (CALL(get_mempolicy, NULL, set, 8 * sizeof set, NULL, ALLOWED_MEMORY) < 0)
        set[0] = 1;
    return members(set, list, sizeof list);
}

const char *smi_cpus(const struct view *view, int gpu)
{
    const char *cpus = of_place(view, gpu, PLACE_CPUS);
    return cpus[0] ? cpus : allowed_cpus();
}

const char *smi_numa(const struct view *view, int gpu)
{
    const char *node = of_place(view, gpu, PLACE_NUMA);
    return node[0] ? node : allowed_memory();
}

int smi_in_list(const char *list, uint64_t wanted)
{
    while (*list) {
        uint64_t from, to;
        if (number(list, 10, &from, &list) < 0)
            return 0;
        to = from;
        if (*list == '-' && number(list + 1, 10, &to, &list) < 0)
            return 0;
        if (wanted >= from && wanted <= to)
            return 1;
        if (*list == ',')
            list++;
    }
    return 0;
}
