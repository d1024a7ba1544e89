/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Options in the syntax of NVIDIA's programs: --name value, --name=value, with one or two hyphens. */
#ifndef NVMOCK_FLAGS_H
#define NVMOCK_FLAGS_H

struct flag {
    const char *name;
    /* Receives the values; it has room for as many as there are arguments. NULL: the option takes no value. */
    const char **values;
    /* Whether it may be repeated (otherwise the last one counts). */
    int many;
    int count;
};

/* Sorts *arguments* into *flags* (the last has no name); returns NULL, or what is wrong, with the argument in *about*. Other
 * words, and what is behind "--" or "-", are ignored. */
const char *parse_flags(int count, char *const *arguments, struct flag *flags, const char **about);

#endif
