/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include "json.h"
#include "message.h"
#include "system.h"
#include "text.h"

enum { TEXT_SIZE = 16 << 20 };

static const char the_state[] = "the container's state";
static const char *const bundle_path[] = {"bundle", NULL};
static char text_of_file[TEXT_SIZE];

/* Reads *fd* to its end into text_of_file; returns the length, or -1 after a message. */
static long read_text(int fd, const char *what)
{
    long length = read_all(fd, text_of_file, sizeof text_of_file);
    if (length < 0)
        complain("cannot read ", what, ": ", error_text((int)length), NULL);
    return length < 0 ? -1 : length;
}

static void complain_of(const char *what, const char *problem)
{
    complain(what, " ", problem, ": not the JSON that is expected", NULL);
}

/* The string at *path* of the text; *out* is empty if there is none. 0, or -1 after a message. */
static int string_in(long length, const char *what, const char *const *path, char *out)
{
    const char *problem;
    out[0] = 0;
    if (json_string_at(text_of_file, (size_t)length, path, out, PATH_SIZE, &problem) >= 0)
        return 0;
    complain_of(what, problem);
    return -1;
}

/* The state's file; -1 after a message. */
static int open_state(const char *state)
{
    int fd;
    if (!state || !state[0] || equal(state, "-"))
        return 0;
    fd = (int)CALL(openat, AT_FDCWD, state, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        complain("cannot open ", state, ": ", error_text(fd), NULL);
    return fd < 0 ? -1 : fd;
}

/* Reads the configuration of *bundle*, whose path goes into *file*; returns the text's length, or -1 after a message. */
static long read_configuration(const char *bundle, char *file, size_t size)
{
    long length;
    int fd;
    join(file, size, bundle, bundle[0] ? "/" : "", "config.json", NULL);
    fd = (int)CALL(openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0) {
        complain("cannot open ", file, ": ", error_text(fd), NULL);
        return -1;
    }
    length = read_text(fd, file);
    CALL(close, fd);
    return length;
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
    static const char *const state_root[] = {"root", NULL};
    static const char *const root_path[] = {"root", "path", NULL};
    static char bundle[PATH_SIZE], file[PATH_SIZE + 16], root[PATH_SIZE], whole[2 * PATH_SIZE];
    int fd = open_state(state);
    long length = fd < 0 ? -1 : read_text(fd, the_state);
    if (length < 0 || string_in(length, the_state, bundle_path, bundle) < 0 ||
        string_in(length, the_state, state_root, root) < 0)
        return -1;
    if (root[0] != '/' && !bundle[0]) {
        complain(the_state, " does not tell the bundle", NULL);
        return -1;
    }
    if (root[0] != '/' && bundle[0] != '/') {
        complain("the bundle ", bundle, " is no absolute path", NULL);
        return -1;
    }
    if (!root[0]) {
        length = read_configuration(bundle, file, sizeof file);
        if (length < 0 || string_in(length, file, root_path, root) < 0)
            return -1;
        if (!root[0]) {
            complain(file, " does not tell the container's root directory", NULL);
            return -1;
        }
    }
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

static void keep(void *out, const char *string)
{
    join(out, PATH_SIZE, string, NULL);
}

int container_variables(const char *state, void (*each)(void *context, const char *variable), void *context)
{
    static const char *const variables[] = {"process", "env", "[]", NULL};
    static char bundle[PATH_SIZE], file[PATH_SIZE + 16], text[PATH_SIZE];
    const char *problem;
    int fd = open_state(state);
    long length = fd < 0 ? -1 : read_text(fd, the_state);
    if (length < 0)
        return NO_STATE;
    if (json_strings_at(text_of_file, (size_t)length, bundle_path, text, sizeof text, keep, bundle, &problem) < 0) {
        complain_of(the_state, problem);
        return NO_STATE;
    }
    length = read_configuration(bundle, file, sizeof file);
    if (length < 0)
        return NO_CONFIGURATION;
    if (json_strings_at(text_of_file, (size_t)length, variables, text, sizeof text, each, context, &problem) < 0) {
        complain_of(file, problem);
        return NO_CONFIGURATION;
    }
    return 0;
}
