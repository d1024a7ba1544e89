/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi without options: the table that everybody knows, in the form of the branches from 545 on. What only a real
 * GPU could tell is N/A; nothing runs on a mock, so its memory is free and its load is 0. */
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

int smi_table(const struct view *view)
{
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
        put(" Off |                  N/A |\n"
            "| N/A   N/A    N/A             N/A /  N/A | ", NULL);
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
