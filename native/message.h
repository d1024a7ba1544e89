/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NVMOCK_MESSAGE_H
#define NVMOCK_MESSAGE_H

/* Writes one line to stderr: the program's name, then the joined strings (a NULL ends the list). Line breaks and other
 * control characters are shown as "?". */
void complain(const char *first, ...) __attribute__((sentinel));

/* The usual text of the kernel's error; *error* may be negative. */
const char *error_text(int error);

#endif
