/* SPDX-License-Identifier: MIT */
/*
 * Where every system call enters. The generated table takes arguments out of the frame and puts results back; here is
 * what all calls share: the number, debug counters, mutation, and the work that waits before user mode.
 */
#include "arch/upcall.h"
#include "base/string.h"
#include "gen/syscalls.h"
#include "kernel/assert.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/trace.h"

static unsigned mutated_call = UINT32_MAX;
static ts_status_t mutated_status;
static const struct job *mutated_job; /* atomic; only compared */

static ts_status_t parse_status(const char *text) {
    bool negative = *text == '-';
    text += negative ? 1 : 0;
    ts_status_t value = 0;
    for (; *text >= '0' && *text <= '9' && value < 1000; text++) {
        value = value * 10 + (*text - '0');
    }
    return negative ? -value : value;
}

static const char *find_option(const char *line, const char *option) {
    size_t length = strlen(option);
    for (; *line != 0; line++) {
        if (strncmp(line, option, length) == 0) {
            return line + length;
        }
    }
    return NULL;
}

void syscall_set_mutation(const char *command_line) {
    const char *name = CONFIG_DEBUG ? find_option(command_line, "mutate=") : NULL;
    if (name == NULL) {
        return;
    }
    for (unsigned i = 0; i < TS_SYSCALL_COUNT; i++) {
        size_t length = syscall_table[i].name != NULL ? strlen(syscall_table[i].name) : 0;
        if (length == 0 || strncmp(name, syscall_table[i].name, length) != 0) {
            continue;
        }
        if (name[length] == ',' || name[length] == ' ' || name[length] == 0) {
            mutated_call = i;
            mutated_status = name[length] == ',' ? parse_status(name + length + 1) : TS_ERR_INTERNAL;
            log_line("mutation: %s is answered with %d", syscall_table[i].name, mutated_status);
        }
    }
}

void syscall_arm_mutation(const struct job *job) {
    __atomic_store_n(&mutated_job, job, __ATOMIC_SEQ_CST);
}

static bool is_mutated(uint64_t number) {
    const struct job *top = number == mutated_call ? __atomic_load_n(&mutated_job, __ATOMIC_SEQ_CST) : NULL;
    const struct job *job = top != NULL ? process_current()->job : NULL;
    while (job != NULL && job != top) {
        job = job->parent;
    }
    return job != NULL;
}

/* Everything that must happen before user mode goes on; nothing is looked up any more. */
static void handle_pending(void) {
    struct percpu *self = percpu_self();
    if ((self->pending & PENDING_GRACE) != 0) {
        grace_poll();
    }
    sched_reschedule_if_pending();
    self = percpu_self();
    if ((self->pending & PENDING_ATTENTION) != 0) {
        task_attend();
    }
}

void kernel_syscall(struct arch_frame *frame) {
    irq_off_begin();
    uint64_t number = arch_frame_syscall_number(frame);
    ts_status_t status = TS_ERR_BAD_SYSCALL;
    struct percpu *self = percpu_self();
    self->calls[self->call_count++ % LAST_CALLS] = (uint16_t)number;
    if (number < TS_SYSCALL_COUNT && syscall_table[number].handler != NULL) {
        if (CONFIG_DEBUG && is_mutated(number)) {
            status = mutated_status;
        } else {
            status = syscall_table[number].handler(frame);
        }
        DEBUG_ASSERT(percpu_self()->lock_depth == 0);
        if (task_current()->attention == 0) { /* a thread that is being killed never sees the result */
            trace_count_call((unsigned)number, status);
        }
    }
    trace(TRACE_CALL, (uint32_t)number, (uint64_t)(int64_t)status);
    arch_frame_set_status(frame, status);
    if (__builtin_expect(percpu_self()->pending != 0, 0)) {
        handle_pending();
    }
    irq_off_end();
}
