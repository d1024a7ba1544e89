/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The state of the GPUs for nvidia-smi. The line "state" of the payload has the name of the file, and the library directories in
 * which it may be, relative to the directory of the program. */
#ifndef NVMOCK_SMI_STATE_H
#define NVMOCK_SMI_STATE_H

#include "smi_document.h"
#include "state.h"

/* A number that is another one when texts must be made again. */
unsigned smi_state_round(const struct view *view);
/* What was read counts no longer: some time has passed. */
void smi_state_forget(void);
/* Replaces the texts of a visible GPU that follow the state. */
void smi_state_apply(const struct view *view, int gpu, const char **texts);
/* The values of a visible GPU as they are now; NULL if nothing is set. Valid until the next call of a function of this file. */
const struct state_own *smi_state_own(const struct view *view, int gpu);
/* The count of one of the errors of a link (-1: whether it is inactive). */
int64_t smi_state_link(const struct view *view, int gpu, unsigned link, int counter);
/* Changes values of a visible GPU. Returns 0; 1 if that is not permitted; -1 if there is no state. */
int smi_state_set(const struct view *view, int gpu, const struct state_edit *edits, int count);

#endif
