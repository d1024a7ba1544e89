/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Strings. Nothing here calls the kernel, so it can be tested in an ordinary program, too. */
#ifndef NVMOCK_TEXT_H
#define NVMOCK_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { PATH_SIZE = 4096 };

size_t length_of(const char *text);
int equal(const char *a, const char *b);
int begins_with(const char *text, const char *prefix);

/* Joins strings (a NULL ends the list) into *out*; returns 0, or -1 if they do not fit: then *out* is cut off. */
int join(char *out, size_t size, ...) __attribute__((sentinel));

/* Decimal or hexadecimal digits of *value*, in a buffer of at least 21 bytes; returns *out*. */
char *decimal(uint64_t value, char *out);
char *hexadecimal(uint64_t value, char *out);

/* Reads digits of *base* up to 16 that are all of *text* (or, if *rest* is not NULL, up to there); returns -1 if there
 * are none or the number is too big, else 0. */
int number(const char *text, unsigned base, uint64_t *value, const char **rest);

/* Makes the shortest equal absolute path, as text: no empty parts, no "." and no ".."; 0, or -1 if it is too long. */
int clean_path(const char *path, char *out, size_t size);

#endif
