/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The reset of a GPU: what the driver counts or was told since it was loaded is forgotten, and repairs of the memory that wait for a
 * reset are done. Aggregate counters, remapped rows and faults of the node's hardware stay. */
#include "smi_state.h"
#include "state_faults.h"

static const unsigned short forgotten[] = {SET_VOLATILE_SRAM_CORRECTED, SET_VOLATILE_SRAM_PARITY, SET_VOLATILE_SRAM_SECDED,
    SET_VOLATILE_SRAM_UNCORRECTED, SET_VOLATILE_DRAM_CORRECTED, SET_VOLATILE_DRAM_UNCORRECTED, SET_REMAPPED_ROWS_PENDING,
    SET_RETIRED_PAGES_PENDING, SET_CHANNEL_REPAIR_PENDING, SET_TPC_REPAIR_PENDING, SET_RECOVERY_ACTION, SET_RESET_REQUIRED,
    SET_DRAIN_AND_RESET, SET_POWER_LIMIT, SET_LOCKED_GRAPHICS_CLOCK_MIN, SET_LOCKED_GRAPHICS_CLOCK_MAX, SET_LOCKED_MEMORY_CLOCK_MIN,
    SET_LOCKED_MEMORY_CLOCK_MAX, SET_GRAPHICS_REST, SET_SM_REST, SET_MEMORY_CLOCK_REST, SET_APPLICATION_GRAPHICS_CLOCK,
    SET_APPLICATION_MEMORY_CLOCK};
enum { FORGOTTEN = sizeof forgotten / sizeof *forgotten, STATES_OF_LINKS = SET_LINKS };

static int is_still_lost(const struct state_own *own, const struct state_edit *edits, int count)
{
    static struct state_own after;
    int i;
    after = *own;
    for (i = 0; i < count; i++) {
        after.is_set[edits[i].setting] = (unsigned char)!edits[i].remove;
        after.values[edits[i].setting] = edits[i].value;
    }
    state_apply_faults(&after);
    return after.is_set[FAULT_LOST];
}

int smi_reset(const struct view *view, int gpu)
{
    static struct state_edit edits[FAULT_EDITS + FORGOTTEN + STATES_OF_LINKS + 1];
    const struct state_own *own = smi_state_own(view, gpu);
    int i, count;
    if (!own)
        return 0;
    count = state_cure(own, edits);
    if (is_still_lost(own, edits, count))
        return 2;
    for (i = 0; i < FORGOTTEN; i++)
        edits[count++] = (struct state_edit){.setting = forgotten[i], .remove = 1};
    for (i = 0; i < STATES_OF_LINKS; i++)
        edits[count++] = (struct state_edit){.setting = SET_FIRST_LINK + 8 * (unsigned)i, .remove = 1};
    if (own->is_set[SET_PENDING_ECC_MODE])
        edits[count++] = (struct state_edit){.setting = SET_ECC_MODE, .value = own->values[SET_PENDING_ECC_MODE]};
    return smi_state_set(view, gpu, edits, count) > 0;
}
