/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What a GPU is cut into now: what its state says, or the program's payload if the state says nothing. */
#include "smi_mig_layout.h"

#include "smi_state.h"
#include "text.h"

const struct mig_rules *smi_mig_rules(const struct view *view)
{
    static struct mig_rules rules;
    struct mig_profile profile;
    unsigned i;
    int k;
    if (rules.count)
        return &rules;
    for (i = 0; i < MIG_PROFILES && smi_mig_profile(view, (int)i, &profile); i++) {
        struct mig_rule *rule = &rules.rules[i];
        *rule = (struct mig_rule){(unsigned)profile.id, (unsigned)profile.slices, (unsigned)profile.size, (unsigned)profile.instances,
            (unsigned)profile.start_count, {0}};
        for (k = 0; k < profile.start_count && k < MIG_STARTS; k++)
            rule->starts[k] = (unsigned)profile.starts[k];
    }
    rules.count = i;
    return &rules;
}

/* The first memory slice of an instance by its id, which numbers a binary tree (machine/mig.py, start_of). Boards whose only memory
 * slices are four have the whole GPU at id 0 as well. */
static unsigned start_of(const struct view *view, unsigned instance, const struct mig_rule *rule)
{
    const struct mig_rules *rules = smi_mig_rules(view);
    unsigned i, k, width = 1, first, last = 0, whole = 0;
    for (i = 0; i < rules->count; i++) {
        whole |= rules->rules[i].size == 4 && rules->rules[i].slices == 4;
        for (k = 0; k < rules->rules[i].start_count; k++) {
            if (rules->rules[i].starts[k] + rules->rules[i].size > last)
                last = rules->rules[i].starts[k] + rules->rules[i].size;
        }
    }
    while (width < rule->size)
        width *= 2;
    first = (whole && last <= 4 ? 4 : 8) / width - 1;
    return instance >= first ? (instance - first) * width : 0;
}

int smi_mig_rest(const struct view *view, int gpu, struct mig_layout *rest)
{
    const struct mig_rules *rules = smi_mig_rules(view);
    struct mig_device device;
    int i;
    mig_clear(rest);
    rest->enabled = rest->pending = (unsigned)equal(view->gpus[gpu]->fields[GPU_MIG], "Enabled");
    for (i = 0; smi_mig_instance(view, gpu, i, &device); i++) {
        if (device.profile < 0 || device.profile >= (int)rules->count || device.instance >= MIG_INSTANCES || device.compute >= MIG_COMPUTES)
            return 0;
        rest->instances[device.instance].rule = device.profile;
        rest->instances[device.instance].start = start_of(view, (unsigned)device.instance, &rules->rules[device.profile]);
        rest->computes[device.instance][device.compute].slices = (unsigned)device.slices;
        rest->computes[device.instance][device.compute].start = (unsigned)device.start;
    }
    return 1;
}

void smi_mig_layout(const struct view *view, int gpu, struct mig_layout *layout)
{
    static struct mig_layout rest;
    const struct state_own *own = smi_state_own(view, gpu);
    smi_mig_rest(view, gpu, &rest);
    if (own)
        mig_read(layout, own, &rest, smi_mig_rules(view));
    else
        *layout = rest;
}

int smi_mig_enabled(const struct view *view, int gpu)
{
    static struct mig_layout layout;
    smi_mig_layout(view, gpu, &layout);
    return (int)layout.enabled;
}
