/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Faults of a GPU: layout/state_faults.py has the same rules. */
#include "state_faults.h"

enum { COUNT_MASK = (1 << 24) - 1, FIELD_MASK = (1 << 16) - 1, FIELD_OFFSET = 1000 };

static int64_t value_or(const struct state_own *own, unsigned number, int64_t otherwise)
{
    return own->is_set[number] ? own->values[number] : otherwise;
}

static void put_value(struct state_own *own, unsigned number, int64_t value)
{
    own->is_set[number] = 1;
    own->values[number] = value;
}

static int severity(int64_t action)
{
    static const unsigned char severities[] = {0, 2, 4, 1, 3, 5, 6, 7};
    return action >= 0 && action < (int64_t)sizeof severities ? severities[action] : 0;
}

static void apply(struct state_own *own, const struct fault_effect *effect, int64_t parameter)
{
    int64_t action = effect->value;
    unsigned link;
    switch (effect->what) {
    case FAULT_SET: put_value(own, effect->number, effect->value); break;
    case FAULT_ADD: put_value(own, effect->number, value_or(own, effect->number, 0) + (parameter & COUNT_MASK)); break;
    case FAULT_FIELD: put_value(own, effect->number, (parameter >> effect->value & FIELD_MASK) - FIELD_OFFSET); break;
    case FAULT_WORST_FIELD: action = parameter >> effect->value & FIELD_MASK; /* fall through */
    case FAULT_WORST:
        if (severity(action) <= severity(value_or(own, effect->number, 0)))
            action = value_or(own, effect->number, 0);
        put_value(own, effect->number, action);
        break;
    case FAULT_CUT:
        for (link = 0; link < SET_LINKS; link++) {
            if (parameter >> link & 1)
                put_value(own, SET_FIRST_LINK + 8 * link, 0);
        }
        break;
    }
}

void state_apply_faults(struct state_own *own)
{
    unsigned i;
    own->is_set[FAULT_LOST] = 0;
    for (i = 0; i < FAULT_EFFECTS; i++) {
        const struct fault_effect *effect = &fault_effects[i];
        unsigned number = FAULT_FIRST + 2u * effect->kind;
        if (own->is_set[number] && value_or(own, number + 1, 0) >> effect->bit & 1)
            apply(own, effect, own->values[number]);
    }
}

int state_cure(const struct state_own *own, struct state_edit edits[FAULT_EDITS])
{
    int count = 0;
    unsigned i, kind;
    for (i = FAULT_RING; i <= FAULT_RING_FIRST; i++) {
        if (own->is_set[i])
            edits[count++] = (struct state_edit){.setting = i, .remove = 1};
    }
    for (kind = 0; kind < FAULT_KINDS; kind++) {
        unsigned number = FAULT_FIRST + 2 * kind;
        int64_t before = value_or(own, number + 1, 0), after = before;
        if (!own->is_set[number])
            continue;
        for (i = 0; i < FAULT_EFFECTS; i++) {
            if (fault_effects[i].kind == kind && fault_effects[i].is_cured)
                after &= ~((int64_t)1 << fault_effects[i].bit);
        }
        if (after && after == before)
            continue;
        edits[count++] = (struct state_edit){.setting = number + 1, .value = after, .remove = !after};
        if (!after)
            edits[count++] = (struct state_edit){.setting = number, .remove = 1};
    }
    return count;
}
