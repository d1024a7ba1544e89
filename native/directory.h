/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_DIRECTORY_H
#define NVMOCK_DIRECTORY_H

#include <linux/stat.h>

/* Calls *each* with the name of everything in the directory that this descriptor stands for, and what it is (type and device
 * number); links are not followed. */
void each_entry(int directory, void (*each)(void *context, const char *name, const struct statx *status), void *context);

#endif
