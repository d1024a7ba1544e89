/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_processes.h"

#include "smi_mig.h"
#include "smi_state.h"
#include "text.h"

enum { NODES = 64 };

static void set_node(struct process_node *node, const char *name, const char *digits, int instance, int compute)
{
    join(node->name, sizeof node->name, name, digits, NULL);
    node->instance = instance;
    node->compute = compute;
}

int smi_processes(const struct view *view, int gpu, const struct process **list)
{
    static struct process found[MOST_PROCESSES];
    static struct process_node nodes[NODES];
    const char *const *fields = view->gpus[gpu]->fields;
    const struct state_own *own = smi_state_own(view, gpu);
    int is_mig = equal(fields[GPU_MIG], "Enabled"), count = 0;
    struct mig_device device;
    *list = found;
    if (!own || !has_processes(own))
        return 0;
    if (!is_mig)
        set_node(&nodes[count++], "nvidia", fields[GPU_MINOR], NO_INSTANCE, NO_INSTANCE);
    while (is_mig && count < NODES && smi_mig_instance(view, gpu, count, &device)) {
        set_node(&nodes[count], "nvidia-caps/nvidia-cap", device.capability, (int)device.instance, (int)device.compute);
        count++;
    }
    return processes_of(own, is_mig, view->dev, nodes, count, found);
}

int smi_process_is_known(const struct process *process)
{
    char name[PROCESS_NAME];
    return process->name[0] || name_of_process(process->pid, name, sizeof name) > 0;
}

const char *smi_instance(int id, char out[PROCESS_DIGITS])
{
    return id == NO_INSTANCE ? "N/A" : decimal((uint64_t)id, out);
}
