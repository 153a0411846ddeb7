/* SPDX-License-Identifier: MIT */
/* The doors from the architecture, except for system calls. Interrupts are off in all of them. */
#include "arch/upcall.h"

#include "arch/context.h"
#include "arch/debug.h"
#include "arch/smp.h"
#include "arch/time.h"
#include "kernel/assert.h"
#include "kernel/devices.h"
#include "kernel/fault.h"
#include "kernel/kasan.h"
#include "kernel/kernelspace.h"
#include "kernel/process.h"
#include "kernel/trace.h"

static const char *fault_name(enum fault_kind kind) {
    static const char *const names[] = {
        [FAULT_PAGE] = "page fault",           [FAULT_ILLEGAL] = "illegal instruction",
        [FAULT_BREAKPOINT] = "breakpoint",     [FAULT_ARITHMETIC] = "arithmetic fault",
        [FAULT_ALIGNMENT] = "alignment fault", [FAULT_GENERAL] = "protection fault",
        [FAULT_STACK] = "kernel stack overflow", [FAULT_MACHINE] = "machine check"};
    return names[kind];
}

/* Nobody handles faults yet but the kernel: the process ends, and its exit code says so (T11). */
static void end_faulting_process(const struct arch_frame *frame, const struct fault *fault) {
    struct thread *thread = thread_current();
    log_line("%s/%s: %s at %lx, address %lx, access %x, code %lx: the process ends", thread->process->name,
             thread->task.name, fault_name(fault->kind), arch_frame_ip(frame), fault->address, fault->access,
             fault->code);
    process_kill(thread->process, TS_EXIT_EXCEPTION);
    thread_exit_current();
}

_Noreturn static void fatal_fault(const struct arch_frame *frame, const struct fault *fault) {
    log_emergency("\n%s in the kernel at %lx, address %lx (%s), access %x, code %lx\n", fault_name(fault->kind),
                  arch_frame_ip(frame), fault->address, kernelspace_area(fault->address), fault->access, fault->code);
    if (CONFIG_KASAN && kasan_memory_of(fault->address) != 0) {
        log_emergency("kasan: nothing is at %lx, which has no shadow\n", kasan_memory_of(fault->address));
    }
    arch_frame_dump(frame, log_emergency);
    arch_backtrace(frame, panic_print_address);
    const struct task *task = task_current();
    panic("%s, task %s", fault_name(fault->kind), task != NULL ? task->name : "none");
}

bool kernel_user_page_fault(uint64_t address, uint32_t access) {
    irq_off_begin();
    trace(TRACE_FAULT, FAULT_PAGE, address);
    percpu_self()->faults++;
    ts_status_t status = fault_resolve(thread_current()->process->space, address, access);
    if (status == TS_OK) {
        kernel_interrupt_exit(); /* what came up while it waited for locks */
    }
    return status == TS_OK;
}

bool kernel_fault(struct arch_frame *frame, const struct fault *fault) {
    trace(TRACE_FAULT, fault->kind, fault->address);
    if (fault->from_user) {
        irq_off_begin();
    }
    if (fault->from_user && fault->kind != FAULT_MACHINE && fault->kind != FAULT_STACK) {
        task_attend(); /* killed while it waited for a page, it ends for that reason */
        end_faulting_process(frame, fault);
    }
    if (fault->in_user_copy && fault->kind != FAULT_STACK) {
        if (fault->kind == FAULT_PAGE) {
            task_current()->copy_address = fault->address;
            task_current()->copy_access = fault->access;
        }
        return false;
    }
    fatal_fault(frame, fault);
}

void kernel_irq(unsigned line) {
    irq_off_begin();
    sched_leave_idle();
    trace(TRACE_INTERRUPT, line, 0);
    percpu_self()->interrupts++;
    interrupt_fire(line);
}

void kernel_timer(void) {
    irq_off_begin();
    struct percpu *self = percpu_self();
    sched_leave_idle();
    self->interrupts++;
    timeout_run_expired();
    if (self->slice_end != TS_TIME_INFINITE && arch_time_now() >= self->slice_end) {
        self->pending |= PENDING_RESCHEDULE;
    }
}

void kernel_ipi(unsigned kind) {
    irq_off_begin();
    struct percpu *self = percpu_self();
    sched_leave_idle();
    self->ipis++;
    if (kind == ARCH_IPI_STOP) {
        arch_halt();
    }
    self->pending |= PENDING_RESCHEDULE;
    if (self->current->attention != 0) {
        self->pending |= PENDING_ATTENTION;
    }
}

static void finish_interrupt(struct percpu *self) {
    struct task *task = self->current;
    if (task == NULL) {
        return;
    }
    grace_quiescent();
    if (__builtin_expect(self->pending == 0, 1)) {
        return;
    }
    if ((self->pending & PENDING_GRACE) != 0) {
        grace_poll();
    }
    if (task == self->idle_task) {
        return; /* the idle loop looks for work itself */
    }
    sched_reschedule_if_pending();
    if (!task->in_window && (percpu_self()->pending & PENDING_ATTENTION) != 0) {
        task_attend();
    }
}

void kernel_interrupt_exit(void) {
    finish_interrupt(percpu_self());
    irq_off_end();
}

void kernel_user_entry(void) {
    sched_task_entry();
    timeout_cancel(&task_current()->timeout);
    sched_reschedule_if_pending(); /* the switch itself may have made a more urgent task ready */
    if ((percpu_self()->pending & PENDING_ATTENTION) != 0) {
        task_attend();
    }
    irq_off_end();
}
