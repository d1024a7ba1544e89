/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Names, order and branches: nvidia-smi -h of 470.256.02, 535.261.03, 550.163.01, 590.48.01, 595.80 and 610.57.04, and the
 * changes that NVIDIA's manual page lists. The descriptions are not NVIDIA's. */
#include "smi_options.h"

#include "output.h"
#include "text.h"

enum { REPEATED = 2 };

#define LINE(text) {NULL, NULL, NO_VALUE, A_HEADING, 0, 0, EVER, text}

const struct option smi_options[] = {
    {"-h", "--help", NO_VALUE, ASKS_HELP, 0, 0, EVER, "Show this text and exit."},
    LINE(""),
    {NULL, "--version", NO_VALUE, ASKS_VERSION, 0, 550, EVER, "Show the versions and exit."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 550, EVER, ""},
    LINE("  LIST OPTIONS:"),
    LINE(""),
    {"-L", "--list-gpus", NO_VALUE, ASKS_LIST, 0, 0, EVER, "List the GPUs of the system with their UUIDs."},
    LINE(""),
    {"-B", "--list-excluded-gpus", NO_VALUE, ASKS_LIST, 0, 0, EVER, "List the GPUs that are excluded from use."},
    LINE(""),
    LINE("  SUMMARY OPTIONS:"),
    LINE(""),
    LINE("    <no arguments>              Show a table of the GPUs."),
    LINE(""),
    {"-col", "--columns", NO_VALUE, OF_QUERY, 0, 590, EVER, "Show the table in several columns."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, ""},
    LINE("    [plus any of]"),
    LINE(""),
    {"-i", "--id", A_VALUE, OF_ALL, 0, 0, EVER, "Only these GPUs: index, PCI bus ID, UUID or serial number."},
    {"-f", "--filename", A_VALUE, OF_OUTPUT, 0, 0, EVER, "Write to this file instead of to stdout."},
    {"-l", "--loop", MAYBE_A_VALUE, OF_OUTPUT, 0, 0, EVER, "Repeat after so many seconds, until Ctrl+C."},
    {NULL, "--show-all-processes", NO_VALUE, OF_QUERY, 0, 610, EVER, "Also show clients of the GPU that have no context, and monitors."},
    LINE(""),
    LINE("  QUERY OPTIONS:"),
    LINE(""),
    {"-q", "--query", NO_VALUE, OF_QUERY, 0, 0, EVER, "Show all about the GPUs or units."},
    LINE(""),
    LINE("    [plus any of]"),
    LINE(""),
    {"-u", "--unit", NO_VALUE, OF_QUERY, 0, 0, EVER, "Units instead of GPUs."},
    {"-i", "--id", A_VALUE, OF_ALL, 2, 0, EVER, "Only these GPUs or units."},
    {"-f", "--filename", A_VALUE, OF_OUTPUT, 2, 0, EVER, "Write to this file instead of to stdout."},
    {"-x", "--xml-format", NO_VALUE, OF_QUERY, 0, 0, EVER, "As an XML document."},
    {NULL, "--dtd", NO_VALUE, OF_QUERY, 0, 0, EVER, "With -x: the DTD is part of the document."},
    {"-d", "--display", A_VALUE, OF_QUERY, 0, 0, 529, "Only these sections, separated by commas:\n    MEMORY, UTILIZATION, ECC, TEMPERATURE, POWER,\n    CLOCK, COMPUTE, PIDS, PERFORMANCE,\n    SUPPORTED_CLOCKS, PAGE_RETIREMENT, ACCOUNTING,\n    ENCODER_STATS, SUPPORTED_GPU_TARGET_TEMP,\n    VOLTAGE, FBC_STATS, ROW_REMAPPER\nNot with -u or -x."},
    {"-d", "--display", A_VALUE, OF_QUERY, 0, 530, 549, "Only these sections, separated by commas:\n    MEMORY, UTILIZATION, ECC, TEMPERATURE, POWER,\n    CLOCK, COMPUTE, PIDS, PERFORMANCE,\n    SUPPORTED_CLOCKS, PAGE_RETIREMENT, ACCOUNTING,\n    ENCODER_STATS, SUPPORTED_GPU_TARGET_TEMP,\n    VOLTAGE, FBC_STATS, ROW_REMAPPER, RESET_STATUS\nNot with -u or -x."},
    {"-d", "--display", A_VALUE, OF_QUERY, 0, 550, 569, "Only these sections, separated by commas:\n    MEMORY, UTILIZATION, ECC, TEMPERATURE, POWER,\n    CLOCK, COMPUTE, PIDS, PERFORMANCE,\n    SUPPORTED_CLOCKS, PAGE_RETIREMENT, ACCOUNTING,\n    ENCODER_STATS, SUPPORTED_GPU_TARGET_TEMP,\n    VOLTAGE, FBC_STATS, ROW_REMAPPER, RESET_STATUS,\n    GSP_FIRMWARE_VERSION\nNot with -u or -x."},
    {"-d", "--display", A_VALUE, OF_QUERY, 0, 570, EVER, "Only these sections, separated by commas:\n    MEMORY, UTILIZATION, ECC, TEMPERATURE, POWER,\n    CLOCK, COMPUTE, PIDS, PERFORMANCE,\n    SUPPORTED_CLOCKS, PAGE_RETIREMENT, ACCOUNTING,\n    ENCODER_STATS, SUPPORTED_GPU_TARGET_TEMP,\n    VOLTAGE, FBC_STATS, ROW_REMAPPER,\n    GSP_FIRMWARE_VERSION, POWER_SMOOTHING,\n    POWER_PROFILES\nNot with -u or -x."},
    {NULL, "--show-all-processes", NO_VALUE, OF_QUERY, 2, 610, EVER, "Also show clients of the GPU that have no context, and monitors."},
    {"-l", "--loop", MAYBE_A_VALUE, OF_OUTPUT, 2, 0, EVER, "Repeat after so many seconds, until Ctrl+C."},
    LINE(""),
    {"-lms", "--loop-ms", MAYBE_A_VALUE, OF_OUTPUT, 0, 0, EVER, "Repeat after so many milliseconds, until Ctrl+C."},
    LINE(""),
    LINE("  SELECTIVE QUERY OPTIONS:"),
    LINE(""),
    LINE("    Chosen properties as comma separated values."),
    LINE(""),
    LINE("    [one of]"),
    LINE(""),
    {NULL, "--query-gpu", A_VALUE, OF_FIELDS, 0, 0, EVER, "Properties of the GPUs.\nSee --help-query-gpu."},
    {NULL, "--query-supported-clocks", A_VALUE, OF_FIELDS, 0, 0, EVER, "The clocks that can be set.\nSee --help-query-supported-clocks."},
    {NULL, "--query-compute-apps", A_VALUE, OF_FIELDS, 0, 0, EVER, "The processes that compute.\nSee --help-query-compute-apps."},
    {NULL, "--query-accounted-apps", A_VALUE, OF_FIELDS, 0, 0, EVER, "The processes that accounting has counted.\nSee --help-query-accounted-apps."},
    {NULL, "--query-retired-pages", A_VALUE, OF_FIELDS, 0, 0, EVER, "The pages of memory that were retired.\nSee --help-query-retired-pages."},
    {NULL, "--query-remapped-rows", A_VALUE, OF_FIELDS, 0, 0, EVER, "The rows of memory that were remapped.\nSee --help-query-remapped-rows."},
    LINE(""),
    LINE("    [mandatory]"),
    LINE(""),
    {NULL, "--format", A_VALUE, OF_FORMAT, 0, 0, EVER, "How the values are written, separated by commas:\n  csv - comma separated values (must be there)\n  noheader - without the line of names\n  nounits - without units"},
    LINE(""),
    LINE("    [plus any of]"),
    LINE(""),
    {"-i", "--id", A_VALUE, OF_ALL, 2, 0, EVER, "Only these GPUs or units."},
    {"-f", "--filename", A_VALUE, OF_OUTPUT, 2, 0, EVER, "Write to this file instead of to stdout."},
    {"-l", "--loop", MAYBE_A_VALUE, OF_OUTPUT, 2, 0, EVER, "Repeat after so many seconds, until Ctrl+C."},
    {"-lms", "--loop-ms", MAYBE_A_VALUE, OF_OUTPUT, 2, 0, EVER, "Repeat after so many milliseconds, until Ctrl+C."},
    LINE(""),
    {NULL, "--help-query-gpu", NO_VALUE, ASKS_FIELDS, 1, 0, EVER, ""},
    {NULL, "--help-query-supported-clocks", NO_VALUE, ASKS_FIELDS, 1, 0, EVER, ""},
    {NULL, "--help-query-compute-apps", NO_VALUE, ASKS_FIELDS, 1, 0, EVER, ""},
    {NULL, "--help-query-accounted-apps", NO_VALUE, ASKS_FIELDS, 1, 0, EVER, ""},
    {NULL, "--help-query-retired-pages", NO_VALUE, ASKS_FIELDS, 1, 0, EVER, ""},
    {NULL, "--help-query-remapped-rows", NO_VALUE, ASKS_FIELDS, 1, 0, EVER, ""},
    LINE("  DEVICE MODIFICATION OPTIONS:"),
    LINE(""),
    LINE("    [any one of]"),
    LINE(""),
    {"-pm", "--persistence-mode", A_VALUE, CHANGES, 0, 0, EVER, "Persistence mode: 0/DISABLED, 1/ENABLED"},
    {"-e", "--ecc-config", A_VALUE, CHANGES, 0, 0, EVER, "ECC from the next start on: 0/DISABLED, 1/ENABLED"},
    {"-p", "--reset-ecc-errors", A_VALUE, CHANGES, 0, 0, EVER, "Set ECC error counts to 0: 0/VOLATILE, 1/AGGREGATE"},
    {"-c", "--compute-mode", A_VALUE, CHANGES, 0, 0, 529, "Compute mode: 0/DEFAULT, 1/EXCLUSIVE_PROCESS,\n2/PROHIBITED"},
    {"-c", "--compute-mode", A_VALUE, CHANGES, 0, 530, EVER, "Compute mode: 0/DEFAULT, 1/EXCLUSIVE_THREAD\n(deprecated), 2/PROHIBITED, 3/EXCLUSIVE_PROCESS"},
    {"-dm", "--driver-model", A_VALUE, CHANGES, 1, 0, EVER, ""},
    {"-fdm", "--force-driver-model", A_VALUE, CHANGES, 1, 0, EVER, ""},
    {NULL, "--gom", A_VALUE, CHANGES, 0, 0, EVER, "GPU operation mode: 0/ALL_ON, 1/COMPUTE, 2/LOW_DP"},
    {"-r", "--gpu-reset", NO_VALUE, CHANGES, 0, 0, 589, "Reset the GPU. Nothing may use it."},
    {"-r", "--gpu-reset", MAYBE_A_VALUE, CHANGES, 0, 590, EVER, "Reset the GPU. Nothing may use it.\nWith the value bus: reset the bus."},
    {"-vm", "--virt-mode", A_VALUE, CHANGES, 0, 0, EVER, "Virtualization mode: 3/VGPU, 4/VSGA"},
    {"-lgc", "--lock-gpu-clocks", A_VALUE, CHANGES, 0, 0, EVER, "Lowest and highest clock of the GPU in MHz, such as\n1500,1500, or one clock."},
    {"-m", "--mode", A_VALUE, WITH_CHANGE, 0, 530, EVER, "How --lock-gpu-clocks works: 0, 1"},
    {"-rgc", "--reset-gpu-clocks", NO_VALUE, CHANGES, 0, 0, EVER, "The GPU's clocks as they were."},
    {"-lmci", "--lock-memory-clocks-info", NO_VALUE, CHANGES, 0, 610, EVER, "Say whether the memory clocks can be locked."},
    {"-lmc", "--lock-memory-clocks", A_VALUE, CHANGES, 0, 0, EVER, "Lowest and highest clock of the memory in MHz, such\nas 5100,5100, or one clock."},
    {"-rmc", "--reset-memory-clocks", NO_VALUE, CHANGES, 0, 0, EVER, "The memory's clocks as they were."},
    {"-lmcd", "--lock-memory-clocks-deferred", A_VALUE, CHANGES, 0, 530, EVER, "The memory's clock when the driver is loaded again."},
    {"-rmcd", "--reset-memory-clocks-deferred", NO_VALUE, CHANGES, 0, 530, EVER, "Undo --lock-memory-clocks-deferred."},
    {"-ac", "--applications-clocks", A_VALUE, CHANGES, 0, 0, EVER, "Clocks of the memory and of the GPU for applications,\nsuch as 2000,800, in MHz."},
    {"-rac", "--reset-applications-clocks", NO_VALUE, CHANGES, 0, 0, EVER, "The clocks for applications as they were."},
    {"-acp", "--applications-clocks-permission", A_VALUE, CHANGES, 1, 0, EVER, ""},
    {"-svfd", "--set-vf-derate", A_VALUE, CHANGES, 0, 610, EVER, "A lower curve of voltage and frequency, in MHz."},
    {"-gvfd", "--get-vf-derate-info", NO_VALUE, CHANGES, 0, 610, EVER, "Show that curve."},
    {"-pl", "--power-limit", A_VALUE, CHANGES, 0, 0, EVER, "The limit of the power in watts."},
    {"-sc", "--scope", A_VALUE, WITH_CHANGE, 0, 530, EVER, "What --power-limit limits: 0/GPU, 1/TOTAL_MODULE"},
    {"-cc", "--cuda-clocks", A_VALUE, CHANGES, 0, 0, EVER, "Clocks for CUDA: 0/RESTORE_DEFAULT, 1/OVERRIDE"},
    {"-am", "--accounting-mode", A_VALUE, CHANGES, 0, 0, EVER, "Accounting mode: 0/DISABLED, 1/ENABLED"},
    {"-caa", "--clear-accounted-apps", NO_VALUE, CHANGES, 0, 0, EVER, "Forget the processes that were counted."},
    {NULL, "--auto-boost-default", A_VALUE, CHANGES, 0, 0, EVER, "Auto boost: 0/DISABLED, 1/ENABLED"},
    {NULL, "--auto-boost-permission", A_VALUE, CHANGES, 0, 0, EVER, "Who may change auto boost: 0/UNRESTRICTED,\n1/RESTRICTED"},
    {"-mig", "--multi-instance-gpu", A_VALUE, CHANGES, 0, 0, EVER, "MIG mode: 0/DISABLED, 1/ENABLED"},
    {"-gtt", "--gpu-target-temp", A_VALUE, CHANGES, 0, 0, EVER, "Temperature that the GPU keeps to, in degrees Celsius."},
    {"-den", "--dram-encryption", A_VALUE, CHANGES, 0, 590, EVER, "Encryption of the memory: 0/DISABLED, 1/ENABLED"},
    {NULL, "--set-hostname", A_VALUE, CHANGES, 0, 590, EVER, "Set the name of the host that the GPU keeps."},
    {NULL, "--get-hostname", NO_VALUE, CHANGES, 0, 590, EVER, "Show the name of the host that the GPU keeps."},
    LINE(""),
    LINE("   [plus optional]"),
    LINE(""),
    {"-i", "--id", A_VALUE, OF_ALL, 2, 0, EVER, "Only these GPUs: index, PCI bus ID, UUID or serial number."},
    {"-eow", "--error-on-warning", NO_VALUE, WITH_CHANGE, 0, 0, EVER, "Fail where there is a warning."},
    LINE(""),
    LINE("  UNIT MODIFICATION OPTIONS:"),
    LINE(""),
    {"-t", "--toggle-led", A_VALUE, CHANGES_UNIT, 0, 0, EVER, "Colour of the unit's LED: 0/GREEN, 1/AMBER"},
    LINE(""),
    LINE("   [plus optional]"),
    LINE(""),
    {"-i", "--id", A_VALUE, OF_ALL, 2, 0, EVER, "Only this unit."},
    LINE(""),
    LINE("  SHOW DTD OPTIONS:"),
    LINE(""),
    {NULL, "--dtd", NO_VALUE, OF_QUERY, 2, 0, EVER, "Show the DTD and exit."},
    LINE(""),
    LINE("     [plus optional]"),
    LINE(""),
    {"-f", "--filename", A_VALUE, OF_OUTPUT, 2, 0, EVER, "Write to this file instead of to stdout."},
    {"-u", "--unit", NO_VALUE, OF_QUERY, 2, 0, EVER, "That of units."},
    LINE(""),
    {NULL, "--debug", A_VALUE, OF_OUTPUT, 0, 0, EVER, "Write an encrypted log for NVIDIA to this file."},
    LINE(""),
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 0, 534, " STATISTICS:"},
    {NULL, "stats", NO_VALUE, A_COMMAND, 0, 0, 534, "Statistics of the devices."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 0, 534, ""},
    LINE(" Device Monitoring:"),
    {NULL, "dmon", NO_VALUE, A_COMMAND, 0, 0, EVER, "A line of figures per device and interval."},
    LINE(""),
    {NULL, "daemon", NO_VALUE, A_COMMAND, 0, 0, EVER, "The same in the background, into files."},
    LINE(""),
    {NULL, "replay", NO_VALUE, A_COMMAND, 0, 0, EVER, "Show what daemon has written."},
    LINE(""),
    LINE(" Process Monitoring:"),
    {NULL, "pmon", NO_VALUE, A_COMMAND, 0, 0, EVER, "A line of figures per process and interval."},
    LINE(""),
    LINE(" TOPOLOGY:"),
    {NULL, "topo", NO_VALUE, A_COMMAND, 0, 0, EVER, "How the devices are connected."},
    LINE(""),
    LINE(" DRAIN STATES:"),
    {NULL, "drain", NO_VALUE, A_COMMAND, 0, 0, EVER, "Take GPUs out of use."},
    LINE(""),
    LINE(" NVLINK:"),
    {NULL, "nvlink", NO_VALUE, A_COMMAND, 0, 0, EVER, "The NVLinks of the devices."},
    LINE(""),
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 535, EVER, " C2C:"},
    {NULL, "c2c", NO_VALUE, A_COMMAND, 0, 535, EVER, "The C2C links of the devices."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 535, EVER, ""},
    LINE(" CLOCKS:"),
    {NULL, "clocks", NO_VALUE, A_COMMAND, 0, 0, EVER, "Clocks that are boosted together."},
    LINE(""),
    LINE(" ENCODER SESSIONS:"),
    {NULL, "encodersessions", NO_VALUE, A_COMMAND, 0, 0, EVER, "Sessions of the video encoder."},
    LINE(""),
    LINE(" FBC SESSIONS:"),
    {NULL, "fbcsessions", NO_VALUE, A_COMMAND, 0, 0, EVER, "Sessions of frame buffer capture."},
    LINE(""),
    LINE(" GRID vGPU:"),
    {NULL, "vgpu", NO_VALUE, A_COMMAND, 0, 0, EVER, "Virtual GPUs."},
    LINE(""),
    LINE(" MIG:"),
    {NULL, "mig", NO_VALUE, A_COMMAND, 0, 0, EVER, "GPU instances and compute instances."},
    LINE(""),
    LINE(" COMPUTE POLICY:"),
    {NULL, "compute-policy", NO_VALUE, A_COMMAND, 0, 0, EVER, "Policies of computing, such as time slices."},
    LINE(""),
    LINE(" BOOST SLIDER:"),
    {NULL, "boost-slider", NO_VALUE, A_COMMAND, 0, 0, EVER, "How much clocks are boosted."},
    LINE(""),
    LINE(" POWER HINT:"),
    {NULL, "power-hint", NO_VALUE, A_COMMAND, 0, 0, EVER, "An estimate of the power."},
    LINE(""),
    LINE(" BASE CLOCKS:"),
    {NULL, "base-clocks", NO_VALUE, A_COMMAND, 0, 0, EVER, "The base clocks."},
    LINE(""),
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 610, EVER, " EVENT LOG:"},
    {NULL, "event-log", NO_VALUE, A_COMMAND, 0, 610, EVER, "Events since the driver was loaded."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 610, EVER, ""},
    {NULL, "cper", NO_VALUE, A_COMMAND, 0, 610, EVER, "The same as CPER records."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 610, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 535, EVER, " CONFIDENTIAL COMPUTE:"},
    {NULL, "conf-compute", NO_VALUE, A_COMMAND, 0, 535, EVER, "Confidential computing."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 535, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 535, EVER, " GPU PERFORMANCE MONITORING:"},
    {NULL, "gpm", NO_VALUE, A_COMMAND, 0, 535, EVER, "The monitor of performance."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 535, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 550, EVER, " PCI:"},
    {NULL, "pci", NO_VALUE, A_COMMAND, 0, 550, EVER, "Counters of PCI."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 550, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 570, EVER, " Power Smoothing:"},
    {NULL, "power-smoothing", NO_VALUE, A_COMMAND, 0, 570, EVER, "Smoothing of power."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 570, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 570, EVER, " Power Profiles:"},
    {NULL, "power-profiles", NO_VALUE, A_COMMAND, 0, 570, EVER, "Profiles of power for workloads."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 570, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, " RUSD:"},
    {NULL, "rusd", NO_VALUE, A_COMMAND, 0, 590, EVER, "Settings of the shared read-only buffer."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, " PRM:"},
    {NULL, "prm", NO_VALUE, A_COMMAND, 0, 590, EVER, "Registers of the GPU."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, " SOC:"},
    {NULL, "soc", NO_VALUE, A_COMMAND, 0, 590, EVER, "Figures of a system on a chip."},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 590, EVER, ""},
    {NULL, NULL, NO_VALUE, A_HEADING, 0, 0, 0, NULL},
};

static int named(const char *name, const char *argument, const char **value)
{
    if (!name || !begins_with(argument, name))
        return 0;
    argument += length_of(name);
    *value = *argument == '=' ? argument + 1 : NULL;
    return !*argument || *argument == '=';
}

const struct option *smi_option(int branch, const char *argument, const char **value)
{
    const struct option *option;
    for (option = smi_options; option->text; option++) {
        if (option->role == A_HEADING || option->role == A_COMMAND || option->hidden == REPEATED ||
            branch < option->since || branch > option->until)
            continue;
        if (named(option->brief, argument, value) || named(option->full, argument, value))
            return option;
    }
    return NULL;
}

int has_command(int branch, const char *name)
{
    const struct option *option;
    for (option = smi_options; option->text; option++) {
        if (option->role == A_COMMAND && equal(option->full, name) && branch >= option->since && branch <= option->until)
            return 1;
    }
    return 0;
}

int is_option(const struct option *option, const char *name)
{
    return (option->brief && equal(option->brief, name)) || (option->full && equal(option->full, name));
}

static void put_text(const char *text)
{
    for (; *text; text++) {
        char one[2] = {*text, 0};
        put(one, *text == '\n' ? "                                " : "", NULL);
    }
    put("\n", NULL);
}

static void put_option(const struct option *option)
{
    char left[64] = "    ", name[40];
    if (option->role == A_COMMAND) {
        join(left, sizeof left, "    ", option->full, NULL);
    } else {
        join(name, sizeof name, option->brief ? option->brief : "", option->brief ? "," : "", NULL);
        while (length_of(name) < 6)
            join(name + length_of(name), 2, " ", NULL);
        join(left, sizeof left, "    ", name, option->full, option->value == NO_VALUE ? "" : "=", NULL);
    }
    put_padded(left, length_of(left) < 31 ? 31 : (int)length_of(left));
    put(" ", NULL);
    put_text(option->text);
    if (option->role == A_COMMAND)
        put("                                See \"nvidia-smi ", option->full, " -h\".\n", NULL);
}

void put_help(const char *driver, int branch)
{
    const struct option *option;
    put("NVIDIA System Management Interface -- v", driver, " (mock)\n\n"
        "This program says of the GPUs of a mock machine what NVIDIA's says of real ones. Nothing runs on them.\n\n"
        "nvidia-smi [OPTION1 [ARG1]] [OPTION2 [ARG2]] ...\n\n", NULL);
    for (option = smi_options; option->text; option++) {
        if (option->hidden == 1 || branch < option->since || branch > option->until)
            continue;
        if (option->role == A_HEADING)
            put(option->text, "\n", NULL);
        else
            put_option(option);
    }
    put("Please see the nvidia-smi(1) manual page for more detailed information.\n\n", NULL);
}
