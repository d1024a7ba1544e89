/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* One lock of a shared object, without a C library. */
#ifndef NVMOCK_LOCK_H
#define NVMOCK_LOCK_H

void take_lock(void);
void give_lock(void);

#endif
