/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "processes.h"

#include "big.h"
#include "system.h"
#include "text.h"

enum { PIECE = 6 /* bytes of a name in a number */, LINK = 256, SHORT_PATH = 64, MOST_HOLDERS = 2048, FRESH = 100 /* milliseconds */ };

struct entry { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Who holds which node below the directory of the nodes: found in /proc, and kept for the next GPU. */
static struct holder {
    unsigned pid;
    char node[NODE_NAME];
} holders[MOST_HOLDERS] BIG;
static int holder_count;

int has_processes(const struct state_own *own)
{
    return (own->is_set[SET_PROCESS_LIST] && own->values[SET_PROCESS_LIST]) ||
        (own->is_set[SET_PROCESS_COUNT] && own->values[SET_PROCESS_COUNT] > 0);
}

static int64_t stored(const struct state_own *own, unsigned number, int64_t otherwise)
{
    return own->is_set[number] ? own->values[number] : otherwise;
}

static void read_listed(const struct state_own *own, unsigned place, struct process *process)
{
    unsigned first = SET_FIRST_PROCESS + place * SET_PROCESS_SIZE, i;
    int64_t length = stored(own, first + SET_PROCESS_NAME_LENGTH, 0), memory = stored(own, first + SET_PROCESS_MEMORY, NOT_AVAILABLE);
    *process = (struct process){(unsigned)stored(own, first + SET_PROCESS_PID, 0), NO_INSTANCE, NO_INSTANCE, memory < 0 ? NOT_AVAILABLE : memory, ""};
    for (i = 0; i < SET_PROCESS_NAME_SIZE && (int64_t)i < length; i++) {
        uint64_t piece = (uint64_t)stored(own, first + SET_PROCESS_NAME + i / PIECE, 0);
        process->name[i] = (char)(piece >> 8 * (i % PIECE) & 0xff);
    }
}

/* Calls *each* for every entry of a directory whose name is a number. */
static void each_number(int directory, void (*each)(const char *dev, int directory, const char *name, unsigned of), const char *dev, unsigned of)
{
    char entries[4096] __attribute__((aligned(8)));
    long length, at;
    while ((length = CALL(getdents64, directory, entries, sizeof entries)) > 0) {
        for (at = 0; at < length;) {
            struct entry *entry = (struct entry *)(entries + at);
            uint64_t found;
            at += entry->length;
            if (number(entry->name, 10, &found, NULL) == 0)
                each(dev, directory, entry->name, of);
        }
    }
}

static void look_at_descriptor(const char *dev, int directory, const char *name, unsigned pid)
{
    char link[LINK];
    const char *node = link + length_of(dev) + 1;
    long length = CALL(readlinkat, directory, name, link, sizeof link - 1);
    int i;
    if (length < 0 || holder_count == MOST_HOLDERS)
        return;
    link[length] = 0;
    if (!begins_with(link, dev) || node[-1] != '/' || !begins_with(node, "nvidia"))
        return;
    for (i = holder_count; i > 0 && holders[i - 1].pid == pid; i--) {
        if (equal(holders[i - 1].node, node))
            return; /* another descriptor of the same node */
    }
    holders[holder_count].pid = pid;
    if (join(holders[holder_count].node, NODE_NAME, node, NULL) == 0)
        holder_count++;
}

static void look_at_process(const char *dev, int directory, const char *name, unsigned unused)
{
    char path[SHORT_PATH];
    uint64_t pid = 0;
    int fd;
    (void)unused;
    number(name, 10, &pid, NULL);
    if (join(path, sizeof path, name, "/fd", NULL) < 0)
        return;
    fd = (int)CALL(openat, directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return; /* it has ended, or belongs to another user */
    each_number(fd, look_at_descriptor, dev, (unsigned)pid);
    CALL(close, fd);
}

static void find_holders(const char *dev)
{
    static int64_t last;
    int64_t now = state_now();
    int fd;
    if (now >= last && now - last < FRESH)
        return;
    holder_count = 0;
    fd = (int)CALL(openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    each_number(fd, look_at_process, dev, 0);
    CALL(close, fd);
    last = state_now();
}

static void add_holders(const struct process_node *node, struct process *list, int *count)
{
    int i;
    for (i = 0; i < holder_count && *count < MOST_PROCESSES; i++) {
        if (equal(holders[i].node, node->name))
            list[(*count)++] = (struct process){holders[i].pid, node->instance, node->compute, NOT_AVAILABLE, ""};
    }
}

static int is_before(const struct process *one, const struct process *other)
{
    if (one->instance != other->instance)
        return one->instance < other->instance;
    return one->compute != other->compute ? one->compute < other->compute : one->pid < other->pid;
}

/* By instance and pid, as nvidia-smi prints them. */
static void sort(struct process *list, int count)
{
    int i, k;
    for (i = 1; i < count; i++) {
        struct process one = list[i];
        for (k = i; k > 0 && is_before(&one, &list[k - 1]); k--)
            list[k] = list[k - 1];
        list[k] = one;
    }
}

/* Those that hold a node share what is used of the memory and has no other owner. */
static void share_memory(const struct state_own *own, struct process *list, int listed, int count)
{
    int64_t left = stored(own, SET_MEMORY_USED, 0) - stored(own, SET_MEMORY_USED_REST, 0);
    int i;
    for (i = 0; i < listed; i++)
        left -= list[i].memory > 0 ? list[i].memory : 0;
    if (!own->is_set[SET_MEMORY_USED] || left <= 0)
        return;
    for (i = listed; i < count; i++)
        list[i].memory = left / (count - listed);
}

int processes_of(const struct state_own *own, int is_mig, const char *dev, const struct process_node *nodes, int node_count,
    struct process list[MOST_PROCESSES])
{
    int64_t wanted = is_mig ? 0 : stored(own, SET_PROCESS_COUNT, 0);
    int count = 0, listed, i;
    while (count < SET_PROCESSES && count < wanted) {
        read_listed(own, (unsigned)count, &list[count]);
        count++;
    }
    listed = count;
    if (stored(own, SET_PROCESS_LIST, 0)) {
        find_holders(dev);
        for (i = 0; i < node_count; i++)
            add_holders(&nodes[i], list, &count);
        share_memory(own, list, listed, count);
    }
    sort(list, count);
    return count;
}

void name_of(const struct process *process, char *out, size_t size)
{
    if (process->name[0])
        join(out, size, process->name, NULL);
    else if (name_of_process(process->pid, out, size) <= 0)
        join(out, size, "[Not Found]", NULL);
}

long name_of_process(unsigned pid, char *out, size_t size)
{
    char path[SHORT_PATH], digits[21];
    long length, used = 0;
    int fd;
    join(path, sizeof path, "/proc/", decimal(pid, digits), "/cmdline", NULL);
    fd = (int)CALL(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    length = CALL(read, fd, out, size - 1);
    CALL(close, fd);
    out[length < 0 ? 0 : length] = 0;
    while (out[used])
        used++;
    return length < 0 ? -1 : used;
}
