/* SPDX-License-Identifier: MIT */
/* Making contexts, and vector state: off until a thread's first use traps, from then on moved at
 * every switch. */
#include "arch/context.h"

#include "abi/status.h"
#include "arm64/arm64_priv.h"
#include "base/string.h"

#define CPACR_FPEN (3ul << 20)

_Static_assert(offsetof(struct arch_frame, sp) == ARM_FRAME_SP, "entry.S");
_Static_assert(offsetof(struct arch_frame, pc) == ARM_FRAME_PC, "entry.S");
_Static_assert(offsetof(struct arch_frame, pstate) == ARM_FRAME_PSTATE, "entry.S");
_Static_assert(offsetof(struct arch_frame, record) == ARM_FRAME_RECORD, "entry.S");
_Static_assert(sizeof(struct arch_frame) == ARM_FRAME_SIZE, "entry.S");
_Static_assert(offsetof(struct arch_context, frame) == 0, "entry.S");
_Static_assert(offsetof(struct arch_context, callee) == ARM_CONTEXT_CALLEE, "context.S");
_Static_assert(offsetof(struct arch_context, sp) == ARM_CONTEXT_SP, "context.S");
_Static_assert(offsetof(struct arch_context, tls) == ARM_CONTEXT_TLS, "context.S");
_Static_assert(offsetof(struct arch_context, fpu_used) == ARM_CONTEXT_FPU_USED, "context.S");
_Static_assert(offsetof(struct arch_fpu, fpsr) == 512, "context.S");
_Static_assert(offsetof(struct arch_percpu, emergency_stack) == ARM_PERCPU_EMERGENCY, "entry.S");
_Static_assert(offsetof(struct arch_percpu, context) == ARM_PERCPU_CONTEXT, "context.S");

_Static_assert(ARCH_USER_TOP == 1ul << ARM_USER_BITS, "usercopy.S");
_Static_assert(TS_ERR_INVALID_ARGS == ARM_ERR_INVALID_ARGS, "usercopy.S");

enum callee { CALLEE_X19, CALLEE_X20, CALLEE_X29 = 10, CALLEE_X30 };

void arch_context_init_kernel(struct arch_context *c, void *stack, size_t size, void (*fn)(void *),
                              void *arg) {
    memset(c, 0, sizeof(*c));
    c->sp = (uint64_t)stack + size;
    c->callee[CALLEE_X19] = (uint64_t)fn;
    c->callee[CALLEE_X20] = (uint64_t)arg;
    c->callee[CALLEE_X30] = (uint64_t)arm_thread_start;
}

void arch_context_init_user(struct arch_context *c, void *stack, size_t size) {
    memset(c, 0, sizeof(*c));
    c->frame = (struct arch_frame *)((uint64_t)stack + size) - 1;
    memset(c->frame, 0, sizeof(*c->frame));
    c->frame->pstate = ARM_SPSR_EL0T;
    arch_context_discard(c);
}

void arch_context_set_entry(struct arch_context *c, uint64_t ip, uint64_t sp, uint64_t arg1,
                            uint64_t arg2) {
    c->frame->pc = ip;
    c->frame->sp = sp;
    c->frame->x[0] = arg1;
    c->frame->x[1] = arg2;
}

void arch_context_set_tls(struct arch_context *c, uint64_t value) {
    c->tls = value;
    if (arch_percpu()->context == c) {
        ARM_WRITE(tpidr_el0, value);
    }
}

void arch_context_discard(struct arch_context *c) {
    c->sp = (uint64_t)c->frame;
    c->callee[CALLEE_X29] = 0;
    c->callee[CALLEE_X30] = (uint64_t)arm_thread_user;
}

static void fpu_enable(bool enable) {
    ARM_WRITE(cpacr_el1, enable ? CPACR_FPEN : 0);
    arm_isb();
}

void arm_fpu_switch(struct arch_context *from, struct arch_context *to) {
    if (from->fpu_used != 0) {
        arm_fpu_save(&from->fpu);
    }
    fpu_enable(to->fpu_used != 0);
    if (to->fpu_used != 0) {
        arm_fpu_load(&to->fpu);
    }
}

void arm_fpu_first_use(struct arch_context *c) {
    c->fpu_used = 1;
    fpu_enable(true);
    arm_fpu_load(&c->fpu);
}

void arch_context_fpu_reset(struct arch_context *c) {
    memset(&c->fpu, 0, sizeof(c->fpu));
    c->fpu_used = 0;
    if (arch_percpu()->context == c) {
        fpu_enable(false);
    }
}
