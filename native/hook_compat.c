/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* enable-cuda-compat: where the container brings CUDA libraries for a newer driver than the node's, they are used. */
#include "directory.h"
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

static const char compat[] = "/usr/local/cuda/compat";

/* The files libcuda.so.<version> in it. */
struct found {
    int count;
    char version[256]; /* of the last */
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

static void look(void *context, const char *name, const struct statx *status)
{
    struct found *found = context;
    const char *version = version_in(name);
    if (version && (status->stx_mode & S_IFMT) == S_IFREG) {
        join(found->version, sizeof found->version, version, NULL);
        found->count++;
    }
}

static int major(const char *version, uint64_t *value)
{
    const char *rest;
    return number(version, 10, value, &rest) == 0 && (*rest == 0 || *rest == '.') ? 0 : -1;
}

int enable_cuda_compat(int root, const struct flag *flags)
{
    const char *host = flags[0].count ? flags[0].values[0] : "";
    struct found theirs = {0};
    char text[256];
    uint64_t host_major, their_major;
    int directory, result;
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
    each_entry(directory, look, &theirs);
    CALL(close, directory);
    if (theirs.count != 1 || major(theirs.version, &their_major) < 0 || host_major >= their_major)
        return 0;
    directory = directory_in_root(root, "/etc/ld.so.conf.d", 0755);
    if (directory < 0)
        return failed("cannot make the directory ", "/etc/ld.so.conf.d", directory);
    join(text, sizeof text, compat, "\n", NULL);
    result = put_file(directory, "00-compat-nvmock.conf", text, length_of(text), 0644);
    CALL(close, directory);
    return result < 0 ? failed("cannot write ", "/etc/ld.so.conf.d/00-compat-nvmock.conf", result) : 0;
}
