/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi -q, with -d, and -q -x: the document of the GPUs, as text or as XML. */
#include "clock.h"
#include "message.h"
#include "output.h"
#include "smi_document.h"
#include "smi_processes.h"
#include "system.h"
#include "text.h"

enum { DEEPEST = 16 };

/* Width of labels and their blanks: 470.256.02, 535.261.03 and 550.163.01 have the narrow one. */
enum { NARROW = 42, WIDE = 55, WIDE_SINCE = 565 };
static int label_width = WIDE;

/* Elements of a MIG device: depth, name in XML, label. A NULL name ends the list; those without a label have children only
 * in the XML. */
static const struct instance_element {
    int depth, label_depth;
    const char *name, *label;
    int value; /* whether the next text of the line belongs to it */
} instance_elements[] = {
    {0, 0, "device_attributes", "Device Attributes", 0},
    {1, 1, "shared", "Shared", 0},
    {2, 2, "multiprocessor_count", "Multiprocessor count", 1},
    {2, 2, "copy_engine_count", "Copy Engine count", 1},
    {2, 2, "encoder_count", "Encoder count", 1},
    {2, 2, "decoder_count", "Decoder count", 1},
    {2, 2, "ofa_count", "OFA count", 1},
    {2, 2, "jpg_count", "JPG count", 1},
    {0, 0, "ecc_error_count", "ECC Errors", 0},
    {1, 1, "volatile_count", "Volatile", 0},
    {2, 2, "sram_uncorrectable", "SRAM Uncorrectable", 1},
    {0, 0, "fb_memory_usage", "Shared FB Memory Usage", 0},
    {1, 1, "total", "Total", 1},
    {1, 1, "reserved", "Reserved", 1},
    {1, 1, "used", "Used", 1},
    {1, 1, "free", "Free", 1},
    {0, 0, "bar1_memory_usage", "Shared BAR1 Memory", 0},
    {1, 1, "total", "Total", 1},
    {1, 1, "used", "Used", 1},
    {1, 1, "free", "Free", 1},
};

enum { INSTANCE_ELEMENTS = sizeof instance_elements / sizeof *instance_elements };

/* What is printed: the format, and the names of the open elements. */
struct page {
    const struct view *view;
    const char *sections;
    int xml, open;
    const char *names[DEEPEST];
};

static void put_tabs(int count)
{
    static const char tabs[] = "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";
    put(tabs + (count < DEEPEST ? DEEPEST - count : 0), NULL);
}

static void put_escaped(const char *text)
{
    char one[2] = "";
    const char *at = text;
    while (*at && *at != '&' && *at != '<' && *at != '>')
        at++;
    if (!*at) {
        put(text, NULL);
        return;
    }
    for (; *text; text++) {
        one[0] = *text;
        put(*text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : one, NULL);
    }
}

/* <name>text</name> */
static void put_element(int tabs, const char *name, const char *text)
{
    put_tabs(tabs);
    put("<", name, ">", NULL);
    put_escaped(text);
    put("</", name, ">\n", NULL);
}

/* A label at a depth, and a text; a NULL text: the head of a group. */
static void put_label(int depth, const char *label, const char *prefix, const char *text)
{
    int i, width = label_width - 4 * depth;
    for (i = 0; i < depth; i++)
        put("    ", NULL);
    if (!text) {
        put(label, "\n", NULL);
        return;
    }
    if ((int)length_of(label) < width)
        put_padded(label, width);
    else
        put(label, NULL);
    put(": ", prefix, text, "\n", NULL);
}

static void close_to(struct page *page, int depth)
{
    while (page->open > depth) {
        put_tabs(--page->open + 2);
        put("</", page->names[page->open], ">\n", NULL);
    }
}

static void open_element(struct page *page, const char *name)
{
    put_tabs(page->open + 2);
    put("<", name, ">\n", NULL);
    if (page->open < DEEPEST)
        page->names[page->open++] = name;
}

/* Whether *list*, separated by commas, has *word*, in capitals or not. */
static int is_listed(const char *list, const char *word)
{
    while (*list) {
        size_t i = 0;
        while (word[i] && (list[i] == word[i] || list[i] == word[i] + 32))
            i++;
        if (!word[i] && (!list[i] || list[i] == ','))
            return 1;
        while (*list && *list != ',')
            list++;
        if (*list)
            list++;
    }
    return 0;
}

static void put_instance(struct page *page, const struct line *line, int index)
{
    const char *identity[3], *names[] = {"index", "gpu_instance_id", "compute_instance_id"};
    static const char *const labels[] = {"Index", "GPU Instance ID", "Compute Instance ID"};
    char digits[21];
    int i, next = INSTANCE_COUNTS;
    identity[0] = decimal((uint64_t)index, digits);
    identity[1] = line->fields[INSTANCE_GI];
    identity[2] = line->fields[INSTANCE_CI];
    if (page->xml)
        open_element(page, "mig_device");
    else
        put_label(1, "MIG Device", NULL, NULL);
    for (i = 0; i < 3; i++) {
        if (page->xml)
            put_element(page->open + 2, names[i], identity[i]);
        else
            put_label(2, labels[i], "", identity[i]);
    }
    for (i = 0; i < INSTANCE_ELEMENTS; i++) {
        const struct instance_element *element = &instance_elements[i];
        const char *text = element->value ? line->fields[next++] : NULL;
        if (!page->xml) {
            put_label(2 + element->label_depth, element->label, "", text);
            continue;
        }
        close_to(page, 2 + element->depth);
        if (text)
            put_element(page->open + 2, element->name, text);
        else
            open_element(page, element->name);
    }
    close_to(page, 1);
}

static void put_instances(struct page *page, int gpu)
{
    const struct line *line = page->view->gpus[gpu];
    int index = 0;
    if (page->xml)
        open_element(page, "mig_devices");
    while ((line = smi_next(line, "instance", 1))) {
        if (line->count == INSTANCE_FIELDS && smi_exists(page->view, "nvidia-caps/nvidia-cap", line->fields[INSTANCE_MINOR]))
            put_instance(page, line, index++);
    }
    if (page->xml && !index)
        put("\t\t\tNone\n", NULL);
    close_to(page, 0);
}

static void put_clock(void *context, unsigned memory, unsigned graphics)
{
    struct page *page = context;
    char digits[21], text[32];
    join(text, sizeof text, decimal(graphics ? graphics : memory, digits), " MHz", NULL);
    if (!page->xml) {
        put_label(graphics ? 3 : 2, graphics ? "Graphics" : "Memory", "", text);
        return;
    }
    if (!graphics) {
        close_to(page, 1);
        open_element(page, "supported_mem_clock");
    }
    put_element(page->open + 2, graphics ? "supported_graphics_clock" : "value", text);
}

static void none(void *context, unsigned memory, unsigned graphics)
{
    (void)context, (void)memory, (void)graphics;
}

static void put_clocks(struct page *page, const char *label, const char *text)
{
    if (!smi_clocks(text, none, NULL)) {
        if (page->xml)
            put_element(2, "supported_clocks", text[0] ? text : "N/A");
        else
            put_label(1, label, "", text[0] ? text : "N/A");
        return;
    }
    if (page->xml)
        open_element(page, "supported_clocks");
    else
        put_label(1, label, NULL, NULL);
    smi_clocks(text, put_clock, page);
    close_to(page, 0);
}

/* What -d adds: readings of the last seconds, of which a mock has had one value. */
static void put_samples(const char *label, const char *value)
{
    int known = !equal(value, "N/A");
    put_label(1, label, NULL, NULL);
    put_label(2, "Duration", "", known ? "2.36 sec" : "Not Found");
    put_label(2, "Number of Samples", "", known ? "119" : "Not Found");
    put_label(2, "Max", "", known ? value : "Not Found");
    put_label(2, "Min", "", known ? value : "Not Found");
    put_label(2, "Avg", "", known ? value : "Not Found");
}

static void put_all_samples(const struct page *page, int gpu)
{
    const struct view *view = page->view;
    if (!page->sections)
        return;
    if (is_listed(page->sections, "UTILIZATION")) {
        put_samples("GPU Utilization Samples", smi_value(view, gpu, "utilization/gpu_util"));
        put_samples("Memory Utilization Samples", smi_value(view, gpu, "utilization/memory_util"));
        put_samples("ENC Utilization Samples", smi_value(view, gpu, "utilization/encoder_util"));
        put_samples("DEC Utilization Samples", smi_value(view, gpu, "utilization/decoder_util"));
    }
    if (is_listed(page->sections, "POWER"))
        put_samples("Power Samples", smi_value(view, gpu, "gpu_power_readings/instant_power_draw"));
    if (is_listed(page->sections, "CLOCK")) {
        put_samples("SM Clock Samples", smi_value(view, gpu, "clocks/sm_clock"));
        put_samples("Memory Clock Samples", smi_value(view, gpu, "clocks/mem_clock"));
    }
}

/* A label of a process, which is narrow in all branches. */
static void put_narrow(int depth, const char *label, const char *text)
{
    int width = label_width;
    label_width = NARROW;
    put_label(depth, label, "", text);
    label_width = width;
}

static void put_process(struct page *page, const struct process *process)
{
    char instance[PROCESS_DIGITS], compute[PROCESS_DIGITS], pid[21], digits[21], memory[64], name[PROCESS_NAME];
    const char *texts[6] = {smi_instance(process->instance, instance), smi_instance(process->compute, compute),
        decimal(process->pid, pid), "C", name, memory};
    static const char *const names[6] = {"gpu_instance_id", "compute_instance_id", "pid", "type", "process_name", "used_memory"};
    static const char *const labels[6] = {"GPU instance ID", "Compute instance ID", "Process ID", "Type", "Name", "Used GPU Memory"};
    int i;
    name_of(process, name, sizeof name);
    if (process->memory == NOT_AVAILABLE)
        join(memory, sizeof memory, page->xml ? "N/A" : "Not available in WDDM driver model", NULL);
    else
        join(memory, sizeof memory, decimal((uint64_t)process->memory, digits), " MiB", NULL);
    if (page->xml)
        open_element(page, "process_info");
    for (i = 0; i < 6; i++) {
        if (page->xml)
            put_element(page->open + 2, names[i], texts[i]);
        else
            put_narrow(i < 3 ? 2 : 3, labels[i], texts[i]);
    }
    close_to(page, 1);
}

static void put_processes(struct page *page, int gpu, const struct smi_row *row)
{
    const struct process *list;
    int count = smi_has(row->flags, 'p') ? smi_processes(page->view, gpu, &list) : 0, i;
    if (page->xml)
        open_element(page, row->name);
    else
        put_label(1, row->label, "", count ? NULL : "None");
    for (i = 0; i < count; i++)
        put_process(page, &list[i]);
    close_to(page, 0);
}

/* Elements that are not a label and a text. Returns 0 for another one. */
static int put_special(struct page *page, int gpu, const struct smi_row *row, const char *text)
{
    const char *flags = row->flags;
    if (smi_has(flags, 'm')) {
        put_instances(page, gpu);
    } else if (smi_has(flags, 's')) {
        put_clocks(page, row->label, text);
    } else if (smi_has(flags, 'p') || smi_has(flags, 'a')) {
        put_processes(page, gpu, row);
    } else {
        return 0;
    }
    return 1;
}

static void put_gpu(struct page *page, int gpu)
{
    const struct document *document = smi_document(page->view);
    const char *const *texts = smi_texts(page->view, gpu);
    int i;
    for (i = 0; i < document->count; i++) {
        const struct smi_row *row = &document->rows[i];
        int group = smi_has(row->flags, 'c');
        if (!texts[i])
            continue;
        if (page->xml) {
            close_to(page, row->depth);
        } else if (smi_has(row->flags, 'x') ||
                   (page->sections ? !is_listed(page->sections, row->section) : smi_has(row->flags, 'd'))) {
            continue;
        }
        if (put_special(page, gpu, row, texts[i]))
            continue;
        if (!page->xml)
            put_label(1 + row->label_depth, row->label,
                      smi_has(row->flags, 'h') && !equal(texts[i], "N/A") ? "0x" : "", group ? NULL : texts[i]);
        else if (group)
            open_element(page, row->name);
        else
            put_element(page->open + 2, row->name, texts[i]);
    }
    close_to(page, 0);
    if (!page->xml)
        put_all_samples(page, gpu);
}

static void put_head(const struct page *page)
{
    const struct line *line = page->view->head;
    char words[32], stamp[32], digits[21];
    time_now(words, stamp);
    if (page->xml)
        put("<?xml version=\"1.0\" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM \"", smi_document(page->view)->dtd,
            "\">\n<nvidia_smi_log>\n", NULL);
    else
        put("\n==============NVSMI LOG==============\n\n", NULL);
    while ((line = smi_next(line, "system", 0))) {
        const char *text = line->fields[SYSTEM_TEXT];
        if (line->count != SYSTEM_FIELDS)
            continue;
        if (equal(text, "@time"))
            text = words;
        if (equal(text, "@count")) {
            text = decimal((uint64_t)page->view->count, digits);
            if (!page->xml)
                put("\n", NULL);
        }
        if (page->xml)
            put_element(1, line->fields[SYSTEM_NAME], text);
        else
            put_label(0, line->fields[SYSTEM_LABEL], "", text);
    }
}

/* Whether some element belongs to the section, or a name of -d has none on this branch. */
static int is_section(const struct view *view, const char *name, size_t length)
{
    static const char others[] = "MEMORY,UTILIZATION,ECC,TEMPERATURE,POWER,CLOCK,COMPUTE,PIDS,PERFORMANCE,SUPPORTED_CLOCKS,"
                                 "PAGE_RETIREMENT,ACCOUNTING,ENCODER_STATS,SUPPORTED_GPU_TARGET_TEMP,VOLTAGE,FBC_STATS,"
                                 "ROW_REMAPPER,RESET_STATUS,GSP_FIRMWARE_VERSION,POWER_SMOOTHING,POWER_PROFILES";
    char word[64];
    size_t i;
    (void)view;
    if (!length || length >= sizeof word)
        return 0;
    for (i = 0; i < length; i++)
        word[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
    word[length] = 0;
    return is_listed(others, word);
}

int smi_report(const struct view *view, const char *sections, int xml)
{
    static struct page page;
    const char *at = sections, *rest;
    uint64_t branch;
    int i;
    while (at && *at) {
        size_t length = 0;
        while (at[length] && at[length] != ',')
            length++;
        if (!is_section(view, at, length)) {
            put("Failed to parse --display/-d flags\n", NULL);
            flush();
            return SMI_BAD_ARGUMENT;
        }
        at += length + (at[length] == ',');
    }
    if (number(view->head->fields[SMI_DRIVER], 10, &branch, &rest) == 0 && branch < WIDE_SINCE)
        label_width = NARROW;
    page.view = view;
    page.sections = sections && *sections ? sections : NULL;
    page.xml = xml;
    put_head(&page);
    for (i = 0; i < view->chosen_count; i++) {
        const char *bus = view->gpus[view->chosen[i]]->fields[GPU_BUS_ID];
        if (xml)
            put("\t<gpu id=\"", bus, "\">\n", NULL);
        else
            put("GPU ", bus, "\n", NULL);
        put_gpu(&page, view->chosen[i]);
        put(xml ? "\t</gpu>\n\n" : "\n", NULL);
    }
    if (xml)
        put("</nvidia_smi_log>\n", NULL);
    return flush();
}
