/* SPDX-License-Identifier: MIT */
/* The calls that pass a whole message in registers: arguments and results as
 * arch/include/arch/context.h says. */
#include "gen/syscalls.h"
#include "os/message.h"

ts_status_t ts_call(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_CALL;
    register uint64_t rdi __asm__("rdi") = endpoint;
    register uint64_t rsi __asm__("rsi") = message->tag;
    register uint64_t rdx __asm__("rdx") = message->word[0];
    register uint64_t r10 __asm__("r10") = message->word[1];
    register uint64_t r8 __asm__("r8") = message->word[2];
    register uint64_t r9 __asm__("r9") = message->word[3];
    register uint64_t r12 __asm__("r12") = message->word[4];
    register uint64_t r13 __asm__("r13") = message->word[5];
    register uint64_t r14 __asm__("r14") = (uint64_t)deadline;
    __asm__ volatile("syscall"
                     : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "+r"(r12), "+r"(r13), "+r"(r14)
                     :
                     : "rcx", "r11", "memory");
    message->tag = rdi;
    message->word[0] = rsi;
    message->word[1] = rdx;
    message->word[2] = r10;
    message->word[3] = r8;
    message->word[4] = r9;
    message->word[5] = r12;
    return (ts_status_t)rax;
}

ts_status_t ts_reply_wait(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline,
                          uint64_t options) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_REPLY_WAIT;
    register uint64_t rdi __asm__("rdi") = endpoint;
    register uint64_t rsi __asm__("rsi") = message->tag;
    register uint64_t rdx __asm__("rdx") = message->word[0];
    register uint64_t r10 __asm__("r10") = message->word[1];
    register uint64_t r8 __asm__("r8") = message->word[2];
    register uint64_t r9 __asm__("r9") = message->word[3];
    register uint64_t r12 __asm__("r12") = message->word[4];
    register uint64_t r13 __asm__("r13") = message->word[5];
    register uint64_t r14 __asm__("r14") = (uint64_t)deadline;
    register uint64_t r15 __asm__("r15") = options;
    __asm__ volatile("syscall"
                     : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
                     :
                     : "rcx", "r11", "memory");
    message->tag = rdi;
    message->badge = rsi;
    message->word[0] = rdx;
    message->word[1] = r10;
    message->word[2] = r8;
    message->word[3] = r9;
    message->word[4] = r12;
    message->word[5] = r13;
    return (ts_status_t)rax;
}

ts_status_t ts_reply_send(ts_handle_t reply, const struct ts_message *message) {
    register uint64_t rax __asm__("rax") = TS_SYSCALL_REPLY_SEND;
    register uint64_t rdi __asm__("rdi") = reply;
    register uint64_t rsi __asm__("rsi") = message->tag;
    register uint64_t rdx __asm__("rdx") = message->word[0];
    register uint64_t r10 __asm__("r10") = message->word[1];
    register uint64_t r8 __asm__("r8") = message->word[2];
    register uint64_t r9 __asm__("r9") = message->word[3];
    register uint64_t r12 __asm__("r12") = message->word[4];
    register uint64_t r13 __asm__("r13") = message->word[5];
    __asm__ volatile("syscall"
                     : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "+r"(r12), "+r"(r13)
                     :
                     : "rcx", "r11", "memory");
    return (ts_status_t)rax;
}
