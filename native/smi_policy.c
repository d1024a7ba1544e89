/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi compute-policy and drain. Texts: 550.163.01. Nothing is
 * changed: the time slice stays Default, and no GPU is taken out of use. */
#include "output.h"
#include "smi_sub.h"
#include "system.h"
#include "text.h"

static int list(const struct view *view)
{
    char digits[21];
    int at;
    put("+-------------------------------------+\n"
        "| GPU compute policies:               |\n"
        "| GPU     Name           Value        |\n"
        "|=====================================|\n", NULL);
    for (at = 0; at < view->chosen_count; at++)
        smi_row("| >>>   <<<<<<<<<<<<<<< <<<<<<<<<<<<  |\n+-------------------------------------+\n",
                decimal((uint64_t)view->chosen[at], digits), "Timeslice", "Default");
    return flush();
}

static int set_timeslice(const struct subarguments *arguments)
{
    static const char *const names[] = {"Default", "Short", "Medium", "Long"};
    const struct view *view = arguments->view;
    const char *why = CALL(geteuid, 0) != 0 ? "Insufficient Permissions" : NULL;
    uint64_t value = 0;
    char digits[21];
    int at, status = sub_number(arguments, "--set-timeslice", &value);
    if (status)
        return status;
    if (value > 3)
        why = "Invalid Argument";
    for (at = 0; at < view->chosen_count; at++) {
        decimal((uint64_t)view->chosen[at], digits);
        if (why) {
            put("Failed to set timeslice policy with value ", value > 3 ? "Unknown" : names[value], " for GPU ", digits, " : ", why, NULL);
            return smi_say(value > 3 ? SMI_BAD_ARGUMENT : SMI_NO_PERMISSION, "\nFailed to set timeslice for requested devices : ", why, NULL);
        }
        put("Successfully set timeslice policy with value ", names[value], " for GPU ", digits, "\n", NULL);
    }
    return flush();
}

int smi_compute_policy(const struct subarguments *arguments)
{
    if (sub_has(arguments, "-l") && sub_has(arguments, "--set-timeslice"))
        return smi_say(SMI_BAD_ARGUMENT, "One, and only one, compute-policy command allowed at a time", NULL);
    if (sub_has(arguments, "-l"))
        return list(arguments->view);
    if (sub_has(arguments, "--set-timeslice"))
        return set_timeslice(arguments);
    return smi_say(SMI_BAD_ARGUMENT, "One, and only one, compute-policy command allowed at a time", NULL);
}

int smi_drain(const struct subarguments *arguments)
{
    struct view *view = arguments->view;
    const char *id = sub_value(arguments, "-p"), *mode = sub_value(arguments, "-m");
    int status;
    if (sub_has(arguments, "-d"))
        return smi_say(SMI_OK, "Discovery completed successfully.  Any discovered GPUs will now appear in the enumeration list and device count.", NULL);
    if (!id)
        return smi_say(SMI_BAD_ARGUMENT, "Must specify -p with this option.", NULL);
    status = smi_choose(view, id);
    if (status)
        return status;
    if (view->chosen_count != 1 || smi_any_lost(view))
        return smi_say(SMI_FAILED, sub_has(arguments, "-q") ? "Failed to query the GPU drain state." : "Failed to modify the GPU drain state.", NULL);
    if (sub_has(arguments, "-q"))
        return smi_say(SMI_OK, "The current drain state of GPU ", smi_gpu(view, 0)[GPU_BUS_ID], " is: not draining.", NULL);
    if (CALL(geteuid, 0) != 0)
        return smi_say(SMI_NO_PERMISSION, "Failed to set the GPU drain state: Insufficient Permissions", NULL);
    if (mode && (equal(mode, "0") || equal(mode, "1")))
        return smi_say(SMI_OK, "Successfully set GPU ", smi_gpu(view, 0)[GPU_BUS_ID], " drain state to: ",
                       mode[0] == '1' ? "draining." : "not draining.", NULL);
    return smi_say(SMI_NOT_SUPPORTED, "Failed to remove the GPU: Not Supported", NULL);
}
