/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* enable-cuda-compat: where the container brings CUDA libraries for a newer driver than the node's, they are used. */
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

static const char compat[] = "/usr/local/cuda/compat";

struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* The version in libcuda.so.<version>, which has a dot; NULL if it is no such name. */
static const char *version_in(const char *name)
{
    const char *at;
    if (!begins_with(name, "libcuda.so."))
        return NULL;
    for (at = name + 11; *at; at++) {
        if (*at == '.')
            return name + 11;
    }
    return NULL;
}

/* How many such files there are; the version of the last. */
static int look(int directory, char *version, size_t size)
{
    char entries[4096] __attribute__((aligned(8)));
    int count = 0;
    long length;
    while ((length = CALL(getdents64, directory, entries, sizeof entries)) > 0) {
        long at = 0;
        while (at < length) {
            struct entry *entry = (struct entry *)(entries + at);
            const char *found = version_in(entry->name);
            struct statx status;
            at += entry->length;
            if (found && CALL(statx, directory, entry->name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0 &&
                (status.stx_mode & S_IFMT) == S_IFREG) {
                join(version, size, found, NULL);
                count++;
            }
        }
    }
    return count;
}

static int major(const char *version, uint64_t *value)
{
    const char *rest;
    return number(version, 10, value, &rest) == 0 && (*rest == 0 || *rest == '.') ? 0 : -1;
}

int enable_cuda_compat(int root, const struct flag *flags)
{
    const char *host = flags[0].count ? flags[0].values[0] : "";
    char theirs[256];
    uint64_t host_major, their_major;
    int directory, count, result;
    if (!host[0])
        return 0;
    if (major(host, &host_major) < 0) {
        complain("--host-driver-version ", host, ": must be a version such as 550.54.15", NULL);
        return 1;
    }
    directory = open_in_root(root, "/etc/ld.so.cache", O_PATH);
    if (directory < 0)
        return 0;
    CALL(close, directory);
    directory = open_in_root(root, compat, O_RDONLY | O_DIRECTORY);
    if (directory < 0)
        return 0;
    count = look(directory, theirs, sizeof theirs);
    CALL(close, directory);
    if (count != 1 || major(theirs, &their_major) < 0 || host_major >= their_major)
        return 0;
    directory = directory_in_root(root, "/etc/ld.so.conf.d", 0755);
    if (directory < 0)
        return failed("cannot make the directory ", "/etc/ld.so.conf.d", directory);
    join(theirs, sizeof theirs, compat, "\n", NULL);
    result = put_file(directory, "00-compat-nvmock.conf", theirs, length_of(theirs), 0644);
    CALL(close, directory);
    return result < 0 ? failed("cannot write ", "/etc/ld.so.conf.d/00-compat-nvmock.conf", result) : 0;
}
