/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-cdi-hook: does for the containers of a runtime what NVIDIA's program of the same name does. */
#include "hook.h"

#include "container.h"
#include "message.h"
#include "system.h"
#include "text.h"

const char program_name[] = "nvidia-cdi-hook";

enum { FLAGS = 4 };

struct hook {
    const char *name;
    const char *summary;
    /* Its options: the name, and whether it may be repeated. All take a value. */
    struct { const char *name; int many; } options[FLAGS - 1];
    int (*check)(const struct flag *flags);
    int (*run)(int root, const struct flag *flags);
    /* Instead of *run*. */
    int (*run_on_node)(const char *state, const struct flag *flags);
};

static const struct hook hooks[] = {
    {"create-symlinks", "Make symbolic links in the container: --link TARGET::LINK ...", {{"link", 1}}, NULL,
     create_symlinks, NULL},
    {"update-ldcache", "Update the container's loader cache: [--ldconfig-path PATH] --folder DIRECTORY ...",
     {{"folder", 1}, {"ldconfig-path", 0}}, NULL, update_ldcache, NULL},
    {"enable-cuda-compat", "Use the container's CUDA compat libraries if newer: --host-driver-version=VERSION",
     {{"host-driver-version", 0}, {"host-cuda-version", 0}, {"cuda-compat-container-root", 0}}, NULL, enable_cuda_compat,
     NULL},
    {"chmod", "Set the mode of paths in the container: --mode MODE --path PATH ...", {{"mode", 0}, {"path", 1}},
     check_modes, change_modes, NULL},
    {"disable-device-node-modification", "Let the driver's libraries make no device nodes in the container", {{NULL, 0}},
     NULL, disable_device_node_modification, NULL},
    {"update-application-profile", "Limit EGL and Vulkan to the container's GPUs", {{NULL, 0}}, NULL,
     update_application_profile, NULL},
    {"apply-cuda-memory-limits", "Check the GPU memory limits that the container asks for: --driver-root ROOT --gpu-id UUID ...",
     {{"driver-root", 0}, {"gpu-id", 1}}, check_gpu_ids, NULL, apply_cuda_memory_limits},
};

enum { HOOKS = sizeof hooks / sizeof hooks[0] };

int failed(const char *what, const char *about, int error)
{
    int excused = error == -EROFS;
    complain(what, about, ": ", error_text(error), excused ? " (the container starts without it)" : NULL, NULL);
    return excused ? 0 : 1;
}

static void say(const char *text)
{
    write_all(1, text, length_of(text));
}

static int help(void)
{
    int i;
    say("nvidia-cdi-hook: the hooks of CDI specifications (nvmock.gpu's stand-in for NVIDIA's program)\n\n"
        "Usage: nvidia-cdi-hook [hook] COMMAND [OPTION ...]\n\n"
        "The container's state (OCI runtime specification) is read from stdin, or from --container-spec FILE.\n\n"
        "Commands:\n");
    for (i = 0; i < HOOKS; i++) {
        say("  ");
        say(hooks[i].name);
        say("\n      ");
        say(hooks[i].summary);
        say("\n");
    }
    say("\nOptions: -h, --help; -v, --version; -d, --debug and -q, --quiet change nothing\n");
    return 0;
}

static int run(const struct hook *hook, int count, char **arguments)
{
    static const char *values[FLAGS][4096];
    struct flag flags[FLAGS + 3];
    const char *about, *problem, *state;
    int options = 0, root, help_flag;
    while (options < FLAGS - 1 && hook->options[options].name) {
        flags[options] =
            (struct flag){hook->options[options].name, values[options], hook->options[options].many, 0};
        options++;
    }
    flags[options] = (struct flag){"container-spec", values[options], 0, 0};
    help_flag = options + 1;
    flags[help_flag] = (struct flag){"help", NULL, 0, 0};
    flags[help_flag + 1] = (struct flag){"h", NULL, 0, 0};
    flags[help_flag + 2] = (struct flag){NULL, NULL, 0, 0};
    if (count > (int)(sizeof values[0] / sizeof values[0][0])) {
        complain(hook->name, ": too many arguments", NULL);
        return 1;
    }
    problem = parse_flags(count, arguments, flags, &about);
    if (problem) {
        complain(hook->name, ": ", about, ": ", problem, NULL);
        return 1;
    }
    if (flags[help_flag].count || flags[help_flag + 1].count)
        return help();
    if (hook->check && hook->check(flags))
        return 1;
    state = flags[options].count ? flags[options].values[0] : NULL;
    if (hook->run_on_node)
        return hook->run_on_node(state, flags);
    root = container_root(state);
    return root < 0 ? 1 : hook->run(root, flags);
}

int program(int argc, char **argv, char **environment)
{
    int i = 1, h;
    (void)environment;
    for (; i < argc; i++) {
        const char *word = argv[i];
        if (equal(word, "-h") || equal(word, "--help") || equal(word, "help"))
            return help();
        if (equal(word, "-v") || equal(word, "--version")) {
            say("nvidia-cdi-hook version 1.20.2 (nvmock.gpu)\n");
            return 0;
        }
        if (equal(word, "-d") || equal(word, "--debug") || equal(word, "-q") || equal(word, "--quiet") ||
            (i == 1 && equal(word, "hook")))
            continue;
        if (word[0] == '-') {
            complain(word, ": unknown option", NULL);
            return 1;
        }
        break;
    }
    if (i >= argc)
        return help();
    for (h = 0; h < HOOKS; h++) {
        if (equal(argv[i], hooks[h].name))
            return run(&hooks[h], argc - i - 1, argv + i + 1);
    }
    /* Like NVIDIA's program: a specification of a newer release must not prevent containers from starting. */
    complain(argv[i], ": unknown hook, nothing is done", NULL);
    return 0;
}
