/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <stdarg.h>

#include "system.h"
#include "text.h"

extern const char program_name[];

void complain(const char *first, ...)
{
    char line[3 * PATH_SIZE];
    size_t used = 0;
    const char *part;
    va_list parts;
    join(line, sizeof line, program_name, ": ", NULL);
    used = length_of(line);
    va_start(parts, first);
    for (part = first; part; part = va_arg(parts, const char *)) {
        for (; *part && used + 2 < sizeof line; part++)
            line[used++] = (unsigned char)*part < ' ' || *part == 127 ? '?' : *part;
    }
    va_end(parts);
    line[used++] = '\n';
    write_all(2, line, used);
}

const char *error_text(int error)
{
    static char other[32];
    char digits[21];
    if (error < 0)
        error = -error;
    switch (error) {
    case EPERM: return "Operation not permitted";
    case ENOENT: return "No such file or directory";
    case EIO: return "Input/output error";
    case ENOEXEC: return "Exec format error";
    case EBADF: return "Bad file descriptor";
    case EAGAIN: return "Resource temporarily unavailable";
    case ENOMEM: return "Cannot allocate memory";
    case EACCES: return "Permission denied";
    case EBUSY: return "Device or resource busy";
    case EEXIST: return "File exists";
    case ENOTDIR: return "Not a directory";
    case EISDIR: return "Is a directory";
    case EINVAL: return "Invalid argument";
    case EMFILE: return "Too many open files";
    case EFBIG: return "File too large";
    case ENOSPC: return "No space left on device";
    case EROFS: return "Read-only file system";
    case ENAMETOOLONG: return "File name too long";
    case ENOSYS: return "Function not implemented";
    case ELOOP: return "Too many levels of symbolic links";
    }
    join(other, sizeof other, "error ", decimal((uint64_t)error, digits), NULL);
    return other;
}
