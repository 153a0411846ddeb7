/* SPDX-License-Identifier: MIT */
/* New threads, and the layouts that assembly relies on. */
#include "arch/context.h"

#include "abi/status.h"
#include "arch/mmu.h"
#include "base/string.h"
#include "riscv64/riscv64_priv.h"

_Static_assert(offsetof(struct arch_percpu, frame) == PERCPU_FRAME, "offset");
_Static_assert(offsetof(struct arch_percpu, user_sp) == PERCPU_USER_SP, "offset");
_Static_assert(offsetof(struct arch_percpu, scratch) == PERCPU_SCRATCH, "offset");
_Static_assert(offsetof(struct arch_percpu, context) == PERCPU_CONTEXT, "offset");
_Static_assert(offsetof(struct arch_frame, x[31]) == FRAME_X(31), "offset");
_Static_assert(offsetof(struct arch_frame, ip) == FRAME_IP, "offset");
_Static_assert(offsetof(struct arch_frame, status) == FRAME_STATUS, "offset");
_Static_assert(offsetof(struct arch_frame, cause) == FRAME_CAUSE, "offset");
_Static_assert(offsetof(struct arch_frame, value) == FRAME_VALUE, "offset");
_Static_assert(sizeof(struct arch_frame) == FRAME_SIZE && FRAME_SIZE % 16 == 0, "stack alignment");
_Static_assert(offsetof(struct arch_context, frame) == CONTEXT_FRAME, "offset");
_Static_assert(offsetof(struct arch_context, ra) == CONTEXT_RA, "offset");
_Static_assert(offsetof(struct arch_context, sp) == CONTEXT_SP, "offset");
_Static_assert(offsetof(struct arch_context, s[11]) == CONTEXT_S(11), "offset");
_Static_assert(offsetof(struct arch_context, fpu_used) == CONTEXT_FPU_USED, "offset");
_Static_assert(offsetof(struct arch_context, f[31]) == CONTEXT_F(31), "offset");
_Static_assert(offsetof(struct arch_context, fcsr) == CONTEXT_FCSR, "offset");

_Static_assert((int64_t)KERNEL_STACKS_BASE >> STACKS_SHIFT == STACKS_PREFIX, "region of stacks");
_Static_assert(KERNEL_STACKS_SIZE == 1ul << STACKS_SHIFT, "region of stacks");
_Static_assert(ARCH_USER_TOP == 1ul << USER_TOP_SHIFT, "user half");
_Static_assert(TS_ERR_INVALID_ARGS == STATUS_INVALID_ARGS, "status");

static uint64_t stack_top(void *stack, size_t size) {
    return ((uint64_t)stack + size) & ~(uint64_t)15;
}

void arch_context_init_kernel(struct arch_context *c, void *stack, size_t size, void (*fn)(void *),
                              void *arg) {
    *c = (struct arch_context){.ra = (uint64_t)arch_kernel_thread_start,
                               .sp = stack_top(stack, size)};
    c->s[1] = (uint64_t)fn;
    c->s[2] = (uint64_t)arg;
}

void arch_context_init_user(struct arch_context *c, void *stack, size_t size) {
    *c = (struct arch_context){0};
    c->frame = (struct arch_frame *)(stack_top(stack, size) - sizeof(struct arch_frame));
    *c->frame = (struct arch_frame){0};
    arch_context_discard(c);
}

void arch_context_set_entry(struct arch_context *c, uint64_t ip, uint64_t sp, uint64_t arg1,
                            uint64_t arg2) {
    c->frame->ip = ip;
    c->frame->x[2] = sp;
    c->frame->x[10] = arg1;
    c->frame->x[11] = arg2;
}

void arch_context_set_tls(struct arch_context *c, uint64_t value) {
    c->frame->x[4] = value;
}

void arch_context_discard(struct arch_context *c) {
    c->ra = (uint64_t)arch_user_start;
    c->sp = (uint64_t)c->frame;
    c->s[0] = 0; /* the end of backtraces */
}

void arch_context_fpu_reset(struct arch_context *c) {
    c->fpu_used = 0;
    memset(c->f, 0, sizeof(c->f));
    c->fcsr = 0;
}
