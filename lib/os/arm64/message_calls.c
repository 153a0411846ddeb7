/* SPDX-License-Identifier: MIT */
/* The calls that pass a whole message in registers: arguments and results as
 * arch/include/arch/context.h says. */
#include "gen/syscalls.h"
#include "os/message.h"

ts_status_t ts_call(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_CALL;
    register uint64_t x0 __asm__("x0") = endpoint;
    register uint64_t x1 __asm__("x1") = message->tag;
    register uint64_t x2 __asm__("x2") = message->word[0];
    register uint64_t x3 __asm__("x3") = message->word[1];
    register uint64_t x4 __asm__("x4") = message->word[2];
    register uint64_t x5 __asm__("x5") = message->word[3];
    register uint64_t x6 __asm__("x6") = message->word[4];
    register uint64_t x7 __asm__("x7") = message->word[5];
    register uint64_t x9 __asm__("x9") = (uint64_t)deadline;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7), "+r"(x9)
                     :
                     : "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    message->tag = x1;
    message->word[0] = x2;
    message->word[1] = x3;
    message->word[2] = x4;
    message->word[3] = x5;
    message->word[4] = x6;
    message->word[5] = x7;
    return (ts_status_t)x0;
}

ts_status_t ts_reply_wait(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline,
                          uint64_t options) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_REPLY_WAIT;
    register uint64_t x0 __asm__("x0") = endpoint;
    register uint64_t x1 __asm__("x1") = message->tag;
    register uint64_t x2 __asm__("x2") = message->word[0];
    register uint64_t x3 __asm__("x3") = message->word[1];
    register uint64_t x4 __asm__("x4") = message->word[2];
    register uint64_t x5 __asm__("x5") = message->word[3];
    register uint64_t x6 __asm__("x6") = message->word[4];
    register uint64_t x7 __asm__("x7") = message->word[5];
    register uint64_t x9 __asm__("x9") = (uint64_t)deadline;
    register uint64_t x10 __asm__("x10") = options;
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7), "+r"(x9), "+r"(x10)
                     :
                     : "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    message->tag = x1;
    message->badge = x2;
    message->word[0] = x3;
    message->word[1] = x4;
    message->word[2] = x5;
    message->word[3] = x6;
    message->word[4] = x7;
    message->word[5] = x9;
    return (ts_status_t)x0;
}

ts_status_t ts_reply_send(ts_handle_t reply, const struct ts_message *message) {
    register uint64_t x8 __asm__("x8") = TS_SYSCALL_REPLY_SEND;
    register uint64_t x0 __asm__("x0") = reply;
    register uint64_t x1 __asm__("x1") = message->tag;
    register uint64_t x2 __asm__("x2") = message->word[0];
    register uint64_t x3 __asm__("x3") = message->word[1];
    register uint64_t x4 __asm__("x4") = message->word[2];
    register uint64_t x5 __asm__("x5") = message->word[3];
    register uint64_t x6 __asm__("x6") = message->word[4];
    register uint64_t x7 __asm__("x7") = message->word[5];
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7)
                     :
                     : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    return (ts_status_t)x0;
}
