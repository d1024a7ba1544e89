/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The document of each GPU, from which -q, -q -x and the queries are made. plugins/module_utils/layout/smi_document.py
 * writes its lines and describes them. */
#ifndef NVMOCK_SMI_DOCUMENT_H
#define NVMOCK_SMI_DOCUMENT_H

#include <stddef.h>

#include "smi.h"

enum { ELEMENTS = 1024 };

/* The tables of all versions, which native/tables.py writes. since and until are branch * 1000 + minor, 0 for any. */
struct smi_element {
    const char *path, *label, *flags, *section, *text, *condition;
    unsigned since, until;
};
struct smi_field {
    int kind;
    const char *names, *unit, *source, *flags, *text, *section;
    unsigned since, until;
};
extern const struct smi_element smi_elements[];
extern const int smi_element_count;
extern const struct smi_field smi_fields[];
extern const int smi_field_count;

/* Fields of the lines. */
enum { SYSTEM_NAME = 1, SYSTEM_LABEL, SYSTEM_TEXT, SYSTEM_FIELDS };
enum { ROW_PATH = 1, ROW_NAME, ROW_LABEL, ROW_FLAGS, ROW_SECTION, ROW_TEXT, ROW_FIELDS };
/* A MIG device; INSTANCE_COUNTS begin the texts in the order of the document. */
enum { INSTANCE_MINOR = 1, INSTANCE_GI, INSTANCE_CI, INSTANCE_COUNTS, INSTANCE_FIELDS = INSTANCE_COUNTS + 14 };

/* An element of the machine's document. */
struct smi_row {
    const char *path, *name, *label, *flags, *section, *text, *condition;
    int depth, label_depth, length; /* of the path */
};

struct document {
    int count;
    struct smi_row rows[ELEMENTS];
    const char *dtd;
    unsigned version;
};

/* The document of the machine; the same every time. */
const struct document *smi_document(const struct view *view);

/* The texts of all elements for a visible GPU, NULL for those that it does not have. Valid until the next call. */
const char *const *smi_texts(const struct view *view, int gpu);

/* The place of the element with this path, of which only *length* characters count, that has a text; -1 if there is none. */
int smi_place(const struct document *document, const char *path, size_t length);

/* The fields of a query, one after the other; the first for NULL. NULL after the last. */
const struct smi_field *smi_next_field(const struct view *view, int kind, const struct smi_field *field);

/* The next line of *type* after *line*; NULL if there is none. With *of_gpu*, only those before the next GPU. */
const struct line *smi_next(const struct line *line, const char *type, int of_gpu);

/* Whether the flags of an element or a field have this letter. */
int smi_has(const char *flags, char letter);

/* Calls *show* for each memory clock, with graphics 0, and for each of its graphics clocks (MHz). Returns 0 if the
 * compact text (machine/document/clocks.py) has none. */
int smi_clocks(const char *text, void (*show)(void *context, unsigned memory, unsigned graphics), void *context);

#endif
