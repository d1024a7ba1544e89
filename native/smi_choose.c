/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The GPUs that -i names: by index, PCI bus id, serial number, UUID, or the beginning of a UUID that one GPU has. */
#include "smi_commands.h"

#include "text.h"

static int same(const char *a, const char *b, size_t length)
{
    size_t i;
    for (i = 0; i < length; i++) {
        char c = a[i], d = b[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (d >= 'A' && d <= 'Z')
            d = (char)(d + 32);
        if (c != d || !c)
            return 0;
    }
    return 1;
}

static int all_of(const char *id, const char *text, size_t length)
{
    return length > 0 && same(id, text, length) && !text[length];
}

/* Domain, bus, device and function of "[[dddd]dddd:]bb:dd[.f]", hexadecimal; 0 if *text* is not one. */
static int pci_parts(const char *text, uint64_t parts[4])
{
    uint64_t read[3];
    const char *at = text;
    int count = 0;
    for (; count < 3; at++) {
        if (number(at, 16, &read[count], &at) < 0)
            return 0;
        count++;
        if (*at != ':')
            break;
    }
    parts[0] = count == 3 ? read[0] : 0;
    parts[1] = read[count - 2 > 0 ? count - 2 : 0];
    parts[2] = read[count - 1];
    parts[3] = 0;
    if (*at == '.' && number(at + 1, 16, &parts[3], &at) < 0)
        return 0;
    return count > 1 && !*at;
}

static int same_place(const char *id, const char *bus_id)
{
    uint64_t a[4], b[4];
    int i;
    if (!pci_parts(id, a) || !pci_parts(bus_id, b))
        return 0;
    for (i = 0; i < 4; i++) {
        if (a[i] != b[i])
            return 0;
    }
    return 1;
}

static int index_of(const char *id, uint64_t *index)
{
    return begins_with(id, "0x") ? number(id + 2, 16, index, NULL) == 0 : number(id, 10, index, NULL) == 0;
}

/* Marks what one id means. */
static void mark(const struct view *view, const char *id, char *meant)
{
    uint64_t index;
    size_t length = length_of(id);
    int i, begin = -1;
    if (index_of(id, &index)) {
        if (index < (uint64_t)view->count)
            meant[index] = 1;
        /* A serial number is a number, too. */
    }
    for (i = 0; i < view->count; i++) {
        const char *const *fields = view->gpus[i]->fields;
        if (all_of(id, fields[GPU_UUID], length) || all_of(id, fields[GPU_SERIAL], length) ||
            same_place(id, fields[GPU_BUS_ID]))
            meant[i] = 1;
        else if (length > 4 && same(id, "GPU-", 4) && same(id, fields[GPU_UUID], length))
            begin = begin == -1 ? i : -2;
    }
    if (begin >= 0)
        meant[begin] = 1;
}

int smi_choose(struct view *view, const char *ids)
{
    static char meant[MAXIMUM];
    char id[128];
    int i, given = 0;
    while (*ids) {
        size_t length = 0;
        while (ids[length] && ids[length] != ',')
            length++;
        join(id, length + 1 < sizeof id ? length + 1 : sizeof id, ids, NULL);
        if (length > 0 && length < sizeof id)
            mark(view, id, meant);
        given |= length > 0;
        ids += length + (ids[length] == ',');
    }
    if (!given)
        return smi_say(SMI_FAILED, "Failed to parse device string on command line", NULL);
    view->chosen_count = 0;
    for (i = 0; i < view->count; i++) {
        if (meant[i])
            view->chosen[view->chosen_count++] = i;
    }
    return SMI_OK;
}
