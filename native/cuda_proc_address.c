/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cuGetProcAddress: finds a function by its name without suffixes and a CUDA version. The results are those of the drivers
 * 535 and 550, also for wrong arguments: a version below 0 is the greatest. Names that are newer than the machine's CUDA
 * version do not exist for it. */
#include "cuda.h"
#include "text.h"

/* CUdriverProcAddressQueryResult, CUdriverProcAddress_flags */
enum { FOUND = 0, SYMBOL_NOT_FOUND = 1, VERSION_NOT_SUFFICIENT = 2 };
enum { PER_THREAD_STREAM = 2, ALL_FLAGS = 3 };

#define ANSWERED(name, version) API int name();
#define UNSUPPORTED(name, version)
#include "cuda_names.h"

/* The functions that answer, and the place of each. */
static int (*const answered[])() = {
#define ANSWERED(name, version) name,
#define UNSUPPORTED(name, version)
#include "cuda_names.h"
};

enum {
#define ANSWERED(name, version) AT_##name,
#define UNSUPPORTED(name, version)
#include "cuda_names.h"
    NOT_ANSWERED
};

/* The texts of the names. Tables of pointers would have to be relocated when the library is loaded. */
static const struct {
#define ANSWERED(name, version) char name[sizeof #name];
#define UNSUPPORTED(name, version) char name[sizeof #name];
#include "cuda_names.h"
} texts = {
#define ANSWERED(name, version) #name,
#define UNSUPPORTED(name, version) #name,
#include "cuda_names.h"
};

static const struct name {
    uint16_t text, version;
    uint8_t place;
} names[] = {
#define ANSWERED(name, version) {offsetof(__typeof__(texts), name), version, AT_##name},
#define UNSUPPORTED(name, version) {offsetof(__typeof__(texts), name), version, NOT_ANSWERED},
#include "cuda_names.h"
};

enum { NAMES = sizeof names / sizeof *names };

static const char *text_of(const struct name *name)
{
    return (const char *)&texts + name->text;
}

static int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* The first name that is not before *text*. */
static const struct name *first_not_before(const char *text)
{
    unsigned first = 0, last = NAMES;
    while (first < last) {
        unsigned middle = (first + last) / 2;
        if (compare(text_of(&names[middle]), text) < 0)
            first = middle + 1;
        else
            last = middle;
    }
    return &names[first];
}

/* Skips a suffix such as _v2. */
static const char *after_version(const char *suffix)
{
    return begins_with(suffix, "_v") && suffix[2] >= '0' && suffix[2] <= '9' ? suffix + 3 : suffix;
}

static int is_per_thread(const char *suffix)
{
    return equal(suffix, "_ptds") || equal(suffix, "_ptsz");
}

/* Whether the text ends with a suffix. Only names without suffixes are found. */
static int has_suffix(const char *text)
{
    for (; *text; text++) {
        const char *rest = after_version(text);
        if (is_per_thread(rest) || (rest != text && !*rest))
            return 1;
    }
    return 0;
}

/* Returns how the search ended, and sets the function if it was found. */
static int find(const char *symbol, unsigned version, uint64_t flags, void **function)
{
    const struct name *name, *best = NULL, *best_per_thread = NULL;
    int exists = 0, exists_per_thread = 0;
    size_t length = length_of(symbol);
    if (has_suffix(symbol))
        return SYMBOL_NOT_FOUND;
    for (name = first_not_before(symbol); name < names + NAMES && begins_with(text_of(name), symbol); name++) {
        const char *suffix = after_version(text_of(name) + length);
        int per_thread = is_per_thread(suffix);
        if ((*suffix && !per_thread) || !name->version || name->version > facts.cuda_version)
            continue;
        *(per_thread ? &exists_per_thread : &exists) = 1;
        if (name->version <= version) {
            const struct name **place = per_thread ? &best_per_thread : &best;
            if (!*place || (*place)->version < name->version)
                *place = name;
        }
    }
    if ((flags & PER_THREAD_STREAM) && exists_per_thread)
        best = best_per_thread;
    if (!best)
        return exists ? VERSION_NOT_SUFFICIENT : SYMBOL_NOT_FOUND;
    *function = best->place == NOT_ANSWERED ? (void *)not_supported : (void *)answered[best->place];
    return FOUND;
}

API int cuGetProcAddress_v2(const char *symbol, void **function, unsigned version, uint64_t flags, int *result)
{
    int status;
    if (!symbol || !function || flags & ~(uint64_t)ALL_FLAGS)
        return INVALID_VALUE;
    *function = NULL;
    status = find(symbol, version, flags, function);
    if (result)
        *result = status;
    return SUCCESS;
}

API int cuGetProcAddress(const char *symbol, void **function, unsigned version, uint64_t flags)
{
    if (!symbol || !function || flags & ~(uint64_t)ALL_FLAGS)
        return INVALID_VALUE;
    return find(symbol, version, flags, function) == FOUND ? SUCCESS : NOT_FOUND;
}
