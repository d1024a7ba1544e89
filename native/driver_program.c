/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* A program of the driver other than nvidia-smi; its payload names it. It is static, so that it runs in containers without a shell and
 * without libraries. It answers what it can answer correctly, and refuses everything else. */
#include "message.h"
#include "output.h"
#include "payload.h"
#include "system.h"
#include "text.h"

const char program_name[] = "nvmock";

/* stub, name, purpose, version */
static int stub(const struct line *line, int argc, char **argv)
{
    const char *name = line->fields[1];
    const char *option = argc > 1 ? argv[1] : "";
    char text[PATH_SIZE];
    if (equal(option, "-v") || equal(option, "--version")) {
        put(name, ":  version ", line->fields[3], " (mock)\n", NULL);
        return flush();
    }
    if (!option[0] || equal(option, "-h") || equal(option, "--help")) {
        put(name, " (mock): ", line->fields[2], ". This stand-in answers --version and --help only.\n", NULL);
        return flush();
    }
    join(text, sizeof text, name, " (mock): '", option, "' is not implemented\n", NULL);
    write_all(2, text, length_of(text));
    return 1;
}

int program(int argc, char **argv, char **environment)
{
    struct line *lines = payload(environment);
    if (!lines)
        return 1;
    if (equal(lines->fields[0], "stub") && lines->count == 4)
        return stub(lines, argc, argv);
    complain("this program does not know what it is", NULL);
    return 1;
}
