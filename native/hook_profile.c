/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* update-application-profile: tells EGL and Vulkan which GPUs this container has. */
#include "directory.h"
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

/* A GPU's device node, such as nvidia0 or nvidia12. */
static int is_gpu(const char *name)
{
    uint64_t minor;
    return begins_with(name, "nvidia") && number(name + 6, 10, &minor, NULL) == 0;
}

static void add(void *mask, const char *name, const struct statx *status)
{
    if (is_gpu(name) && (status->stx_mode & S_IFMT) == S_IFCHR && status->stx_rdev_minor < 64)
        *(uint64_t *)mask |= (uint64_t)1 << status->stx_rdev_minor;
}

int update_application_profile(int root, const struct flag *flags)
{
    static const char directory_name[] = "/etc/nvidia/nvidia-application-profiles-rc.d";
    char text[256], digits[21];
    uint64_t mask = 0;
    int directory, result;
    int dev = open_in_root(root, "/dev", O_RDONLY | O_DIRECTORY);
    (void)flags;
    if (dev < 0)
        return 0;
    each_entry(dev, add, &mask);
    CALL(close, dev);
    if (!mask)
        return 0;
    join(text, sizeof text, "{\"profiles\":[{\"name\":\"_container_\",\"settings\":[\"EGLVisibleDGPUDevices\",0x",
         hexadecimal(mask, digits), "]}],\"rules\":[{\"pattern\":[],\"profile\":\"_container_\"}]}", NULL);
    directory = directory_in_root(root, directory_name, 0555);
    if (directory < 0)
        return failed("cannot make the directory ", directory_name, directory);
    result = put_file(directory, "10-container.conf", text, length_of(text), 0444);
    CALL(close, directory);
    /* Something is mounted there: that is left alone. */
    if (result == -EBUSY) {
        complain("cannot replace 10-container.conf in ", directory_name, ": ", error_text(result),
                 " (the container starts without it)", NULL);
        return 0;
    }
    return result < 0 ? failed("cannot write 10-container.conf in ", directory_name, result) : 0;
}
