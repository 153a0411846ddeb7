/* SPDX-License-Identifier: MIT */
/*
 * Thread contexts. A switch always moves the stack, and the thread pointer if the next thread has a
 * user side; the FPU and the I/O permissions only cost something where one of the two threads has
 * them.
 *
 * FPU: CR0.TS is set while a thread runs that has not used the FPU. Its first use traps
 * (context_fpu_trap); from then on its state is saved and loaded at every switch.
 *
 * I/O permissions: the CPU reads the bitmap in the task state. That bitmap is a copy of the
 * permissions of the thread with ports that ran last on this CPU (only their bytes [first, end) are
 * copied); it is shut off by moving the bitmap's base beyond the segment's end.
 */
#include "x86_64_priv.h"

#include "arch/impl/layout.h"
#include "arch/irq.h"
#include "arch/ports.h"
#include "base/string.h"

#define FPU_CONTROL_OFFSET 0
#define FPU_CONTROL        0x037f
#define FPU_MXCSR_OFFSET   24
#define FPU_MXCSR          0x1f80

_Static_assert(ARCH_PORTS_BITMAP_SIZE == ARCH_IO_BITMAP_SIZE, "one bit per port");

static uint8_t *fpu_area(struct arch_context *c) {
    uint64_t address = (uint64_t)c->fpu_area + ARCH_FPU_AREA_ALIGN - 1;
    return (uint8_t *)(address & ~(uint64_t)(ARCH_FPU_AREA_ALIGN - 1));
}

static void fpu_save(struct arch_context *c) {
    uint8_t *area = fpu_area(c);
    if (x86_features.xsave) {
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
    }
}

static void fpu_load(struct arch_context *c) {
    uint8_t *area = fpu_area(c);
    if (x86_features.xsave) {
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
    }
}

static void fpu_enable(struct arch_percpu *p, bool enable) {
    if (p->fpu_enabled != enable) {
        cr0_write(enable ? cr0_read() & ~CR0_TASK_SWITCHED : cr0_read() | CR0_TASK_SWITCHED);
        p->fpu_enabled = enable;
    }
}

/* The running thread used the FPU for the first time. */
void context_fpu_trap(void) {
    struct arch_percpu *p = arch_percpu();
    p->context->fpu_used = true;
    fpu_enable(p, true);
    fpu_load(p->context);
}

/* An XSAVE header of zeroes means initial state; x87 and MXCSR words serve CPUs without XSAVE, and
 * MXCSR both. */
void arch_context_fpu_reset(struct arch_context *c) {
    uint8_t *area = fpu_area(c);
    uint16_t control = FPU_CONTROL;
    uint32_t mxcsr = FPU_MXCSR;
    memset(c->fpu_area, 0, sizeof(c->fpu_area));
    memcpy(area + FPU_CONTROL_OFFSET, &control, sizeof(control));
    memcpy(area + FPU_MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
    c->fpu_used = false;
}

static void init_common(struct arch_context *c, void *stack, size_t size) {
    c->stack_top = (uint64_t)stack + size;
    c->tls = 0;
    c->ports = NULL;
    arch_context_fpu_reset(c);
}

/* What context_switch_stack pops: r15 r14 r13 r12 rbx rbp, and where it returns to. */
void arch_context_init_kernel(struct arch_context *c, void *stack, size_t size, void (*fn)(void *),
                              void *arg) {
    init_common(c, stack, size);
    c->frame = NULL;
    uint64_t *sp = (uint64_t *)c->stack_top - 8;
    memset(sp, 0, 8 * sizeof(*sp));
    sp[3] = (uint64_t)arg;
    sp[4] = (uint64_t)fn;
    sp[6] = (uint64_t)context_start_kernel;
    c->sp = (uint64_t)sp;
}

void arch_context_init_user(struct arch_context *c, void *stack, size_t size) {
    init_common(c, stack, size);
    c->frame = (struct arch_frame *)c->stack_top - 1;
    memset(c->frame, 0, sizeof(*c->frame));
    c->frame->cs = SELECTOR_USER_CODE;
    c->frame->ss = SELECTOR_USER_DATA;
    c->frame->rflags = RFLAGS_FIXED | RFLAGS_INTERRUPT;
    arch_context_discard(c);
}

/* An address that is not canonical would make the return fault in the kernel; the first one that
 * user mode cannot have faults in user mode instead. */
void arch_context_set_entry(struct arch_context *c, uint64_t ip, uint64_t sp, uint64_t arg1,
                            uint64_t arg2) {
    c->frame->rip = ip < ARCH_USER_TOP ? ip : ARCH_USER_TOP;
    c->frame->rsp = sp;
    c->frame->rdi = arg1;
    c->frame->rsi = arg2;
}

void arch_context_set_tls(struct arch_context *c, uint64_t value) {
    c->tls = value < ARCH_USER_TOP ? value : 0;
    if (arch_percpu()->context == c) {
        msr_write(MSR_FS_BASE, c->tls);
    }
}

/* The registers popped below the frame do not matter: the return to user mode loads all of them.
 * The return address is popped from right below the frame, which leaves the stack pointer at it. */
void arch_context_discard(struct arch_context *c) {
    uint64_t *sp = (uint64_t *)c->frame - 7;
    sp[6] = (uint64_t)context_start_user;
    c->sp = (uint64_t)sp;
}

/* Generations are never used twice, so that a new set of ports at an old one's address is not taken
 * for it. */
static uint64_t next_generation(void) {
    static uint64_t last; /* atomic */
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

/* The generation is read first: if the set changes meanwhile, what was copied counts as the older
 * one. */
static void ports_copy(struct arch_percpu *p, const struct arch_ports *ports) {
    uint64_t generation = __atomic_load_n(&ports->generation, __ATOMIC_ACQUIRE);
    if (p->ports == ports && p->ports_generation == generation) {
        return;
    }
    uint32_t first = __atomic_load_n(&ports->first, __ATOMIC_RELAXED);
    uint32_t end = __atomic_load_n(&ports->end, __ATOMIC_RELAXED);
    memset(p->tss.iomap + p->ports_first, 0xff, p->ports_end - p->ports_first);
    memcpy(p->tss.iomap + first, ports->bitmap + first, end - first);
    p->ports_first = first;
    p->ports_end = end;
    p->ports = ports;
    p->ports_generation = generation;
}

/* Interrupts off. The task state gets the permissions of the running thread. */
void context_ports_load(struct arch_percpu *p) {
    const struct arch_ports *ports =
        p->context == NULL ? NULL : __atomic_load_n(&p->context->ports, __ATOMIC_RELAXED);
    if (ports == NULL) {
        p->tss.iomap_base = sizeof(struct arch_tss);
        return;
    }
    ports_copy(p, ports);
    p->tss.iomap_base = offsetof(struct arch_tss, iomap);
}

void arch_ports_init(struct arch_ports *ports) {
    memset(ports->bitmap, 0xff, sizeof(ports->bitmap));
    ports->first = 0;
    ports->end = 0;
    ports->generation = next_generation();
}

/* The bits of this byte of the bitmap that ports of [base, end) have. */
static uint8_t bits_of_byte(uint32_t byte, uint32_t base, uint32_t end) {
    uint32_t low = base > byte * 8 ? base - byte * 8 : 0;
    uint32_t high = end < byte * 8 + 8 ? end - byte * 8 : 8;
    return (uint8_t)((0xffu << low) & (0xffu >> (8 - high)));
}

/* first only falls and end only grows, so that whoever reads them on the way sees a range. */
void arch_ports_allow(struct arch_ports *ports, uint32_t base, uint32_t length, bool allow) {
    if (length == 0 || base >= ARCH_PORT_COUNT || length > ARCH_PORT_COUNT - base) {
        return;
    }
    uint32_t end = (base + length + 7) / 8;
    for (uint32_t byte = base / 8; byte < end; byte++) {
        uint8_t bits = bits_of_byte(byte, base, base + length);
        ports->bitmap[byte] =
            (uint8_t)(allow ? ports->bitmap[byte] & ~bits : ports->bitmap[byte] | bits);
    }
    bool empty = ports->end == 0;
    if (empty || end > ports->end) {
        __atomic_store_n(&ports->end, end, __ATOMIC_RELEASE);
    }
    if (empty || base / 8 < ports->first) {
        __atomic_store_n(&ports->first, base / 8, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&ports->generation, next_generation(), __ATOMIC_RELEASE);
}

void arch_ports_attach(struct arch_context *c, const struct arch_ports *ports) {
    __atomic_store_n(&c->ports, ports, __ATOMIC_RELEASE);
}

/* Out of line: most threads have neither. */
static __attribute__((noinline)) void
switch_extras(struct arch_percpu *p, struct arch_context *from, struct arch_context *to) {
    if (from->fpu_used) {
        fpu_save(from);
    }
    fpu_enable(p, to->fpu_used);
    if (to->fpu_used) {
        fpu_load(to);
    }
    if (from->ports != NULL || to->ports != NULL) {
        context_ports_load(p);
    }
}

void arch_context_switch(struct arch_context *from, struct arch_context *to) {
    struct arch_percpu *p = arch_percpu();
    p->context = to;
    p->kernel_stack = to->stack_top;
    p->tss.rsp[0] = to->stack_top;
    if (to->frame != NULL) {
        msr_write(MSR_FS_BASE, to->tls);
    }
    if (from->fpu_used || to->fpu_used || from->ports != NULL || to->ports != NULL) {
        switch_extras(p, from, to);
    }
    context_switch_stack(from, to);
}
