/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* MIG mode and instances of the visible GPUs, as they are now. */
#ifndef NVMOCK_SMI_MIG_LAYOUT_H
#define NVMOCK_SMI_MIG_LAYOUT_H

#include "smi_mig.h"
#include "smi_sub.h"
#include "state_mig.h"

const struct mig_rules *smi_mig_rules(const struct view *view);
/* What the program's payload says; returns 0 if it has an instance of an unknown profile. */
int smi_mig_rest(const struct view *view, int gpu, struct mig_layout *rest);
void smi_mig_layout(const struct view *view, int gpu, struct mig_layout *layout);
int smi_mig_enabled(const struct view *view, int gpu);
/* Changes a visible GPU; returns a result of state_mig.h. */
int smi_mig_do(const struct view *view, int gpu, struct mig_change *change);
/* Whether another process has a device node open: "nvidia" or "nvidia-caps/nvidia-cap" and its number. */
int smi_is_held(const struct view *view, const char *name, unsigned number);
/* Says on stderr that nothing follows the state, if that is so. */
void smi_mig_warn(const struct view *view);
/* Text of a result, as nvmlErrorString gives it, and the exit status. */
const char *smi_mig_text(int result);
int smi_mig_status(int result);

/* NVML_COMPUTE_INSTANCE_PROFILE_... of so many slices. */
unsigned smi_compute_profile(unsigned slices);

/* smi_mig_change.c: -cgi, -cci, -dgi, -dci. */
int smi_mig_create(const struct subarguments *arguments);
int smi_mig_create_computes(const struct subarguments *arguments);
int smi_mig_destroy(const struct subarguments *arguments);
int smi_mig_destroy_computes(const struct subarguments *arguments);

#endif
