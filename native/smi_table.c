/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi without options: the table, in the format of the branches from 545 on. Nothing runs on a mock, so its
 * memory is free and its load is 0. Readings are those of the machine type, N/A if it has no readings. */
#include "clock.h"
#include "output.h"
#include "smi.h"
#include "text.h"

static void put_head(const struct view *view)
{
    const char *const *head = view->head->fields;
    char words[32], stamp[32];
    time_now(words, stamp);
    put(words, "       \n"
        "+-----------------------------------------------------------------------------------------+\n"
        "| NVIDIA-SMI ", NULL);
    put_padded(head[SMI_DRIVER], 23);
    put("Driver Version: ", NULL);
    put_padded(head[SMI_DRIVER], 15);
    put("CUDA Version: ", NULL);
    put_padded(head[SMI_CUDA], 9);
    put("|\n"
        "|-----------------------------------------+------------------------+----------------------+\n"
        "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n"
        "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n"
        "|                                         |                        |               MIG M. |\n"
        "|=========================================+========================+======================|\n", NULL);
}

/* A reading with a unit, in a buffer. Watts are truncated to whole numbers. */
static const char *reading(const struct view *view, int which, const char *unit, char out[16])
{
    const char *text = view->readings[which];
    size_t length = 0;
    if (!text[0])
        return "N/A";
    while (text[length] && text[length] != '.')
        length++;
    join(out, length + 1 < 12 ? length + 1 : 12, text, NULL);
    join(out + length_of(out), 4, unit, NULL);
    return out;
}

/* Fan, temperature, performance state, power. */
static void put_readings(const struct view *view)
{
    char temperature[16], drawn[16], limit[16], power[32];
    const char *most = reading(view, READ_LIMIT, "W", limit);
    put("| N/A   ", NULL);
    put_padded(reading(view, READ_TEMPERATURE, "C", temperature), 3);
    put("    ", NULL);
    put_padded(view->readings[READ_STATE][0] ? view->readings[READ_STATE] : "N/A", 3);
    join(power, sizeof power, reading(view, READ_POWER, "W", drawn), length_of(most) < 4 ? " /  " : " / ", most, NULL);
    put_padded(power, -23);
    put(" | ", NULL);
}

int smi_table(const struct view *view)
{
    const char *errors = view->readings[READ_ECC_ERRORS];
    int i;
    put_head(view);
    for (i = 0; i < view->chosen_count; i++) {
        const char *const *gpu = view->gpus[view->chosen[i]]->fields;
        char digits[21], memory[64];
        int mig = equal(gpu[GPU_MIG], "Enabled");
        put("| ", NULL);
        put_padded(decimal((uint64_t)view->chosen[i], digits), -3);
        put("  ", NULL);
        put_padded(gpu[GPU_NAME], 30);
        put(" N/A |   ", NULL);
        put_padded(gpu[GPU_BUS_ID], 16);
        put(" Off | ", NULL);
        put_padded(errors[0] ? errors : "N/A", -20);
        put(" |\n", NULL);
        put_readings(view);
        if (gpu[GPU_MEMORY][0])
            join(memory, sizeof memory, "0MiB / ", gpu[GPU_MEMORY], "MiB", NULL);
        else
            join(memory, sizeof memory, "N/A / N/A", NULL);
        put_padded(memory, -22);
        put(mig ? " |     N/A      Default |\n" : " |      0%      Default |\n",
            "|                                         |                        | ", NULL);
        put_padded(gpu[GPU_MIG][0] ? gpu[GPU_MIG] : "N/A", -20);
        put(" |\n"
            "+-----------------------------------------+------------------------+----------------------+\n", NULL);
    }
    put("                                                                                         \n"
        "+-----------------------------------------------------------------------------------------+\n"
        "| Processes:                                                                              |\n"
        "|  GPU   GI   CI        PID   Type   Process name                              GPU Memory |\n"
        "|        ID   ID                                                               Usage      |\n"
        "|=========================================================================================|\n"
        "|  No running processes found                                                             |\n"
        "+-----------------------------------------------------------------------------------------+\n", NULL);
    return flush();
}
