/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "in_root.h"

#include "system.h"
#include "text.h"

enum { RETRIES = 128, LINKS = 40, DIRECTORIES = 128 };

int open_in_root(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int tries;
    for (tries = 0; tries < RETRIES; tries++) {
        long fd = CALL(openat2, root, path, &how, sizeof how);
        if (fd == -EAGAIN || fd == -EINTR) /* a concurrent rename: openat2 asks us to retry */
            continue;
        /* Sandboxes that do not support the call return EPERM. */
        return fd == -ENOSYS || fd == -EPERM ? walk_in_root(root, path, flags) : (int)fd;
    }
    return -EAGAIN;
}

struct walk {
    /* The directories from the root to here. ".." goes back to a directory that is already open, even if it was moved.
     * */
    int directories[DIRECTORIES];
    int depth;
    /* The remaining path. */
    char rest[2 * PATH_SIZE];
};

static void back_to(struct walk *w, int depth)
{
    while (w->depth > depth)
        CALL(close, w->directories[w->depth--]);
}

/* Inserts the target of the link *fd* before the remaining path at *at*. */
static int follow(struct walk *w, int fd, const char *at)
{
    char target[PATH_SIZE], rest[sizeof w->rest];
    long length = CALL(readlinkat, fd, "", target, sizeof target - 1);
    if (length < 0)
        return (int)length;
    target[length] = 0;
    if (target[0] == '/')
        back_to(w, 0);
    if (join(rest, sizeof rest, target, "/", at, NULL) < 0)
        return -ENAMETOOLONG;
    join(w->rest, sizeof w->rest, rest, NULL);
    return 0;
}

static int walk(struct walk *w, int flags)
{
    int links = 0;
    const char *at = w->rest;
    for (;;) {
        char name[256];
        size_t length = 0;
        int fd, mode, last, result;
        while (*at == '/')
            at++;
        while (*at && *at != '/') {
            if (length + 1 >= sizeof name)
                return -ENAMETOOLONG;
            name[length++] = *at++;
        }
        name[length] = 0;
        if (length == 0)
            return (int)CALL(openat, w->directories[w->depth], ".", flags | O_CLOEXEC, 0);
        if (equal(name, "."))
            continue;
        if (equal(name, "..")) {
            back_to(w, w->depth > 0 ? w->depth - 1 : 0);
            continue;
        }
        while (*at == '/')
            at++;
        last = !*at;
        fd = (int)CALL(openat, w->directories[w->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
        if (fd < 0)
            return fd;
        mode = mode_of(fd);
        if (mode >= 0 && (mode & S_IFMT) == S_IFLNK && !(last && (flags & O_NOFOLLOW))) {
            result = ++links > LINKS ? -ELOOP : follow(w, fd, at);
            CALL(close, fd);
            if (result < 0)
                return result;
            at = w->rest;
            continue;
        }
        if (last) {
            CALL(close, fd);
            return (int)CALL(openat, w->directories[w->depth], name, flags | O_NOFOLLOW | O_CLOEXEC, 0);
        }
        if (mode < 0 || (mode & S_IFMT) != S_IFDIR || w->depth + 1 >= DIRECTORIES) {
            CALL(close, fd);
            return mode < 0 ? mode : (mode & S_IFMT) != S_IFDIR ? -ENOTDIR : -ENAMETOOLONG;
        }
        w->directories[++w->depth] = fd;
    }
}

int walk_in_root(int root, const char *path, int flags)
{
    struct walk w;
    int fd;
    w.directories[0] = root;
    w.depth = 0;
    if (join(w.rest, sizeof w.rest, path, NULL) < 0)
        return -ENAMETOOLONG;
    fd = walk(&w, flags);
    back_to(&w, 0);
    return fd;
}

int directory_in_root(int root, const char *path, int mode)
{
    char clean[PATH_SIZE];
    char *at = clean;
    int fd;
    if (clean_path(path, clean, sizeof clean) < 0)
        return -ENAMETOOLONG;
    fd = open_in_root(root, "/", O_PATH | O_DIRECTORY);
    while (fd >= 0 && *at) {
        char *name = at + 1;
        char *slash = name;
        char saved;
        int above = fd;
        while (*slash && *slash != '/')
            slash++;
        if (slash == name)
            break;
        saved = *slash;
        *slash = 0;
        fd = open_in_root(root, clean, O_PATH | O_DIRECTORY);
        if (fd == -ENOENT) {
            /* A dangling link exists. Nothing is created at its target. */
            long made = CALL(mkdirat, above, name, mode);
            fd = made < 0 && made != -EEXIST ? (int)made : open_in_root(root, clean, O_PATH | O_DIRECTORY);
        }
        CALL(close, above);
        *slash = saved;
        at = slash;
    }
    return fd;
}

int parent_in_root(int root, const char *path, int mode, char *name, size_t size)
{
    char clean[PATH_SIZE];
    char *slash;
    if (clean_path(path, clean, sizeof clean) < 0)
        return -ENAMETOOLONG;
    slash = clean + length_of(clean);
    while (*slash != '/')
        slash--;
    if (!slash[1])
        return -EISDIR;
    if (join(name, size, slash + 1, NULL) < 0)
        return -ENAMETOOLONG;
    slash[slash == clean] = 0;
    return mode ? directory_in_root(root, clean, mode) : open_in_root(root, clean, O_PATH | O_DIRECTORY);
}

long read_in_root(int root, const char *path, char *data, size_t size)
{
    /* Check the type before opening, because opening a device can have side effects. O_NONBLOCK: opening a pipe must
     * not wait. */
    int fd = open_in_root(root, path, O_PATH);
    int mode = fd < 0 ? fd : mode_of(fd);
    long length;
    if (fd >= 0)
        CALL(close, fd);
    if (mode < 0)
        return mode;
    fd = (mode & S_IFMT) == S_IFREG ? open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY) : -EINVAL;
    if (fd < 0)
        return fd;
    length = read_all(fd, data, size);
    CALL(close, fd);
    return length;
}

/* A name that nobody can predict. */
static void temporary(char *out, size_t size)
{
    uint64_t bits = 0;
    char digits[21];
    CALL(getrandom, &bits, sizeof bits, 0);
    join(out, size, ".nvmock-", hexadecimal(bits, digits), NULL);
}

static int put(int directory, const char *temporary_name, const char *name)
{
    int result = (int)CALL(renameat2, directory, temporary_name, directory, name, 0);
    if (result < 0)
        CALL(unlinkat, directory, temporary_name, 0);
    return result;
}

int put_file(int directory, const char *name, const char *data, size_t length, int mode)
{
    char new[40];
    int fd, result;
    temporary(new, sizeof new);
    fd = (int)CALL(openat, directory, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fd;
    result = write_all(fd, data, length);
    if (result == 0)
        result = (int)CALL(fchmod, fd, mode);
    CALL(close, fd);
    if (result < 0) {
        CALL(unlinkat, directory, new, 0);
        return result;
    }
    return put(directory, new, name);
}

int put_link(int directory, const char *name, const char *target)
{
    char new[40];
    int result;
    temporary(new, sizeof new);
    result = (int)CALL(symlinkat, target, directory, new);
    return result < 0 ? result : put(directory, new, name);
}
