/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chmod: sets the mode of directories that the runtime has created for device nodes. */
#include "hook.h"
#include "in_root.h"
#include "message.h"
#include "system.h"
#include "text.h"

static int wanted_mode(const struct flag *flags, uint64_t *mode)
{
    return flags[0].count && number(flags[0].values[0], 8, mode, NULL) == 0 && *mode <= 07777 ? 0 : -1;
}

int check_modes(const struct flag *flags)
{
    uint64_t mode;
    int i;
    if (wanted_mode(flags, &mode) < 0) {
        complain("--mode ", flags[0].count ? flags[0].values[0] : "", ": must be an octal number up to 7777", NULL);
        return 1;
    }
    for (i = 0; i < flags[1].count; i++) {
        if (!flags[1].values[i][0]) {
            complain("--path: must not be empty", NULL);
            return 1;
        }
    }
    return 0;
}

/* chmod(2) of the file of an O_PATH descriptor, because devices must not be opened. */
static int change(int fd, int mode)
{
    char path[40], digits[21];
    join(path, sizeof path, "/proc/self/fd/", decimal((uint64_t)fd, digits), NULL);
    return (int)CALL(fchmodat, AT_FDCWD, path, mode);
}

int change_modes(int root, const struct flag *flags)
{
    uint64_t mode = 0;
    int i;
    wanted_mode(flags, &mode);
    for (i = 0; i < flags[1].count; i++) {
        int now, result = 0;
        int fd = open_in_root(root, flags[1].values[i], O_PATH);
        if (fd < 0)
            continue; /* a missing path needs no mode */
        now = mode_of(fd);
        if (now >= 0 && (unsigned)(now & 07777) != mode)
            result = change(fd, (int)mode);
        CALL(close, fd);
        /* The mode must not be changed, for example if the whole /dev is the host's. */
        if (result < 0 && result != -EPERM && result != -EACCES) {
            int status = failed("cannot change the mode of ", flags[1].values[i], result);
            if (status)
                return status;
        }
    }
    return 0;
}
