/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_MESSAGE_H
#define NVMOCK_MESSAGE_H

/* Writes one line to stderr, joined from strings (a NULL ends the list), with the program's name in front. Line breaks
 * and other control characters in it are shown as "?". */
void complain(const char *first, ...) __attribute__((sentinel));

/* The kernel's error as people know it; *error* may be negative. */
const char *error_text(int error);

#endif
