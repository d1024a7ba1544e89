/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The names and texts of error codes. */
#include "cuda.h"

/* Tables of pointers would have to be relocated when the library is loaded. */
static const struct {
#define ERROR(code, name, text) char name_##code[sizeof name], text_##code[sizeof text];
#include "cuda_error_codes.h"
} texts = {
#define ERROR(code, name, text) name, text,
#include "cuda_error_codes.h"
};

static const struct {
    uint16_t code, name, text;
} errors[] = {
#define ERROR(code, name, text) {code, offsetof(__typeof__(texts), name_##code), offsetof(__typeof__(texts), text_##code)},
#include "cuda_error_codes.h"
};

static int find(int code, const char **result, int wants_text)
{
    unsigned i;
    if (!result)
        return INVALID_VALUE;
    *result = NULL;
    for (i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].code == code) {
            *result = (const char *)&texts + (wants_text ? errors[i].text : errors[i].name);
            return SUCCESS;
        }
    }
    return INVALID_VALUE;
}

API int cuGetErrorName(int code, const char **name)
{
    return find(code, name, 0);
}

API int cuGetErrorString(int code, const char **text)
{
    return find(code, text, 1);
}
