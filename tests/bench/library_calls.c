/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* library_calls LIBRARY START FIND ASK: how long it takes to load the library, and to call START and FIND (a device), and how
 * many calls of ASK there are in a second (CUDA: an attribute; NVML: anything with a device and room for the answer). Prints
 * the medians of both times in microseconds, and the calls. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 201, CALLS = 2000000, MULTIPROCESSORS = 16 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments)
{
    static double load[ROUNDS], start[ROUNDS];
    double before, after = 0;
    int round, i, status = 0;
    if (count != 5)
        return 2;
    for (round = 0; round < ROUNDS; round++) {
        void *library, *device = NULL;
        int (*begin)(unsigned), (*find)(void *, unsigned), (*ask)(void *, void *);
        int is_cuda = strncmp(arguments[2], "cu", 2) == 0;
        char answer[256];
        before = now();
        library = dlopen(arguments[1], RTLD_NOW);
        load[round] = now() - before;
        if (!library)
            return 3;
        *(void **)&begin = dlsym(library, arguments[2]);
        *(void **)&find = dlsym(library, arguments[3]);
        *(void **)&ask = dlsym(library, arguments[4]);
        before = now();
        status |= begin(0) | (is_cuda ? find(&device, 0) : ((int (*)(unsigned, void *))find)(0, &device));
        start[round] = now() - before;
        if (round == ROUNDS - 1) {
            before = now();
            for (i = 0; i < CALLS; i++)
                status |= is_cuda ? ((int (*)(void *, int, int))ask)(answer, MULTIPROCESSORS, 0) : ask(device, answer);
            after = now() - before;
        }
        dlclose(library);
    }
    qsort(load, ROUNDS, sizeof *load, compare);
    qsort(start, ROUNDS, sizeof *start, compare);
    printf("%.1f %.1f %.0f\n", load[ROUNDS / 2], start[ROUNDS / 2], CALLS / after * 1e6);
    return status ? 4 : 0;
}
