/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* state_queries LIBRARY rate: prints how many temperatures a second it can ask for.
 * state_queries LIBRARY wait: prints "ready", then the time of CLOCK_REALTIME at which the temperature changes, in nanoseconds. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CALLS = 20000000 };

static long long nanoseconds(int clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
    void *library = dlopen(argv[1], RTLD_NOW), *device;
    int (*init)(void), (*get)(unsigned, void **), (*temperature)(void *, int, unsigned *);
    unsigned first, now;
    long long start;
    int i;
    if (argc != 3 || !library)
        return 2;
    *(void **)&init = dlsym(library, "nvmlInit_v2");
    *(void **)&get = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
    *(void **)&temperature = dlsym(library, "nvmlDeviceGetTemperature");
    if (init() || get(0, &device) || temperature(device, 0, &first))
        return 3;
    if (strcmp(argv[2], "rate") == 0) {
        start = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
        for (i = 0; i < CALLS; i++)
            temperature(device, 0, &now);
        printf("%.0f\n", CALLS * 1e9 / (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start));
        return 0;
    }
    printf("ready\n");
    fflush(stdout);
    do {
        temperature(device, 0, &now);
    } while (now == first);
    printf("%lld\n", nanoseconds(CLOCK_REALTIME));
    return 0;
}
