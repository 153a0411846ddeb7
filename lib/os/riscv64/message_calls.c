/* SPDX-License-Identifier: MIT */
/* The calls that pass a whole message in registers: arguments and results as
 * arch/include/arch/context.h says. */
#include "gen/syscalls.h"
#include "os/message.h"

ts_status_t ts_call(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline) {
    register uint64_t a7 __asm__("a7") = TS_SYSCALL_CALL;
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1") = message->tag;
    register uint64_t a2 __asm__("a2") = message->word[0];
    register uint64_t a3 __asm__("a3") = message->word[1];
    register uint64_t a4 __asm__("a4") = message->word[2];
    register uint64_t a5 __asm__("a5") = message->word[3];
    register uint64_t a6 __asm__("a6") = message->word[4];
    register uint64_t t0 __asm__("t0") = message->word[5];
    register uint64_t t1 __asm__("t1") = (uint64_t)deadline;
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "+r"(a6), "+r"(t0), "+r"(t1)
                     :
                     : "t2", "t3", "t4", "t5", "t6", "memory");
    message->tag = a1;
    message->word[0] = a2;
    message->word[1] = a3;
    message->word[2] = a4;
    message->word[3] = a5;
    message->word[4] = a6;
    message->word[5] = t0;
    return (ts_status_t)a0;
}

ts_status_t ts_reply_wait(ts_handle_t endpoint, struct ts_message *message, ts_time_t deadline,
                          uint64_t options) {
    register uint64_t a7 __asm__("a7") = TS_SYSCALL_REPLY_WAIT;
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1") = message->tag;
    register uint64_t a2 __asm__("a2") = message->word[0];
    register uint64_t a3 __asm__("a3") = message->word[1];
    register uint64_t a4 __asm__("a4") = message->word[2];
    register uint64_t a5 __asm__("a5") = message->word[3];
    register uint64_t a6 __asm__("a6") = message->word[4];
    register uint64_t t0 __asm__("t0") = message->word[5];
    register uint64_t t1 __asm__("t1") = (uint64_t)deadline;
    register uint64_t t2 __asm__("t2") = options;
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "+r"(a6), "+r"(t0), "+r"(t1), "+r"(t2)
                     :
                     : "t3", "t4", "t5", "t6", "memory");
    message->tag = a1;
    message->badge = a2;
    message->word[0] = a3;
    message->word[1] = a4;
    message->word[2] = a5;
    message->word[3] = a6;
    message->word[4] = t0;
    message->word[5] = t1;
    return (ts_status_t)a0;
}

ts_status_t ts_reply_send(ts_handle_t reply, const struct ts_message *message) {
    register uint64_t a7 __asm__("a7") = TS_SYSCALL_REPLY_SEND;
    register uint64_t a0 __asm__("a0") = reply;
    register uint64_t a1 __asm__("a1") = message->tag;
    register uint64_t a2 __asm__("a2") = message->word[0];
    register uint64_t a3 __asm__("a3") = message->word[1];
    register uint64_t a4 __asm__("a4") = message->word[2];
    register uint64_t a5 __asm__("a5") = message->word[3];
    register uint64_t a6 __asm__("a6") = message->word[4];
    register uint64_t t0 __asm__("t0") = message->word[5];
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "+r"(a6), "+r"(t0)
                     :
                     : "t1", "t2", "t3", "t4", "t5", "t6", "memory");
    return (ts_status_t)a0;
}
