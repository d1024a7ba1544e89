/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ldconfig.h"

#include "message.h"
#include "system.h"
#include "text.h"

enum { SECONDS = 60, HEAD_SIZE = 4096, DIRECTORIES = 4096 };

enum kind { STATIC, DYNAMIC, NO_PROGRAM };

/* The type of the file. The loader and libraries of a dynamic program must be the node's, never the container's. */
static enum kind kind_of(int fd)
{
    static unsigned char head[HEAD_SIZE] __attribute__((aligned(8)));
    long length = CALL(pread64, fd, head, sizeof head, 0);
    uint64_t offset;
    unsigned size, count, i;
    if (length < 64 || head[0] != 127 || head[1] != 'E' || head[2] != 'L' || head[3] != 'F')
        return NO_PROGRAM;
    if (head[4] != 2)
        return DYNAMIC; /* 32 bits: treated as the more careful case */
    offset = *(uint64_t *)(head + 32);
    size = *(uint16_t *)(head + 54);
    count = *(uint16_t *)(head + 56);
    for (i = 0; i < count; i++) {
        uint64_t at = offset + (uint64_t)i * size;
        if (offset > HEAD_SIZE || at + 4 > (uint64_t)length)
            return DYNAMIC;
        if (head[at] == 3 && !head[at + 1] && !head[at + 2] && !head[at + 3]) /* PT_INTERP */
            return DYNAMIC;
    }
    return STATIC;
}

/* On Ubuntu, ldconfig is a script, and the program is ldconfig.real. */
static int open_program(const char *program)
{
    char real[PATH_SIZE];
    int fd;
    join(real, sizeof real, program, ".real", NULL);
    fd = (int)CALL(openat, AT_FDCWD, real, O_RDONLY, 0);
    return fd >= 0 ? fd : (int)CALL(openat, AT_FDCWD, program, O_RDONLY, 0);
}

/* Makes the working directory (the container's root) this process's only filesystem, if the kernel permits it. */
static int enter(void)
{
    long old, tree, root, result;
    result = CALL(mount, 0, "/", 0, MOUNT_SLAVE | MOUNT_RECURSIVE, 0);
    if (result < 0)
        return (int)result;
    old = CALL(openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (old < 0)
        return (int)old;
    root = CALL(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (root < 0)
        return (int)root;
    /* pivot_root needs a mount point. This turns a plain directory into one. */
    tree = CALL(open_tree, root, "", TREE_CLONE | TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    if (tree >= 0 && CALL(move_mount, tree, "", root, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY) == 0)
        root = tree;
    result = CALL(fchdir, root);
    if (result < 0)
        return (int)result;
    if (CALL(pivot_root, ".", ".") < 0) {
        /* The initial root filesystem of a system that runs from memory can't be replaced. */
        result = CALL(chroot, ".");
        return (int)result;
    }
    result = CALL(fchdir, old);
    if (result == 0)
        result = CALL(umount2, ".", DETACH);
    return result < 0 ? (int)result : (int)CALL(chdir, "/");
}

static void child(int root, int program, enum kind kind, char *const *arguments)
{
    struct { long seconds[4]; } alarm = {{0, 0, SECONDS, 0}};
    char *const environment[] = {NULL};
    /* Unlike a descriptor, the working directory is also valid in the new namespace. */
    long result = CALL(fchdir, root);
    if (result == 0)
        result = CALL(unshare, NEW_MOUNTS | NEW_UTS | NEW_IPC | NEW_NETWORK);
    if (result == 0 && kind == STATIC)
        result = enter();
    if (result < 0) {
        complain("cannot enter the container's root: ", error_text((int)result), NULL);
        quit(1);
    }
    /* A file that blocks must not make the runtime wait forever. */
    CALL(setitimer, 0, &alarm, 0);
    CALL(prctl, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0);
    result = CALL(execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    complain("cannot run ldconfig: ", error_text((int)result), NULL);
    quit(1);
}

int run_ldconfig(int root, const char *program, const char *configuration, const char *const *directories)
{
    static const char *arguments[DIRECTORIES + 8];
    char root_path[40], digits[21];
    int count = 0, status = 0;
    long process, result;
    enum kind kind;
    int fd = open_program(program);
    if (fd < 0) {
        complain("cannot open the node's ldconfig ", program, ": ", error_text(fd), NULL);
        return 1;
    }
    kind = kind_of(fd);
    if (kind == NO_PROGRAM) {
        /* For example the script of the musl distributions, which does not support another root and would change the
         * node. */
        complain("the node's ldconfig ", program, " is not an ELF program: only that of glibc can do this", NULL);
        return 1;
    }
    arguments[count++] = "ldconfig";
    if (kind == DYNAMIC) {
        /* It changes its own root after it is loaded. The copy of the descriptor stays open for it. */
        root = (int)CALL(dup, root);
        join(root_path, sizeof root_path, "/proc/self/fd/", decimal((uint64_t)root, digits), NULL);
        arguments[count++] = "-r";
        arguments[count++] = root_path;
    }
    arguments[count++] = "-f";
    arguments[count++] = configuration;
    arguments[count++] = "-C";
    arguments[count++] = "/etc/ld.so.cache";
    while (*directories && count < DIRECTORIES + 7)
        arguments[count++] = *directories++;
    arguments[count] = NULL;
    process = CALL(clone, CHILD_SIGNAL, 0, 0, 0, 0);
    if (process == 0)
        child(root, fd, kind, (char *const *)arguments);
    if (process < 0) {
        complain("cannot start ldconfig: ", error_text((int)process), NULL);
        return 1;
    }
    do
        result = CALL(wait4, process, &status, 0, 0);
    while (result == -EINTR);
    CALL(close, fd);
    if (result < 0 || status) {
        complain("ldconfig failed for the container's root, ",
                 status & 0x7f ? "ended by signal " : "exit status ",
                 decimal((uint64_t)(status & 0x7f ? status & 0x7f : status >> 8 & 0xff), digits), NULL);
        return 1;
    }
    return 0;
}
