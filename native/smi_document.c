/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_document.h"

#include "smi_state.h"
#include "text.h"

static unsigned to_number(const char *text)
{
    uint64_t value = 0;
    number(text, 10, &value, NULL);
    return (unsigned)value;
}

int smi_has(const char *flags, char letter)
{
    for (; *flags; flags++) {
        if (*flags == letter)
            return 1;
    }
    return 0;
}

const struct line *smi_next(const struct line *line, const char *type, int of_gpu)
{
    for (line = line->next; line; line = line->next) {
        if (equal(line->fields[0], type))
            return line;
        if (of_gpu && equal(line->fields[0], "gpu"))
            return NULL;
    }
    return NULL;
}

static int is_of(unsigned since, unsigned until, unsigned version)
{
    return since <= version && (!until || version < until);
}

static struct smi_row *add_row(struct document *document, const char *path)
{
    struct smi_row *row = &document->rows[document->count];
    const char *name = path;
    int depth = 0;
    if (document->count < ELEMENTS - 1)
        document->count++;
    row->path = path;
    for (; *path; path++) {
        if (*path == '/') {
            depth++;
            name = path + 1;
        }
    }
    row->name = name;
    row->condition = "";
    row->depth = depth;
    row->length = (int)(path - row->path);
    return row;
}

static void add_table(struct document *document)
{
    int i;
    for (i = 0; i < smi_element_count; i++) {
        const struct smi_element *element = &smi_elements[i];
        struct smi_row *row;
        if (!is_of(element->since, element->until, document->version))
            continue;
        row = add_row(document, element->path);
        row->label = element->label;
        row->flags = element->flags;
        row->section = element->section;
        row->text = element->text;
        row->condition = element->condition;
    }
}

/* Labels are as deep as there are labels above them. */
static void set_depths(struct document *document)
{
    int depths[32] = {0}, i;
    for (i = 0; i < document->count; i++) {
        struct smi_row *row = &document->rows[i];
        int depth = row->depth < 30 ? row->depth : 30;
        row->label_depth = depths[depth];
        if (smi_has(row->flags, 'c'))
            depths[depth + 1] = row->label_depth + (row->label[0] != 0);
    }
}

/* Removes an element, or a group and what is in it if *path* ends with a slash. */
static void drop(struct document *document, const char *path)
{
    size_t length = length_of(path);
    int group = length && path[length - 1] == '/', i, kept = 0;
    for (i = 0; i < document->count; i++) {
        const struct smi_row *row = &document->rows[i];
        int is_group = smi_has(row->flags, 'c');
        int meant = group ? begins_with(row->path, path) ||
                                (is_group && length_of(row->path) == length - 1 && begins_with(path, row->path))
                          : !is_group && equal(row->path, path);
        if (!meant)
            document->rows[kept++] = *row;
    }
    document->count = kept;
}

int smi_place(const struct document *document, const char *path, size_t length)
{
    int i;
    for (i = 0; i < document->count; i++) {
        const char *other = document->rows[i].path;
        size_t k = 0;
        if ((size_t)document->rows[i].length != length)
            continue;
        while (k < length && other[k] == path[k])
            k++;
        if (k == length && !smi_has(document->rows[i].flags, 'c'))
            return i;
    }
    return -1;
}

static void read_line(struct document *document, const struct line *line)
{
    const char *const *fields = line->fields;
    int place;
    if (equal(fields[0], "document") && line->count == 3) {
        document->dtd = fields[1];
        document->version = to_number(fields[2]);
        if (!smi_next(line, "row", 0))
            add_table(document);
    } else if (equal(fields[0], "row") && line->count == ROW_FIELDS) {
        struct smi_row *row = add_row(document, fields[ROW_PATH]);
        row->name = fields[ROW_NAME];
        row->label = fields[ROW_LABEL];
        row->flags = fields[ROW_FLAGS];
        row->section = fields[ROW_SECTION];
        row->text = fields[ROW_TEXT];
    } else if (equal(fields[0], "drop") && line->count == 2) {
        drop(document, fields[1]);
    } else if (equal(fields[0], "set") && line->count == 3) {
        place = smi_place(document, fields[1], length_of(fields[1]));
        if (place >= 0)
            document->rows[place].text = fields[2];
    }
}

const struct document *smi_document(const struct view *view)
{
    static struct document document;
    const struct line *line;
    if (document.dtd)
        return &document;
    document.dtd = "nvsmi_device.dtd";
    for (line = view->head; line && !equal(line->fields[0], "gpu"); line = line->next)
        read_line(&document, line);
    set_depths(&document);
    return &document;
}

/* Whether *words*, separated by blanks, have all of *condition*: a word, or "no " and a word. */
static int is_met(const char *words, const char *condition)
{
    int wanted = !begins_with(condition, "no ");
    const char *word = wanted ? condition : condition + 3;
    size_t length = length_of(word);
    while (*words) {
        if (begins_with(words, word) && (!words[length] || words[length] == ' '))
            return wanted;
        while (*words && *words != ' ')
            words++;
        if (*words)
            words++;
    }
    return !wanted;
}

const char *const *smi_texts(const struct view *view, int gpu)
{
    static const char *texts[ELEMENTS];
    static int of = -1;
    static unsigned made;
    unsigned round = smi_state_round(view);
    const struct document *document = smi_document(view);
    const struct line *line = smi_next(view->gpus[gpu], "when", 1);
    const char *when = line && line->count == 2 ? line->fields[1] : "";
    int i;
    if (of == gpu && made == round)
        return texts;
    of = gpu;
    made = round;
    for (i = 0; i < document->count; i++) {
        const struct smi_row *row = &document->rows[i];
        texts[i] = !row->condition[0] || is_met(when, row->condition) ? row->text : NULL;
    }
    for (line = view->gpus[gpu]->next; line && !equal(line->fields[0], "gpu"); line = line->next) {
        int group;
        size_t length;
        if (!equal(line->fields[0], "own") || line->count < 2)
            continue;
        length = length_of(line->fields[1]);
        group = length && line->fields[1][length - 1] == '/';
        i = group ? -1 : smi_place(document, line->fields[1], length);
        if (i >= 0)
            texts[i] = line->count > 2 ? line->fields[2] : NULL;
        for (i = 0; group && i < document->count; i++) {
            if (smi_has(document->rows[i].flags, 'c') && length_of(document->rows[i].path) == length - 1 &&
                begins_with(line->fields[1], document->rows[i].path))
                texts[i] = NULL;
        }
    }
    smi_state_apply(view, gpu, texts);
    return texts;
}

const char *smi_value(const struct view *view, int gpu, const char *path)
{
    int place = smi_place(smi_document(view), path, length_of(path));
    const char *text = place < 0 ? NULL : smi_texts(view, gpu)[place];
    return text ? text : "N/A";
}

const struct smi_field *smi_next_field(const struct view *view, int kind, const struct smi_field *field)
{
    static struct smi_field own;
    static const struct line *line;
    unsigned version = smi_document(view)->version;
    int i = field && field != &own ? (int)(field - smi_fields) + 1 : 0;
    for (; field != &own && i < smi_field_count; i++) {
        if (smi_fields[i].kind == kind && is_of(smi_fields[i].since, smi_fields[i].until, version))
            return &smi_fields[i];
    }
    line = smi_next(field == &own ? line : view->head, "field", 0);
    while (line && line->count != 3)
        line = smi_next(line, "field", 0);
    if (!line || kind != GPU)
        return NULL;
    own.kind = kind;
    own.names = line->fields[1];
    own.unit = line->fields[2];
    own.source = own.flags = own.text = own.section = "";
    return &own;
}

/* Reads a clock in half MHz, which ends with .5 or not; returns 0 if there is none. */
static int halves(const char **at, uint64_t *value)
{
    while (**at == ' ')
        (*at)++;
    if (number(*at, 10, value, at) < 0)
        return 0;
    *value *= 2;
    if (begins_with(*at, ".5")) {
        *value += 1;
        *at += 2;
    }
    return 1;
}

int smi_clocks(const char *text, void (*show)(void *, unsigned, unsigned), void *context)
{
    uint64_t memory, first, last, step;
    int found = 0;
    while (halves(&text, &memory) && *text == ':') {
        found = 1;
        show(context, (unsigned)(memory / 2), 0);
        do {
            text++;
            if (!halves(&text, &first))
                break;
            last = first;
            step = 1;
            if (*text == '-') {
                text++;
                if (!halves(&text, &last) || *text++ != '/' || !halves(&text, &step) || step == 0)
                    return found;
            }
            for (; first >= last; first -= step) {
                show(context, (unsigned)(memory / 2), (unsigned)(first / 2));
                if (first < step)
                    break;
            }
        } while (*text == ',');
        if (*text == ';')
            text++;
    }
    return found;
}
