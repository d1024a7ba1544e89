/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "processes.h"

#include "system.h"
#include "text.h"

enum { PIECE = 6 /* bytes of a name in a number */, LINK = 256, SHORT_PATH = 64 };

struct entry { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

struct search {
    const char *dev;
    const struct process_node *nodes;
    int node_count, count;
    unsigned pid;
    struct process *list;
};

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

/* Adds a process once per node, also if it has several descriptors of it. */
static void add(struct search *search, unsigned pid, const char *node)
{
    int i, k;
    for (i = 0; i < search->node_count; i++) {
        const struct process_node *wanted = &search->nodes[i];
        if (!equal(wanted->name, node) || search->count == MOST_PROCESSES)
            continue;
        for (k = 0; k < search->count; k++) {
            if (search->list[k].pid == pid && search->list[k].instance == wanted->instance && search->list[k].compute == wanted->compute)
                break;
        }
        if (k == search->count)
            search->list[search->count++] = (struct process){pid, wanted->instance, wanted->compute, NOT_AVAILABLE, ""};
    }
}

/* Calls *each* for every entry of a directory whose name is a number. */
static void each_number(int directory, void (*each)(struct search *, int directory, const char *name), struct search *search)
{
    char entries[4096] __attribute__((aligned(8)));
    long length, at;
    while ((length = CALL(getdents64, directory, entries, sizeof entries)) > 0) {
        for (at = 0; at < length;) {
            struct entry *entry = (struct entry *)(entries + at);
            uint64_t found;
            at += entry->length;
            if (number(entry->name, 10, &found, NULL) == 0)
                each(search, directory, entry->name);
        }
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

static void look_at_descriptor(struct search *search, int directory, const char *name)
{
    char link[LINK];
    long length = CALL(readlinkat, directory, name, link, sizeof link - 1);
    size_t above = length_of(search->dev);
    if (length <= (long)above)
        return;
    link[length] = 0;
    if (begins_with(link, search->dev) && link[above] == '/')
        add(search, search->pid, link + above + 1);
}

static void look_at_process(struct search *search, int directory, const char *name)
{
    char path[SHORT_PATH];
    uint64_t pid = 0;
    int fd;
    number(name, 10, &pid, NULL);
    search->pid = (unsigned)pid;
    if (join(path, sizeof path, name, "/fd", NULL) < 0)
        return;
    fd = (int)CALL(openat, directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return; /* it has ended, or belongs to another user */
    each_number(fd, look_at_descriptor, search);
    CALL(close, fd);
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
    struct search search = {.dev = dev, .nodes = nodes, .node_count = node_count, .list = list};
    int64_t count = is_mig ? 0 : stored(own, SET_PROCESS_COUNT, 0);
    int listed, fd = -ENOENT;
    while (search.count < SET_PROCESSES && search.count < count) {
        read_listed(own, (unsigned)search.count, &list[search.count]);
        search.count++;
    }
    listed = search.count;
    if (stored(own, SET_PROCESS_LIST, 0))
        fd = (int)CALL(openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0) {
        each_number(fd, look_at_process, &search);
        CALL(close, fd);
        share_memory(own, list, listed, search.count);
    }
    sort(list, search.count);
    return search.count;
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
