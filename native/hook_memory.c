/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* apply-cuda-memory-limits: NVIDIA's tells the driver how much memory of a GPU the container may use, if it asks for that in
 * two variables. Nothing uses a mock GPU's memory, so here the variables are checked, and no limit is set. */
#include "container.h"
#include "hook.h"
#include "message.h"
#include "text.h"

enum { VALUE_SIZE = 64 };

/* 2^64 - 1 bytes, which stands for no limit, in MiB. */
static const uint64_t most = UINT64_MAX >> 20;

struct variable {
    const char *name;
    int there;
    char value[VALUE_SIZE];
};

struct limits {
    struct variable request, limit;
};

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether one of the ids, which commas separate, is blank. */
static int has_blank(const char *ids)
{
    int blank = 1;
    for (;; ids++) {
        if (!*ids || *ids == ',') {
            if (blank || !*ids)
                return blank;
            blank = 1;
        } else if (!is_blank(*ids)) {
            blank = 0;
        }
    }
}

int check_gpu_ids(const struct flag *flags)
{
    int i;
    if (!flags[1].count) {
        complain("--gpu-id: at least one must be given", NULL);
        return 1;
    }
    for (i = 0; i < flags[1].count; i++) {
        if (has_blank(flags[1].values[i])) {
            complain("--gpu-id ", flags[1].values[i], ": must not be empty", NULL);
            return 1;
        }
    }
    return 0;
}

/* The first of a name counts; without a "=" it is there, and empty. */
static void take(struct variable *variable, const char *text)
{
    if (variable->there || !begins_with(text, variable->name))
        return;
    text += length_of(variable->name);
    if (*text && *text != '=')
        return;
    variable->there = 1;
    /* What does not fit is no number either: the cut value is not one. */
    if (*text && join(variable->value, sizeof variable->value, text + 1, NULL) < 0)
        variable->value[0] = '?';
}

static void look(void *context, const char *text)
{
    struct limits *limits = context;
    take(&limits->request, text);
    take(&limits->limit, text);
}

static int mebibytes(const struct variable *variable, uint64_t *value)
{
    char digits[21];
    if (number(variable->value, 10, value, NULL) == 0 && *value <= most)
        return 0;
    complain(variable->name, "=", variable->value, ": must be a whole number of MiB, at most ", decimal(most, digits), NULL);
    return 1;
}

int apply_cuda_memory_limits(const char *state, const struct flag *flags)
{
    struct limits limits = {{"NVIDIA_GPU_MEMORY_REQUEST", 0, ""}, {"NVIDIA_GPU_MEMORY_LIMIT", 0, ""}};
    uint64_t request = 0, limit = most;
    int result = container_variables(state, look, &limits);
    (void)flags;
    if (result)
        return result == NO_CONFIGURATION ? 0 : 1;
    if (!limits.request.there && !limits.limit.there)
        return 0;
    if ((limits.request.there && mebibytes(&limits.request, &request)) ||
        (limits.limit.there && mebibytes(&limits.limit, &limit)))
        return 1;
    if (request > limit) {
        complain(limits.request.name, "=", limits.request.value, ": must not be above ", limits.limit.name, "=",
                 limits.limit.value, NULL);
        return 1;
    }
    complain("GPU memory limits are not simulated: the container starts without one", NULL);
    return 0;
}
