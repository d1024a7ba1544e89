/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "smi_state.h"

#include "big.h"
#include "state_elements.h"
#include "system.h"
#include "text.h"

enum { WIDTH = 48 };

static struct state state FIRST_BIG;
static struct state_own own BIG;
static char path[STATE_PATH];
static int is_looked_for, is_old = 1;
static unsigned round;

/* Reads the file; one that exists and can't be read counts, too. */
static int is_there(const char *directory, const char *name, const char *file)
{
    if (join(path, sizeof path, directory, name, "/", file, NULL) < 0)
        return 0;
    return state_read(path, &state) >= 0 || CALL(faccessat, AT_FDCWD, path, 0) == 0;
}

/* Beside the program's directory on the node; in a container, in one of the directories to which libraries are mounted. */
static int find_and_read(const struct view *view)
{
    static const char *const beside[] = {"/", "/usr/", "/usr/lib/"};
    const struct line *line = smi_next(view->head, "state", 0);
    char program[STATE_PATH];
    long length = CALL(readlinkat, AT_FDCWD, "/proc/self/exe", program, sizeof program - 1);
    int i, k;
    is_looked_for = 1;
    if (!line || line->count < 3)
        return 0;
    for (program[length < 0 ? 0 : length] = 0; length > 0 && program[length - 1] != '/'; length--)
        program[length - 1] = 0;
    for (i = 2; length > 0 && i < line->count; i++) {
        if (is_there(program, line->fields[i], line->fields[1]))
            return 1;
    }
    for (i = 2; i < line->count; i++) {
        const char *name = line->fields[i];
        while (begins_with(name, "../"))
            name += 3;
        for (k = 0; k < 3; k++) {
            if (is_there(beside[k], name, line->fields[1]))
                return 1;
        }
    }
    path[0] = 0;
    return 0;
}

unsigned smi_state_round(const struct view *view)
{
    if (is_old && (is_looked_for ? path[0] && (state_read(path, &state) > 0 || state.known) : find_and_read(view)))
        round++;
    is_old = 0;
    return round;
}

void smi_state_forget(void)
{
    is_old = 1;
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
    static char made[STATE_ELEMENTS][WIDTH] BIG;
    const struct document *document = smi_document(view);
    int i;
    if (!path[0] || !state_values(&state, place_of(view, gpu), &own))
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

const struct state_own *smi_state_own(const struct view *view, int gpu)
{
    smi_state_round(view);
    if (!path[0] || !state_values(&state, place_of(view, gpu), &own))
        return NULL;
    state_evaluate(&own, state_now());
    return &own;
}

int64_t smi_state_link(const struct view *view, int gpu, unsigned link, int counter)
{
    unsigned place = SET_FIRST_LINK + 8 * link + 1 + (unsigned)counter;
    smi_state_round(view);
    if (link >= SET_LINKS || !path[0] || !state_values(&state, place_of(view, gpu), &own) || !own.is_set[place])
        return 0;
    return counter < 0 ? !own.values[place] : own.values[place];
}

int smi_state_set(const struct view *view, int gpu, const struct state_edit *edits, int count)
{
    int result;
    smi_state_round(view);
    if (!path[0])
        return -1;
    result = state_write(path, place_of(view, gpu), edits, count);
    smi_state_forget();
    return result ? 1 : 0;
}
