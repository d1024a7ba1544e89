/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* enable-cuda-compat: uses the CUDA libraries of the container if they are for a newer driver than the node's. */
#include "directory.h"
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

/* The files libcuda.so.<version> in it. */
struct found {
    int count;
    char version[256]; /* version of the last one */
};

/* Returns the version in libcuda.so.<version>, which has a dot; NULL for any other name. */
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

/* The path of *fd* as the kernel knows it, without links; 0, or -1 if it has none. */
static int path_of(int fd, char *out)
{
    char name[40], digits[21];
    long length;
    join(name, sizeof name, "/proc/self/fd/", decimal((uint64_t)fd, digits), NULL);
    length = CALL(readlinkat, AT_FDCWD, name, out, PATH_SIZE - 1);
    if (length <= 0 || out[0] != '/')
        return -1;
    out[length] = 0;
    return 0;
}

/* Where the directory is for the container, links followed; *given* where the kernel does not tell. */
static const char *place_of(int root, int directory, const char *given)
{
    static char above[PATH_SIZE], path[PATH_SIZE];
    size_t length;
    if (path_of(root, above) < 0 || path_of(directory, path) < 0)
        return given;
    length = equal(above, "/") ? 0 : length_of(above);
    if (!begins_with(path, above) || (path[length] && path[length] != '/'))
        return given;
    return path[length] ? path + length : "/";
}

int enable_cuda_compat(int root, const struct flag *flags)
{
    const char *host = flags[0].count ? flags[0].values[0] : "";
    const char *compat = flags[2].count ? flags[2].values[0] : "/usr/local/cuda/compat";
    struct found theirs = {0};
    char text[PATH_SIZE + 1];
    uint64_t host_major, their_major;
    int directory, result;
    /* With a CUDA version, NVIDIA's goes by a note in the library alone, which is not read here. */
    if (!host[0] || (flags[1].count && flags[1].values[0][0]))
        return 0;
    if (major(host, &host_major) < 0) {
        complain("--host-driver-version ", host, ": is no version such as 550.54.15, nothing is done", NULL);
        return 0;
    }
    directory = open_in_root(root, compat[0] ? compat : "/", O_RDONLY | O_DIRECTORY);
    if (directory < 0)
        return 0;
    each_entry(directory, look, &theirs);
    join(text, sizeof text, place_of(root, directory, compat), "\n", NULL);
    CALL(close, directory);
    if (theirs.count != 1 || major(theirs.version, &their_major) < 0 || host_major >= their_major)
        return 0;
    directory = directory_in_root(root, "/etc/ld.so.conf.d", 0755);
    if (directory < 0)
        return failed("cannot make the directory ", "/etc/ld.so.conf.d", directory);
    result = put_file(directory, "00-compat-nvmock.conf", text, length_of(text), 0644);
    CALL(close, directory);
    return result < 0 ? failed("cannot write ", "/etc/ld.so.conf.d/00-compat-nvmock.conf", result) : 0;
}
