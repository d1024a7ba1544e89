/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_LDCONFIG_H
#define NVMOCK_LDCONFIG_H

/* Runs the node's ldconfig *program* for the container with this root. It uses the configuration file with that path in
 * the container, and also *directories* (the last NULL). Returns the exit status, after a message if it is not 0. */
int run_ldconfig(int root, const char *program, const char *configuration, const char *const *directories);

#endif
