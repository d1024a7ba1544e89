/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* System calls without a C library, because these programs run on nodes and in containers that may not have one. */
#ifndef NVMOCK_SYSTEM_H
#define NVMOCK_SYSTEM_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>

/* linux/mount.h and linux/sched.h of older kernels do not have some of these. */
enum {
    MOUNT_READ_ONLY = 1,
    MOUNT_NO_SUID = 2,
    MOUNT_NO_DEVICES = 4,
    MOUNT_NO_EXEC = 8,
    MOUNT_REMOUNT = 32,
    MOUNT_BIND = 4096,
    MOUNT_PRIVATE = 1 << 18,
    MOUNT_SLAVE = 1 << 19,
    MOUNT_RECURSIVE = 16384,
    NEW_MOUNTS = 0x00020000,
    NEW_UTS = 0x04000000,
    NEW_IPC = 0x08000000,
    NEW_NETWORK = 0x40000000,
    CHILD_SIGNAL = 17,
    DETACH = 2,
    TREE_CLONE = 1,
    TREE_CLOEXEC = O_CLOEXEC,
    MOVE_FROM_EMPTY = 0x04,
    MOVE_TO_EMPTY = 0x40,
    FSCONFIG_CREATE = 6,
    ATTRIBUTE_READ_ONLY = 0x01,
    ATTRIBUTE_NO_SUID = 0x02,
    ATTRIBUTE_NO_DEVICES = 0x04,
    ATTRIBUTE_NO_EXEC = 0x08,
};

#define CALL(name, ...) system_call(__NR_##name, __VA_ARGS__)
#define system_call(...) system_call_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define system_call_(n, a, b, c, d, e, f, ...) \
    system_call6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Returns the result, or -errno. */
static inline long system_call6(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "no system calls for this architecture"
#endif
}

/* Writes everything; returns 0 or -errno. */
int write_all(int fd, const char *data, size_t length);

/* Reads up to the end of the file; returns the length, -EFBIG if there is more than *size*, or -errno. */
long read_all(int fd, char *data, size_t size);

/* Type and permission bits of the file of *fd*, or -errno. */
int mode_of(int fd);

void quit(int status) __attribute__((noreturn));

/* The main function of a program: argument count, arguments, environment. */
int program(int argc, char **argv, char **environment);

#endif
