/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <stdarg.h>

#include "system.h"
#include "text.h"

static char gathered[8192];
static size_t used;
static int broken;
static int descriptor = 1;

void output_to(int fd)
{
    flush();
    descriptor = fd;
}

int flush(void)
{
    if (used && write_all(descriptor, gathered, used) < 0)
        broken = 1;
    used = 0;
    return broken;
}

static void put_character(char c)
{
    if (used == sizeof gathered)
        flush();
    gathered[used++] = c;
}

static void put_string(const char *string)
{
    while (*string) {
        char *to = gathered + used, *end = gathered + sizeof gathered;
        while (to < end && *string)
            *to++ = *string++;
        used = (size_t)(to - gathered);
        if (to == end)
            flush();
    }
}

void put(const char *first, ...)
{
    const char *part;
    va_list parts;
    va_start(parts, first);
    for (part = first; part; part = va_arg(parts, const char *))
        put_string(part);
    va_end(parts);
}

void put_padded(const char *string, int width)
{
    size_t wide = (size_t)(width < 0 ? -width : width);
    size_t length = length_of(string), i;
    for (i = length; width < 0 && i < wide; i++)
        put_character(' ');
    for (i = 0; i < length && i < wide; i++)
        put_character(string[i]);
    for (i = length; width > 0 && i < wide; i++)
        put_character(' ');
}
