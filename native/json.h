/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A strict reader of JSON (RFC 8259) for one question: which string stands at this place, or which stand there? */
#ifndef NVMOCK_JSON_H
#define NVMOCK_JSON_H

#include <stddef.h>

/* Reads all of *text* and copies the string at *path* (names of members, the last NULL) to *out*. Returns 1 if the
 * string exists, 0 if it does not. Returns -1 if the text is invalid or ambiguous (a name of the path is twice in its
 * object), or if the value is not a string. Then *problem* is the reason. */
int json_string_at(const char *text, size_t length, const char *const *path, char *out, size_t size,
                   const char **problem);

/* The same for what comes first in *text*, whatever follows; "[]" in *path* stands for each element of an array. Calls
 * *each* with every string that is there, in *out*, cut off if it does not fit. Returns how many there are, or -1. */
int json_strings_at(const char *text, size_t length, const char *const *path, char *out, size_t size,
                    void (*each)(void *context, const char *string), void *context, const char **problem);

#endif
