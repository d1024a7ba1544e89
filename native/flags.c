/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "flags.h"

#include <stddef.h>

#include "text.h"

/* Returns the rest after the name if *argument* (without hyphens) is *name* or *name*=value, otherwise NULL. */
static const char *after_name(const char *argument, const char *name)
{
    while (*name) {
        if (*argument++ != *name++)
            return NULL;
    }
    return *argument == 0 || *argument == '=' ? argument : NULL;
}

const char *parse_flags(int count, char *const *arguments, struct flag *flags, const char **about)
{
    int i;
    for (i = 0; i < count; i++) {
        const char *argument = arguments[i];
        const char *rest = NULL;
        struct flag *flag;
        *about = argument;
        if (equal(argument, "--") || equal(argument, "-"))
            break;
        if (argument[0] != '-')
            continue;
        argument += argument[1] == '-' ? 2 : 1;
        for (flag = flags; flag->name; flag++) {
            rest = after_name(argument, flag->name);
            if (rest)
                break;
        }
        if (!rest)
            return "unknown option";
        if (!flag->values) {
            if (*rest)
                return "the option takes no value";
            flag->count++;
            continue;
        }
        if (*rest == '=') {
            rest++;
        } else {
            if (i + 1 >= count)
                return "the option needs a value";
            rest = arguments[++i];
        }
        if (!flag->many)
            flag->count = 0;
        flag->values[flag->count++] = rest;
    }
    return NULL;
}
