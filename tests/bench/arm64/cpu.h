/* SPDX-License-Identifier: MIT */
/* bench/cpu.h for arm64. */
#pragma once

#define CPU_MARK_BEGIN() __asm__ volatile("movz xzr, #0x7e51" : : : "memory")
#define CPU_MARK_END()   __asm__ volatile("movz xzr, #0x7e52" : : : "memory")

static inline uint64_t cpu_cycles(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value) : : "memory");
    return value;
}

static inline ts_status_t cpu_call(ts_handle_t endpoint, uint64_t tag) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_CALL;
    register uint64_t x0 __asm__("x0") = endpoint;
    register uint64_t x1 __asm__("x1") = tag;
    register uint64_t x9 __asm__("x9") = (uint64_t)TS_TIME_INFINITE;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x9)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x16", "x17", "memory");
    return (ts_status_t)x0;
}

static inline ts_status_t cpu_reply_wait(ts_handle_t endpoint, uint64_t tag, uint64_t options) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_REPLY_WAIT;
    register uint64_t x0 __asm__("x0") = endpoint;
    register uint64_t x1 __asm__("x1") = tag;
    register uint64_t x9 __asm__("x9") = (uint64_t)TS_TIME_INFINITE;
    register uint64_t x10 __asm__("x10") = options;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x9), "+r"(x10)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x11", "x12", "x13", "x14", "x15", "x16",
                       "x17", "memory");
    return (ts_status_t)x0;
}

static inline uint64_t cpu_stack_of_function(uint64_t top) {
    return top;
}
