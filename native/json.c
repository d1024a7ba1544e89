/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "text.h"

enum { DEPTH = 128, NAME_SIZE = 64, OFF_PATH = -1 };

struct reader {
    const char *at;
    const char *end;
    const char *const *path;
    char *out;
    size_t size;
    /* Gets each string there; NULL: there may be one, which must fit. */
    void (*each)(void *context, const char *string);
    void *context;
    int found;
    const char *problem;
};

static int fail(struct reader *r, const char *problem)
{
    r->problem = problem;
    return -1;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static int next_is(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at < r->end && *r->at == c) {
        r->at++;
        return 1;
    }
    return 0;
}

static int hex4(struct reader *r, unsigned *value)
{
    int i;
    *value = 0;
    for (i = 0; i < 4; i++) {
        char c;
        if (r->at >= r->end)
            return fail(r, "ends within a string");
        c = *r->at++;
        if (c >= '0' && c <= '9')
            *value = *value * 16 + (unsigned)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            *value = *value * 16 + (unsigned)((c | 32) - 'a') + 10;
        else
            return fail(r, "has a bad \\u escape");
    }
    return 0;
}

static int escape(struct reader *r, unsigned *code)
{
    unsigned low;
    char c;
    if (r->at >= r->end)
        return fail(r, "ends within a string");
    c = *r->at++;
    switch (c) {
    case '"': case '\\': case '/': *code = (unsigned char)c; return 0;
    case 'b': *code = '\b'; return 0;
    case 'f': *code = '\f'; return 0;
    case 'n': *code = '\n'; return 0;
    case 'r': *code = '\r'; return 0;
    case 't': *code = '\t'; return 0;
    case 'u': break;
    default: return fail(r, "has a bad escape");
    }
    if (hex4(r, code) < 0)
        return -1;
    if (*code >= 0xDC00 && *code < 0xE000)
        return fail(r, "has half a surrogate pair");
    if (*code >= 0xD800 && *code < 0xDC00) {
        if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
            return fail(r, "has half a surrogate pair");
        r->at += 2;
        if (hex4(r, &low) < 0)
            return -1;
        if (low < 0xDC00 || low >= 0xE000)
            return fail(r, "has half a surrogate pair");
        *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    }
    return 0;
}

/* Reads one character of UTF-8, whose first byte is 0x80 or above. */
static int utf8(struct reader *r, unsigned *code)
{
    unsigned first = (unsigned char)*r->at++;
    unsigned least, more;
    if (first >= 0xC2 && first < 0xE0)
        *code = first & 0x1F, more = 1, least = 0x80;
    else if (first >= 0xE0 && first < 0xF0)
        *code = first & 0x0F, more = 2, least = 0x800;
    else if (first >= 0xF0 && first < 0xF5)
        *code = first & 0x07, more = 3, least = 0x10000;
    else
        return fail(r, "is not UTF-8");
    while (more--) {
        if (r->at >= r->end || ((unsigned char)*r->at & 0xC0) != 0x80)
            return fail(r, "is not UTF-8");
        *code = (*code << 6) | ((unsigned char)*r->at++ & 0x3F);
    }
    if (*code < least || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000))
        return fail(r, "is not UTF-8");
    return 0;
}

/* Writes a character as UTF-8; returns the number of bytes. */
static size_t encode(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Reads a string after its opening quote. *fits* says whether *out* holds the whole string, as a C string. */
static int string(struct reader *r, char *out, size_t size, int *fits)
{
    size_t used = 0, i, count;
    *fits = 1;
    while (r->at < r->end) {
        unsigned code = (unsigned char)*r->at;
        char bytes[4];
        if (code == '"') {
            r->at++;
            if (size)
                out[used] = 0;
            return 0;
        }
        if (code < ' ')
            return fail(r, "has a control character in a string");
        if (code == '\\') {
            r->at++;
            if (escape(r, &code) < 0)
                return -1;
        } else if (code < 0x80) {
            r->at++;
        } else if (utf8(r, &code) < 0) {
            return -1;
        }
        count = encode(code, bytes);
        if (code == 0 || used + count >= size) {
            *fits = 0;
            continue;
        }
        for (i = 0; *fits && i < count; i++)
            out[used++] = bytes[i];
    }
    return fail(r, "ends within a string");
}

static int digit(struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int numeral(struct reader *r)
{
    if (*r->at == '-')
        r->at++;
    if (!digit(r))
        return fail(r, "has a bad number");
    if (*r->at == '0')
        r->at++;
    else
        while (digit(r))
            r->at++;
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        if (!digit(r))
            return fail(r, "has a bad number");
        while (digit(r))
            r->at++;
    }
    if (r->at < r->end && (*r->at | 32) == 'e') {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (!digit(r))
            return fail(r, "has a bad number");
        while (digit(r))
            r->at++;
    }
    return 0;
}

static int word(struct reader *r, const char *text)
{
    size_t length = length_of(text), i;
    if ((size_t)(r->end - r->at) < length)
        return fail(r, "has a value that is none");
    for (i = 0; i < length; i++) {
        if (r->at[i] != text[i])
            return fail(r, "has a value that is none");
    }
    r->at += length;
    return 0;
}

static int value(struct reader *r, int depth, int level);

/* Whether each element of an array is on the path. */
static int each_element(const struct reader *r, int level)
{
    return level != OFF_PATH && r->path[level] && equal(r->path[level], "[]");
}

static int object(struct reader *r, int depth, int level)
{
    int met = 0;
    if (next_is(r, '}'))
        return 0;
    do {
        char name[NAME_SIZE];
        int fits, below = OFF_PATH;
        if (!next_is(r, '"'))
            return fail(r, "has an object without a name where one belongs");
        if (string(r, name, sizeof name, &fits) < 0)
            return -1;
        if (!next_is(r, ':'))
            return fail(r, "lacks a colon");
        if (level != OFF_PATH && fits && equal(name, r->path[level])) {
            if (met)
                return fail(r, "has a name twice");
            met = 1;
            below = level + 1;
        }
        if (value(r, depth + 1, below) < 0)
            return -1;
    } while (next_is(r, ','));
    return next_is(r, '}') ? 0 : fail(r, "lacks a closing brace");
}

static int array(struct reader *r, int depth, int below)
{
    if (next_is(r, ']'))
        return 0;
    do {
        if (value(r, depth + 1, below) < 0)
            return -1;
    } while (next_is(r, ','));
    return next_is(r, ']') ? 0 : fail(r, "lacks a closing bracket");
}

/* *level*: how many names of the path lead to this value; OFF_PATH if it is not on the path. */
static int value(struct reader *r, int depth, int level)
{
    int wanted = level != OFF_PATH && !r->path[level];
    int fits;
    if (depth > DEPTH)
        return fail(r, "is nested too deeply");
    skip_blanks(r);
    if (r->at >= r->end)
        return fail(r, "ends too early");
    if (*r->at == '"') {
        r->at++;
        if (string(r, r->out, wanted ? r->size : 0, &fits) < 0)
            return -1;
        if (wanted && !fits && !r->each)
            return fail(r, "has a string there that is no path");
        if (wanted) {
            r->found++;
            if (r->each)
                r->each(r->context, r->out);
        }
        return level != OFF_PATH && !wanted ? fail(r, "has no object there") : 0;
    }
    if (wanted && *r->at != 'n')
        return fail(r, "has no string there");
    switch (*r->at) {
    case '{':
        if (each_element(r, level))
            return fail(r, "has no array there");
        r->at++;
        return object(r, depth, level);
    case '[':
        if (level != OFF_PATH && !each_element(r, level))
            return fail(r, "has no object there");
        r->at++;
        return array(r, depth, level == OFF_PATH ? OFF_PATH : level + 1);
    case 't': return level == OFF_PATH ? word(r, "true") : fail(r, "has no object there");
    case 'f': return level == OFF_PATH ? word(r, "false") : fail(r, "has no object there");
    case 'n': return word(r, "null");
    }
    return level == OFF_PATH ? numeral(r) : fail(r, "has no object there");
}

int json_string_at(const char *text, size_t length, const char *const *path, char *out, size_t size,
                   const char **problem)
{
    struct reader r = {text, text + length, path, out, size, NULL, NULL, 0, NULL};
    *problem = NULL;
    if (value(&r, 0, 0) == 0) {
        skip_blanks(&r);
        if (r.at != r.end)
            fail(&r, "has more after its end");
    }
    *problem = r.problem;
    return r.problem ? -1 : r.found;
}

int json_strings_at(const char *text, size_t length, const char *const *path, char *out, size_t size,
                    void (*each)(void *context, const char *string), void *context, const char **problem)
{
    struct reader r = {text, text + length, path, out, size, each, context, 0, NULL};
    value(&r, 0, 0);
    *problem = r.problem;
    return r.problem ? -1 : r.found;
}
