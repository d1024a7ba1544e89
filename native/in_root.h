/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Paths in a container's root filesystem, which its image's author has made: every name may be a link to anywhere.
 * All are resolved as the container would do it, so that none leads out of it. */
#ifndef NVMOCK_IN_ROOT_H
#define NVMOCK_IN_ROOT_H

#include <stddef.h>

/* Opens *path* with the root *root* (a descriptor); returns a descriptor, or -errno. Follows a link at the end unless
 * O_NOFOLLOW is in *flags*. Makes nothing: for that, open the directory. */
int open_in_root(int root, const char *path, int flags);

/* The same, for kernels without openat2(2): from directory to directory. */
int walk_in_root(int root, const char *path, int flags);

/* Opens the directory *path*, and makes it and those above it if they are missing, with *mode*. */
int directory_in_root(int root, const char *path, int mode);

/* Opens the directory that *path* lies in (makes it if *mode* is not 0), and puts the last part of it into *name*. */
int parent_in_root(int root, const char *path, int mode, char *name, size_t size);

/* Reads a regular file; returns its length (at most *size*), or -errno; -EINVAL if it is something else. */
long read_in_root(int root, const char *path, char *data, size_t size);

/* Puts a file of this content and mode into a directory, at once: whatever had that name is replaced, not followed. */
int put_file(int directory, const char *name, const char *data, size_t length, int mode);

/* Puts a link there, in the same way. */
int put_link(int directory, const char *name, const char *target);

#endif
