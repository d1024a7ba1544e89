/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_document.h"

#include "smi_state.h"
#include "text.h"

int smi_number(const char *text)
{
    uint64_t value;
    const char *rest;
    return number(text, 10, &value, &rest) == 0 && value < ELEMENTS ? (int)value : -1;
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

const struct document *smi_document(const struct view *view)
{
    static struct document document;
    const struct line *line;
    if (document.dtd)
        return &document;
    document.dtd = "nvsmi_device.dtd";
    for (line = view->head; line; line = line->next) {
        if (equal(line->fields[0], "document") && line->count == 2)
            document.dtd = line->fields[1];
        if (equal(line->fields[0], "element") && line->count == ELEMENT_FIELDS && document.count < ELEMENTS)
            document.elements[document.count++] = line;
        if (equal(line->fields[0], "gpu"))
            break;
    }
    return &document;
}

const char *const *smi_texts(const struct view *view, int gpu)
{
    static const char *texts[ELEMENTS];
    static int of = -1;
    const struct document *document = smi_document(view);
    const struct line *line;
    int i;
    if (!smi_state_moved(view) && of == gpu)
        return texts;
    of = gpu;
    for (i = 0; i < document->count; i++)
        texts[i] = document->elements[i]->fields[ELEMENT_TEXT];
    for (line = view->gpus[gpu]->next; line && !equal(line->fields[0], "gpu"); line = line->next) {
        if (!equal(line->fields[0], "own") || line->count < 2)
            continue;
        i = smi_number(line->fields[1]);
        if (i >= 0 && i < document->count)
            texts[i] = line->count > 2 ? line->fields[2] : NULL;
    }
    smi_state_apply(view, gpu, texts);
    return texts;
}

const char *smi_value(const struct view *view, int gpu, const char *path)
{
    const struct document *document = smi_document(view);
    const char *const *texts = smi_texts(view, gpu);
    int i;
    for (i = 0; i < document->count; i++) {
        if (texts[i] && equal(document->elements[i]->fields[ELEMENT_PATH], path) &&
            !smi_has(document->elements[i]->fields[ELEMENT_FLAGS], 'c'))
            return texts[i];
    }
    return "N/A";
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
