/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi topo. Texts: 550.163.01. NICs are not shown: they are the host's. */
#include "output.h"
#include "smi_place.h"
#include "smi_state.h"
#include "smi_sub.h"
#include "text.h"

static const char *const level_names[LEVELS] = {"X", "PIX", "PXB", "PHB", "NODE", "SYS"};
static const char *const ways[LEVELS] = {
    "by way of an single on-board PCIe switch",
    "by way of a single PCIe switch",
    "by way of multiple PCIe switches",
    "by way of a PCIe host bridge",
    "by way of an on-CPU interconnect between PCIe host bridges",
    "by way of an SMP interconnect link between NUMA nodes",
};

static void put_gpu_names(const struct view *view)
{
    char digits[21];
    int i;
    for (i = 0; i < view->count; i++)
        put("GPU", decimal((uint64_t)i, digits), "\t", NULL);
}

static void put_cell(const struct view *view, int one, int other, int pcie_only)
{
    uint64_t bonded = pcie_only ? 0 : smi_bonded(view, one, other);
    char digits[21];
    if (one == other)
        put("\t X ", NULL);
    else if (bonded)
        put("\tNV", decimal(bonded, digits), NULL);
    else
        put("\t", level_names[smi_level(view, one, other)], NULL);
}

static int matrix(const struct subarguments *arguments, int pcie_only)
{
    const struct view *view = arguments->view;
    int i, j, with_gpu_node = arguments->branch >= 530;
    char digits[21];
    if (view->count == 0)
        return smi_say(SMI_FAILED, "Failed to run topology matrix\n", NULL);
    put("\t\033[4m", NULL);
    put_gpu_names(view);
    put("CPU Affinity\tNUMA Affinity", with_gpu_node ? "\tGPU NUMA ID" : "", "\033[0m\n", NULL);
    for (i = 0; i < view->count; i++) {
        put("GPU", decimal((uint64_t)i, digits), NULL);
        for (j = 0; j < view->count; j++)
            put_cell(view, i, j, pcie_only);
        put("\t", smi_cpus(view, i), "\t", smi_numa(view, i), with_gpu_node ? "\t\tN/A\n" : "\n", NULL);
    }
    put("\nLegend:\n\n"
        "  X    = Self\n"
        "  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA nodes (e.g., QPI/UPI)\n"
        "  NODE = Connection traversing PCIe as well as the interconnect between PCIe Host Bridges within a NUMA node\n"
        "  PHB  = Connection traversing PCIe as well as a PCIe Host Bridge (typically the CPU)\n"
        "  PXB  = Connection traversing multiple PCIe bridges (without traversing the PCIe Host Bridge)\n"
        "  PIX  = Connection traversing at most a single PCIe bridge\n",
        pcie_only ? "" : "  NV#  = Connection traversing a bonded set of # NVLinks\n", NULL);
    return flush();
}

static int p2p(const struct view *view, const char *what)
{
    struct links links;
    char digits[21];
    int i, j;
    if (length_of(what) != 1 || !(what[0] == 'r' || what[0] == 'w' || what[0] == 'n' || what[0] == 'a' || what[0] == 'p'))
        return smi_say(SMI_BAD_ARGUMENT, "Invalid p2p capability index specified at the command-line", NULL);
    smi_links(view, &links);
    put(" \t\033[4m", NULL);
    put_gpu_names(view);
    put("\033[0m\n", NULL);
    for (i = 0; i < view->count; i++) {
        put(" GPU", decimal((uint64_t)i, digits), "\t", NULL);
        for (j = 0; j < view->count; j++) {
            /* As nvmlDeviceGetP2PStatus: only of NVLinks it is known. */
            int linked = links.active && smi_bonded(view, i, j) > 0;
            put(i == j ? "X" : linked && (what[0] == 'r' || what[0] == 'w' || what[0] == 'n') ? "OK" : what[0] == 'n' ? "NS" : "U", "\t", NULL);
        }
        put("\n", NULL);
    }
    put("\nLegend:\n\n  X    = Self\n  OK   = Status Ok\n  CNS  = Chipset not supported\n  GNS  = GPU not supported\n"
        "  TNS  = Topology not supported\n  NS   = Not supported\n  U    = Unknown\n", NULL);
    return flush();
}

static int nearest(const struct view *view, uint64_t level)
{
    static const char *const wordings[LEVELS] = {
        "by way of an single on-board PCIe switch", "by way of a single PCIe switch",
        "by way of potentially multiple PCIe switches", "by the same PCIe host bridge",
        "by way of an on-CPU interconnect between PCIe host bridges", "by way of an SMP interconnect link between NUMA nodes"};
    int gpu = view->chosen[0], i, found = 0;
    char digits[21];
    if (level >= LEVELS)
        return smi_say(SMI_FAILED, "Failed to display the nearest GPUs\n", NULL);
    for (i = 0; i < view->count; i++) {
        if (i == gpu || smi_level(view, gpu, i) != (int)level)
            continue;
        if (!found)
            put("Device ", decimal((uint64_t)gpu, digits), " is connected ", wordings[level], " to device(s): ", NULL);
        put(found ? ", " : "", decimal((uint64_t)i, digits), NULL);
        found = 1;
    }
    if (!found)
        put("Device ", decimal((uint64_t)gpu, digits), " is not connected to other devices ", wordings[level], ".", NULL);
    return smi_say(SMI_OK, "\n", NULL);
}

static int path(const struct view *view)
{
    char a[21], b[21];
    return smi_say(SMI_OK, "Device ", decimal((uint64_t)view->chosen[0], a), " is connected to device ",
                   decimal((uint64_t)view->chosen[1], b), " ", ways[smi_level(view, view->chosen[0], view->chosen[1])], ".\n", NULL);
}

static int near_cpu(const struct view *view, uint64_t cpu)
{
    char digits[21], one[21];
    int i, found = 0;
    for (i = 0; i < view->count; i++) {
        if (!smi_in_list(smi_cpus(view, i), cpu))
            continue;
        if (!found)
            put("The GPUs that have an affinity with CPU ", decimal(cpu, digits), " are:\n", NULL);
        put(found ? ", " : "", decimal((uint64_t)i, one), NULL);
        found = 1;
    }
    if (!found)
        return smi_say(SMI_OK, "No GPUs were found to have an affinity with CPU ", decimal(cpu, digits), ".\n", NULL);
    return smi_say(SMI_OK, "\n", NULL);
}

static int near_cpu_until_lost(const struct view *view, uint64_t cpu)
{
    char digits[21];
    int i;
    put("The GPUs that have an affinity with CPU ", decimal(cpu, digits), " are:\n", NULL);
    for (i = 0; i < view->count && !smi_is_lost(view, i); i++) {
        if (smi_in_list(smi_cpus(view, i), cpu))
            put(decimal((uint64_t)i, digits), ", ", NULL);
    }
    return smi_say(SMI_FAILED, "Failed to display GPUs with affinity for a given CPU information\n", NULL);
}

/* An option that needs -i with one GPU (or two). */
static int needs(const struct subarguments *arguments, const char *option, int gpus)
{
    return sub_has(arguments, option) && (!sub_has(arguments, "-i") || arguments->view->chosen_count != gpus);
}

int smi_topo(const struct subarguments *arguments)
{
    static const struct { const char *option, *what; } nodes[] = {
        {"-C", "NUMA ID of nearest CPU"}, {"-M", "NUMA ID of nearest memory"}, {"-gnid", "GPU NUMA ID command"}};
    const struct view *view = arguments->view;
    uint64_t level = 0, cpu = 0;
    int i, status = sub_number(arguments, "-c", &cpu);
    if (!status)
        status = sub_number(arguments, "-n", &level);
    if (status)
        return status;
    if (smi_any_lost(view)) {
        if (sub_has(arguments, "-c"))
            return near_cpu_until_lost(view, cpu);
        if (sub_has(arguments, "-m") || sub_has(arguments, "-mp"))
            return smi_say(SMI_FAILED, "Failed to run topology matrix\n", NULL);
        return smi_say(SMI_FAILED, "Failed to display p2p capability matrix for the specified p2p Index\n", NULL);
    }
    if (sub_has(arguments, "-m") || sub_has(arguments, "-mp"))
        return matrix(arguments, sub_has(arguments, "-mp"));
    if (sub_has(arguments, "-p2p"))
        return p2p(view, sub_value(arguments, "-p2p"));
    if (sub_has(arguments, "-c"))
        return near_cpu(view, cpu);
    if (needs(arguments, "-n", 1))
        return smi_say(SMI_BAD_ARGUMENT, "Nearest GPUs argument must be used in conjunction with the -i argument which must be a single identifier.\n", NULL);
    if (needs(arguments, "-p", 2))
        return smi_say(SMI_BAD_ARGUMENT, "Path command line flag must be used in conjection with the -i argument which must be two GPU identifiers.\n", NULL);
    if (sub_has(arguments, "-n"))
        return nearest(view, level);
    if (sub_has(arguments, "-p"))
        return path(view);
    for (i = 0; i < 3; i++) {
        if (!sub_has(arguments, nodes[i].option))
            continue;
        if (needs(arguments, nodes[i].option, 1))
            return smi_say(SMI_BAD_ARGUMENT, nodes[i].what, " must be used in conjunction with the -i argument which must be a single identifier.\n", NULL);
        if (i == 2)
            return smi_say(SMI_OK, "N/A", NULL);
        return smi_say(SMI_OK, i == 0 ? "NUMA IDs of closest CPU: " : "NUMA IDs of closest memory: ", smi_numa(view, view->chosen[0]), NULL);
    }
    return smi_say(SMI_FAILED, "The -i command line argument must be used in conjunction with -n or -p.\n", NULL);
}
