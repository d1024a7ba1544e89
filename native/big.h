/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Where library.ld puts tables that have no bytes in the file: behind the small variables, which are then on one page. Each page that a
 * program touches for the first time takes about a microsecond. */
#ifndef NVMOCK_BIG_H
#define NVMOCK_BIG_H

/* The first table, of which programs always use the beginning. */
#define FIRST_BIG __attribute__((section(".bss.0")))
#define BIG __attribute__((section(".bss.1")))

#endif
