/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi --query-...=... --format=csv, and --help-query-...: the queries for scripts. */
#include "clock.h"
#include "output.h"
#include "smi_document.h"
#include "smi_processes.h"
#include "text.h"

enum { ASKED = 1024, NAME_SIZE = 128 };

struct query {
    const struct view *view;
    int kind, count, header, units;
    struct smi_field fields[ASKED];
};

/* A row: the GPU, and what its fields that are not of the document say. */
struct row {
    int gpu;
    const char *cause;
    unsigned memory, graphics;
    const struct process *process;
};

/* Reads the next word of a list with commas, without the blanks around it; returns 0 at the end. */
static int next_word(const char **list, char *word, size_t size)
{
    const char *at = *list;
    size_t length = 0;
    if (!at)
        return 0;
    while (*at == ' ')
        at++;
    while (at[length] && at[length] != ',')
        length++;
    *list = at[length] ? at + length + 1 : NULL;
    while (length > 0 && at[length - 1] == ' ')
        length--;
    join(word, length + 1 < size ? length + 1 : size, at, NULL);
    return 1;
}

static int problem(const char *text, const char *word, const char *rest)
{
    put(text, word, rest, "\n", NULL);
    flush();
    return SMI_BAD_ARGUMENT;
}

/* Puts a name of a field, up to a blank; returns what follows, or NULL. */
static const char *put_name(const char *names)
{
    char name[NAME_SIZE];
    size_t length = 0;
    while (names[length] && names[length] != ' ')
        length++;
    join(name, length + 1 < sizeof name ? length + 1 : sizeof name, names, NULL);
    put(name, NULL);
    return names[length] ? names + length + 1 : NULL;
}

static int has_name(const char *names, const char *word)
{
    size_t length = length_of(word);
    while (*names) {
        if (begins_with(names, word) && (!names[length] || names[length] == ' '))
            return length > 0;
        while (*names && *names != ' ')
            names++;
        if (*names)
            names++;
    }
    return 0;
}

/* Says that there is no value as a query does. */
static int is_nothing(const char *text)
{
    return equal(text, "N/A") || equal(text, "Requested functionality has been deprecated") ||
           equal(text, "Not Supported") || equal(text, "Unknown Error");
}

static void put_text(const char *text)
{
    if (is_nothing(text))
        put("[", text, "]", NULL);
    else
        put(text, NULL);
}

/* Puts a text that begins with a number as the number and the unit; returns 0 for another text. */
static int put_number(const struct query *query, const char *text, const char *unit)
{
    char digits[32];
    size_t length = 0;
    while ((text[length] >= '0' && text[length] <= '9') || text[length] == '.' || (text[length] == '-' && !length))
        length++;
    if (!length || length >= sizeof digits || (length == 1 && text[0] == '-') ||
        (text[length] && text[length] != ' ' && text[length] != '%' && text[length] != 'x'))
        return 0;
    join(digits, length + 1, text, NULL);
    put(digits, query->units && unit[0] ? " " : NULL, NULL);
    if (query->units)
        put(unit, NULL);
    return 1;
}

/* The text of the next element of a source: paths separated by blanks, each of which may have paths of other branches after a
 * bar. NULL if the GPU does not have it. Moves *source* behind it. */
static const char *next_text(const struct document *document, const char *const *texts, const char **source)
{
    const char *at = *source, *text = NULL;
    int found = 0;
    while (*at && *at != ' ') {
        size_t length = 0;
        int place;
        while (at[length] && at[length] != ' ' && at[length] != '|')
            length++;
        place = found ? -1 : smi_place(document, at, length);
        if (place >= 0) {
            found = 1;
            text = texts[place];
        }
        at += length + (at[length] == '|');
    }
    *source = at + (*at == ' ');
    return text && !equal(text, "N/A") ? text : NULL;
}

static void put_bits(const struct document *document, const char *const *texts, const char *source)
{
    char digits[21];
    uint64_t bits = 0, bit = 1;
    for (; *source; bit <<= 1) {
        const char *text = next_text(document, texts, &source);
        if (text && equal(text, "Active"))
            bits |= bit;
    }
    hexadecimal(bits, digits);
    put("0x", &"0000000000000000"[length_of(digits)], digits, NULL);
}

/* The first text of the elements that says something, or their sum in *digits*; NULL if none does. */
static const char *find(const struct document *document, const char *const *texts, const char *source, char digits[21])
{
    int summing = *source == '+', numbers = 0;
    const char *found = NULL;
    uint64_t sum = 0, value;
    for (source += summing; *source;) {
        const char *text = next_text(document, texts, &source);
        if (!text)
            continue;
        if (!summing)
            return text;
        if (!found)
            found = text;
        if (number(text, 10, &value, NULL) == 0) {
            sum += value;
            numbers++;
        }
    }
    return numbers ? decimal(sum, digits) : found;
}

static void put_of_process(const struct query *query, const struct process *process, const char *names, const char *unit)
{
    char digits[21], name[PROCESS_NAME];
    if (has_name(names, "pid")) {
        put(decimal(process->pid, digits), NULL);
    } else if (has_name(names, "process_name")) {
        name_of(process, name, sizeof name);
        put(name, NULL);
    } else if (has_name(names, "used_gpu_memory") && process->memory != NOT_AVAILABLE) {
        put_number(query, decimal((uint64_t)process->memory, digits), unit);
    } else {
        put("[N/A]", NULL);
    }
}

/* A source that is not of the document. */
static void put_other(const struct query *query, const struct row *row, const char *source, const char *unit)
{
    const struct view *view = query->view;
    char words[32], stamp[32], digits[21];
    if (equal(source, "@time")) {
        time_now(words, stamp);
        put(stamp, NULL);
    } else if (equal(source, "@driver")) {
        put(view->head->fields[SMI_DRIVER], NULL);
    } else if (equal(source, "@count")) {
        put(decimal((uint64_t)view->count, digits), NULL);
    } else if (equal(source, "@index")) {
        put(decimal((uint64_t)row->gpu, digits), NULL);
    } else if (equal(source, "@compute")) {
        const char *capability = view->gpus[row->gpu]->fields[GPU_COMPUTE];
        put_text(capability[0] ? capability : "N/A");
    } else if (equal(source, "@cause")) {
        put(row->cause, NULL);
    } else if (begins_with(source, "@clock") && row->memory) {
        put_number(query, decimal(equal(source, "@clock memory") ? row->memory : row->graphics, digits), unit);
    } else {
        put("[N/A]", NULL);
    }
}

/* The answer that the report of the GPU has apart from the document, or NULL. */
static const char *own_answer(const struct query *query, int gpu, const char *names)
{
    const struct line *line = query->view->gpus[gpu];
    if (query->kind != GPU)
        return NULL;
    while ((line = smi_next(line, "answer", 1))) {
        if (line->count == 3 && has_name(names, line->fields[1]))
            return line->fields[2];
    }
    return NULL;
}

static void put_answer(const struct query *query, const struct row *row, const struct smi_field *field)
{
    const struct document *document = smi_document(query->view);
    const char *const *texts = smi_texts(query->view, row->gpu);
    const char *text = own_answer(query, row->gpu, field->names);
    char digits[21];
    if (text) {
        if (!field->unit[0] || !put_number(query, text, field->unit))
            put(text, NULL);
        return;
    }
    if (row->process && equal(field->source, "@process")) {
        put_of_process(query, row->process, field->names, field->unit);
        return;
    }
    if (field->source[0] == '@') {
        put_other(query, row, field->source, field->unit);
        return;
    }
    if (field->source[0] == '&') {
        put_bits(document, texts, field->source + 1);
        return;
    }
    text = find(document, texts, field->source, digits);
    if (!text) {
        if (!field->text[0])
            put(smi_has(field->flags, 'k') ? "N/A" : "[N/A]", NULL);
        else if (!equal(field->text, "\"\""))
            put_text(field->text);
        return;
    }
    if ((field->unit[0] || smi_has(field->flags, 'n')) && put_number(query, text, field->unit))
        return;
    put(smi_has(field->flags, 'x') ? "0x" : "", NULL);
    put_text(text);
}

static void put_row(const struct query *query, const struct row *row)
{
    int i;
    for (i = 0; i < query->count; i++) {
        put_answer(query, row, &query->fields[i]);
        put(i + 1 < query->count ? ", " : "\n", NULL);
    }
}

struct clock_rows {
    const struct query *query;
    struct row row;
};

static void put_clock_row(void *context, unsigned memory, unsigned graphics)
{
    struct clock_rows *rows = context;
    if (!graphics)
        return;
    rows->row.memory = memory;
    rows->row.graphics = graphics;
    put_row(rows->query, &rows->row);
}

static void put_rows(const struct query *query, int gpu)
{
    struct row row = {gpu, "", 0, 0, NULL};
    struct clock_rows rows = {query, {gpu, "", 0, 0, NULL}};
    const struct process *list;
    int i, count;
    switch (query->kind) {
    case GPU:
    case REMAPPED_ROWS: put_row(query, &row); break;
    case RETIRED_PAGES:
        /* A board that counts its pages has none; another one says so for each cause. */
        if (!equal(smi_value(query->view, gpu, "retired_pages/double_bit_retirement/retired_count"), "N/A"))
            break;
        row.cause = "Single Bit ECC";
        put_row(query, &row);
        row.cause = "Double Bit ECC";
        put_row(query, &row);
        break;
    case SUPPORTED_CLOCKS:
        if (!smi_clocks(smi_value(query->view, gpu, "supported_clocks"), put_clock_row, &rows))
            put_row(query, &row);
        break;
    case COMPUTE_APPS:
        count = smi_processes(query->view, gpu, &list);
        for (i = 0; i < count; i++) {
            row.process = &list[i];
            put_row(query, &row);
        }
        break;
    default: break; /* no process is accounted */
    }
}

static int read_format(struct query *query, const char *format)
{
    char word[NAME_SIZE];
    int csv = 0;
    query->header = query->units = 1;
    while (next_word(&format, word, sizeof word)) {
        if (equal(word, "csv"))
            csv = 1;
        else if (equal(word, "noheader"))
            query->header = 0;
        else if (equal(word, "nounits"))
            query->units = 0;
        else if (word[0])
            return problem("Format modifier is not recognized.", "", "");
    }
    return csv ? SMI_OK : problem("Format modifier --format=csv is mandatory.", "", "");
}

static int read_fields(struct query *query, const char *list)
{
    char word[NAME_SIZE];
    while (next_word(&list, word, sizeof word)) {
        const struct smi_field *field = smi_next_field(query->view, query->kind, NULL);
        while (field && !has_name(field->names, word))
            field = smi_next_field(query->view, query->kind, field);
        if (!field || query->count == ASKED)
            return problem("Field \"", word, "\" is not a valid field to query.");
        query->fields[query->count++] = *field;
    }
    return SMI_OK;
}

int smi_query(const struct view *view, int kind, const char *list, const char *format)
{
    static struct query query;
    int i, status;
    query.view = view;
    query.kind = kind;
    query.count = 0;
    status = read_format(&query, format);
    if (status == SMI_OK)
        status = read_fields(&query, list);
    if (status != SMI_OK)
        return status;
    for (i = 0; query.header && i < query.count; i++) {
        const char *unit = query.fields[i].unit;
        put_name(query.fields[i].names);
        if (unit[0])
            put(" [", unit, "]", NULL);
        put(i + 1 < query.count ? ", " : "\n", NULL);
    }
    for (i = 0; i < view->chosen_count; i++)
        put_rows(&query, view->chosen[i]);
    return flush();
}

/* In words of nvidia-smi -q: the labels of the element that a field comes from. */
static void put_description(const struct document *document, const char *source)
{
    size_t length = 0;
    int place = -1, i, shown = 0;
    source += *source == '+';
    while (*source && *source != '@' && *source != '&' && place < 0) {
        for (length = 0; source[length] && source[length] != '|' && source[length] != ' ';)
            length++;
        place = smi_place(document, source, length);
        if (place < 0)
            source += length + (source[length] != 0);
    }
    for (i = 0; place >= 0 && i <= place; i++) {
        const struct smi_row *row = &document->rows[i];
        const char *label = row->label;
        size_t wide = length_of(row->path);
        int above = smi_has(row->flags, 'c') && wide < length && begins_with(document->rows[place].path, row->path) &&
                    source[wide] == '/';
        while (*label == ' ')
            label++;
        if ((above || i == place) && *label)
            put(shown++ ? ", " : "As nvidia-smi -q shows it: ", label, NULL);
    }
    put(shown ? ".\n" : "", NULL);
}

int smi_list_fields(const struct view *view, int kind)
{
    static const char *const switches[] = {"gpu", "compute-apps", "accounted-apps", "retired-pages", "remapped-rows",
                                           "supported-clocks"};
    const struct smi_field *field = NULL;
    put("List of valid properties to query for the switch \"--query-", switches[kind], "\":\n\n", NULL);
    while ((field = smi_next_field(view, kind, field))) {
        const char *names = field->names;
        if (field->section[0])
            put("Section about ", field->section, " properties\n\n", NULL);
        while (names) {
            put("\"", NULL);
            names = put_name(names);
            put(names ? "\" or " : "\"\n", NULL);
        }
        put_description(smi_document(view), field->source);
        put("\n", NULL);
    }
    return flush();
}
