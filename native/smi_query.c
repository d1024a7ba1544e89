/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi --query-...=... --format=csv, and --help-query-...: the queries for scripts. */
#include "clock.h"
#include "output.h"
#include "smi_document.h"
#include "text.h"

enum { ASKED = 1024, NAME_SIZE = 128 };

/* A field that is asked for, and its number among all fields. */
struct asked {
    const char *const *field;
    int number;
};

struct query {
    const struct view *view;
    int kind, count, header, units;
    struct asked fields[ASKED];
};

/* A row: the GPU, and what its fields that are not of the document say. */
struct row {
    int gpu;
    const char *cause;
    unsigned memory, graphics;
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

static void put_bits(const char *const *texts, int count, const char *source)
{
    char digits[21];
    uint64_t bits = 0, bit = 1;
    for (; *source; source++) {
        int number = *source == '-' ? -1 : smi_number(source);
        if (number >= 0 && number < count && texts[number] && equal(texts[number], "Active"))
            bits |= bit;
        bit <<= 1;
        while (*source && *source != ',')
            source++;
        if (!*source)
            break;
    }
    hexadecimal(bits, digits);
    put("0x", &"0000000000000000"[length_of(digits)], digits, NULL);
}

/* The first text of the elements that says something, or their sum in *digits*; NULL if none does. */
static const char *find(const char *const *texts, int count, const char *source, char digits[21])
{
    int summing = *source == '+', numbers = 0;
    const char *found = NULL;
    uint64_t sum = 0, value;
    for (source += summing; *source; source++) {
        int place = smi_number(source);
        const char *text = place >= 0 && place < count ? texts[place] : NULL;
        if (text && !equal(text, "N/A")) {
            if (!summing)
                return text;
            if (!found)
                found = text;
            if (number(text, 10, &value, NULL) == 0) {
                sum += value;
                numbers++;
            }
        }
        while (*source && *source != ',')
            source++;
        if (!*source)
            break;
    }
    return numbers ? decimal(sum, digits) : found;
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
static const char *own_answer(const struct query *query, int gpu, int number)
{
    const struct line *line = query->view->gpus[gpu];
    while ((line = smi_next(line, "answer", 1))) {
        if (line->count == 3 && smi_number(line->fields[1]) == number)
            return line->fields[2];
    }
    return NULL;
}

static void put_answer(const struct query *query, const struct row *row, const struct asked *asked)
{
    const char *const *field = asked->field, *const *texts = smi_texts(query->view, row->gpu);
    const char *source = field[FIELD_SOURCE], *flags = field[FIELD_FLAGS], *unit = field[FIELD_UNIT], *text;
    int count = smi_document(query->view)->count;
    char digits[21];
    if ((text = own_answer(query, row->gpu, asked->number))) {
        if (!unit[0] || !put_number(query, text, unit))
            put(text, NULL);
        return;
    }
    if (*source == '@') {
        put_other(query, row, source, unit);
        return;
    }
    if (*source == '&') {
        put_bits(texts, count, source + 1);
        return;
    }
    text = find(texts, count, source, digits);
    if (!text) {
        text = field[FIELD_TEXT];
        if (!text[0])
            put(smi_has(flags, 'k') ? "N/A" : "[N/A]", NULL);
        else if (!equal(text, "\"\""))
            put_text(text);
        return;
    }
    if ((unit[0] || smi_has(flags, 'n')) && put_number(query, text, unit))
        return;
    put(smi_has(flags, 'x') ? "0x" : "", NULL);
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
    struct row row = {gpu, "", 0, 0};
    struct clock_rows rows = {query, {gpu, "", 0, 0}};
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
    default: break; /* no process runs */
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
    const struct line *line;
    char word[NAME_SIZE];
    while (next_word(&list, word, sizeof word)) {
        int number = 0;
        for (line = smi_next(query->view->head, "field", 0); line; line = smi_next(line, "field", 0), number++) {
            if (line->count == FIELD_FIELDS && smi_number(line->fields[FIELD_KIND]) == query->kind &&
                has_name(line->fields[FIELD_NAMES], word))
                break;
        }
        if (!line || query->count == ASKED)
            return problem("Field \"", word, "\" is not a valid field to query.");
        query->fields[query->count].field = line->fields;
        query->fields[query->count++].number = number;
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
        const char *unit = query.fields[i].field[FIELD_UNIT];
        put_name(query.fields[i].field[FIELD_NAMES]);
        if (unit[0])
            put(" [", unit, "]", NULL);
        put(i + 1 < query.count ? ", " : "\n", NULL);
    }
    for (i = 0; i < view->chosen_count; i++)
        put_rows(&query, view->chosen[i]);
    return flush();
}

int smi_list_fields(const struct view *view, int kind)
{
    static const char *const switches[] = {"gpu", "compute-apps", "accounted-apps", "retired-pages", "remapped-rows",
                                           "supported-clocks"};
    const struct line *line = view->head;
    put("List of valid properties to query for the switch \"--query-", switches[kind], "\":\n\n", NULL);
    while ((line = smi_next(line, "field", 0))) {
        const char *names = line->fields[FIELD_NAMES];
        if (line->count != FIELD_FIELDS || smi_number(line->fields[FIELD_KIND]) != kind)
            continue;
        if (line->fields[FIELD_SECTION][0])
            put("Section about ", line->fields[FIELD_SECTION], " properties\n\n", NULL);
        while (names) {
            put("\"", NULL);
            names = put_name(names);
            put(names ? "\" or " : "\"\n", NULL);
        }
        if (line->fields[FIELD_DESCRIPTION][0])
            put(line->fields[FIELD_DESCRIPTION], "\n", NULL);
        put("\n", NULL);
    }
    return flush();
}
