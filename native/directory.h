/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_DIRECTORY_H
#define NVMOCK_DIRECTORY_H

#include <linux/stat.h>

/* Calls *each* with the name, type and device number of every entry in the directory of this descriptor. Links are not
 * followed. */
void each_entry(int directory, void (*each)(void *context, const char *name, const struct statx *status), void *context);

#endif
