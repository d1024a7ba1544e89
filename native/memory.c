/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Functions that compilers call implicitly, and that the program must provide without a C library. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t length)
{
    char *t = to;
    const char *f = from;
    while (length--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    char *t = to;
    const char *f = from;
    if (t < f)
        return memcpy(to, from, length);
    while (length--)
        t[length] = f[length];
    return to;
}

void *memset(void *to, int value, size_t length)
{
    char *t = to;
    while (length--)
        *t++ = (char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const unsigned char *x = a, *y = b;
    for (; length--; x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}
