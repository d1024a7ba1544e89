/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* The empty section of the facts, which library.ld makes the last segment. */
#include "nvml_facts.h"

const struct facts facts __attribute__((section(".facts"))) = {.magic = "nvmock1"};
