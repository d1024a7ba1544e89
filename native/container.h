/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_CONTAINER_H
#define NVMOCK_CONTAINER_H

/* Reads the state that the runtime gives (from stdin, or a file if *state* is not NULL, "" or "-") and the bundle's
 * configuration; returns a descriptor of the container's root directory, or -1 after a message. */
int container_root(const char *state);

#endif
