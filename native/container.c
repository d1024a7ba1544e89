/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include "json.h"
#include "message.h"
#include "system.h"
#include "text.h"

enum { TEXT_SIZE = 16 << 20 };

static char text_of_file[TEXT_SIZE];

/* The string at *path* of the JSON in *fd*; 0, or -1 after a message. */
static int string_of(int fd, const char *what, const char *const *path, char *out)
{
    const char *problem;
    long length = read_all(fd, text_of_file, sizeof text_of_file);
    int found;
    if (length < 0) {
        complain("cannot read ", what, ": ", error_text((int)length), NULL);
        return -1;
    }
    found = json_string_at(text_of_file, (size_t)length, path, out, PATH_SIZE, &problem);
    if (found < 0)
        complain(what, " ", problem, ": not the JSON that is expected", NULL);
    else if (!found || !out[0])
        complain(what, " does not tell the ", path[1] ? "container's root directory" : "bundle", NULL);
    return found == 1 && out[0] ? 0 : -1;
}

static int is_host_root(int root)
{
    struct statx ours, theirs;
    if (CALL(statx, root, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &theirs) < 0 ||
        CALL(statx, AT_FDCWD, "/", 0, STATX_BASIC_STATS, &ours) < 0)
        return 1;
    return ours.stx_ino == theirs.stx_ino && ours.stx_dev_major == theirs.stx_dev_major &&
           ours.stx_dev_minor == theirs.stx_dev_minor;
}

int container_root(const char *state)
{
    static const char *const bundle_path[] = {"bundle", NULL};
    static const char *const root_path[] = {"root", "path", NULL};
    static char bundle[PATH_SIZE], file[PATH_SIZE + 16], root[PATH_SIZE], whole[2 * PATH_SIZE];
    int fd = 0, result;
    if (state && state[0] && !equal(state, "-")) {
        fd = (int)CALL(openat, AT_FDCWD, state, O_RDONLY | O_CLOEXEC, 0);
        if (fd < 0) {
            complain("cannot open ", state, ": ", error_text(fd), NULL);
            return -1;
        }
    }
    if (string_of(fd, "the container's state", bundle_path, bundle) < 0)
        return -1;
    if (bundle[0] != '/') {
        complain("the bundle ", bundle, " is no absolute path", NULL);
        return -1;
    }
    join(file, sizeof file, bundle, "/config.json", NULL);
    fd = (int)CALL(openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0) {
        complain("cannot open ", file, ": ", error_text(fd), NULL);
        return -1;
    }
    result = string_of(fd, file, root_path, root);
    CALL(close, fd);
    if (result < 0)
        return -1;
    join(whole, sizeof whole, root[0] == '/' ? "" : bundle, root[0] == '/' ? "" : "/", root, NULL);
    fd = (int)CALL(openat, AT_FDCWD, whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) {
        complain("cannot open the container's root ", whole, ": ", error_text(fd), NULL);
        return -1;
    }
    if (is_host_root(fd)) {
        complain("the container's root ", whole, " is the root of this system: nothing is done there", NULL);
        return -1;
    }
    return fd;
}
