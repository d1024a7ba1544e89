/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Changes the state as layout/state_file.py describes: the slot that does not count is written, then the word that makes
 * it count. */
#include "big.h"
#include "state.h"
#include "system.h"

enum { START = 4096, HEAD = 64, ACTIVE_AT = START + 24, SLOT = 24 + STATE_ENTRIES * 16, EXCLUSIVE = 2, TRIES = 8 };

static struct state state BIG;
static volatile int busy;

/* Whether the path still leads to the open file: a run of nvmock.gpu may have replaced it. */
static int is_current(int fd, const char *path)
{
    struct statx here, there;
    if (CALL(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &here) < 0 || CALL(statx, AT_FDCWD, path, 0, STATX_INO, &there) < 0)
        return 0;
    return here.stx_ino == there.stx_ino && here.stx_dev_minor == there.stx_dev_minor && here.stx_dev_major == there.stx_dev_major;
}

static int edit(struct state_slot *slot, unsigned gpu, const struct state_edit *change)
{
    uint32_t i;
    for (i = 0; i < slot->count; i++) {
        if (slot->entries[i].gpu == gpu && slot->entries[i].setting == change->setting)
            break;
    }
    if (change->remove) {
        if (i < slot->count)
            slot->entries[i] = slot->entries[--slot->count];
        return 0;
    }
    if (i == STATE_ENTRIES)
        return -ENOSPC;
    if (i == slot->count)
        slot->count++;
    slot->entries[i] = (struct state_entry){(uint16_t)gpu, (uint16_t)change->setting, 0, change->value};
    return 0;
}

static int write_locked(int fd, unsigned gpu, const struct state_edit *edits, int count)
{
    struct state_slot *slot = &state.slot;
    uint64_t boot = state_boot(), active;
    long size;
    int i, result;
    state.known = 0;
    if (state_read_open(fd, &state) < 0) {
        /* After a loss of power no slot may be whole: then the GPUs are at rest. But the head must be right. */
        struct { char magic[8]; uint32_t version, gpu_count, slot_size, identity; uint64_t active; } head;
        if (CALL(pread64, fd, &head, sizeof head, START) != (long)sizeof head || head.magic[0] != 'n' || head.version != 1 ||
            head.slot_size != SLOT || head.gpu_count > STATE_GPUS)
            return -EINVAL;
        state.active = head.active;
        state.gpu_count = head.gpu_count;
        slot->count = 0;
        slot->generation = 0;
    }
    if (gpu >= state.gpu_count)
        return -EINVAL;
    if (slot->generation == 0 || (slot->boot && boot && slot->boot != boot)) {
        slot->count = 0;
        slot->boot = boot;
    }
    for (i = 0; i < count; i++) {
        result = edit(slot, gpu, &edits[i]);
        if (result)
            return result;
    }
    slot->generation = (state.active >> 1) + 1;
    slot->checksum = state_checksum(slot);
    active = slot->generation << 1 | (~state.active & 1);
    size = 24 + (long)slot->count * 16;
    if (CALL(pwrite64, fd, slot, size, START + HEAD + (long)(active & 1) * SLOT) != size)
        return -EIO;
    return CALL(pwrite64, fd, &active, sizeof active, ACTIVE_AT) == sizeof active ? 0 : -EIO;
}

static int write_file(const char *path, unsigned gpu, const struct state_edit *edits, int count)
{
    int try, result = -EAGAIN;
    for (try = 0; try < TRIES && result == -EAGAIN; try++) {
        int fd = (int)CALL(openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0);
        if (fd < 0)
            return fd;
        do {
            result = (int)CALL(flock, fd, EXCLUSIVE);
        } while (result == -EINTR);
        if (!result)
            result = is_current(fd, path) ? write_locked(fd, gpu, edits, count) : -EAGAIN;
        CALL(close, fd);
    }
    return result;
}

int state_write(const char *path, unsigned gpu, const struct state_edit *edits, int count)
{
    int result;
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        CALL(sched_yield, 0);
    result = write_file(path, gpu, edits, count);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    return result;
}
