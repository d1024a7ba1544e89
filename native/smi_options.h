/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The options of nvidia-smi without a sub command, in the order of -h. Each has the first and the last driver branch that
 * lists it; where a branch between two recorded ones is not recorded, the older one's last is the newer one's predecessor. */
#ifndef NVMOCK_SMI_OPTIONS_H
#define NVMOCK_SMI_OPTIONS_H

/* What an option takes. */
enum { NO_VALUE, A_VALUE, MAYBE_A_VALUE };

/* What an option is for. */
enum {
    A_HEADING,    /* a line of -h, no option */
    ASKS_HELP,    /* these four run alone */
    ASKS_VERSION,
    ASKS_LIST,
    ASKS_FIELDS,  /* --help-query-... */
    OF_QUERY,     /* -q, and what modifies it */
    OF_FIELDS,    /* --query-... */
    OF_FORMAT,    /* --format */
    OF_ALL,       /* -i */
    OF_OUTPUT,    /* -f, -l, -lms */
    CHANGES,      /* device modification: one at a time */
    WITH_CHANGE,  /* modifies a device modification */
    CHANGES_UNIT, /* of a unit, which no machine has */
    A_COMMAND,    /* a line of -h about a sub command */
};

/* No last branch. */
enum { EVER = 9999 };

struct option {
    const char *brief; /* "-i"; NULL if there is none */
    const char *full;  /* "--id"; the name of a sub command */
    char value, role;
    char hidden; /* not in -h, or repeated there */
    short since, until;
    const char *text; /* in -h; lines after the first are indented like it */
};

/* All options; the last one has neither name nor text. */
extern const struct option smi_options[];

/* Finds the option of an argument in a branch; "-x=value" and "--xx=value" set *value*. NULL if there is none. */
const struct option *smi_option(int branch, const char *argument, const char **value);

/* Whether *option* was written with this name, brief or full. */
int is_option(const struct option *option, const char *name);

/* Whether -h of the branch lists a sub command. */
int has_command(int branch, const char *name);

/* Prints -h of a driver version. */
void put_help(const char *driver, int branch);

#endif
