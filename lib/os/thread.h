/* SPDX-License-Identifier: MIT */
/* Threads of the own process, on stacks with an unmapped page below them. */
#pragma once

#include "abi/types.h"

#define TS_STACK_SIZE 32768u

/* Starts function(argument) on a new thread. When the function returns the thread ends; its stack
 * stays mapped as long as the process lives. `thread` may be closed at once. */
ts_status_t ts_thread_spawn(const char *name, void (*function)(void *), void *argument,
                            size_t stack_size, ts_handle_t *thread);

/* Maps a stack with a guard page in any address space: its lowest and its first unused address. */
ts_status_t ts_stack_map(ts_handle_t vmar, size_t size, bool wired, uint64_t *base, uint64_t *top);
