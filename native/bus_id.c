/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus_id.h"

#include "text.h"

/* Reads up to 8 hexadecimal digits; 0 if there are no digits, or more than 8. */
static int read_hexadecimal(const char **text, uint64_t *value)
{
    const char *first = *text;
    return number(first, 16, value, text) == 0 && *text - first <= 8;
}

int parse_bus_id(const char *text, uint64_t parts[3])
{
    uint64_t value[4] = {0};
    int count = 0;
    for (;; text++) {
        if (!read_hexadecimal(&text, &value[count++]))
            return 0;
        if (count == 3 || *text != ':')
            break;
    }
    if (*text == '.') {
        text++;
        if (!read_hexadecimal(&text, &value[3]))
            return 0;
    }
    if (*text || count < 2)
        return 0;
    parts[0] = count == 3 ? value[0] : 0;
    parts[1] = value[count - 2];
    parts[2] = value[count - 1];
    return 1;
}
