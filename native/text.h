/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Strings. Nothing here makes system calls, so it can also be tested in an ordinary program. */
#ifndef NVMOCK_TEXT_H
#define NVMOCK_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { PATH_SIZE = 4096 };

size_t length_of(const char *text);
int equal(const char *a, const char *b);
int begins_with(const char *text, const char *prefix);

/* Joins strings (a NULL ends the list) into *out*; returns 0, or -1 if they do not fit. Then *out* is truncated. */
int join(char *out, size_t size, ...) __attribute__((sentinel));

/* Writes decimal or hexadecimal digits of *value* to a buffer of at least 21 bytes; returns *out*. */
char *decimal(uint64_t value, char *out);
char *hexadecimal(uint64_t value, char *out);

/* Reads digits of *base* (at most 16). They must be all of *text*, or, if *rest* is not NULL, a beginning of it.
 * Returns 0, or -1 if there are no digits or the number is too big. */
int number(const char *text, unsigned base, uint64_t *value, const char **rest);

/* Makes the shortest equal absolute path, as text, without empty parts, "." and ".."; returns 0, or -1 if it is too
 * long. */
int clean_path(const char *path, char *out, size_t size);

#endif
