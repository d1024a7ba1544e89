/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_CONTAINER_H
#define NVMOCK_CONTAINER_H

/* Reads the state that the runtime gives (from stdin, or a file if *state* is not NULL, "" or "-") and, where it does not
 * tell the root (crun's does), the bundle's configuration; returns a descriptor of the container's root directory, or -1
 * after a message. */
int container_root(const char *state);

enum { NO_STATE = -1, NO_CONFIGURATION = -2 };

/* Reads the state and the bundle's configuration, and calls *each* with every variable of the container (NAME=value, cut
 * off behind 4095 bytes). Returns 0, or what can't be read, after a message. */
int container_variables(const char *state, void (*each)(void *context, const char *variable), void *context);

#endif
