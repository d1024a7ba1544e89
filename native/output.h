/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Collects what is written to stdout, or to another file. */
#ifndef NVMOCK_OUTPUT_H
#define NVMOCK_OUTPUT_H

/* Adds strings (a NULL ends the list). */
void put(const char *first, ...) __attribute__((sentinel));

/* Adds a string padded with blanks to *width*: after it, or before it if *width* is negative. A longer string is
 * truncated. */
void put_padded(const char *string, int width);

/* From here on everything goes to this file descriptor. */
void output_to(int fd);

/* Writes everything; returns 0, or 1 if that failed. */
int flush(void);

#endif
