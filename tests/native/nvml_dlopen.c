/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A program that finds the library when it runs, as programs in Go do, with no header; for any C library. Prints the UUIDs. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    void *library = dlopen(arguments[count - 1], RTLD_LAZY | RTLD_GLOBAL);
    int (*start)(void), (*get_count)(unsigned *), (*by_index)(unsigned, void **), (*uuid)(void *, char *, unsigned);
    unsigned gpus, i;
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    *(void **)&start = dlsym(library, "nvmlInit_v2");
    *(void **)&get_count = dlsym(library, "nvmlDeviceGetCount_v2");
    *(void **)&by_index = dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
    *(void **)&uuid = dlsym(library, "nvmlDeviceGetUUID");
    if (dlsym(library, "nvmlNoSuchFunction") || start() || get_count(&gpus))
        return 2;
    for (i = 0; i < gpus; i++) {
        void *device;
        char text[96];
        if (by_index(i, &device) || uuid(device, text, sizeof text))
            return 3;
        printf("%s\n", text);
    }
    return dlclose(library);
}
