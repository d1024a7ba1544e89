/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* create-symlinks: creates links in the container, such as libcuda.so to libcuda.so.1. */
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

/* Whether the link already exists. Then a read-only filesystem is no problem. */
static int is_there(int directory, const char *name, const char *target)
{
    char now[PATH_SIZE];
    long length = CALL(readlinkat, directory, name, now, sizeof now - 1);
    if (length < 0)
        return 0;
    now[length] = 0;
    return equal(now, target);
}

static int create(int root, const char *target, const char *link)
{
    char name[256];
    int result;
    int directory = parent_in_root(root, link, 0755, name, sizeof name);
    if (directory < 0)
        return directory;
    result = is_there(directory, name, target) ? 0 : put_link(directory, name, target);
    CALL(close, directory);
    return result;
}

int create_symlinks(int root, const struct flag *flags)
{
    int i;
    for (i = 0; i < flags[0].count; i++) {
        char target[PATH_SIZE];
        const char *both = flags[0].values[i];
        const char *link = both;
        int result, status;
        while (*link && !begins_with(link, "::"))
            link++;
        if (link == both || !*link || !link[2] || link - both >= PATH_SIZE) {
            complain("--link ", both, ": must be <target>::<link>", NULL);
            return 1;
        }
        join(target, (size_t)(link - both) + 1, both, NULL);
        link += 2;
        for (const char *more = link; *more; more++) {
            if (begins_with(more, "::")) {
                complain("--link ", both, ": must be <target>::<link>", NULL);
                return 1;
            }
        }
        result = create(root, target, link);
        if (result < 0) {
            status = failed("cannot make the link ", link, result);
            if (status)
                return status;
        }
    }
    return 0;
}
