/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "system.h"

#include "text.h"

void quit(int status)
{
    for (;;)
        CALL(exit_group, status);
}

int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        long written = CALL(write, fd, data, length);
        if (written == -EINTR)
            continue;
        if (written < 0)
            return (int)written;
        data += written;
        length -= (size_t)written;
    }
    return 0;
}

long read_all(int fd, char *data, size_t size)
{
    size_t length = 0;
    for (;;) {
        char beyond;
        char *place = length < size ? data + length : &beyond;
        long got = CALL(read, fd, place, length < size ? size - length : 1);
        if (got == -EINTR)
            continue;
        if (got < 0)
            return got;
        if (got == 0)
            return (long)length;
        if (place == &beyond)
            return -EFBIG;
        length += (size_t)got;
    }
}

int mode_of(int fd)
{
    struct statx status;
    long result = CALL(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &status);
    return result < 0 ? (int)result : status.stx_mode;
}
