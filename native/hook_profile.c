/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* update-application-profile: tells EGL and Vulkan which GPUs this container has. */
#include "hook.h"
#include "in_root.h"
#include "system.h"
#include "text.h"

struct entry { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* nvidia0, nvidia12: a GPU's device node. */
static int is_gpu(const char *name)
{
    uint64_t minor;
    return begins_with(name, "nvidia") && number(name + 6, 10, &minor, NULL) == 0;
}

static uint64_t mask_of(int dev)
{
    char entries[4096] __attribute__((aligned(8)));
    uint64_t mask = 0;
    long length;
    while ((length = CALL(getdents64, dev, entries, sizeof entries)) > 0) {
        long at = 0;
        while (at < length) {
            struct entry *entry = (struct entry *)(entries + at);
            struct statx status;
            at += entry->length;
            if (is_gpu(entry->name) &&
                CALL(statx, dev, entry->name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0 &&
                (status.stx_mode & S_IFMT) == S_IFCHR && status.stx_rdev_minor < 64)
                mask |= (uint64_t)1 << status.stx_rdev_minor;
        }
    }
    return mask;
}

int update_application_profile(int root, const struct flag *flags)
{
    static const char directory_name[] = "/etc/nvidia/nvidia-application-profiles-rc.d";
    char text[256], digits[21];
    uint64_t mask;
    int directory, result;
    int dev = open_in_root(root, "/dev", O_RDONLY | O_DIRECTORY);
    (void)flags;
    if (dev < 0)
        return 0;
    mask = mask_of(dev);
    CALL(close, dev);
    if (!mask)
        return 0;
    join(text, sizeof text, "{\"profiles\":[{\"name\":\"_container_\",\"settings\":[\"EGLVisibleDGPUDevices\",0x",
         hexadecimal(mask, digits), "]}],\"rules\":[{\"pattern\":[],\"profile\":\"_container_\"}]}", NULL);
    directory = directory_in_root(root, directory_name, 0755);
    if (directory < 0)
        return failed("cannot make the directory ", directory_name, directory);
    result = put_file(directory, "10-container.conf", text, length_of(text), 0444);
    CALL(close, directory);
    return result < 0 ? failed("cannot write 10-container.conf in ", directory_name, result) : 0;
}
