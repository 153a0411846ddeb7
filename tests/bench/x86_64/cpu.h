/* SPDX-License-Identifier: MIT */
/* bench/cpu.h for x86-64. */
#pragma once

#define CPU_MARK_BEGIN() __asm__ volatile("nopl 0x7e550001(%%rax)" : : : "memory")
#define CPU_MARK_END()   __asm__ volatile("nopl 0x7e550002(%%rax)" : : : "memory")

static inline uint64_t cpu_cycles(void) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline ts_status_t cpu_call(ts_handle_t endpoint, uint64_t tag) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_CALL;
    register uint64_t rdi __asm__("rdi") = endpoint;
    register uint64_t rsi __asm__("rsi") = tag;
    register uint64_t r14 __asm__("r14") = (uint64_t)TS_TIME_INFINITE;
    __asm__ volatile("syscall"
                     : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(r14)
                     :
                     : "rdx", "r10", "r8", "r9", "r12", "r13", "rcx", "r11", "memory");
    return (ts_status_t)rax;
}

static inline ts_status_t cpu_reply_wait(ts_handle_t endpoint, uint64_t tag, uint64_t options) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_REPLY_WAIT;
    register uint64_t rdi __asm__("rdi") = endpoint;
    register uint64_t rsi __asm__("rsi") = tag;
    register uint64_t r14 __asm__("r14") = (uint64_t)TS_TIME_INFINITE;
    register uint64_t r15 __asm__("r15") = options;
    __asm__ volatile("syscall"
                     : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(r14), "+r"(r15)
                     :
                     : "rdx", "r10", "r8", "r9", "r12", "r13", "rcx", "r11", "memory");
    return (ts_status_t)rax;
}

/* As if a call had just pushed the return address. */
static inline uint64_t cpu_stack_of_function(uint64_t top) {
    return top - 8;
}
