/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"

#include "system.h"

struct entry { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

void each_entry(int directory, void (*each)(void *context, const char *name, const struct statx *status), void *context)
{
    char entries[4096] __attribute__((aligned(8)));
    long length;
    while ((length = CALL(getdents64, directory, entries, sizeof entries)) > 0) {
        long at = 0;
        while (at < length) {
            struct entry *entry = (struct entry *)(entries + at);
            struct statx status;
            at += entry->length;
            if (CALL(statx, directory, entry->name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0)
                each(context, entry->name, &status);
        }
    }
}
