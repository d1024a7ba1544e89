/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* update-ldcache: makes the container's loader find the mounted libraries.
 *
 * The directories are written to the container's /etc/ld.so.conf.d. The node's ldconfig then updates the cache, in
 * separate namespaces with the container's root as its only filesystem. No program of the container is run. */
#include "hook.h"
#include "in_root.h"
#include "ldconfig.h"
#include "message.h"
#include "system.h"
#include "text.h"

enum { LIST_SIZE = 65536, FOLDERS = 4096 /* at most as many as there are arguments */ };

#if defined(__x86_64__)
static const char musl_path[] = "/etc/ld-musl-x86_64.path";
#define MULTIARCH "x86_64-linux-gnu"
#define OTHER_SYSTEM_DIRECTORIES "/libx32\n/usr/libx32\n"
#else
static const char musl_path[] = "/etc/ld-musl-aarch64.path";
#define MULTIARCH "aarch64-linux-gnu"
#define OTHER_SYSTEM_DIRECTORIES ""
#endif

static const char conf_directory[] = "/etc/ld.so.conf.d";
static const char conf[] = "/etc/ld.so.conf";

/* The default directories of the container's own ldconfig, which can differ from the node's. */
static const char debian_directories[] =
    "/lib/" MULTIARCH "\n/usr/lib/" MULTIARCH "\n/lib\n/usr/lib\n";
static const char other_directories[] = "/lib\n/usr/lib\n/lib64\n/usr/lib64\n" OTHER_SYSTEM_DIRECTORIES;

static int is_file(int root, const char *path)
{
    int fd = open_in_root(root, path, O_PATH);
    int mode = fd < 0 ? fd : mode_of(fd);
    if (fd >= 0)
        CALL(close, fd);
    return mode >= 0 && (mode & S_IFMT) == S_IFREG;
}

/* Whether *line* is one of the parts of *list*, which line breaks or colons separate. */
static int listed(const char *list, const char *line, size_t length)
{
    while (*list) {
        size_t i = 0;
        while (list[i] && list[i] != '\n' && list[i] != ':')
            i++;
        if (i == length) {
            size_t same = 0;
            while (same < length && list[same] == line[same])
                same++;
            if (same == length)
                return 1;
        }
        list += i;
        if (*list)
            list++;
    }
    return 0;
}

/* Writes each folder once, one per line; returns -1 if there are too many, or if one is not allowed. */
static int folder_list(const struct flag *folders, char *out, size_t size)
{
    size_t used = 0;
    int i;
    out[0] = 0;
    for (i = 0; i < folders->count; i++) {
        const char *folder = folders->values[i];
        const char *at;
        for (at = folder; *at; at++) {
            if (*at == '\n' || *at == ':' || (folder[0] != '/')) {
                complain("--folder ", folder, ": must be an absolute path without a colon or line break", NULL);
                return -1;
            }
        }
        if (!*folder || listed(out, folder, length_of(folder)))
            continue;
        if (join(out + used, size - used, folder, "\n", NULL) < 0) {
            complain("--folder: too many of them", NULL);
            return -1;
        }
        used += length_of(out + used);
    }
    return 0;
}

static int put(int root, const char *directory_name, const char *name, const char *text)
{
    int result;
    int directory = directory_in_root(root, directory_name, 0755);
    if (directory < 0)
        return directory;
    result = put_file(directory, name, text, length_of(text), 0644);
    CALL(close, directory);
    return result;
}

/* musl has no cache. It has a file of directories, and a default without that file. */
static int update_musl(int root, const char *folders)
{
    static char old[LIST_SIZE], new[2 * LIST_SIZE];
    long length = read_in_root(root, musl_path, old, sizeof old - 1);
    size_t used = 0;
    if (length == -ENOENT)
        length = join(old, sizeof old, "/lib\n/usr/local/lib\n/usr/lib\n", NULL), length = (long)length_of(old);
    if (length < 0)
        return (int)length;
    old[length] = 0;
    while (*folders) {
        size_t line = 0;
        while (folders[line] != '\n')
            line++;
        if (!listed(old, folders, line)) {
            join(new + used, line + 1, folders, NULL);
            used += line;
            new[used++] = '\n';
        }
        folders += line + 1;
    }
    if (used == 0)
        return 0;
    join(new + used, sizeof new - used, old, NULL);
    return put(root, "/etc", musl_path + 5, new);
}

/* Whether the configuration reads the files of /etc/ld.so.conf.d. */
static int includes_directory(int root)
{
    static char text[LIST_SIZE];
    long length = read_in_root(root, conf, text, sizeof text - 1);
    const char *line = text;
    if (length < 0)
        return 0;
    text[length] = 0;
    while (*line) {
        const char *at = line;
        while (*at == ' ' || *at == '\t')
            at++;
        if (begins_with(at, "include") && (at[7] == ' ' || at[7] == '\t')) {
            at += 7;
            while (*at == ' ' || *at == '\t')
                at++;
            if (begins_with(at, "/etc/ld.so.conf.d/*.conf") || begins_with(at, "ld.so.conf.d/*.conf"))
                return 1;
        }
        while (*line && *line != '\n')
            line++;
        if (*line)
            line++;
    }
    return 0;
}

static int write_configuration(int root, const char *folders)
{
    const char *more = is_file(root, "/etc/debian_version") ? debian_directories : other_directories;
    int result = put(root, conf_directory, "00-nvcr-nvmock.conf", folders);
    int there;
    if (result == 0)
        result = put(root, conf_directory, "zz-nvcr-nvmock.conf", more);
    there = result == 0 ? open_in_root(root, conf, O_PATH | O_NOFOLLOW) : -1;
    if (there >= 0)
        CALL(close, there);
    else if (there == -ENOENT)
        result = put(root, "/etc", "ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
    if (result == 0 && (is_file(root, "/etc/alpine-release") || is_file(root, "/lib/ld-musl-x86_64.so.1") ||
                        is_file(root, "/lib/ld-musl-aarch64.so.1")))
        result = update_musl(root, folders);
    return result;
}

int update_ldcache(int root, const struct flag *flags)
{
    static char folders[LIST_SIZE];
    static const char *more[FOLDERS + 1];
    const char *configuration = conf;
    int result, count = 0, i;
    if (folder_list(&flags[0], folders, sizeof folders) < 0)
        return 1;
    result = write_configuration(root, folders);
    if (result < 0)
        return failed("cannot write the loader's configuration in ", "/etc", result);
    if (!is_file(root, conf)) /* a pipe, a device or a dangling link, on which ldconfig might wait forever */
        configuration = "/etc/ld.so.conf.d/00-nvcr-nvmock.conf";
    else if (!includes_directory(root))
        for (i = 0; i < flags[0].count; i++)
            more[count++] = flags[0].values[i];
    more[count] = NULL;
    return run_ldconfig(root, flags[1].count ? flags[1].values[0] : "/sbin/ldconfig", configuration, more);
}
