/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Which processes have a device node open: the driver counts those. A process in a container has another node with the same numbers. */
#include "state_mig.h"
#include "system.h"
#include "text.h"

enum { CHARACTER_DEVICE = 0020000, KIND = 0170000, ENTRIES = 4096, NAME_AT = 19 /* in struct linux_dirent64 */ };

static int is_same(const struct statx *one, const struct statx *other)
{
    if ((one->stx_mode & KIND) != (other->stx_mode & KIND))
        return 0;
    if ((one->stx_mode & KIND) == CHARACTER_DEVICE)
        return one->stx_rdev_major == other->stx_rdev_major && one->stx_rdev_minor == other->stx_rdev_minor;
    return one->stx_ino == other->stx_ino && one->stx_dev_major == other->stx_dev_major && one->stx_dev_minor == other->stx_dev_minor;
}

/* Calls *each* for the entries of a directory that are numbers, until it returns other than 0. */
static int for_numbers(int directory, int (*each)(int directory, const char *name, const struct statx *wanted), const struct statx *wanted)
{
    char entries[ENTRIES] __attribute__((aligned(8)));
    long length, at;
    int found = 0;
    while (!found && (length = CALL(getdents64, directory, entries, sizeof entries)) > 0) {
        for (at = 0; at < length && !found; at += *(unsigned short *)(entries + at + 16)) {
            const char *name = entries + at + NAME_AT;
            if (name[0] >= '0' && name[0] <= '9')
                found = each(directory, name, wanted);
        }
    }
    return found;
}

static int has_open(int directory, const char *name, const struct statx *wanted)
{
    enum { NO_SYNC = 0x4000 /* AT_STATX_DONT_SYNC */ };
    struct statx status;
    return CALL(statx, directory, name, NO_SYNC, STATX_TYPE | STATX_INO, &status) == 0 && is_same(&status, wanted);
}

static int process_has_open(int directory, const char *name, const struct statx *wanted)
{
    char path[64], self[21];
    int fd, found;
    if (equal(name, decimal((uint64_t)CALL(getpid, 0), self)) || join(path, sizeof path, name, "/fd", NULL) < 0)
        return 0;
    fd = (int)CALL(openat, directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    found = for_numbers(fd, has_open, wanted);
    CALL(close, fd);
    return found;
}

int mig_is_held(const char *path)
{
    struct statx wanted;
    int fd, found;
    if (CALL(statx, AT_FDCWD, path, 0, STATX_TYPE | STATX_INO, &wanted) < 0)
        return 0;
    fd = (int)CALL(openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    found = for_numbers(fd, process_has_open, &wanted);
    CALL(close, fd);
    return found;
}
