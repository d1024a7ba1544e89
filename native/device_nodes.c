/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "device_nodes.h"

#include "system.h"
#include "text.h"

/* Provided by the process's C library, if it has one. This library does not need one. */
extern char *getenv(const char *name) __attribute__((weak));

const char *environment_variable(const char *name)
{
    char *(*function)(const char *) = getenv;
    __asm__("" : "+r"(function)); /* Keeps the call indirect: a direct one would need a table that is filled lazily. */
    return function ? function(name) : NULL;
}

static int path_of(const char *name, const char *digits, char path[PATH_SIZE])
{
    const char *dev = environment_variable("NVMOCK_DEV");
    return join(path, PATH_SIZE, dev && dev[0] ? dev : "/dev", "/", name, digits, NULL);
}

static int exists(const char *name, const char *digits)
{
    char path[PATH_SIZE];
    return path_of(name, digits, path) == 0 && CALL(faccessat, AT_FDCWD, path, 0) == 0;
}

int control_node_exists(void)
{
    return exists("nvidiactl", "");
}

int node_exists(const char *name, unsigned number)
{
    char digits[21];
    return exists(name, decimal(number, digits));
}

int hold_node(const char *name, unsigned number)
{
    char path[PATH_SIZE], digits[21];
    if (path_of(name, decimal(number, digits), path) < 0)
        return -ENAMETOOLONG;
    return (int)CALL(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
}
