/* SPDX-License-Identifier: MIT */
/* bench/cpu.h for riscv64. */
#pragma once

#define CPU_MARK_BEGIN() __asm__ volatile("lui zero, 0x7e551" : : : "memory")
#define CPU_MARK_END()   __asm__ volatile("lui zero, 0x7e552" : : : "memory")

static inline uint64_t cpu_cycles(void) {
    uint64_t value;
    __asm__ volatile("csrr %0, cycle" : "=r"(value) : : "memory");
    return value;
}

static inline ts_status_t cpu_call(ts_handle_t endpoint, uint64_t tag) {
    register uint64_t a7 __asm__("a7") = TS_SYSCALL_CALL;
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1") = tag;
    register uint64_t t1 __asm__("t1") = (uint64_t)TS_TIME_INFINITE;
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(t1)
                     :
                     : "a2", "a3", "a4", "a5", "a6", "t0", "t2", "t3", "t4", "t5", "t6", "memory");
    return (ts_status_t)a0;
}

static inline ts_status_t cpu_reply_wait(ts_handle_t endpoint, uint64_t tag, uint64_t options) {
    register uint64_t a7 __asm__("a7") = TS_SYSCALL_REPLY_WAIT;
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1") = tag;
    register uint64_t t1 __asm__("t1") = (uint64_t)TS_TIME_INFINITE;
    register uint64_t t2 __asm__("t2") = options;
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(t1), "+r"(t2)
                     :
                     : "a2", "a3", "a4", "a5", "a6", "t0", "t3", "t4", "t5", "t6", "memory");
    return (ts_status_t)a0;
}

static inline uint64_t cpu_stack_of_function(uint64_t top) {
    return top;
}
