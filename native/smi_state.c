/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_state.h"

#include "state_elements.h"
#include "system.h"
#include "text.h"

enum { WIDTH = 48, PERIOD = 100 /* milliseconds */ };

static struct state state;
static struct state_own own;
static char path[STATE_PATH];
static int is_looked_for;

/* Beside the program's directory on the node; in a container, in one of the directories to which libraries are mounted. */
static const char *find(const struct view *view)
{
    static const char *const beside[] = {"/", "/usr/", "/usr/lib/"};
    const struct line *line = smi_next(view->head, "state", 0);
    char program[STATE_PATH];
    long length = CALL(readlinkat, AT_FDCWD, "/proc/self/exe", program, sizeof program - 1);
    int i, k;
    is_looked_for = 1;
    if (!line || line->count < 3)
        return NULL;
    for (program[length < 0 ? 0 : length] = 0; length > 0 && program[length - 1] != '/'; length--)
        program[length - 1] = 0;
    for (i = 2; length > 0 && i < line->count; i++) {
        if (join(path, sizeof path, program, line->fields[i], "/", line->fields[1], NULL) == 0 &&
            CALL(faccessat, AT_FDCWD, path, 0) == 0)
            return path;
    }
    for (i = 2; i < line->count; i++) {
        const char *name = line->fields[i];
        while (begins_with(name, "../"))
            name += 3;
        for (k = 0; k < 3; k++) {
            if (join(path, sizeof path, beside[k], name, "/", line->fields[1], NULL) == 0 &&
                CALL(faccessat, AT_FDCWD, path, 0) == 0)
                return path;
        }
    }
    path[0] = 0;
    return NULL;
}

static const char *state_path(const struct view *view)
{
    if (!is_looked_for)
        find(view);
    return path[0] ? path : NULL;
}

int smi_state_moved(const struct view *view)
{
    static int64_t last;
    int64_t now = state_now();
    if (now - last < PERIOD && now >= last)
        return 0;
    last = now;
    return state_path(view) && (state_read(path, &state) > 0 || state.known);
}

/* The number of a visible GPU in the machine. */
static unsigned place_of(const struct view *view, int gpu)
{
    const struct line *line = view->head;
    unsigned place = 0;
    while ((line = smi_next(line, "gpu", 0)) && line != view->gpus[gpu])
        place++;
    return place;
}

static char *signed_decimal(int64_t value, char out[WIDTH])
{
    char digits[21];
    join(out, WIDTH, value < 0 ? "-" : "", decimal((uint64_t)(value < 0 ? -value : value), digits), NULL);
    return out;
}

/* The word of a value in "0=Disabled;1=Enabled". */
static int put_word(const char *words, int64_t value, char out[WIDTH])
{
    uint64_t found;
    const char *rest;
    size_t length;
    while (number(words, 10, &found, &rest) == 0 && *rest == '=') {
        for (rest++, length = 0; rest[length] && rest[length] != ';'; length++)
            ;
        if (value >= 0 && found == (uint64_t)value)
            return join(out, length + 1 < WIDTH ? length + 1 : WIDTH, rest, NULL), 1;
        words = rest[length] ? rest + length + 1 : rest + length;
    }
    return 0;
}

static int put_value(char form, const char *text, int64_t value, char out[WIDTH])
{
    char whole[WIDTH], part[21];
    switch (form) {
    case 'n': return join(out, WIDTH, signed_decimal(value, whole), text, NULL) == 0;
    case 'p': return join(out, WIDTH, text, signed_decimal(value, whole), NULL) == 0;
    case 'w':
        value = value < 0 ? 0 : value;
        return join(out, WIDTH, signed_decimal(value / 1000, whole), ".", decimal((uint64_t)(value % 1000 / 10 + 100), part) + 1, text,
                   NULL) == 0;
    case 't': return put_word(text, value, out);
    default: return 0;
    }
}

/* The word of a pair that stands for no or yes. */
static const char *other_word(const char *text, int yes)
{
    static const char *const pairs[][2] = {{"Disabled", "Enabled"}, {"No", "Yes"}, {"Not Active", "Active"}};
    int i;
    for (i = 0; i < 3; i++) {
        if (equal(text, pairs[i][0]) || equal(text, pairs[i][1]))
            return pairs[i][yes];
    }
    return text;
}

/* A board that does not have an element does not get it by its state. */
static int says_something(const char *text)
{
    return text && !equal(text, "N/A") && !begins_with(text, "Requested") && !begins_with(text, "Insufficient");
}

void smi_state_apply(const struct view *view, int gpu, const char **texts)
{
    static char made[STATE_ELEMENTS][WIDTH];
    const struct document *document = smi_document(view);
    int i;
    if (!state_path(view) || !state_values(&state, place_of(view, gpu), &own))
        return;
    state_evaluate(&own, state_now());
    for (i = 0; i < STATE_ELEMENTS; i++) {
        const struct element *element = &state_elements[i];
        int place = own.is_set[element->setting] ? smi_place(document, element->path, length_of(element->path)) : -1;
        if (place < 0 || !says_something(texts[place]))
            continue;
        if (element->form == 'b')
            texts[place] = other_word(texts[place], own.values[element->setting] != 0);
        else if (put_value(element->form, element->text, own.values[element->setting], made[i]))
            texts[place] = made[i];
    }
}

int64_t smi_state_link(const struct view *view, int gpu, unsigned link, int counter)
{
    unsigned place = SET_FIRST_LINK + 8 * link + 1 + (unsigned)counter;
    smi_state_moved(view);
    if (link >= SET_LINKS || !state_path(view) || !state_values(&state, place_of(view, gpu), &own) || !own.is_set[place])
        return 0;
    return counter < 0 ? !own.values[place] : own.values[place];
}

int smi_state_set(const struct view *view, int gpu, const struct state_edit *edits, int count)
{
    int result;
    if (!state_path(view))
        return -1;
    result = state_write(path, place_of(view, gpu), edits, count);
    if (!result)
        state_read(path, &state);
    return result ? 1 : 0;
}

const struct state_own *smi_state_values(const struct view *view, int gpu)
{
    if (!state_path(view))
        return NULL;
    state_read(path, &state);
    return state_values(&state, place_of(view, gpu), &own) ? &own : NULL;
}

const char *smi_state_file(const struct view *view)
{
    return state_path(view);
}

unsigned smi_state_place(const struct view *view, int gpu)
{
    return place_of(view, gpu);
}
