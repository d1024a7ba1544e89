/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_STATE_FAULTS_H
#define NVMOCK_STATE_FAULTS_H

#include "state.h"
#include "state_faults_table.h"

/* What one reset of a GPU changes at most. */
enum { FAULT_EDITS = FAULT_RING_SIZE + 2 + 2 * FAULT_KINDS };

/* Puts the effects of the faults over the values of a GPU; is_set[FAULT_LOST] says whether it can't be reached. */
void state_apply_faults(struct state_own *own);
/* The edits of a reset: events go, and the faults that a reset cures. Returns their number. */
int state_cure(const struct state_own *own, struct state_edit edits[FAULT_EDITS]);

#endif
