/* SPDX-License-Identifier: MIT */
/* What the files of this room share. */
#pragma once

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/mmu.h"

#define CR0_TASK_SWITCHED 0x8ul
#define CR4_FXSAVE        (1ul << 9)
#define CR4_EXCEPTIONS    (1ul << 10)
#define CR4_UMIP          (1ul << 11)
#define CR4_XSAVE         (1ul << 18)
#define CR4_SMEP          (1ul << 20)
#define CR4_SMAP          (1ul << 21)
#define CR4_MACHINE_CHECK (1ul << 6)
#define CR4_COUNTERS      (1ul << 8)

#define MSR_APIC_BASE      0x1b
#define MSR_PAT            0x277
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_FMASK          0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102

#define RFLAGS_FIXED     0x2ul
#define RFLAGS_TRAP      0x100ul
#define RFLAGS_DIRECTION 0x400ul
#define RFLAGS_NESTED    0x4000ul
#define RFLAGS_ALIGN     0x40000ul

/* Lines have vectors VECTOR_LINE + line; the vectors below belong to the masked legacy controller.
 */
#define VECTOR_LEGACY     0x20
#define VECTOR_LINE       0x30
#define VECTOR_LINE_END   0xf0
#define VECTOR_TIMER      0xf0
#define VECTOR_RESCHEDULE 0xf1
#define VECTOR_FLUSH      0xf2
#define VECTOR_SPURIOUS   0xff

#define NANOSECONDS 1000000000ul

extern char kernel_text_start[], kernel_text_end[], usercopy_start[], usercopy_end[];
extern char boot_stack_bottom[], boot_stack_top[], boot_root[];
extern char smp_trampoline[], smp_trampoline_end[];

/* CPU features that this room uses; the boot CPU's, and every CPU must have them. */
struct x86_features {
    bool smap, smep, umip, xsave, avx, rdrand, pages_1g;
};
extern struct x86_features x86_features;

static inline uint64_t msr_read(uint32_t msr) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

#define CONTROL_REGISTER(n)                                                                        \
    static inline uint64_t cr##n##_read(void) {                                                    \
        uint64_t value;                                                                            \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)::"memory");                            \
        return value;                                                                              \
    }                                                                                              \
    static inline void cr##n##_write(uint64_t value) {                                             \
        __asm__ volatile("mov %0, %%cr" #n ::"r"(value) : "memory");                               \
    }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)

/* A lock of this room, below every lock of the kernel. Interrupts off. Spinning serves other CPUs.
 */
static inline void raw_lock_acquire(uint32_t *lock) {
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0) {
        arch_spin_wait();
    }
}

static inline void raw_lock_release(uint32_t *lock) {
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* init.c */
void init_cpu_tables(struct arch_percpu *p);

/* context.c */
void context_fpu_trap(void);
void context_ports_load(struct arch_percpu *p);

/* mmu.c: mmu_flush_serve does what another CPU waits for, if it asks this CPU. */
void mmu_flush_serve(void);
void mmu_cpu_online(void);
extern uint64_t smp_kernel_root;

/* irq.c */
void apic_map(const struct boot_info *bi);
void apic_init_cpu(bool boot_cpu);
void apic_end_of_interrupt(void);
uint32_t apic_read(unsigned offset);
void apic_write(unsigned offset, uint32_t value);
void apic_send(unsigned cpu, uint32_t command);
void irq_line_dispatch(unsigned line);
bool irq_line_is_open(unsigned line); /* in the controller; for tests */

#define APIC_TIMER_LVT     0x320
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define APIC_COMMAND_FIXED   0x0000u
#define APIC_COMMAND_NMI     0x0400u
#define APIC_COMMAND_INIT    0x0500u
#define APIC_COMMAND_STARTUP 0x0600u
#define APIC_COMMAND_ASSERT  0x4000u

/* time.c */
void time_calibrate(void);
void time_init_cpu(void);
void time_expired(void);
void time_delay(uint64_t ns);

/* smp.c */
void smp_init(const struct boot_info *bi);
uint32_t smp_apic_id(unsigned cpu);
bool smp_nmi(void);
_Noreturn void smp_enter(struct arch_percpu *p);

/* trap.c */
void trap_init(void);
void trap_load(void);
void trap_dispatch(struct arch_frame *frame);

/* entry.S, context.S, usercopy.S */
void entry_syscall(void);
extern char entry_vectors[];
void context_switch_stack(struct arch_context *from, struct arch_context *to);
void context_start_kernel(void);
void context_start_user(void);
void usercopy_fault(void);
