/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The payload of a program follows its ELF image: text that names the program and contains its facts, then "nvmock1 ",
 * the text's length in 8 hexadecimal digits, and a line break. So no compiler is needed to write the program. Lines end
 * with a line break, and tabs separate fields. The first field is the type of the line. */
#ifndef NVMOCK_PAYLOAD_H
#define NVMOCK_PAYLOAD_H

enum { FIELDS = 24 };

struct line {
    int count;
    const char *fields[FIELDS];
    struct line *next;
};

/* Reads the payload of the running program with this environment; returns NULL after a message. */
struct line *payload(char **environment);

#endif
