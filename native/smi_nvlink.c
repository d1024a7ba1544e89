/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi nvlink. Texts: 550.163.01, and nvlink -s of 590.48.01, 595.80 and 610.57.04. Nothing goes over the links, so all
 * counts of data are 0. The addresses of NVSwitches are unknown: like NVIDIA's program without them, -p says so and -R prints
 * the GPUs alone. */
#include "output.h"
#include "smi_place.h"
#include "smi_state.h"
#include "smi_sub.h"
#include "text.h"

struct context {
    const struct subarguments *arguments;
    struct links links;
    uint64_t only; /* link */
    int all;
};

/* "26.562 GB/s", "25 GB/s" */
static void put_speed(uint64_t mb_per_s)
{
    char whole[21], part[21];
    size_t length;
    decimal(mb_per_s % 1000 + 1000, part);
    for (length = 4; length > 1 && part[length - 1] == '0'; length--)
        part[length - 1] = 0;
    put(decimal(mb_per_s / 1000, whole), length > 1 ? "." : "", part + 1, " GB/s\n", NULL);
}

static void put_state(uint64_t link, const struct links *links)
{
    char digits[21];
    put("\t Link ", decimal(link, digits), ": ", NULL);
    if (smi_state_link(links->view, links->gpu, (unsigned)link, -1))
        put("<inactive>\n", NULL);
    else
        put_speed(links->mb_per_s);
}

static void put_capabilities(uint64_t link, const struct links *links)
{
    static const char *const names[] = {"P2P is supported", "Access to system memory supported", "P2P atomics supported",
                                        "System memory atomics supported", "SLI is supported", "Link is supported"};
    char digits[21];
    unsigned i;
    (void)links;
    for (i = 0; i < sizeof names / sizeof *names; i++)
        put("\t Link ", decimal(link, digits), ", ", names[i], ": true\n", NULL);
}

static void put_errors(uint64_t link, const struct links *links)
{
    static const char *const names[] = {"Replay", "Recovery", "CRC"};
    char digits[21], count[21];
    unsigned i;
    for (i = 0; i < 3; i++) {
        int64_t errors = smi_state_link(links->view, links->gpu, (unsigned)link, (int)i);
        put("\t Link ", decimal(link, digits), ": ", names[i], " Errors: ", decimal((uint64_t)errors, count), "\n", NULL);
    }
    put("\n", NULL);
}

static void put_reset(uint64_t link, const struct links *links)
{
    struct state_edit edits[5];
    char digits[21];
    unsigned i;
    for (i = 0; i < 5; i++)
        edits[i] = (struct state_edit){.setting = SET_FIRST_LINK + 8 * (unsigned)link + 1 + i, .remove = 1};
    if (link < SET_LINKS)
        smi_state_set(links->view, links->gpu, edits, 5);
    put("\t Link ", decimal(link, digits), ": error counters reset\n", NULL);
}

static void put_data(uint64_t link, const struct links *links)
{
    char digits[21];
    (void)links;
    decimal(link, digits);
    put("\t Link ", digits, ": Data Tx: 0 KiB\n\t Link ", digits, ": Data Rx: 0 KiB\n", NULL);
}

static void put_raw(uint64_t link, const struct links *links)
{
    char digits[21];
    (void)links;
    decimal(link, digits);
    put("\t Link ", digits, ": Raw Tx: 0 KiB\n\t Link ", digits, ": Raw Rx: 0 KiB\n", NULL);
}

/* Says that there is no active link to tell *what* about, in the words of the branch. */
static void put_inactive(const struct context *context, const char *what)
{
    int newer = context->arguments->branch >= 575;
    char digits[21];
    if (newer && !context->links.count && context->links.active)
        put("Device does not have or support Nvlink\n", NULL);
    else if (context->all)
        put("NVML: Unable to retrieve ", newer ? "Nvlink " : "NVLink ", what, " as all links are inActive\n", NULL);
    else
        put("NVML: Unable to retrieve ", newer ? "Nvlink " : "NVLink ", what, " for link ", decimal(context->only, digits), " - inActive\n", NULL);
}

/* In MIG mode a GPU does not use its links. */
static void put_mig(const struct context *context, const char *what)
{
    if (context->arguments->branch >= 575)
        put("Nvlink queries are not supported for Devices in MIG mode\n", NULL);
    else if (what)
        put_inactive(context, what);
}

static void put_links(const struct context *context, void (*put_one)(uint64_t, const struct links *), const char *what)
{
    const struct view *view = context->arguments->view;
    uint64_t link, count = context->links.active ? context->links.count : 0;
    struct links links = context->links;
    int at;
    for (at = 0; at < view->chosen_count; at++) {
        links.view = view;
        links.gpu = view->chosen[at];
        put_gpu_title(view, view->chosen[at]);
        if (equal(smi_gpu(view, at)[GPU_MIG], "Enabled") && context->links.count) {
            put_mig(context, what);
            continue;
        }
        if (count == 0 || (!context->all && context->only >= count)) {
            if (what)
                put_inactive(context, what);
            continue;
        }
        for (link = 0; put_one && link < count; link++) {
            if (context->all || link == context->only)
                put_one(link, &links);
        }
    }
}

/* What NVML does not know ends the command at the first link. */
static int unknown(const struct context *context, const char *what)
{
    char digits[21];
    put_gpu_title(context->arguments->view, context->arguments->view->chosen[0]);
    return smi_say(SMI_NOT_SUPPORTED, "NVML: Unable to retrieve NvLink ", what, " for link ",
                   decimal(context->all ? 0 : context->only, digits), ": Not Supported", NULL);
}

/* Options that NVIDIA's program answers with a warning. */
static int deprecated(const struct subarguments *arguments, const char *warning)
{
    put_gpu_title(arguments->view, arguments->view->chosen[0]);
    return smi_say(SMI_NOT_SUPPORTED, "Warning: ", warning, "\n", NULL);
}

int smi_nvlink(const struct subarguments *arguments)
{
    static const struct { const char *option, *warning; } old[] = {
        {"-sc", "Setting counter control is deprecated!"},
        {"-gc", "Getting counter control is deprecated!"},
        {"-g", "Getting counters using option -g is deprecated. \nPlease use option -gt instead."},
        {"-r", "Resetting throughput counters is deprecated!"}};
    static const struct { const char *option, *what; } without[] = {
        {"-ec", "ECC error counter"}, {"-p", "remote PCI information"}};
    struct context context = {.arguments = arguments, .all = !sub_has(arguments, "-l")};
    const char *traffic = sub_value(arguments, "-gt");
    const char *none = NULL;
    unsigned i;
    int status = sub_number(arguments, "-l", &context.only);
    if (status)
        return status;
    smi_links(arguments->view, &context.links);
    for (i = 0; i < sizeof old / sizeof *old; i++) {
        if (sub_has(arguments, old[i].option))
            return deprecated(arguments, old[i].warning);
    }
    if (sub_has(arguments, "-gBwMode"))
        return smi_say(SMI_NOT_SUPPORTED, "Unable to read nvlink bandwidth mode", NULL);
    if (sub_has(arguments, "-sBwMode"))
        return smi_say(SMI_BAD_ARGUMENT, "Option ", sub_value(arguments, "-sBwMode"), " not found\nUnable to set nvlink bandwidth mode ",
                       sub_value(arguments, "-sBwMode"), NULL);
    if (sub_has(arguments, "-gLowPwrInfo") || sub_has(arguments, "-sLowPwrThres")) {
        put_gpu_title(arguments->view, arguments->view->chosen[0]);
        return smi_say(SMI_NOT_SUPPORTED, "Not supported", NULL);
    }
    if (traffic && !equal(traffic, "d") && !equal(traffic, "r")) {
        put_gpu_title(arguments->view, arguments->view->chosen[0]);
        return smi_say(SMI_BAD_ARGUMENT, "Failed to get throughput counters", NULL);
    }
    for (i = 0; i < sizeof without / sizeof *without; i++) {
        if (sub_has(arguments, without[i].option) && context.links.active && context.links.count)
            return unknown(&context, without[i].what);
    }
    if (sub_has(arguments, "-s"))
        put_links(&context, put_state, "information");
    else if (sub_has(arguments, "-c"))
        put_links(&context, put_capabilities, none);
    else if (sub_has(arguments, "-e"))
        put_links(&context, put_errors, "errors");
    else if (sub_has(arguments, "-re"))
        put_links(&context, put_reset, none);
    else if (traffic)
        put_links(&context, equal(traffic, "d") ? put_data : put_raw, none);
    else
        put_links(&context, NULL, none);
    return flush();
}
