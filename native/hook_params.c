/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* disable-device-node-modification: keeps the driver's libraries from creating device nodes in the container. They read
 * ModifyDeviceFiles in /proc/driver/nvidia/params, so a copy with 0 is mounted over it. */
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

static const char params[] = "/proc/driver/nvidia/params";

enum { PARAMS_SIZE = 65536 };

/* Changes the 1 of the line to 0; returns whether there was a 1. */
static int switch_off(char *text, long length)
{
    static const char wanted[] = "ModifyDeviceFiles: 1";
    const long size = sizeof wanted - 1;
    long at;
    for (at = 0; at + size <= length; at++) {
        long i = 0;
        if (at > 0 && text[at - 1] != '\n')
            continue;
        while (i < size && text[at + i] == wanted[i])
            i++;
        if (i == size && (at + size == length || text[at + size] == '\n')) {
            text[at + size - 1] = '0';
            return 1;
        }
    }
    return 0;
}

/* Creates a mount of a file with this content; returns its descriptor, or -errno. The file is in a separate filesystem.
 * That filesystem is mounted on *directory* meanwhile, because only a reachable file can be mounted a second time. */
static int mount_of(int directory, const char *text, long length)
{
    char path[40], digits[21];
    long system_fd = CALL(fsopen, "tmpfs", 1), mount, file, tree;
    if (system_fd < 0)
        return (int)system_fd;
    mount = CALL(fsconfig, system_fd, FSCONFIG_CREATE, 0, 0, 0);
    if (mount == 0)
        mount = CALL(fsmount, system_fd, 1, ATTRIBUTE_NO_SUID | ATTRIBUTE_NO_DEVICES | ATTRIBUTE_NO_EXEC);
    CALL(close, system_fd);
    if (mount < 0)
        return (int)mount;
    file = CALL(openat, mount, "params", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (file < 0)
        return (int)file;
    tree = write_all((int)file, text, (size_t)length);
    if (tree == 0)
        tree = CALL(fchmod, file, 0444);
    CALL(close, file);
    if (tree == 0)
        tree = CALL(move_mount, mount, "", directory, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY);
    if (tree == 0) {
        tree = CALL(open_tree, mount, "params", TREE_CLONE | TREE_CLOEXEC);
        join(path, sizeof path, "/proc/self/fd/", decimal((uint64_t)mount, digits), NULL);
        CALL(umount2, path, DETACH);
    }
    CALL(close, mount);
    return (int)tree;
}

/* Makes the mount that *tree* stands for, which is in its place, read-only and private, with the older calls. */
static long protect(long tree)
{
    char path[40], digits[21];
    long result;
    join(path, sizeof path, "/proc/self/fd/", decimal((uint64_t)tree, digits), NULL);
    result = CALL(mount, 0, path, 0, MOUNT_PRIVATE, 0);
    if (result == 0)
        result = CALL(mount, 0, path, 0,
                      MOUNT_REMOUNT | MOUNT_BIND | MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEVICES | MOUNT_NO_EXEC, 0);
    return result;
}

int disable_device_node_modification(int root, const struct flag *flags)
{
    static char text[PARAMS_SIZE];
    long length = read_in_root(root, params, text, sizeof text);
    char name[256];
    long tree, target, result;
    int directory;
    (void)flags;
    if (length == -ENOENT || length == -ENOTDIR)
        return 0;
    if (length < 0)
        return failed("cannot read ", params, (int)length);
    if (!switch_off(text, length))
        return 0;
    target = open_in_root(root, params, O_PATH);
    directory = parent_in_root(root, params, 0, name, sizeof name);
    if (target < 0 || directory < 0)
        return failed("cannot open ", params, (int)(target < 0 ? target : directory));
    tree = mount_of(directory, text, length);
    CALL(close, directory);
    if (tree < 0)
        return failed("cannot make a mount for ", params, (int)tree);
    result = CALL(move_mount, tree, "", target, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY);
    CALL(close, target);
    if (result == 0) {
        /* The mount of the file is now where the container sees it: from here on nobody writes to it, and it is in no other
         * mount namespace. */
        struct { uint64_t set, clear, propagation, user; } attributes = {ATTRIBUTE_READ_ONLY, 0, MOUNT_PRIVATE, 0};
        result = CALL(mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
        if (result == -ENOSYS) /* before Linux 5.12 */
            result = protect(tree);
    }
    CALL(close, tree);
    return result < 0 ? failed("cannot mount over ", params, (int)result) : 0;
}
