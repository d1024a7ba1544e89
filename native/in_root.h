/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Paths in a container's root filesystem. The image's author controls it, so every name may be a link to anywhere.
 * Links are resolved as in the container, so that no path leads out of it. */
#ifndef NVMOCK_IN_ROOT_H
#define NVMOCK_IN_ROOT_H

#include <stddef.h>

/* Opens *path* with the root *root* (a descriptor); returns a descriptor, or -errno. Follows a link at the end unless
 * O_NOFOLLOW is in *flags*. Creates nothing: to create a file, open its directory. */
int open_in_root(int root, const char *path, int flags);

/* The same for kernels without openat2(2), from directory to directory. */
int walk_in_root(int root, const char *path, int flags);

/* Opens the directory *path*. Creates it and missing directories above it with *mode*. */
int directory_in_root(int root, const char *path, int mode);

/* Opens the parent directory of *path* (creates it if *mode* is not 0), and copies the last part of *path* to *name*.
 * */
int parent_in_root(int root, const char *path, int mode, char *name, size_t size);

/* Reads a regular file; returns its length (at most *size*), or -errno; -EINVAL if it is not a regular file. */
long read_in_root(int root, const char *path, char *data, size_t size);

/* Writes a file with this content and mode to a directory, atomically. What had that name is replaced, not followed. */
int put_file(int directory, const char *name, const char *data, size_t length, int mode);

/* Creates a link in the same way. */
int put_link(int directory, const char *name, const char *target);

#endif
