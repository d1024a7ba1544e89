/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>

size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

int equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

int begins_with(const char *text, const char *prefix)
{
    while (*prefix) {
        if (*text++ != *prefix++)
            return 0;
    }
    return 1;
}

int join(char *out, size_t size, ...)
{
    va_list parts;
    const char *part;
    size_t used = 0;
    int result = 0;
    va_start(parts, size);
    while ((part = va_arg(parts, const char *))) {
        for (; *part; part++) {
            if (used + 1 >= size) {
                result = -1;
                break;
            }
            out[used++] = *part;
        }
    }
    va_end(parts);
    out[used] = 0;
    return result;
}

static char *digits(uint64_t value, unsigned base, char *out)
{
    char reversed[20];
    unsigned count = 0, i;
    do {
        reversed[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    out[count] = 0;
    return out;
}

char *decimal(uint64_t value, char *out)
{
    return digits(value, 10, out);
}

char *hexadecimal(uint64_t value, char *out)
{
    return digits(value, 16, out);
}

/* The value of a digit, also of a base above 10; 16 if it is not a digit. */
static unsigned value_of(char c)
{
    char lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a' + 10) : 16;
}

int number(const char *text, unsigned base, uint64_t *value, const char **rest)
{
    uint64_t result = 0;
    const char *at = text;
    for (; value_of(*at) < base; at++) {
        if (result > (UINT64_MAX - 15) / base)
            return -1;
        result = result * base + value_of(*at);
    }
    if (at == text || (!rest && *at))
        return -1;
    if (rest)
        *rest = at;
    *value = result;
    return 0;
}

int clean_path(const char *path, char *out, size_t size)
{
    size_t used = 0;
    while (*path) {
        const char *part = path;
        size_t length;
        while (*path && *path != '/')
            path++;
        length = (size_t)(path - part);
        if (*path)
            path++;
        if (length == 0 || (length == 1 && part[0] == '.'))
            continue;
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            while (used > 0 && out[--used] != '/')
                ;
            continue;
        }
        if (used + length + 2 > size)
            return -1;
        out[used++] = '/';
        while (length--)
            out[used++] = *part++;
    }
    if (used == 0)
        out[used++] = '/';
    out[used] = 0;
    return 0;
}
