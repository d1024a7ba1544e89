/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The hooks, each in a separate file. They return the exit status, after a message if it is not 0. */
#ifndef NVMOCK_HOOK_H
#define NVMOCK_HOOK_H

#include "flags.h"

/* The input of a hook: its options' values, and the root of the container. */
int create_symlinks(int root, const struct flag *flags);
int update_ldcache(int root, const struct flag *flags);
int enable_cuda_compat(int root, const struct flag *flags);
int change_modes(int root, const struct flag *flags);
int check_modes(const struct flag *flags);
int disable_device_node_modification(int root, const struct flag *flags);
int update_application_profile(int root, const struct flag *flags);

/* What works on the node gets the file of the container's state instead (NULL: stdin). */
int apply_cuda_memory_limits(const char *state, const struct flag *flags);
int check_gpu_ids(const struct flag *flags);

/* Reports that *what* failed with *error* and returns the exit status: 0 on a read-only filesystem, because nothing can be
 * done there and the container should run anyway, and 1 otherwise. */
int failed(const char *what, const char *about, int error);

#endif
