/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "lock.h"

#include "system.h"

/* The process that holds the lock; 0 if none does. */
static int holder;

void take_lock(void)
{
    int self = (int)CALL(getpid, 0);
    for (;;) {
        int other = 0;
        if (__atomic_compare_exchange_n(&holder, &other, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        /* fork(2) copies a lock that another thread of the parent held. No thread of the child would give it back. */
        if (other != self && __atomic_compare_exchange_n(&holder, &other, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        CALL(sched_yield, 0);
    }
}

void give_lock(void)
{
    __atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
}
