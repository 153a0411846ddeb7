/* SPDX-License-Identifier: MIT */
/* Register dump and backtrace by frame pointers, for panics. */
#include "arch/debug.h"

#include "arch/stack.h"
#include "x86_64_priv.h"

#define DEPTH_MAX  32
#define STACK_SLOT (2ul * ARCH_STACK_SIZE)

void arch_frame_dump(const struct arch_frame *f, arch_print print) {
    print("  rip %016lx cs %lx rflags %lx rsp %016lx ss %lx\n", f->rip, f->cs, f->rflags, f->rsp,
          f->ss);
    print("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    print("  rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    print("  r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    print("  r13 %016lx r14 %016lx r15 %016lx cr2 %016lx\n", f->r13, f->r14, f->r15, cr2_read());
    print("  vector %lx error %lx cr3 %lx\n", f->vector, f->error, cr3_read());
}

static bool is_within(uint64_t address, const void *start, const void *end) {
    return address >= (uint64_t)start && address < (uint64_t)end;
}

static bool is_pair_within(uint64_t address, const void *start, const void *end) {
    return is_within(address, start, end) && is_within(address + 15, start, end);
}

/* The mapped half of the slot that the running thread's kernel stack is in. */
static bool is_on_thread_stack(uint64_t address) {
    uint64_t inside = arch_percpu()->kernel_stack - 1;
    return inside >= KERNEL_STACKS_BASE && inside < KERNEL_STACKS_BASE + KERNEL_STACKS_SIZE &&
           address / STACK_SLOT == inside / STACK_SLOT && address % STACK_SLOT >= ARCH_STACK_SIZE;
}

/* A saved frame pointer and the return address above it may be read. */
static bool is_readable(uint64_t fp) {
    struct arch_percpu *p = arch_percpu();
    return fp % 8 == 0 && (is_pair_within(fp, boot_stack_bottom, boot_stack_top) ||
                           is_pair_within(fp, p->emergency, p->emergency + ARCH_STACK_COUNT) ||
                           (is_on_thread_stack(fp) && is_on_thread_stack(fp + 15)));
}

void arch_backtrace(const struct arch_frame *frame, void (*visit)(uint64_t ip)) {
    uint64_t fp = (uint64_t)__builtin_frame_address(0);
    unsigned depth = 0;
    if (frame != NULL) {
        visit(frame->rip);
        fp = arch_frame_is_user(frame) ? 0 : frame->rbp;
        depth = 1;
    }
    for (; depth < DEPTH_MAX && is_readable(fp); depth++) {
        const uint64_t *pair = (const uint64_t *)fp;
        if (!is_within(pair[1], kernel_text_start, kernel_text_end)) {
            return;
        }
        visit(pair[1]);
        fp = pair[0];
    }
}
