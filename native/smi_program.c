/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi as a program: its payload has the facts of the machine. */
#include "message.h"
#include "payload.h"
#include "smi.h"
#include "system.h"
#include "text.h"

const char program_name[] = "nvidia-smi";

int program(int argc, char **argv, char **environment)
{
    struct line *lines = payload(environment);
    if (!lines)
        return 1;
    if (equal(lines->fields[0], "smi") && lines->count == 4)
        return smi(lines, argc, argv, environment);
    complain("this program does not know its machine", NULL);
    return 1;
}
