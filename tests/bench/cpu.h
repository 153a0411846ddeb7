/* SPDX-License-Identifier: MIT */
/*
 * What benchmarks need of the CPU, inline, so that a measured loop has few instructions of its own:
 *   uint64_t cpu_cycles(void);     a counter that ticks once per executed instruction under -icount
 *   ts_status_t cpu_call(ts_handle_t endpoint, uint64_t tag);             words are what registers hold
 *   ts_status_t cpu_reply_wait(ts_handle_t endpoint, uint64_t tag, uint64_t options);
 *   uint64_t cpu_stack_of_function(uint64_t top);   stack pointer for a thread that begins in a C function
 *   CPU_MARK_BEGIN, CPU_MARK_END   instructions without effect that the counting plugin knows
 */
#pragma once

#include "abi/types.h"
#include "gen/syscalls.h"

#if defined(__x86_64__)
#include "bench/x86_64/cpu.h"
#elif defined(__aarch64__)
#include "bench/arm64/cpu.h"
#else
#include "bench/riscv64/cpu.h"
#endif
