/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Sub commands about what no machine has: what NVIDIA's program (550.163.01) says on a board without it. */
#include "output.h"
#include "smi_sub.h"
#include "text.h"

static void put_sessions(const struct subarguments *arguments, int first)
{
    const struct view *view = arguments->view;
    const int encoder = equal(arguments->command, "encodersessions");
    char digits[21];
    int at;
    if (first)
        put(encoder ? "# GPU Session    Process   Codec       H       V Average     Average\n"
                      "# Idx      Id         Id    Type     Res     Res     FPS Latency(us)\n"
                    : "# GPU   Session   Process   Display   Session Diff. Map  Class. Map       Capture   Max H   Max V     H     V   Average       Average\n"
                      "# Idx        Id        Id   Ordinal      Type     State       State          Mode     Res     Res   Res   Res       FPS   Latency(us)\n", NULL);
    for (at = 0; at < view->chosen_count; at++) {
        put_padded(decimal((uint64_t)view->chosen[at], digits), -5);
        put(encoder ? "       -          -       -       -       -       -           -\n"
                    : "         -         -         -         -         -           -             -       -       -     -     -         -             -\n", NULL);
    }
}

/* Repeated like NVIDIA's program, every 5 seconds. */
static int sessions(const struct subarguments *arguments)
{
    uint64_t seconds = 5;
    int first = 1;
    const char *text = sub_value(arguments, "-l");
    if (text && text[0] && number(text, 10, &seconds, NULL) < 0)
        return smi_say(SMI_BAD_ARGUMENT, "Option \"", text, "\" is invalid for \"-l\".", NULL);
    for (;; first = 0) {
        put_sessions(arguments, first);
        if (flush())
            return SMI_FAILED;
        smi_sleep((long)(seconds ? seconds : 1) * 1000);
    }
}

static int set_boost(const struct view *view)
{
    char digits[21];
    int at;
    for (at = 0; at < view->chosen_count; at++)
        put("Warning: GPU ", decimal((uint64_t)view->chosen[at], digits), " is not supporting this feature: Not Supported\n", NULL);
    return flush();
}

/* daemon would write files in the background, and replay would read them. */
static int recorder(const struct subarguments *arguments)
{
    if (equal(arguments->command, "replay"))
        return sub_has(arguments, "-f") ? smi_say(SMI_FAILED, "Failed to validate log file\nFailed to process command line \n", NULL)
                                        : smi_say(SMI_OK, "Input File Name must be specified\n", NULL);
    if (sub_has(arguments, "-t"))
        return SMI_OK;
    return smi_say(SMI_FAILED, "Not supported on the device(s)\nFailed to process command line \n", NULL);
}

static int base_clocks(const struct view *view)
{
    char digits[21];
    int at;
    for (at = 0; at < view->chosen_count; at++)
        put("GPU ", decimal((uint64_t)view->chosen[at], digits), ":\n\tGraphics: \tNot Supported\n", NULL);
    return flush();
}

static int clocks(const struct subarguments *arguments)
{
    char digits[21];
    const char *mode = sub_value(arguments, "-som");
    if (mode)
        return smi_say(SMI_NOT_SUPPORTED, "Unable to set Sparse Operation Mode to '", equal(mode, "1") ? "Enabled" : "Disabled",
                       "' for GPU ", decimal((uint64_t)arguments->view->chosen[0], digits), ": Not Supported", NULL);
    return smi_say(SMI_NOT_SUPPORTED, "Synchronized boost is currently disabled.", NULL);
}

/* None of the memory is protected. */
static int protected_memory(const struct view *view)
{
    char digits[21];
    int at;
    for (at = 0; at < view->chosen_count; at++) {
        uint64_t mib = 0;
        const char *rest;
        if (number(smi_value(view, view->chosen[at], "fb_memory_usage/total"), 10, &mib, &rest) < 0)
            mib = 0;
        put_gpu_title(view, view->chosen[at]);
        put("Protected memory size:   0 KiB\nUnprotected memory size: ", decimal(mib * 1024, digits), " KiB\n", NULL);
    }
    return flush();
}

static int conf_compute(const struct subarguments *arguments)
{
    static const struct { const char *option, *what; } texts[] = {
        {"-gc", "display Conf. Compute CPU capabilities"},
        {"-gg", "display Conf. Compute GPUs capabilities"},
        {"-d", "display Conf. Compute DevTools Mode"},
        {"-e", "display Conf. Compute Environment"},
        {"-f", "display Conf. Compute CC feature status"},
        {"-grs", "display Conf. Compute GPUs Ready State"},
        {"-gkr", "display Conf. Compute key rotation threshold info"},
        {"-mgm", "display Conf. Compute Multi-GPU Mode"},
    };
    unsigned i;
    if (sub_has(arguments, "-gm"))
        return protected_memory(arguments->view);
    if (arguments->branch < 550) {
        if (sub_has(arguments, "-f"))
            return smi_say(SMI_OK, "CC status: OFF", NULL);
        if (sub_has(arguments, "-e"))
            return smi_say(SMI_OK, "CC Environment: UNAVAILABLE", NULL);
        if (sub_has(arguments, "-d"))
            return smi_say(SMI_OK, "DevTools Mode: OFF", NULL);
    }
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!sub_has(arguments, texts[i].option))
            continue;
        return smi_say(SMI_NOT_SUPPORTED, "Failed to ", texts[i].what, ": Not Supported", NULL);
    }
    return smi_say(SMI_NOT_SUPPORTED, "Failed to set Conf. Compute settings: Not Supported", NULL);
}

static void put_lanes(void)
{
    char digits[21];
    uint64_t lane;
    put("    LANE_ERROR:              \n", NULL);
    for (lane = 0; lane < 13; lane++) {
        put("\t lane ", NULL);
        put_padded(decimal(lane, digits), -2);
        put(": 0\n", NULL);
    }
}

/* Counters that stay 0. */
static int pci(const struct subarguments *arguments)
{
    static const char *const counters[] = {
        "REPLAY_COUNTER:         ", "REPLAY_ROLLOVER_COUNTER:", "L0_TO_RECOVERY_COUNTER: ", "CORRECTABLE_ERRORS:     ",
        "NAKS_RECEIVED:          ", "RECEIVER_ERROR:         ", "BAD_TLP:                ", "NAKS_SENT:              ",
        "BAD_DLLP:               ", "NON_FATAL_ERROR:        ", "FATAL_ERROR:            ", "UNSUPPORTED_REQ:        ",
        "LCRC_ERROR:             "};
    const struct view *view = arguments->view;
    unsigned i;
    int at;
    for (at = 0; at < view->chosen_count; at++) {
        put_gpu_title(view, view->chosen[at]);
        if (sub_has(arguments, "-cErrCnt"))
            put("Successfully cleared all error counters\n", NULL);
        for (i = 0; sub_has(arguments, "-gErrCnt") && i < sizeof counters / sizeof *counters; i++)
            put("    ", counters[i], " 0\n", NULL);
        if (sub_has(arguments, "-gErrCnt"))
            put_lanes();
    }
    return flush();
}

int smi_absent(const struct subarguments *arguments)
{
    const char *command = arguments->command;
    if (equal(command, "encodersessions") || equal(command, "fbcsessions"))
        return sessions(arguments);
    if (equal(command, "daemon") || equal(command, "replay"))
        return recorder(arguments);
    if (equal(command, "vgpu"))
        return smi_say(SMI_OK, "No supported devices in vGPU mode", NULL);
    if (equal(command, "c2c"))
        return smi_say(SMI_NOT_SUPPORTED, "No Devices support C2C.", NULL);
    if (equal(command, "gpm"))
        return smi_say(SMI_NOT_FOUND, "No GPM capable devices found.", NULL);
    if (equal(command, "power-hint"))
        return smi_say(SMI_OK, "No supported devices found", NULL);
    if (equal(command, "boost-slider")) {
        if (sub_has(arguments, "--vboost"))
            return set_boost(arguments->view);
        return smi_say(SMI_OK, "+-------------------------------------------------+\n"
                       "| GPU Boost Slider                                |\n"
                       "| GPU     Slider       Max Value    Current Value |\n"
                       "|=================================================|\n"
                       "|   No supported devices found                    |\n"
                       "+-------------------------------------------------+", NULL);
    }
    if (equal(command, "base-clocks"))
        return base_clocks(arguments->view);
    if (equal(command, "clocks"))
        return clocks(arguments);
    if (equal(command, "conf-compute"))
        return conf_compute(arguments);
    return pci(arguments);
}
