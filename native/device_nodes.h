/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Which device nodes a process has, and its environment, for a library that any C library may have loaded. */
#ifndef NVMOCK_DEVICE_NODES_H
#define NVMOCK_DEVICE_NODES_H

/* Whether <dev>/nvidiactl exists. <dev> is /dev, or the value of NVMOCK_DEV. */
int control_node_exists(void);

/* Whether <dev>/<name><number> exists. */
int node_exists(const char *name, unsigned number);

/* Opens <dev>/<name><number> as a name only, because no driver answers behind it; returns the descriptor or -errno. */
int hold_node(const char *name, unsigned number);

/* The value of an environment variable; NULL if there is none, or if the process has no C library. */
const char *environment_variable(const char *name);

#endif
