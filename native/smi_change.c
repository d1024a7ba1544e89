/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Device modifications. They are checked and answered as by NVIDIA's program on a board that supports them, and change the
 * state of the GPU. Texts and exit statuses: 550.163.01 and 535.261.03, run with an NVML that accepts or refuses each call. */
#include "output.h"
#include "smi_commands.h"
#include "smi_mig_layout.h"
#include "smi_state.h"
#include "system.h"
#include "text.h"

/* What a change does on one GPU. */
enum { DONE, WARNING, DENIED, INVALID, LOST };

struct word {
    const char *name;
    uint64_t number;
};

#define ON_OFF {"DISABLED", 0}, {"ENABLED", 1}, {NULL, 0}
static const struct word on_off[] = {ON_OFF};
static const struct word compute_modes[] = {
    {"DEFAULT", 0}, {"EXCLUSIVE_THREAD", 1}, {"PROHIBITED", 2}, {"EXCLUSIVE_PROCESS", 3}, {NULL, 0}};
static const struct word counters[] = {{"VOLATILE", 0}, {"AGGREGATE", 1}, {NULL, 0}};
static const struct word no_words[] = {{NULL, 0}};

struct context {
    const struct view *view;
    const struct change *change;
    int gpu;             /* the visible one */
    const char *bus_id;
    uint64_t number;     /* the value, if it is one */
    int reboot;          /* printed at the end */
};

static int may_change(void)
{
    return CALL(geteuid, 0) == 0;
}

/* Whether the change is refused: only root may make it, and only where the state can be written. A driver installation
 * without state has nothing to change. */
static int is_refused(const struct context *context, const struct state_edit *edits, int count)
{
    return !may_change() || smi_state_set(context->view, context->gpu, edits, count) > 0;
}

static int is_refused_value(const struct context *context, unsigned setting, uint64_t value)
{
    return is_refused(context, &(struct state_edit){.setting = setting, .value = (int64_t)value}, 1);
}

static int is_value(const struct context *context, const char *path, const char *wanted)
{
    return equal(smi_value(context->view, context->gpu, path), wanted);
}

static int say(int result, const char *a, const char *b, const char *c, const char *d, const char *e)
{
    put(a, b, c, d, e, "\n", NULL);
    return result;
}

static int invalid(const char *what, const struct context *context)
{
    return say(INVALID, "Invalid ", what, ": ", context->change->value, "");
}

static int denied(const char *what, const struct context *context)
{
    return say(DENIED, what, " for GPU ", context->bus_id, ": Insufficient Permissions", "");
}

static int clocks_denied(const struct context *context)
{
    return say(DENIED, "The current user does not have permission to change clocks for GPU ", context->bus_id, ".", "", "");
}

/* Without persistence mode, what was set is lost when the last client goes. */
static int done(const struct context *context)
{
    if (is_value(context, "persistence_mode", "Disabled"))
        put("\nWarning: persistence mode is disabled on device ", context->bus_id,
            ". See the Known Issues section of the nvidia-smi(1) man page for more information. Run with [--help | -h] switch to "
            "get more information on how to enable persistence mode.\n", NULL);
    return DONE;
}

static int persistence_mode(struct context *context)
{
    const char *mode = context->number ? "Enabled" : "Disabled";
    if (context->number > 1)
        return invalid("persistence mode", context);
    if (is_value(context, "persistence_mode", mode))
        return say(DONE, "Persistence mode is already ", mode, " for GPU ", context->bus_id, ".");
    if (is_refused_value(context, SET_PERSISTENCE_MODE, context->number))
        return denied("Unable to set persistence mode", context);
    return say(DONE, mode, " persistence mode for GPU ", context->bus_id, ".", "");
}

static int ecc(struct context *context)
{
    const char *mode = context->number ? "Enabled" : "Disabled";
    if (context->number > 1)
        return invalid("ECC configuration code", context);
    if (!is_value(context, "ecc_mode/current_ecc", "Enabled") && !is_value(context, "ecc_mode/current_ecc", "Disabled"))
        return say(WARNING, "ECC features not supported for GPU ", context->bus_id, ".", "", "");
    if (is_value(context, "ecc_mode/current_ecc", mode))
        return say(DONE, "ECC support is already ", mode, " for GPU ", context->bus_id, ".");
    if (is_refused_value(context, SET_PENDING_ECC_MODE, context->number))
        return denied("Unable to set ECC config", context);
    context->reboot = 1;
    return say(DONE, mode, " ECC support for GPU ", context->bus_id, ".", "");
}

static int ecc_errors(struct context *context)
{
    enum { COUNTS = 6 };
    struct state_edit edits[COUNTS] = {{0, 0, 0}};
    unsigned i;
    if (context->number > 1)
        return invalid("ECC type", context);
    if (!is_value(context, "ecc_mode/current_ecc", "Enabled"))
        return say(WARNING, "ECC features not supported for GPU ", context->bus_id, ".", "", "");
    for (i = 0; i < COUNTS; i++)
        edits[i].setting = (unsigned)(context->number ? SET_AGGREGATE_SRAM_CORRECTED : SET_VOLATILE_SRAM_CORRECTED) + i;
    if (is_refused(context, edits, COUNTS))
        return denied("Unable to clear ECC errors", context);
    return say(DONE, "Reset ", context->number ? "aggregate" : "volatile", " ECC errors to zero for GPU ", context->bus_id, ".");
}

/* In the words of -q. */
static const char *shown_mode(uint64_t number)
{
    static const char *const shown[] = {"Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process"};
    return shown[number];
}

static int compute_mode(struct context *context)
{
    if (context->number > 3)
        return invalid("compute mode", context);
    if (context->number == 1) {
        if (smi_branch(context->view) >= 530)
            return say(WARNING, "Exclusive_Thread was deprecated! Use value 3:Exclusive_Process instead.", "", "", "", "");
        put("Warning: Exclusive_Thread was deprecated! Setting Exclusive_Process instead.\n", NULL);
        context->number = 3;
    }
    if (is_value(context, "compute_mode", shown_mode(context->number)))
        return say(DONE, "Compute mode is already set to ", compute_modes[context->number].name, " for GPU ", context->bus_id, ".");
    if (is_refused_value(context, SET_COMPUTE_MODE, context->number))
        return denied("Unable to set the compute mode", context);
    return say(DONE, "Set compute mode to ", compute_modes[context->number].name, " for GPU ", context->bus_id, ".");
}

/* Watts to milliwatts; -1 if *text* is none. */
static long milliwatts(const char *text)
{
    uint64_t whole = 0, part = 0;
    const char *rest;
    int digits;
    if (number(text, 10, &whole, &rest) < 0 || whole > 1000000)
        return -1;
    if (*rest == '.') {
        for (rest++, digits = 0; digits < 3; digits++)
            part = part * 10 + (*rest >= '0' && *rest <= '9' ? (uint64_t)(*rest++ - '0') : 0);
        while (*rest >= '0' && *rest <= '9')
            rest++;
    }
    return *rest && *rest != ' ' ? -1 : (long)(whole * 1000 + part);
}

static const char *watts(long value, char out[32])
{
    char whole[21], part[21];
    join(out, 32, decimal((uint64_t)value / 1000, whole), ".", decimal((uint64_t)value % 1000 / 10 + 100, part) + 1, " W", NULL);
    return out;
}

static const char *limit_of(const struct context *context, const char *name)
{
    static const char *const sections[] = {"gpu_power_readings/", "gpu_power_readings/gpu_ceiling_power_limit/", "power_readings/"};
    char path[96];
    int i;
    for (i = 0; i < 3; i++) {
        const char *text;
        join(path, sizeof path, sections[i], name, NULL);
        text = smi_value(context->view, context->gpu, path);
        if (milliwatts(text) > 0)
            return text;
    }
    return "";
}

/* The limit of a module is accepted and not stored. */
static int is_of_module(const char *scope)
{
    return scope && scope[0] && !equal(scope, "0") && !equal(scope, "GPU");
}

static int power_limit(struct context *context)
{
    long wanted = milliwatts(context->change->value), now = milliwatts(limit_of(context, "current_power_limit"));
    long least = milliwatts(limit_of(context, "min_power_limit")), most = milliwatts(limit_of(context, "max_power_limit"));
    char a[32], b[32], c[32];
    if (now < 0)
        now = milliwatts(limit_of(context, "power_limit"));
    if (now < 0 || least < 0 || most < 0)
        return say(WARNING, "Changing power management limit is not supported for GPU: ", context->bus_id, ".", "", "");
    if (wanted < least || wanted > most) {
        put("Provided power limit ", watts(wanted, a), " is not a valid power limit which should be between ", watts(least, b),
            " and ", watts(most, c), " for GPU ", context->bus_id, "\n", NULL);
        return INVALID;
    }
    if (is_of_module(context->change->scope) ? !may_change() : is_refused_value(context, SET_POWER_LIMIT, (uint64_t)wanted))
        return denied("Failed to set power management limit", context);
    put("Power limit for GPU ", context->bus_id, " was set to ", watts(wanted, a), " from ", watts(now, b), ".\n", NULL);
    return done(context);
}

/* Boards before Hopper are reset to change the mode, so it waits while a process uses the GPU; later boards refuse it then. */
static int mig_mode(struct context *context)
{
    const char *word = context->number ? "enable" : "disable";
    const struct view *view = context->view;
    struct mig_change change = {.what = MIG_SET_MODE, .mode = (unsigned)context->number};
    struct mig_layout layout;
    uint64_t minor = 0;
    int result;
    if (context->number > 1)
        return invalid("MIG Mode", context);
    if (!view->gpus[context->gpu]->fields[GPU_MIG][0])
        return say(WARNING, "Unable to ", word, " MIG Mode for GPU ", context->bus_id, ": Not Supported");
    if (!may_change())
        return context->number ? denied("Unable to enable MIG Mode", context) : denied("Unable to disable MIG Mode", context);
    smi_mig_layout(view, context->gpu, &layout);
    number(view->gpus[context->gpu]->fields[GPU_MINOR], 10, &minor, NULL);
    if (layout.enabled != change.mode && smi_is_held(view, "nvidia", (unsigned)minor)) {
        if (!begins_with(view->gpus[context->gpu]->fields[GPU_COMPUTE], "8."))
            return say(WARNING, "Unable to ", word, " MIG Mode for GPU ", context->bus_id, ": In use by another client");
        change.waits = 1;
    }
    if (layout.enabled != change.mode || layout.pending != change.mode) {
        result = smi_mig_do(view, context->gpu, &change);
        if (result == MIG_NO_PERMISSION)
            return context->number ? denied("Unable to enable MIG Mode", context) : denied("Unable to disable MIG Mode", context);
        if (result && result != MIG_NOT_SUPPORTED) {
            put("Unable to ", word, " MIG Mode for GPU ", context->bus_id, ": ", smi_mig_text(result), "\n", NULL);
            return WARNING;
        }
        smi_mig_warn(view);
    }
    if (change.waits) {
        put("Warning: MIG mode is in pending ", word, " state for GPU ", context->bus_id, ":In use by another client\n", context->bus_id,
            " is currently being used by one or more other processes (e.g. CUDA application or a monitoring application such as another "
            "instance of nvidia-smi). Please first kill all processes using the device and retry the command or reboot the system to make "
            "MIG mode effective.\n", NULL);
        return DONE;
    }
    put(context->number ? "Enabled" : "Disabled", " MIG Mode for GPU ", context->bus_id, "\n", NULL);
    return done(context);
}

/* One clock or "least,most"; words are taken as NVIDIA's program does (tdp, base, unlimited). */
static int read_clocks(const char *text, char least[16], char most[16], int pair)
{
    size_t comma = 0;
    while (text[comma] && text[comma] != ',')
        comma++;
    if (!comma || comma > 15 || (pair && !text[comma]))
        return 0;
    join(least, comma + 1, text, NULL);
    if (join(most, 16, text[comma] ? text + comma + 1 : least, NULL) < 0)
        return 0;
    return most[0] && (most[0] != ',');
}

static int is_number(const char *text)
{
    uint64_t value;
    return number(text, 10, &value, NULL) == 0;
}

static int is_clock(const char *text)
{
    return is_number(text) || equal(text, "tdp") || equal(text, "base") || equal(text, "unlimited");
}

static int bad_clocks(const struct context *context, const char *rest)
{
    return say(INVALID, "Specified clocks \"", context->change->value, "\" are not valid. Please format input as ", rest, "");
}

static int64_t clock_number(const char *text, int64_t otherwise)
{
    uint64_t value;
    return number(text, 10, &value, NULL) == 0 && value < 1000000 ? (int64_t)value : otherwise;
}

static int64_t clock_in(const char *text)
{
    uint64_t value;
    const char *rest;
    return number(text, 10, &value, &rest) == 0 && value < 1000000 ? (int64_t)value : 0;
}

/* Whether locked clocks are refused. The words of the least clock stand for no limit. */
static int locks(const struct context *context, const char *path, unsigned rest, unsigned setting, const char *least, const char *most)
{
    int64_t now = clock_in(smi_value(context->view, context->gpu, path));
    struct state_edit edits[4] = {{.setting = setting, .value = clock_number(least, 0)},
        {.setting = setting + 1, .value = clock_number(most, 100000)}, {.setting = rest, .value = now},
        {.setting = SET_SM_REST, .value = now}};
    return is_refused(context, edits, rest == SET_GRAPHICS_REST ? 4 : 3);
}

static int gpu_clocks(struct context *context)
{
    char least[16], most[16];
    if (!read_clocks(context->change->value, least, most, 0) || !is_clock(least) || !is_clock(most))
        return bad_clocks(context, "'gpuClkMin,gpuClkMax' or 'gpuClkVal' e.g. '--lock-gpu-clocks=1500,1500', '--lock-gpu-clocks=1500', or '--lock-gpu-clocks=tdp,unlimited'");
    if (locks(context, "clocks/graphics_clock", SET_GRAPHICS_REST, SET_LOCKED_GRAPHICS_CLOCK_MIN, least, most))
        return clocks_denied(context);
    put("GPU clocks set to \"(gpuClkMin ", least, ", gpuClkMax ", most, ")\" for GPU ", context->bus_id, "\n", NULL);
    return done(context);
}

static int memory_clocks(struct context *context)
{
    char least[16], most[16];
    if (!read_clocks(context->change->value, least, most, 0) || !is_number(least) || !is_number(most))
        return bad_clocks(context, "'memClkMin,memClkMax' or 'memClkVal' e.g. --lock-memory-clocks=5100,5100 or --lock-memory-clocks=5100");
    if (locks(context, "clocks/mem_clock", SET_MEMORY_CLOCK_REST, SET_LOCKED_MEMORY_CLOCK_MIN, least, most))
        return clocks_denied(context);
    put("Memory clocks set to \"(memClkMin ", least, ", memClkMax ", most, ")\" for GPU ", context->bus_id, "\n", NULL);
    return done(context);
}

static int application_clocks(struct context *context)
{
    struct state_edit edits[2] = {{.setting = SET_APPLICATION_MEMORY_CLOCK}, {.setting = SET_APPLICATION_GRAPHICS_CLOCK}};
    char memory[16], graphics[16];
    if (!read_clocks(context->change->value, memory, graphics, 1) || !is_number(memory) || !is_number(graphics))
        return bad_clocks(context, "memClk,smClk e.g. --applications-clocks=2000,300");
    edits[0].value = clock_number(memory, 0);
    edits[1].value = clock_number(graphics, 0);
    if (is_refused(context, edits, 2))
        return clocks_denied(context);
    put("Applications clocks set to \"(MEM ", memory, ", SM ", graphics, ")\" for GPU ", context->bus_id, "\n", NULL);
    return done(context);
}

/* -rgc, -rmc, -rac print nothing about a GPU. */
static int reset_clocks(struct context *context)
{
    unsigned first = equal(context->change->name, "-rgc") ? SET_LOCKED_GRAPHICS_CLOCK_MIN
        : equal(context->change->name, "-rmc")            ? SET_LOCKED_MEMORY_CLOCK_MIN
                                                          : SET_APPLICATION_GRAPHICS_CLOCK;
    struct state_edit edits[2] = {{.setting = first, .remove = 1}, {.setting = first + 1, .remove = 1}};
    return is_refused(context, edits, 2) ? clocks_denied(context) : DONE;
}

static int deferred_clocks(struct context *context)
{
    return say(WARNING, "Unable to set Memory locked clocks \"(memClock ", context->change->value, ")\" for GPU ", context->bus_id, ": Not Supported");
}

static int reset_deferred_clocks(struct context *context)
{
    (void)context;
    return say(WARNING, "Reseting deferred memory clocks is not supported\n", "Please unload and reload the driver in order for changes to take effect.", "", "", "");
}

static int accounting(struct context *context)
{
    const char *mode = context->number ? "Enabled" : "Disabled";
    if (context->number > 1)
        return invalid("accounting mode", context);
    if (is_value(context, "accounting_mode", mode))
        return say(DONE, "Accounting Mode is already ", mode, " for GPU ", context->bus_id, ".");
    if (is_refused_value(context, SET_ACCOUNTING_MODE, context->number))
        return denied("Unable to set Accounting Mode", context);
    put(mode, " Accounting Mode for GPU ", context->bus_id, ".\n", NULL);
    return done(context);
}

static int clear_accounting(struct context *context)
{
    if (!may_change())
        return denied("Unable to clear Accounted PIDs", context);
    return say(DONE, "Cleared Accounted PIDs for GPU ", context->bus_id, ".", "", "");
}

/* A reset destroys the instances, and a MIG mode that waited takes effect. */
static void reset_mig(const struct context *context)
{
    struct mig_change change = {.what = MIG_RESET};
    struct mig_layout layout;
    smi_mig_layout(context->view, context->gpu, &layout);
    if ((layout.enabled || layout.pending) && !smi_mig_do(context->view, context->gpu, &change))
        smi_mig_warn(context->view);
}

static int reset(struct context *context)
{
    int refused = may_change() ? smi_reset(context->view, context->gpu) : 1;
    if (refused)
        return refused > 1 ? LOST : say(DENIED, "Unable to reset GPU ", context->bus_id, ": Insufficient Permissions", "", "");
    reset_mig(context);
    return say(DONE, "GPU ", context->bus_id, " was successfully reset.", "", "");
}

static int cuda_clocks(struct context *context)
{
    if (context->number > 1)
        return say(INVALID, "Input should be 0 or 1. See nvidia-smi -h.", "", "", "", "");
    return say(WARNING, "Overriding CUDA clock limit is not supported for this device.", "", "", "", "");
}

/* What current boards do not support, and what NVIDIA's program says then. */
static int not_supported(struct context *context)
{
    static const struct { const char *name, *before, *after; } texts[] = {
        {"--gom", "GOM mode cannot be changed on GPU ", "."},
        {"-vm", "Setting virtualization mode is not supported for GPU ", "."},
        {"-gtt", "GPU Target Temperature Threshold not supported for GPU ", "."},
        {"-dm", "Changing driver models is not supported for GPU ", " on this platform."},
        {"-fdm", "Changing driver models is not supported for GPU ", " on this platform."},
        {"--auto-boost-default", "Enabling/disabling default auto boosted clocks is not supported for GPU: ", "."},
        {"--auto-boost-permission", "Changing auto boosted clocks permissions is not supported for GPU: ", "."},
    };
    unsigned i;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (equal(context->change->name, texts[i].name))
            return say(WARNING, texts[i].before, context->bus_id, texts[i].after, "", "");
    }
    if (equal(context->change->name, "-acp"))
        return say(WARNING, "Warning: This option is deprecated and will be removed in future releases", "", "", "", "");
    return say(WARNING, context->change->name, " is not supported for GPU ", context->bus_id, ".", "");
}

static const struct {
    const char *name;
    int (*run)(struct context *);
    const struct word *words; /* NULL: the value is not a number */
} changes[] = {
    {"-pm", persistence_mode, on_off},
    {"-e", ecc, on_off},
    {"-p", ecc_errors, counters},
    {"-c", compute_mode, compute_modes},
    {"-pl", power_limit, NULL},
    {"-mig", mig_mode, on_off},
    {"-lgc", gpu_clocks, NULL},
    {"-rgc", reset_clocks, NULL},
    {"-lmc", memory_clocks, NULL},
    {"-rmc", reset_clocks, NULL},
    {"-lmcd", deferred_clocks, NULL},
    {"-rmcd", reset_deferred_clocks, NULL},
    {"-ac", application_clocks, NULL},
    {"-rac", reset_clocks, NULL},
    {"-am", accounting, on_off},
    {"-caa", clear_accounting, NULL},
    {"-r", reset, NULL},
    {"-cc", cuda_clocks, no_words},
    {"-vm", not_supported, no_words},
    {"-gtt", not_supported, no_words},
};

static int same_word(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char upper = *a >= 'a' && *a <= 'z' ? (char)(*a - 32) : *a;
        if (upper != *b)
            return 0;
    }
    return *a == *b;
}

/* The number of a value, given as such or as a word. */
static int read_number(const char *text, const struct word *words, uint64_t *value)
{
    if (number(text, 10, value, NULL) == 0)
        return 1;
    for (; words->name; words++) {
        if (same_word(text, words->name)) {
            *value = words->number;
            return 1;
        }
    }
    return 0;
}

static int bad_value(const struct view *view, const struct change *change)
{
    if (smi_branch(view) < 530)
        return smi_say(SMI_BAD_ARGUMENT, "Provided [", change->name, " | ", change->full, "=] value is not a valid or is out of range: ",
                       change->value, ". Please run 'nvidia-smi -h' for help.", NULL);
    return smi_say(SMI_BAD_ARGUMENT, "ERROR: Option ", change->value, " is invalid for ", change->name,
                   ". Please run 'nvidia-smi -h' for help.\n", NULL);
}

static int ended(int result, int strict)
{
    if (result == DONE)
        return SMI_OK;
    if (result == WARNING && !strict) {
        put("Treating as warning and moving on.\n", NULL);
        return SMI_OK;
    }
    return smi_say(result == DENIED ? SMI_NO_PERMISSION : result == INVALID ? SMI_BAD_ARGUMENT : SMI_NOT_SUPPORTED,
                   "Terminating early due to previous errors.", NULL);
}

int smi_change(const struct view *view, const struct change *change)
{
    struct context context = {.view = view, .change = change};
    int (*run)(struct context *) = not_supported;
    unsigned i;
    int at, status;
    for (i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (!equal(change->name, changes[i].name))
            continue;
        run = changes[i].run;
        if (changes[i].words && !read_number(change->value, changes[i].words, &context.number)) {
            if (change->value[0] == '-')
                return smi_say(SMI_FAILED, "Input combination for device modification is not valid.\n", NULL);
            return bad_value(view, change);
        }
    }
    if (run == power_limit && milliwatts(change->value) < 0)
        return change->value[0] == '-' ? smi_say(SMI_FAILED, "Input combination for device modification is not valid.\n", NULL) : bad_value(view, change);
    for (at = 0; at < view->chosen_count; at++) {
        uint64_t number = context.number;
        context.gpu = view->chosen[at];
        context.bus_id = smi_gpu(view, at)[GPU_BUS_ID];
        status = run(&context);
        status = status == LOST ? smi_check_lost(view) : ended(status, change->strict);
        if (status)
            return status;
        context.number = number;
    }
    return smi_say(SMI_OK, "All done.", context.reboot ? "\nReboot required." : "", NULL);
}
