/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <linux/time_types.h>

#include "system.h"
#include "text.h"

enum { START = 4096, HEAD = 64, SLOT = 24 + STATE_ENTRIES * 16, CHECKED = 20, TRIES = 4, FORMAT = 1 };
enum { LINE = 1024, MAPS = 4096 };
#define MOST ((int64_t)1 << 53)

_Static_assert(sizeof(struct state_entry) == 16, "layout/state_file.py has the same layout");
_Static_assert(sizeof(struct state_slot) == SLOT, "layout/state_file.py has the same layout");

struct head {
    char magic[8];
    uint32_t version, gpu_count, slot_size, identity;
    uint64_t active;
};

static uint32_t crc(uint32_t sum, const void *data, size_t length)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const unsigned char *byte = data;
    sum = ~sum;
    while (length--) {
        sum ^= *byte++;
        sum = table[sum & 15] ^ (sum >> 4);
        sum = table[sum & 15] ^ (sum >> 4);
    }
    return ~sum;
}

uint32_t state_checksum(const struct state_slot *slot)
{
    return crc(crc(0, slot, CHECKED), slot->entries, slot->count * sizeof *slot->entries);
}

/* The first 64 bits of the identifier. Read once: it never changes. */
uint64_t state_boot(void)
{
    static uint64_t boot;
    static int known;
    char text[64];
    long length, i;
    int fd, digits = 0;
    uint64_t found = 0;
    if (known)
        return boot;
    fd = (int)CALL(openat, AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        length = CALL(read, fd, text, sizeof text);
        for (i = 0; i < length && digits < 16; i++) {
            char c = text[i];
            if (c == '-')
                continue;
            found = found << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
            digits++;
        }
        CALL(close, fd);
    }
    boot = digits == 16 ? found : 0;
    known = 1;
    return boot;
}

int64_t state_now(void)
{
    struct __kernel_timespec now = {0};
    CALL(clock_gettime, 0, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A line of /proc/self/maps: first-last flags offset device inode path. */
static int is_mapped(const char *line, uintptr_t address)
{
    uint64_t first, last;
    const char *rest;
    return number(line, 16, &first, &rest) == 0 && *rest == '-' && number(rest + 1, 16, &last, &rest) == 0 && address >= first &&
        address < last;
}

int state_beside_file(const char *line, const char *version, char path[STATE_PATH])
{
    size_t length = 0, directory = 0;
    for (; line[length]; length++) {
        if (line[length] == '/')
            directory = length + 1;
    }
    if (line[0] != '/' || directory >= STATE_PATH)
        return 0;
    join(path, directory + 1, line, NULL);
    return join(path + directory, STATE_PATH - directory, "libnvidia-mockstate.so.", version, NULL) >= 0;
}

static const char *from_slash(const char *line)
{
    while (*line && *line != '/')
        line++;
    return line;
}

int state_beside(const void *address, const char *version, char path[STATE_PATH])
{
    char block[MAPS], line[LINE];
    size_t used = 0;
    long length, i;
    int found = 0, fd = (int)CALL(openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    while (!found && (length = CALL(read, fd, block, sizeof block)) > 0) {
        for (i = 0; i < length && !found; i++) {
            if (block[i] != '\n') {
                if (used < sizeof line - 1)
                    line[used++] = block[i];
                continue;
            }
            line[used] = 0;
            used = 0;
            if (is_mapped(line, (uintptr_t)address))
                found = state_beside_file(from_slash(line), version, path) ? 1 : -1;
        }
    }
    CALL(close, fd);
    return found > 0;
}

/* Whether the slot is whole, and says nothing that is impossible. */
static int is_whole(const struct state_slot *slot, const struct head *head, long length)
{
    uint32_t i;
    if (length < 24 || slot->generation != head->active >> 1 || slot->count > STATE_ENTRIES)
        return 0;
    if (length < 24 + (long)slot->count * 16 || state_checksum(slot) != slot->checksum)
        return 0;
    for (i = 0; i < slot->count; i++) {
        const struct state_entry *entry = &slot->entries[i];
        if (entry->gpu >= head->gpu_count || entry->setting >= SET_NUMBERS || entry->value > MOST || entry->value < -MOST)
            return 0;
    }
    return 1;
}

/* Writers may be at work: what was read is checked as a whole. */
int state_read_open(int fd, struct state *state)
{
    static const char magic[8] = "nvmstate";
    struct head head;
    int try, i;
    for (try = 0; try < TRIES; try++) {
        struct state_slot *slot = &state->slot;
        long at, length;
        if (CALL(pread64, fd, &head, sizeof head, START) != (long)sizeof head)
            return -1;
        for (i = 0; i < 8; i++) {
            if (head.magic[i] != magic[i])
                return -1;
        }
        if (head.version != FORMAT || head.slot_size != SLOT || head.gpu_count > STATE_GPUS)
            return -1;
        at = START + HEAD + (long)(head.active & 1) * SLOT;
        if (state->known && state->active == head.active && state->gpu_count == head.gpu_count) {
            struct { uint64_t generation, boot; uint32_t count, checksum; } now;
            if (CALL(pread64, fd, &now, sizeof now, at) == (long)sizeof now && now.checksum == slot->checksum)
                return 0;
        }
        state->known = 0;
        length = CALL(pread64, fd, slot, 24, at);
        if (length == 24 && slot->count && slot->count <= STATE_ENTRIES)
            length += CALL(pread64, fd, slot->entries, (long)slot->count * 16, at + 24);
        if (!is_whole(slot, &head, length))
            continue;
        state->known = 1;
        state->active = head.active;
        state->gpu_count = head.gpu_count;
        return 1;
    }
    return -1;
}

int state_read(const char *path, struct state *state)
{
    int result, fd = (int)CALL(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0);
    if (fd < 0)
        return -1;
    result = state_read_open(fd, state);
    CALL(close, fd);
    return result;
}

int state_values(const struct state *state, unsigned gpu, struct state_own *own)
{
    uint64_t boot;
    int found = 0;
    uint32_t i;
    if (!state->known || !state->slot.count)
        return 0;
    boot = state_boot();
    if (state->slot.boot && boot && state->slot.boot != boot)
        return 0;
    for (i = 0; i < SET_NUMBERS; i++)
        own->is_set[i] = 0;
    for (i = 0; i < state->slot.count; i++) {
        const struct state_entry *entry = &state->slot.entries[i];
        if (entry->gpu != gpu)
            continue;
        own->is_set[entry->setting] = 1;
        own->values[entry->setting] = entry->value;
        found = 1;
    }
    return found;
}
