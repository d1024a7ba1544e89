/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_BUS_ID_H
#define NVMOCK_BUS_ID_H

#include <stdint.h>

/* Reads [domain:]bus:device[.function] into domain, bus and device; returns 0 if the text is not of this form. */
int parse_bus_id(const char *text, uint64_t parts[3]);

#endif
