/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* What nvidia-smi says about a GPU that is lost. Texts and exit statuses: 550.163.01 and 535.261.03, run on the mock NVML. */
#include "output.h"
#include "smi_commands.h"
#include "smi_state.h"
#include "text.h"

static const char lost[] = ": GPU is lost.  Reboot the system to recover this GPU\n\n\n";

int smi_list_lost(const struct view *view, int gpu)
{
    char digits[21];
    if (!smi_is_lost(view, gpu))
        return 0;
    put("Unable to determine the device handle for gpu ", decimal((uint64_t)gpu, digits), lost, NULL);
    return 1;
}

int smi_check_lost(const struct view *view)
{
    char digits[21];
    int at;
    for (at = 0; at < view->chosen_count; at++) {
        if (!smi_is_lost(view, view->chosen[at]))
            continue;
        put("Unable to determine the device handle for GPU", decimal((uint64_t)view->chosen[at], digits), lost, NULL);
        flush();
        return SMI_LOST;
    }
    return SMI_OK;
}

int smi_any_lost(const struct view *view)
{
    int i;
    for (i = 0; i < view->count; i++) {
        if (smi_is_lost(view, i))
            return 1;
    }
    return 0;
}
