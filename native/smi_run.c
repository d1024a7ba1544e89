/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi without a sub command: which arguments go together, and what they make it do. Refusals and exit statuses are
 * those of 550.163.01, and of 470.256.02 before branch 530. */
#include "output.h"
#include "smi_commands.h"
#include "smi_options.h"
#include "system.h"
#include "text.h"

enum { MOST_ARGUMENTS = 256, NEW_PARSER = 530 };

struct given {
    const struct option *option; /* NULL: unknown */
    const char *written, *value;
};

struct run {
    int branch, count;
    struct given given[MOST_ARGUMENTS];
    long interval; /* in milliseconds; 0: once */
};

static const char *value_of(const struct run *run, const char *name)
{
    const char *value = NULL;
    int i;
    for (i = 0; i < run->count; i++) {
        if (run->given[i].option && is_option(run->given[i].option, name))
            value = run->given[i].value ? run->given[i].value : "";
    }
    return value;
}

static int has(const struct run *run, const char *name)
{
    return value_of(run, name) != NULL;
}

static int count_role(const struct run *run, int role)
{
    int i, count = 0;
    for (i = 0; i < run->count; i++)
        count += run->given[i].option && run->given[i].option->role == role;
    return count;
}

/* A refusal. *older* is the one of the branches before 530; NULL: the general one. */
static int refuse(const struct run *run, int status, const char *older, const char *a, const char *b, const char *c)
{
    if (run->branch < NEW_PARSER)
        return smi_say(SMI_BAD_ARGUMENT, older ? older : "Invalid combination of input arguments.",
                       " Please run 'nvidia-smi -h' for help.\n", NULL);
    return smi_say(status, a, b, c, NULL);
}

static int missing_value(const struct run *run, const char *written)
{
    char older[128];
    join(older, sizeof older, "Missing value for ", written, " argument.", NULL);
    return refuse(run, SMI_FAILED, older, "ERROR: Option ", written, " is missing its value. Please run 'nvidia-smi -h' for help.\n");
}

static int read_arguments(struct run *run, int argc, char **argv)
{
    const char *next;
    int i;
    for (i = 1; i < argc && run->count < MOST_ARGUMENTS; i++) {
        struct given *given = &run->given[run->count++];
        given->written = argv[i];
        given->option = smi_option(run->branch, argv[i], &given->value);
        if (!given->option || given->value)
            continue;
        if (given->option->value == A_VALUE) {
            if (i + 1 == argc || smi_option(run->branch, argv[i + 1], &next))
                return missing_value(run, argv[i]);
            given->value = argv[++i];
        } else if (given->option->value == MAYBE_A_VALUE && i + 1 < argc && argv[i + 1][0] != '-') {
            given->value = argv[++i];
        }
    }
    return SMI_OK;
}

/* An argument whose role is none of the allowed ones; NULL if there is none. */
static const char *stranger(const struct run *run, const char *allowed)
{
    int i;
    for (i = 0; i < run->count; i++) {
        const struct option *option = run->given[i].option;
        if (!option || !allowed[(int)option->role])
            return run->given[i].written;
    }
    return NULL;
}

/* What runs alone: -h, --version, -L, -B, --help-query-...; -1 if none of them is given. */
static int run_alone(struct view *view, const struct run *run)
{
    static const char order[] = {ASKS_HELP, ASKS_VERSION, ASKS_LIST, ASKS_FIELDS};
    static const struct { const char *name; int kind; } kinds[] = {
        {"--help-query-gpu", GPU}, {"--help-query-compute-apps", COMPUTE_APPS},
        {"--help-query-accounted-apps", ACCOUNTED_APPS}, {"--help-query-retired-pages", RETIRED_PAGES},
        {"--help-query-remapped-rows", REMAPPED_ROWS}, {"--help-query-supported-clocks", SUPPORTED_CLOCKS}};
    const char *other;
    unsigned i, role = 0;
    char allowed[32] = {0};
    while (role < sizeof order && !count_role(run, order[role]))
        role++;
    if (role == sizeof order)
        return -1;
    if (count_role(run, order[role]) > 1)
        return refuse(run, SMI_BAD_ARGUMENT, NULL, "ERROR: Only one command can be run at a time. Please run 'nvidia-smi -h' for help.\n", "", "");
    allowed[(int)order[role]] = 1;
    other = stranger(run, allowed);
    if (other)
        return refuse(run, SMI_BAD_ARGUMENT, NULL, "ERROR: Option ", other, " is not valid for this command. Please run 'nvidia-smi -h' for help.\n");
    if (has(run, "-h")) {
        put_help(view->head->fields[SMI_DRIVER], run->branch);
        return flush();
    }
    if (has(run, "--version"))
        return smi_version(view);
    if (has(run, "-L"))
        return smi_list(view);
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (has(run, kinds[i].name))
            return smi_list_fields(view, kinds[i].kind);
    }
    return smi_say(SMI_OK, "No excluded devices found.", NULL);
}

static int kind_of(const struct run *run)
{
    static const struct { const char *name; int kind; } kinds[] = {
        {"--query-gpu", GPU}, {"--query-compute-apps", COMPUTE_APPS}, {"--query-accounted-apps", ACCOUNTED_APPS},
        {"--query-retired-pages", RETIRED_PAGES}, {"--query-remapped-rows", REMAPPED_ROWS},
        {"--query-supported-clocks", SUPPORTED_CLOCKS}};
    unsigned i;
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (has(run, kinds[i].name))
            return kinds[i].kind;
    }
    return -1;
}

static const char *fields_of(const struct run *run)
{
    int i;
    for (i = 0; i < run->count; i++) {
        if (run->given[i].option && run->given[i].option->role == OF_FIELDS)
            return run->given[i].value;
    }
    return "";
}

static int not_recognized(const struct run *run, int status, const char *written, const char *tail)
{
    return refuse(run, status, NULL, "ERROR: Option ", written, tail);
}

#define FOR_HELP " is not recognized. Please run 'nvidia-smi -h' for help.\n"

static int check_fields(const struct run *run)
{
    static const char allowed[32] = {[OF_FIELDS] = 1, [OF_FORMAT] = 1, [OF_ALL] = 1, [OF_OUTPUT] = 1};
    const char *other = stranger(run, allowed);
    if (other)
        return not_recognized(run, SMI_BAD_ARGUMENT, other, FOR_HELP);
    if (count_role(run, OF_FIELDS) > 1)
        return smi_say(SMI_BAD_ARGUMENT, "Only one --query-* switch can be used at a time.", NULL);
    if (!has(run, "--format"))
        return smi_say(SMI_BAD_ARGUMENT, "\"--format=\" switch is missing. Please run 'nvidia-smi -h' for help.\n", NULL);
    return SMI_OK;
}

static int check_change(const struct run *run)
{
    static const char allowed[32] = {[CHANGES] = 1, [CHANGES_UNIT] = 1, [WITH_CHANGE] = 1, [OF_ALL] = 1};
    const char *other = stranger(run, allowed);
    if (other)
        return not_recognized(run, SMI_FAILED, other, FOR_HELP);
    if (count_role(run, CHANGES) + count_role(run, CHANGES_UNIT) > 1)
        return refuse(run, SMI_BAD_ARGUMENT, NULL, "Invalid combination of input arguments. Only one device modification may be done at a time.\n", "", "");
    if (has(run, "-m") && !has(run, "-lgc"))
        return refuse(run, SMI_BAD_ARGUMENT, NULL, "Invalid combination of input arguments. '--mode' can only be used with '--lock-gpu-clocks'.\n", "", "");
    if (has(run, "-sc") && !has(run, "-pl"))
        return refuse(run, SMI_BAD_ARGUMENT, NULL, "Invalid combination of input arguments. '--scope' can only be used with '--power-limits'.\n", "", "");
    if (count_role(run, CHANGES) + count_role(run, CHANGES_UNIT) == 0) {
        if (run->branch < 550)
            return refuse(run, SMI_FAILED, NULL, "Input combination for device modification is not valid.\n", "", "");
        return not_recognized(run, SMI_FAILED, "-eow", " is not recognized. Please run 'nvidia-smi -h'.\n");
    }
    return SMI_OK;
}

static int check_query(const struct run *run)
{
    static const char allowed[32] = {[OF_QUERY] = 1, [OF_ALL] = 1, [OF_OUTPUT] = 1};
    static const char *const need_query[][2] = {
        {"-u", "Specify -q/--query and -u/--unit to run a unit query. "},
        {"-x", "Specify -q/--query and -x/--xml-format to run an XML query. "},
        {"-d", "Specify -q/--query and -d/--display to run a filtered query. "}};
    const char *other = stranger(run, allowed);
    unsigned i;
    int dtd = has(run, "--dtd"), query = has(run, "-q");
    if (other)
        return not_recognized(run, SMI_FAILED, other, " is not recognized. Please run 'nvidia-smi -h'.\n");
    if (dtd && query && !has(run, "-x"))
        return smi_say(SMI_BAD_ARGUMENT, "Invalid combination of input arguments: Specify -x/--xml-format with the -q/--query and --dtd flags to embed DTD.", NULL);
    if (dtd && !query && has(run, "-x"))
        return not_recognized(run, SMI_FAILED, "-x", FOR_HELP);
    for (i = 0; i < 3 && !query && !dtd; i++) {
        if (has(run, need_query[i][0]))
            return smi_say(SMI_BAD_ARGUMENT, "Invalid combination of input arguments. ", need_query[i][1], " Please run 'nvidia-smi -h' for help.\n", NULL);
    }
    if (has(run, "-d") && has(run, "-x"))
        return smi_say(SMI_BAD_ARGUMENT, "Invalid combination of input arguments: --display/-d flags can not be combined with -x/--xml-format flags.", NULL);
    if (has(run, "-d") && has(run, "-u"))
        return smi_say(SMI_BAD_ARGUMENT, "Invalid combination of input arguments: --display/-d flags can not be combined with -u/--unit flags.", NULL);
    return SMI_OK;
}

/* -l and -lms: a text that is no number, or none, means the default of 5 seconds. */
static int read_interval(struct run *run)
{
    static const struct { const char *name; uint64_t unit; } options[] = {{"-l", 1000}, {"-lms", 1}};
    int i;
    for (i = 0; i < 2; i++) {
        const char *text = value_of(run, options[i].name);
        uint64_t value = 0;
        if (!text)
            continue;
        if (number(text, 10, &value, NULL) < 0)
            value = 5000 / options[i].unit;
        if (value == 0 || value > 1000000000)
            return smi_say(SMI_BAD_ARGUMENT, "Provided [-l(ms) | --loop(-ms)=] value is incorrect. Loop frequency must be greater than 0.\n", NULL);
        run->interval = (long)(value * options[i].unit);
    }
    return SMI_OK;
}

static int open_output(const struct run *run)
{
    const char *path = value_of(run, "-f");
    long fd;
    if (!path)
        return SMI_OK;
    fd = CALL(openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return smi_say(SMI_FAILED, "Failed to create the log file ", path, "\n", NULL);
    output_to((int)fd);
    return SMI_OK;
}

/* The format of the second and further turns, which have no line of names. */
static const char *without_header(const char *format)
{
    static char text[256];
    join(text, sizeof text, format, ",noheader", NULL);
    return text;
}

static int turn(const struct view *view, const struct run *run, int kind, int first)
{
    const char *format = value_of(run, "--format");
    int status = smi_check_lost(view);
    if (status)
        return status;
    if (kind >= 0)
        return smi_query(view, kind, fields_of(run), first ? format : without_header(format));
    if (has(run, "-q"))
        return smi_report(view, value_of(run, "-d"), has(run, "-x"));
    return smi_table(view);
}

static int change_one(const struct view *view, const struct run *run)
{
    struct change change = {.mode = value_of(run, "-m"), .scope = value_of(run, "-sc"), .strict = has(run, "-eow")};
    int i, status;
    for (i = 0; i < run->count; i++) {
        const struct option *option = run->given[i].option;
        if (option->role != CHANGES)
            continue;
        change.name = option->brief ? option->brief : option->full;
        change.full = option->full;
        change.value = run->given[i].value;
    }
    status = has(run, "-r") ? SMI_OK : smi_check_lost(view); /* a reset may bring the GPU back */
    return status ? status : smi_change(view, &change);
}

/* Which of the three kinds of command line it is, and whether it is one. */
static int check(struct run *run)
{
    int status;
    if (count_role(run, OF_FIELDS))
        status = check_fields(run);
    else if (count_role(run, CHANGES) || count_role(run, CHANGES_UNIT) || count_role(run, WITH_CHANGE))
        status = check_change(run);
    else
        status = check_query(run);
    return status ? status : read_interval(run);
}

int smi_run(struct view *view, int argc, char **argv)
{
    static struct run run;
    int status, kind;
    const char *ids;
    run.branch = smi_branch(view);
    status = read_arguments(&run, argc, argv);
    if (status)
        return status;
    status = run_alone(view, &run);
    if (status >= 0)
        return status;
    status = check(&run);
    if (!status)
        status = open_output(&run);
    if (status)
        return status;
    if (count_role(&run, CHANGES_UNIT))
        return smi_say(SMI_NOT_FOUND, "No units found in system", NULL);
    if (has(&run, "--dtd") && !has(&run, "-q"))
        return smi_left_out("--dtd", "the text of a DTD is NVIDIA's");
    if (has(&run, "-col"))
        return smi_left_out("--columns", "its layout is not published");
    if (has(&run, "-u"))
        return smi_units(view, has(&run, "-x"));
    ids = value_of(&run, "-i");
    status = ids ? smi_choose(view, ids) : SMI_OK;
    if (status)
        return status;
    if (view->chosen_count == 0)
        return smi_say(SMI_NOT_FOUND, "No devices were found", NULL);
    if (count_role(&run, CHANGES))
        return change_one(view, &run);
    kind = kind_of(&run);
    status = turn(view, &run, kind, 1);
    while (run.interval && !status) {
        smi_sleep(run.interval);
        status = turn(view, &run, kind, 0);
    }
    return status;
}
