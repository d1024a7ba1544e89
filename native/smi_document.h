/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The document of each GPU, from which -q, -q -x and the queries are made. plugins/module_utils/layout/smi_document.py
 * writes its lines and describes them. */
#ifndef NVMOCK_SMI_DOCUMENT_H
#define NVMOCK_SMI_DOCUMENT_H

#include "smi.h"

enum { ELEMENTS = 1024 };

/* Fields of the lines. */
enum { SYSTEM_NAME = 1, SYSTEM_LABEL, SYSTEM_TEXT, SYSTEM_FIELDS };
enum {
    ELEMENT_DEPTH = 1,
    ELEMENT_LABEL_DEPTH,
    ELEMENT_FLAGS,
    ELEMENT_SECTION,
    ELEMENT_PATH,
    ELEMENT_NAME,
    ELEMENT_LABEL,
    ELEMENT_TEXT,
    ELEMENT_FIELDS,
};
enum {
    FIELD_KIND = 1,
    FIELD_NAMES,
    FIELD_UNIT,
    FIELD_SOURCE,
    FIELD_FLAGS,
    FIELD_TEXT,
    FIELD_SECTION,
    FIELD_DESCRIPTION,
    FIELD_FIELDS,
};
/* A MIG device; INSTANCE_COUNTS begin the texts in the order of the document. */
enum { INSTANCE_MINOR = 1, INSTANCE_GI, INSTANCE_CI, INSTANCE_COUNTS, INSTANCE_FIELDS = INSTANCE_COUNTS + 14 };

struct document {
    int count;
    const struct line *elements[ELEMENTS];
    const char *dtd;
};

/* The document of the machine; the same every time. */
const struct document *smi_document(const struct view *view);

/* The texts of all elements for a visible GPU, NULL for those that it does not have. Valid until the next call. */
const char *const *smi_texts(const struct view *view, int gpu);

/* The next line of *type* after *line*; NULL if there is none. With *of_gpu*, only those before the next GPU. */
const struct line *smi_next(const struct line *line, const char *type, int of_gpu);

/* Whether the flags of an element or a field have this letter. */
int smi_has(const char *flags, char letter);

/* Calls *show* for each memory clock, with graphics 0, and for each of its graphics clocks (MHz). Returns 0 if the
 * compact text (machine/document/clocks.py) has none. */
int smi_clocks(const char *text, void (*show)(void *context, unsigned memory, unsigned graphics), void *context);

/* The number at the beginning of a line's field, or -1. */
int smi_number(const char *text);

#endif
