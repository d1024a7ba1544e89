/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* state_fuzz FILE COUNT SEED: reads, evaluates and writes COUNT state files that are damaged in some way, made of the valid FILE.
 * Built with the sanitizers of the compiler by test_state_file.py. Prints how many were read and how many were refused. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/processes.h"

enum { MOST = 1 << 18, START = 4096, HEAD = 64, SLOT = 24 + STATE_ENTRIES * 16 };

static uint64_t seed;

static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int64_t strange(void)
{
    static const int64_t numbers[] = {0, 1, -1, INT64_MIN, INT64_MAX, (int64_t)1 << 53, -((int64_t)1 << 53), 3000, 1000000000000};
    uint64_t which = any() % 12;
    return which < 9 ? numbers[which] : (int64_t)(any() >> (any() % 64));
}

/* Entries of any kind with a right checksum: what passes as a state. */
static void forge(unsigned char *data, unsigned slot)
{
    struct state_slot *to = (struct state_slot *)(data + START + HEAD + slot * SLOT);
    uint32_t i;
    to->count = any() % 3 ? any() % 64 : any() % (STATE_ENTRIES + 1);
    for (i = 0; i < to->count; i++) {
        int64_t value = strange();
        to->entries[i].gpu = any() % (any() % 50 ? 8 : 300);
        to->entries[i].setting = any() % 3 ? any() % (any() % 500 ? 512 : SET_NUMBERS + 2) : SET_PROCESS_LIST + any() % 256;
        to->entries[i].zero = 0;
        if (any() % 500)
            value %= (int64_t)1 << 53;
        to->entries[i].value = value;
    }
    to->checksum = state_checksum(to);
}

static void check_exp(void)
{
    double x;
    for (x = 0; x < 720; x += 0.0137) {
        double right = exp(-x), found = state_exp(-x);
        if (fabs(found - right) > 1e-12 * right + 1e-300) {
            printf("exp(%g) is %g, not %g\n", -x, found, right);
            exit(1);
        }
    }
    if (state_exp(0) != 1 || state_exp(5) != 1 || state_exp(NAN) != 1 || state_exp(-INFINITY) != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    static unsigned char valid[MOST], data[MOST];
    static struct state state;
    static struct state_own own;
    static struct process list[MOST_PROCESSES];
    long size, count = argc > 3 ? atol(argv[2]) : 0, i, read_well = 0, refused = 0;
    int fd = open(argv[1], O_RDWR);
    seed = strtoull(argv[3], NULL, 10) * 2654435761u + 88172645463325252u;
    check_exp();
    size = read(fd, valid, sizeof valid);
    for (i = 0; i < count; i++) {
        long length = size, k, damage = any() % 6;
        int result;
        unsigned gpu;
        memcpy(data, valid, (size_t)size);
        if (any() % 2)
            forge(data, data[START + 24] & 1);
        if (damage == 1)
            length = (long)(any() % (uint64_t)(size + 1));
        if (damage == 2)
            length = START + (long)(any() % (HEAD + 64));
        for (k = any() % 4; damage >= 3 && k >= 0; k--)
            data[damage == 3 ? START + any() % HEAD : damage == 4 ? START + HEAD + any() % 128 : any() % (uint64_t)size] = (unsigned char)any();
        if (damage == 5 && any() % 4 == 0)
            for (k = START; k < START + HEAD + 64; k++)
                data[k] = (unsigned char)any();
        if (pwrite(fd, data, (size_t)length, 0) != length || ftruncate(fd, length))
            return 2;
        if (any() % 4 == 0)
            state.known = 0;
        result = state_read(argv[1], &state);
        read_well += result >= 0;
        refused += result < 0;
        for (gpu = 0; gpu < 4; gpu++) {
            int listed;
            if (!state_values(&state, gpu, &own))
                continue;
            state_evaluate(&own, any() % 8 ? state_now() : strange() % ((int64_t)1 << 60));
            own.is_set[SET_PROCESS_LIST] = 0; /* to look at all of /proc takes too long */
            listed = processes_of(&own, (int)(any() % 2), "/dev", NULL, 0, list);
            for (k = 0; k < listed; k++)
                read_well += strlen(list[k].name) > SET_PROCESS_NAME_SIZE;
        }
        if (any() % 8 == 0) {
            struct state_edit edits[2] = {{(unsigned)(any() % SET_NUMBERS), 0, 5}, {(unsigned)(any() % SET_NUMBERS), 1, 0}};
            int written = state_write(argv[1], (unsigned)(any() % 9), edits, 2);
            if (written == 0 && (state.known = 0, state_read(argv[1], &state)) < 0 && length == size && damage == 0)
                return 3;
        }
    }
    printf("%ld read, %ld refused\n", read_well, refused);
    return 0;
}
