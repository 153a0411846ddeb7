/* SPDX-License-Identifier: MIT */
/*
 * Registers and backtraces. The frame pointer s0 points above the return address and the caller's
 * s0. It is believed only while it lies on the stack where the walk began, in its mapped half, or
 * in the kernel's data (static stacks).
 */
#include "arch/debug.h"

#include "arch/mmu.h"
#include "arch/stack.h"
#include "riscv64/riscv64_priv.h"

#define DEPTH_MAX 32

extern char kernel_text_start[];
extern char kernel_text_end[];
extern char kernel_data_start[];
extern char kernel_data_end[];

/* Padded, so that columns stand below each other. */
static const char *const register_names[32] = {
    "  0", " ra", " sp", " gp", " tp", " t0", " t1", " t2", " s0", " s1", " a0",
    " a1", " a2", " a3", " a4", " a5", " a6", " a7", " s2", " s3", " s4", " s5",
    " s6", " s7", " s8", " s9", "s10", "s11", " t3", " t4", " t5", " t6"};

void arch_frame_dump(const struct arch_frame *frame, arch_print print) {
    print("   ip %016lx  status %016lx  cause %016lx  value %016lx\n", frame->ip, frame->status,
          frame->cause, frame->value);
    for (unsigned i = 1; i < 32; i++) {
        print(" %s %016lx%s", register_names[i], frame->x[i], i % 4 == 0 || i == 31 ? "\n" : "");
    }
}

/* Whether the 16 bytes below fp are mapped stack; sp was the stack pointer of the same stack. */
static bool is_on_stack(uint64_t fp, uint64_t sp) {
    uint64_t low = fp - 16;
    if (fp % 8 != 0 || fp < 16 || low < sp) {
        return false;
    }
    if (low >= (uint64_t)kernel_data_start && fp <= (uint64_t)kernel_data_end) {
        return true;
    }
    return low >= KERNEL_STACKS_BASE && fp <= KERNEL_STACKS_BASE + KERNEL_STACKS_SIZE &&
           low >> (ARCH_STACK_BITS + 1) == sp >> (ARCH_STACK_BITS + 1) &&
           (low >> ARCH_STACK_BITS & 1) != 0;
}

static bool is_text(uint64_t ip) {
    return ip >= (uint64_t)kernel_text_start && ip < (uint64_t)kernel_text_end;
}

/* Where a walk stands: the frame pointer, and a lower bound of it on the same stack. */
struct position {
    uint64_t fp;
    uint64_t sp;
};

/* Goes to a trapped context. A function that calls nothing has stored s0 where others have the
 * return address, which is still in ra. */
static void enter_frame(struct position *at, const struct arch_frame *frame,
                        void (*visit)(uint64_t ip)) {
    visit(frame->ip);
    *at = (struct position){.fp = frame->x[8], .sp = frame->x[2]};
    if (is_on_stack(at->fp, at->sp)) {
        uint64_t stored = ((const uint64_t *)at->fp)[-1];
        if (!is_text(stored) && is_text(frame->x[1])) {
            visit(frame->x[1]);
            at->sp = at->fp;
            at->fp = stored;
        }
    }
}

/* trap_handle() was entered with sp at the frame, so that its frame pointer is the frame's address.
 */
static void walk(struct position at, unsigned depth, void (*visit)(uint64_t ip)) {
    for (; depth < DEPTH_MAX && is_on_stack(at.fp, at.sp); depth++) {
        const uint64_t *pair = (const uint64_t *)at.fp - 2;
        uint64_t ip = pair[1];
        if (ip == (uint64_t)arch_trap_kernel_return || ip == (uint64_t)arch_trap_overflow_return) {
            const struct arch_frame *frame = (const struct arch_frame *)at.fp;
            if (!is_on_stack((uint64_t)(frame + 1), at.sp) || ++depth == DEPTH_MAX) {
                return;
            }
            enter_frame(&at, frame, visit);
            continue;
        }
        if (!is_text(ip)) {
            return;
        }
        visit(ip);
        at = (struct position){.fp = pair[0], .sp = at.fp};
    }
}

/* noinline: its own frame is the first one walked. */
__attribute__((noinline)) void arch_backtrace(const struct arch_frame *frame,
                                              void (*visit)(uint64_t ip)) {
    struct position at;
    if (frame == NULL) {
        __asm__ volatile("mv %0, sp" : "=r"(at.sp));
        at.fp = (uint64_t)__builtin_frame_address(0);
        walk(at, 0, visit);
    } else if (arch_frame_is_user(frame)) {
        visit(frame->ip);
    } else {
        enter_frame(&at, frame, visit);
        walk(at, 2, visit);
    }
}
