/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi -L, --version, and -q -u. */
#include "clock.h"
#include "output.h"
#include "smi_commands.h"
#include "text.h"

static void put_mig_devices(const struct view *view, const struct line *gpu)
{
    const struct line *line;
    uint64_t index = 0; /* among the visible ones */
    char digits[21], name[64];
    for (line = gpu->next; line && equal(line->fields[0], "mig"); line = line->next) {
        if (line->count < MIG_FIELDS || !smi_exists(view, "nvidia-caps/nvidia-cap", line->fields[MIG_MINOR]))
            continue;
        join(name, sizeof name, "MIG ", line->fields[MIG_PROFILE], NULL);
        put("  ", NULL);
        put_padded(name, length_of(name) > 15 ? (int)length_of(name) : 15);
        put(" Device ", NULL);
        put_padded(decimal(index++, digits), -2);
        put(": (UUID: ", line->fields[MIG_UUID], ")\n", NULL);
    }
}

int smi_list(const struct view *view)
{
    char digits[21];
    int i, status = SMI_OK;
    if (view->count == 0)
        return smi_say(SMI_OK, "No devices found.", NULL);
    for (i = 0; i < view->count; i++) {
        const struct line *gpu = view->gpus[i];
        if (smi_list_lost(view, i)) {
            status = SMI_LOST;
            continue;
        }
        put("GPU ", decimal((uint64_t)i, digits), ": ", gpu->fields[GPU_NAME], " (UUID: ", gpu->fields[GPU_UUID], ")\n", NULL);
        put_mig_devices(view, gpu);
    }
    flush();
    return status;
}

int smi_version(const struct view *view)
{
    const char *const *head = view->head->fields;
    put("NVIDIA-SMI version  : ", head[SMI_DRIVER], "\nNVML version        : ", head[SMI_NVML], "\n", NULL);
    if (smi_branch(view) >= 600)
        put("DRIVER version      : Deprecated, see \"KMD version\" instead\n"
            "CUDA version        : Deprecated, see \"CUDA UMD version\" instead\n"
            "KMD version         : ", head[SMI_DRIVER], "\nCUDA UMD version    : ", head[SMI_CUDA], "\n", NULL);
    else
        put("DRIVER version      : ", head[SMI_DRIVER], "\nCUDA Version        : ", head[SMI_CUDA], "\n", NULL);
    return flush();
}

/* No machine has units: S-class enclosures ended with Fermi. */
int smi_units(const struct view *view, int xml)
{
    const char *const *head = view->head->fields;
    char words[32], stamp[32];
    time_now(words, stamp);
    if (xml)
        put("<?xml version=\"1.0\" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM \"nvsmi_unit_v12.dtd\">\n<nvidia_smi_log>\n"
            "\t<timestamp>", words, "</timestamp>\n\t<driver_version>", head[SMI_DRIVER], "</driver_version>\n\t<cuda_version>",
            head[SMI_CUDA], "</cuda_version>\n\t<hic_info>\n\t</hic_info>\n\t<attached_units>0</attached_units>\n</nvidia_smi_log>\n", NULL);
    else
        put("\n==============NVSMI LOG==============\n\n"
            "Timestamp                                 : ", words, "\nDriver Version                            : ", head[SMI_DRIVER],
            "\nCUDA Version                              : ", head[SMI_CUDA],
            "\n\nHIC Info                                  : N/A\nAttached Units                            : 0\n\n", NULL);
    return flush();
}
