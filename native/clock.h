/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_CLOCK_H
#define NVMOCK_CLOCK_H

/* The time in UTC: as date(1) shows it, and as nvidia-smi's queries do. At least 32 bytes each. */
void time_now(char *words, char *stamp);

#endif
