/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What a program is and what it knows stands behind its ELF image, as text, then "nvmock1 " and the text's length in 8
 * hexadecimal digits and a line break: whoever writes the program needs no compiler. Lines end with a line break, fields
 * are between tabs; the first field says what the line is about. */
#ifndef NVMOCK_PAYLOAD_H
#define NVMOCK_PAYLOAD_H

enum { FIELDS = 24 };

struct line {
    int count;
    const char *fields[FIELDS];
    struct line *next;
};

/* Reads the text of the running program, whose environment is given; NULL after a message. */
struct line *payload(char **environment);

#endif
