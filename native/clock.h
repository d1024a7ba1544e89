/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_CLOCK_H
#define NVMOCK_CLOCK_H

/* The time in UTC, in the formats of date(1) and of nvidia-smi's queries. Each buffer needs at least 32 bytes. */
void time_now(char *words, char *stamp);

#endif
