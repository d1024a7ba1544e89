/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Names and order: -h of the sub commands of 470.256.02, 535.261.03 and 550.163.01. The descriptions are not NVIDIA's. */
#include "smi_sub.h"

#include "output.h"
#include "text.h"

const struct suboption smi_suboptions[] = {
    {"topo", NULL, SHOWS_HELP, 0, EVER, "how the devices of the system are connected"},
    {"-m", "--matrix", NO_VALUE, 0, EVER, "The matrix of the connections."},
    {"-mp", "--matrix_pci", NO_VALUE, 0, EVER, "The matrix of the connections by PCIe only."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID, for -n and -p."},
    {"-c", "--cpu", A_VALUE, 0, EVER, "The GPUs that are near this CPU."},
    {"-n", "--nearest_gpus", A_VALUE, 0, EVER, "The GPUs that the one of -i reaches this way:\n0 = a PCIe switch on the same board\n1 = a PCIe switch\n2 = PCIe switches\n3 = a PCIe host bridge\n4 = within a CPU\n5 = across NUMA nodes"},
    {"-p", "--gpu_path", NO_VALUE, 0, EVER, "The way between the two GPUs of -i."},
    {"-p2p", "--p2pstatus", A_VALUE, 0, EVER, "What the GPUs can do with each other:\nr - read\nw - write\nn - NVLink\na - atomics\np - PCIe"},
    {"-C", "--get-numa-id-of-nearby-cpu", NO_VALUE, 530, EVER, "NUMA node of the CPU near the GPU of -i."},
    {"-M", "--get-numa-id-of-nearby-mem", NO_VALUE, 530, EVER, "NUMA node of the memory near the GPU of -i."},
    {"-gnid", "--gpu-numa-id", NO_VALUE, 530, EVER, "NUMA node of the GPU of -i."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"nvlink", NULL, SHOWS_HELP, 0, EVER, "the NVLinks of the devices"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--link", A_VALUE, 0, EVER, "Only this link."},
    {"-s", "--status", NO_VALUE, 0, EVER, "State and speed of the links."},
    {"-c", "--capabilities", NO_VALUE, 0, EVER, "Capabilities of the links."},
    {"-p", "--pcibusid", NO_VALUE, 0, EVER, "PCI bus ID of the other end."},
    {"-R", "--remotelinkinfo", NO_VALUE, 0, EVER, "PCI bus ID and link of the other end."},
    {"-sc", "--setcontrol", A_VALUE, 0, EVER, "Deprecated."},
    {"-gc", "--getcontrol", A_VALUE, 0, EVER, "Deprecated."},
    {"-g", "--getcounters", A_VALUE, 0, EVER, "Deprecated: use -gt."},
    {"-r", "--resetcounters", A_VALUE, 0, EVER, "Deprecated."},
    {"-e", "--errorcounters", NO_VALUE, 0, EVER, "Counts of errors."},
    {"-ec", "--crcerrorcounters", NO_VALUE, 0, EVER, "Counts of CRC errors by lane."},
    {"-re", "--reseterrorcounters", NO_VALUE, 0, EVER, "Set the counts of errors to 0."},
    {"-gt", "--getthroughput", A_VALUE, 0, EVER, "What went over the links:\nd: data\nr: data and overhead"},
    {"-sLowPwrThres", "--setLowPowerThreshold", A_VALUE, 530, EVER, "When a link saves power."},
    {"-gLowPwrInfo", "--getLowPowerInfo", NO_VALUE, 530, EVER, "How links save power."},
    {"-sBwMode", "--setBandwidthMode", A_VALUE, 530, EVER, "Set the bandwidth mode."},
    {"-gBwMode", "--getBandwidthMode", NO_VALUE, 530, EVER, "Show the bandwidth mode."},
    {"-cBridge", "--checkBridge", NO_VALUE, 530, EVER, "Whether bridges are missing."},
    {"mig", NULL, SHOWS_HELP, 0, EVER, "GPU instances and compute instances"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-gi", "--gpu-instance-id", A_VALUE, 0, EVER, "Only these GPU instances."},
    {"-ci", "--compute-instance-id", A_VALUE, 0, EVER, "Only these compute instances."},
    {"-lgip", "--list-gpu-instance-profiles", NO_VALUE, 0, EVER, "List the profiles of GPU instances."},
    {"-lgipp", "--list-gpu-instance-possible-placements", NO_VALUE, 0, EVER, "List where GPU instances can be, as {start}:size."},
    {"-C", "--default-compute-instance", NO_VALUE, 0, EVER, "With -cgi: create a compute instance, too."},
    {"-cgi", "--create-gpu-instance", A_VALUE, 0, EVER, "Create GPU instances of these profiles."},
    {"-dgi", "--destroy-gpu-instance", NO_VALUE, 0, EVER, "Destroy GPU instances."},
    {"-lgi", "--list-gpu-instances", NO_VALUE, 0, EVER, "List the GPU instances."},
    {"-lcip", "--list-compute-instance-profiles", NO_VALUE, 0, EVER, "List the profiles of compute instances."},
    {"-lcipp", "--list-compute-instance-possible-placements", NO_VALUE, 530, EVER, "List where compute instances can be."},
    {"-cci", "--create-compute-instance", MAYBE_A_VALUE, 0, EVER, "Create compute instances of these profiles."},
    {"-dci", "--destroy-compute-instance", NO_VALUE, 0, EVER, "Destroy compute instances."},
    {"-lci", "--list-compute-instances", NO_VALUE, 0, EVER, "List the compute instances."},
    {"dmon", NULL, RUNS, 0, EVER, "a line of figures per device and interval"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-d", "--delay", A_VALUE, 0, EVER, "Interval in seconds."},
    {"-c", "--count", A_VALUE, 0, EVER, "End after so many lines."},
    {"-s", "--select", A_VALUE, 0, EVER, "What is shown, \"puc\" without it:\np - power and temperature\nu - load\nc - clocks\nv - violations of power and temperature\nm - memory\ne - ECC and PCIe errors\nt - PCIe throughput"},
    {NULL, "--gpm-metrics", A_VALUE, 530, EVER, "Metrics of the performance monitor, by number."},
    {NULL, "--gpm-options", A_VALUE, 550, EVER, "Their level: d - device, m - MIG, dm or md - both."},
    {"-o", "--options", A_VALUE, 0, EVER, "D - with the date, T - with the time"},
    {"-f", "--filename", A_VALUE, 0, EVER, "Write to this file instead of to stdout."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {NULL, "--format", A_VALUE, 550, EVER, "csv, nounit, noheader; several with commas."},
    {"pmon", NULL, RUNS, 0, EVER, "a line of figures per process and interval"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-d", "--delay", A_VALUE, 0, EVER, "Interval in seconds, at most 10."},
    {"-c", "--count", A_VALUE, 0, EVER, "End after so many turns."},
    {"-s", "--select", A_VALUE, 0, EVER, "What is shown, \"u\" without it:\nu - load\nm - memory"},
    {"-o", "--options", A_VALUE, 0, EVER, "D - with the date, T - with the time"},
    {"-f", "--filename", A_VALUE, 0, EVER, "Write to this file instead of to stdout."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"daemon", NULL, RUNS, 0, EVER, "a line of figures per device and interval, in the background, into files"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-d", "--delay", A_VALUE, 0, EVER, "Interval in seconds (10)."},
    {"-s", "--select", A_VALUE, 0, EVER, "What is written, as for dmon."},
    {"-p", "--path", A_VALUE, 0, EVER, "Directory to write to."},
    {"-j", "--join", A_VALUE, 0, EVER, "Added to the names of the files."},
    {"-t", "--term", NO_VALUE, 0, EVER, "End the daemon."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"replay", NULL, RUNS, 0, EVER, "shows what daemon has written"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-s", "--select", A_VALUE, 0, EVER, "What is shown, as for dmon."},
    {"-f", "--filename", A_VALUE, 0, EVER, "The file to show."},
    {"-b", "--begin", A_VALUE, 0, EVER, "First time, HH:MM:SS."},
    {"-e", "--end", A_VALUE, 0, EVER, "Last time, HH:MM:SS."},
    {"-r", "--redirect", A_VALUE, 0, EVER, "Write to this file instead of to stdout."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"compute-policy", NULL, SHOWS_HELP, 0, EVER, "policies of computing"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--list", NO_VALUE, 0, EVER, "List the policies."},
    {NULL, "--set-timeslice", A_VALUE, 0, EVER, "Time slice of a GPU:\n0=DEFAULT, 1=SHORT, 2=MEDIUM, 3=LONG"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"drain", NULL, SHOWS_HELP, 0, EVER, "takes GPUs out of use"},
    {"-p", "--pciid", A_VALUE, 0, EVER, "PCI bus ID of the GPU."},
    {"-m", "--modify", A_VALUE, 0, EVER, "0 = in use, 1 = draining"},
    {"-q", "--query", NO_VALUE, 0, EVER, "Show whether it is draining."},
    {"-r", "--remove", NO_VALUE, 0, EVER, "Remove the GPU."},
    {"-d", "--discover", NO_VALUE, 0, EVER, "Bring removed GPUs back."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"c2c", NULL, RUNS, 535, EVER, "the C2C links of the devices"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--link", A_VALUE, 0, EVER, "Only this link."},
    {"-s", "--status", NO_VALUE, 0, EVER, "State of the links."},
    {"clocks", NULL, SHOWS_HELP, 0, EVER, "clocks that are boosted together"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {NULL, "--sync-boost-list", NO_VALUE, 0, EVER, "List the groups."},
    {NULL, "--sync-boost-add", NO_VALUE, 0, EVER, "Add a group."},
    {NULL, "--sync-boost-remove", A_VALUE, 0, EVER, "Remove the group of this number."},
    {"-som", "--sparse-operation-mode", A_VALUE, 530, EVER, "Sparse operation: 0/DISABLED, 1/ENABLED"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"encodersessions", NULL, RUNS, 0, EVER, "sessions of the video encoder"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--loop", MAYBE_A_VALUE, 0, EVER, "Repeat after so many seconds (5)."},
    {"fbcsessions", NULL, RUNS, 0, EVER, "sessions of frame buffer capture"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--loop", MAYBE_A_VALUE, 0, EVER, "Repeat after so many seconds (5)."},
    {"vgpu", NULL, RUNS, 0, EVER, "virtual GPUs"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-q", "--query", NO_VALUE, 0, EVER, "What runs."},
    {"-u", "--utilization", NO_VALUE, 0, EVER, "Load."},
    {NULL, "--gpm-metrics", A_VALUE, 550, EVER, "Metrics of the performance monitor, by number."},
    {"-p", "--pmon", NO_VALUE, 0, EVER, "Load by process."},
    {"-s", "--supported", NO_VALUE, 0, EVER, "Supported types."},
    {"-c", "--creatable", NO_VALUE, 0, EVER, "Types that can be created."},
    {"-es", "--encodersessions", NO_VALUE, 0, EVER, "Sessions of the encoder."},
    {"-m", "--migrationcap", NO_VALUE, 0, EVER, "Whether it can be migrated."},
    {"-ss", "--schedulerstate", NO_VALUE, 530, EVER, "State of the scheduler."},
    {"-sc", "--schedulercaps", NO_VALUE, 530, EVER, "Capabilities of the scheduler."},
    {"-sl", "--schedulerlogs", NO_VALUE, 530, EVER, "Log of the scheduler."},
    {NULL, "--query-vgpu-scheduler-logs", A_VALUE, 530, EVER, "Log of the scheduler, as comma separated values."},
    {"-v", "--verbose", NO_VALUE, 0, EVER, "More about types."},
    {"-l", "--loop", MAYBE_A_VALUE, 0, EVER, "Repeat after so many seconds (5)."},
    {NULL, "--query-accounted-apps", A_VALUE, 0, EVER, "Accounted processes, as comma separated values."},
    {"-caa", "--clear-accounted-apps", NO_VALUE, 0, EVER, "Forget accounted processes."},
    {"-fs", "--fbcsessions", NO_VALUE, 0, EVER, "Sessions of frame buffer capture."},
    {NULL, "topo", A_VALUE, 0, EVER, "Connections of the VM of this ID, with -tm or -p2p."},
    {"-tm", "--matrix", NO_VALUE, 0, EVER, "The matrix of the connections."},
    {"-p2p", "--p2pstatus", A_VALUE, 0, EVER, "What the virtual GPUs can do with each other: r, w, n, a, p"},
    {"-shm", "--set-heterogeneous-mode", A_VALUE, 550, EVER, "Types of different sizes: 0/DISABLED, 1/ENABLED"},
    {"boost-slider", NULL, SHOWS_HELP, 0, EVER, "how much clocks are boosted"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--list", NO_VALUE, 0, EVER, "List the sliders."},
    {NULL, "--vboost", A_VALUE, 0, EVER, "Set the slider of video."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"power-hint", NULL, SHOWS_HELP, 0, EVER, "an estimate of the power"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-l", "--list-info", NO_VALUE, 0, EVER, "List what can be given."},
    {"-gc", "--graphics-clock", A_VALUE, 0, EVER, "Clock of the GPU in MHz."},
    {"-mc", "--memory-clock", A_VALUE, 0, EVER, "Clock of the memory in MHz."},
    {"-t", "--temperature", A_VALUE, 0, EVER, "Temperature in degrees Celsius."},
    {"-p", "--profile", A_VALUE, 0, EVER, "Profile."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"base-clocks", NULL, RUNS, 0, EVER, "the base clocks"},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"conf-compute", NULL, SHOWS_HELP, 535, EVER, "confidential computing"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-gc", "--get-cpu-caps", NO_VALUE, 535, EVER, "What the CPU can do."},
    {"-gg", "--get-gpus-caps", NO_VALUE, 535, EVER, "What the GPUs can do."},
    {"-d", "--get-devtools-mode", NO_VALUE, 535, EVER, "Whether developer tools work."},
    {"-e", "--get-environment", NO_VALUE, 535, EVER, "The environment."},
    {"-f", "--get-cc-feature", NO_VALUE, 535, EVER, "Whether it is on."},
    {"-gm", "--get-mem-size-info", NO_VALUE, 535, EVER, "Protected memory."},
    {"-sm", "--set-unprotected-mem-size", A_VALUE, 535, EVER, "Set the size of unprotected memory in KiB."},
    {"-srs", "--set-gpus-ready-state", A_VALUE, 535, EVER, "Set whether the GPUs are ready."},
    {"-grs", "--get-gpus-ready-state", NO_VALUE, 535, EVER, "Whether the GPUs are ready."},
    {"-skr", "--set-key-rotation-max-attacker-advantage", A_VALUE, 550, EVER, "Set when keys are changed."},
    {"-gkr", "--get-key-rotation-threshold-info", NO_VALUE, 550, EVER, "When keys are changed."},
    {"-mgm", "--get-multigpu-mode", NO_VALUE, 550, EVER, "The mode of several GPUs."},
    {"gpm", NULL, SHOWS_HELP, 535, EVER, "the monitor of performance"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-s", "--set-stream-state", A_VALUE, 0, EVER, "Set whether it streams."},
    {"-g", "--get-stream-state", NO_VALUE, 0, EVER, "Whether it streams."},
    {"pci", NULL, SHOWS_HELP, 550, EVER, "counters of PCI"},
    {"-h", "--help", NO_VALUE, 0, EVER, "Show this text."},
    {"-i", "--id", A_VALUE, 0, EVER, "Index, PCI bus ID or UUID; several with commas."},
    {"-gErrCnt", "--getErrorCounters", NO_VALUE, 0, EVER, "Show the counts of errors."},
    {"-cErrCnt", "--clearErrorCounters", NO_VALUE, 0, EVER, "Set the counts of errors to 0."},
    {NULL, NULL, 0, 0, 0, NULL},
};

static int is_command(const struct suboption *option)
{
    return option->kind >= SHOWS_HELP;
}

static void put_suboption(const struct suboption *option)
{
    const char *text;
    put("    [", option->brief ? option->brief : "N/A", " | ", option->full, "]: ", NULL);
    for (text = option->text; *text; text++) {
        char one[2] = {*text, 0};
        put(one, *text == '\n' ? "                   " : "", NULL);
    }
    put("\n", NULL);
}

void put_sub_help(const struct suboption *command, int branch)
{
    const struct suboption *option;
    put("\n    ", command->brief, " -- ", command->text, "\n\n    Usage: nvidia-smi ", command->brief,
        " [options]\n\n    Options include:\n", NULL);
    for (option = command + 1; option->text && !is_command(option); option++) {
        if (branch >= option->since && branch <= option->until)
            put_suboption(option);
    }
    put("\n", NULL);
}

void put_help_of(const struct subarguments *arguments)
{
    const struct suboption *command;
    for (command = smi_suboptions; command->text; command++) {
        if (is_command(command) && equal(command->brief, arguments->command))
            put_sub_help(command, arguments->branch);
    }
}

static int is_named(const struct suboption *option, const char *argument, const char **value)
{
    const char *names[2] = {option->brief, option->full};
    int i;
    for (i = 0; i < 2; i++) {
        const char *rest;
        if (!names[i] || !begins_with(argument, names[i]))
            continue;
        rest = argument + length_of(names[i]);
        *value = *rest == '=' ? rest + 1 : NULL;
        if (!*rest || *rest == '=')
            return 1;
    }
    return 0;
}

static const struct suboption *find(const struct suboption *command, int branch, const char *argument, const char **value)
{
    const struct suboption *option;
    for (option = command + 1; option->text && !is_command(option); option++) {
        if (branch >= option->since && branch <= option->until && is_named(option, argument, value))
            return option;
    }
    return NULL;
}

const char *sub_value(const struct subarguments *arguments, const char *name)
{
    const char *value = NULL;
    int i;
    for (i = 0; i < arguments->count; i++) {
        const struct suboption *option = arguments->options[i];
        if ((option->brief && equal(option->brief, name)) || equal(option->full, name))
            value = arguments->values[i] ? arguments->values[i] : "";
    }
    return value;
}

int sub_has(const struct subarguments *arguments, const char *name)
{
    return sub_value(arguments, name) != NULL;
}

int sub_number(const struct subarguments *arguments, const char *name, uint64_t *value)
{
    const char *text = sub_value(arguments, name);
    if (!text || number(text, 10, value, NULL) == 0)
        return SMI_OK;
    return smi_say(SMI_BAD_ARGUMENT, "Option \"", text, "\" is invalid for \"", name, "\".", NULL);
}

void put_gpu_title(const struct view *view, int gpu)
{
    char digits[21];
    const char *const *fields = view->gpus[gpu]->fields;
    put("GPU ", decimal((uint64_t)gpu, digits), ": ", fields[GPU_NAME], " (UUID: ", fields[GPU_UUID], ")\n", NULL);
}

/* dmon and pmon show their help after a message, and end with 0. */
static int refuse(const struct suboption *command, int branch, const char *argument, const char *what)
{
    put("Option \"", argument, "\" ", what, "\n", NULL);
    if (!equal(command->brief, "dmon") && !equal(command->brief, "pmon")) {
        flush();
        return SMI_BAD_ARGUMENT;
    }
    put_sub_help(command, branch);
    return flush();
}

static int read_arguments(struct subarguments *arguments, const struct suboption *command, int argc, char **argv)
{
    int i;
    for (i = 2; i < argc && arguments->count < MOST_SUBARGUMENTS; i++) {
        const char *value = NULL;
        const struct suboption *option = find(command, arguments->branch, argv[i], &value);
        if (!option)
            return refuse(command, arguments->branch, argv[i], "is not recognized.");
        if (!value && option->kind == A_VALUE) {
            if (i + 1 == argc)
                return refuse(command, arguments->branch, argv[i], "is missing its value.");
            value = argv[++i];
        } else if (!value && option->kind == MAYBE_A_VALUE && i + 1 < argc && argv[i + 1][0] != '-') {
            value = argv[++i];
        }
        arguments->options[arguments->count] = option;
        arguments->values[arguments->count++] = value;
    }
    return -1;
}

static int run(const struct subarguments *arguments)
{
    static const struct { const char *name; int (*run)(const struct subarguments *); } commands[] = {
        {"topo", smi_topo}, {"nvlink", smi_nvlink}, {"mig", smi_mig}, {"dmon", smi_dmon}, {"pmon", smi_pmon},
        {"compute-policy", smi_compute_policy}, {"drain", smi_drain}};
    unsigned i;
    for (i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (equal(arguments->command, commands[i].name))
            return commands[i].run(arguments);
    }
    return smi_absent(arguments);
}

int smi_command(struct view *view, int argc, char **argv)
{
    struct subarguments arguments = {.view = view, .command = argv[1], .branch = smi_branch(view)};
    const struct suboption *command;
    int status;
    for (command = smi_suboptions; command->text; command++) {
        if (is_command(command) && equal(command->brief, argv[1]) && arguments.branch >= command->since &&
            arguments.branch <= command->until)
            break;
    }
    if (!command->text)
        return -1;
    status = read_arguments(&arguments, command, argc, argv);
    if (status >= 0)
        return status;
    if (sub_has(&arguments, "-h") || (argc == 2 && command->kind == SHOWS_HELP)) {
        put_sub_help(command, arguments.branch);
        return flush();
    }
    if (sub_has(&arguments, "-i")) {
        status = smi_choose(view, sub_value(&arguments, "-i"));
        if (status)
            return status;
    }
    if (view->chosen_count == 0 && !(equal(arguments.command, "topo") && !sub_has(&arguments, "-i")))
        return smi_say(SMI_NOT_FOUND, "No devices were found", NULL);
    if (!equal(arguments.command, "topo") && !equal(arguments.command, "drain")) {
        status = smi_check_lost(view);
        if (status)
            return status;
    }
    return run(&arguments);
}
