/* SPDX-License-Identifier: MIT */
/* What the files of this folder share: CSR access, SBI calls, and each other's functions. */
#pragma once

#include "abi/bootinfo.h"
#include "abi/types.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "riscv64/offsets.h"

#define csr_read(name)                                                                             \
    ({                                                                                             \
        uint64_t csr_value_;                                                                       \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value_)::"memory");                          \
        csr_value_;                                                                                \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"rK"(value) : "memory")
#define csr_set(name, bits)    __asm__ volatile("csrs " #name ", %0" ::"rK"(bits) : "memory")
#define csr_clear(name, bits)  __asm__ volatile("csrc " #name ", %0" ::"rK"(bits) : "memory")

#define SIE_SOFTWARE 0x2ul
#define SIE_TIMER    0x20ul
#define SIE_EXTERNAL 0x200ul

/* SBI: extension numbers and functions (SBI specification 1.0). */
/* SBI: extension numbers and functions (SBI specification 1.0). */
#define SBI_BASE              0x10ul
#define SBI_BASE_IMPL_ID      1ul
#define SBI_BASE_IMPL_VERSION 2ul
#define SBI_TIME              0x54494d45ul
#define SBI_TIME_SET          0ul
#define SBI_IPI               0x735049ul
#define SBI_IPI_SEND          0ul
#define SBI_RFENCE            0x52464e43ul
#define SBI_RFENCE_CODE       0ul
#define SBI_RFENCE_VMA        1ul
#define SBI_RFENCE_VMA_ASID   2ul
#define SBI_HSM               0x48534dul
#define SBI_HSM_START         0ul
#define SBI_SRST              0x53525354ul

struct sbi_result {
    int64_t error; /* 0 or negative */
    uint64_t value;
};

/* init.c: sbi(extension, function, up to five arguments). */
struct sbi_result sbi_call(uint64_t extension, uint64_t function, const uint64_t argument[5]);
#define sbi(extension, function, ...)                                                              \
    sbi_call((extension), (function), (const uint64_t[5]){__VA_ARGS__})

/* smp.c: CPU numbers and harts. */
void smp_init(const struct boot_info *bi);
void smp_note_percpu(struct arch_percpu *p);
uint64_t smp_hart(unsigned cpu);
/* Calls SBI for the CPUs of the set that have been started, in groups that fit SBI's hart masks:
 * the first two arguments are a mask and its base, the others those given. */
void smp_call_set(uint64_t cpus, uint64_t extension, uint64_t function, const uint64_t argument[3]);
void smp_interrupt(void);

/* irq.c: the PLIC. */
void irq_init(const struct boot_info *bi);
void irq_init_cpu(void);
void irq_interrupt(void);
uint32_t irq_priority_in_force(unsigned line); /* for tests; 0: masked */

/* time.c */
void time_init(const struct boot_info *bi);
void time_init_cpu(void);
void time_interrupt(void);
bool time_has_sstc(void);

/* mmu.c */
void mmu_init(const struct boot_info *bi);
uint64_t mmu_kernel_satp(void);
const char *mmu_mode_name(void);
bool mmu_has_asids(void);

/* trap.c: called by entry.S with the frame of any trap but system calls. */
void trap_handle(struct arch_frame *frame);

/* Physical address of something in the kernel image. */
#define image_to_phys(symbol) ((uint64_t)(symbol)-ARCH_IMAGE_OFFSET)

/* Assembly. */
void arch_trap_entry(void);
extern char arch_trap_kernel_return[];   /* where trap_handle() returns to after a kernel trap */
extern char arch_trap_overflow_return[]; /* or would, after an overflow of the stack */
void arch_fpu_load(const struct arch_context *context); /* the FPU is on and has the state */
void arch_user_start(void);          /* that of a thread without kernel state: sp = user frame */
void arch_kernel_thread_start(void); /* first "return" of a kernel thread: s1(s2) */
void arch_secondary_entry(void);
extern uint64_t arch_start_block; /* read by it */
_Noreturn void arch_secondary_main(void);
extern char arch_boot_stack[];
extern char arch_boot_stack_top[];
extern char arch_emergency_stack[];
extern char arch_emergency_stack_top[];
extern char boot_table[];
