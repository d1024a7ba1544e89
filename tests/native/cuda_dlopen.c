/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A program that finds the library when it runs, and its functions with cuGetProcAddress, with no header; for any C library.
 * Prints the UUIDs, without dashes, from a thread of its own. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static int (*find)(const char *, void **, int, uint64_t, int *);
static int devices;

static void *print(void *unused)
{
    int (*get_uuid)(unsigned char *, int), (*create)(void **, unsigned, int), (*get_device)(int *);
    int i, k, found;
    (void)unused;
    if (find("cuDeviceGetUuid", (void **)&get_uuid, 12000, 0, &found) || find("cuCtxCreate", (void **)&create, 4000, 0, &found)
        || find("cuCtxGetDevice", (void **)&get_device, 12000, 0, &found))
        return "no function";
    for (i = 0; i < devices; i++) {
        unsigned char uuid[16];
        void *context;
        int device = -1;
        if (create(&context, 0, i) || get_device(&device) || device != i)
            return "no context";
        if (get_uuid(uuid, i))
            return "no UUID";
        for (k = 0; k < 16; k++)
            printf("%02x", uuid[k]);
        printf("\n");
    }
    return NULL;
}

int main(int count, char **arguments)
{
    void *library = dlopen(arguments[count - 1], RTLD_NOW | RTLD_GLOBAL);
    int (*start)(unsigned), (*get_count)(int *), found;
    pthread_t thread;
    void *problem;
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    *(void **)&find = dlsym(library, "cuGetProcAddress_v2");
    if (dlsym(library, "cuNoSuchFunction") || !find || find("cuInit", (void **)&start, 12000, 0, &found)
        || find("cuDeviceGetCount", (void **)&get_count, 12000, 0, &found))
        return 2;
    if (start(0) || get_count(&devices))
        return 3;
    if (pthread_create(&thread, NULL, print, NULL) || pthread_join(thread, &problem) || problem)
        return 4;
    return dlclose(library);
}
