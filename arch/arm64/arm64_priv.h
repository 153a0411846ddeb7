/* SPDX-License-Identifier: MIT */
/* What the files of this room share: offsets for assembly, system register bits, and internal
 * calls. */
#pragma once

/* struct arch_frame */
#define ARM_FRAME_SP     248
#define ARM_FRAME_PC     256
#define ARM_FRAME_PSTATE 264
#define ARM_FRAME_RECORD 272
#define ARM_FRAME_SIZE   288

/* struct arch_context */
#define ARM_CONTEXT_CALLEE   8
#define ARM_CONTEXT_SP       104
#define ARM_CONTEXT_TLS      112
#define ARM_CONTEXT_FPU_USED 120

/* struct arch_percpu */
#define ARM_PERCPU_EMERGENCY 0
#define ARM_PERCPU_CONTEXT   8

/* struct arm_startup */
#define ARM_STARTUP_TABLE  0
#define ARM_STARTUP_STACK  8
#define ARM_STARTUP_PERCPU 16

/*
 * Memory attributes by index: the memory types of leaves, in the order of enum pt_flags.
 * 0 write-back; 1 and 3 not cached; 2 device; 4 write-through. formats/arm_stage1.h says the same.
 */
#define ARM_MAIR 0x000000bb440444ff

/* For usercopy.S: ARCH_USER_TOP is this power of two, and TS_ERR_INVALID_ARGS this number. */
#define ARM_USER_BITS        38
#define ARM_ERR_INVALID_ARGS -10

#define ARM_SPSR_EL0T        0x000
#define ARM_SPSR_EL1H_MASKED 0x3c5

#ifndef __ASSEMBLER__

#include "abi/bootinfo.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/mmu.h"

/* Reads or writes a system register by name. */
#define ARM_READ(name)                                                                             \
    ({                                                                                             \
        uint64_t value_of_register;                                                                \
        __asm__ volatile("mrs %0, " #name : "=r"(value_of_register) : : "memory");                 \
        value_of_register;                                                                         \
    })
#define ARM_WRITE(name, value)                                                                     \
    __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

/* A four-bit field of an identification register. */
static inline unsigned arm_field(uint64_t value, unsigned shift) {
    return (unsigned)(value >> shift) & 0xf;
}

static inline void arm_isb(void) {
    __asm__ volatile("isb" : : : "memory");
}

/* Addresses of the image, as the linker gives them and as the boot code found them. */
extern char kernel_image_start[], kernel_data_start[], kernel_data_end[];
extern uint64_t arm_image_phys; /* of kernel_image_start; written before kernel_main */

static inline uint64_t arm_image_to_phys(const void *address) {
    return (uint64_t)address - (uint64_t)kernel_image_start + arm_image_phys;
}

/* start.S */
extern char arm_vectors[], arm_secondary_entry[], arm_table_exchange[];
extern uint64_t boot_table_identity[];
extern uint64_t arm_table_empty[];

/* usercopy.S */
extern char usercopy_start[], usercopy_end[], arm_usercopy_fault[];

/* context.S */
extern char arm_thread_start[], arm_thread_user[];
/* context.c */
void arm_fpu_first_use(struct arch_context *c);

void arm_fpu_save(struct arch_fpu *fpu);
void arm_fpu_load(const struct arch_fpu *fpu);
void arm_fpu_switch(struct arch_context *from, struct arch_context *to);

/* entry.S */
extern char arm_semihosting_stop[];
uint64_t arm_semihosting(uint64_t operation, const void *block);
uint64_t arm_psci(uint64_t hypervisor, uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* smp.c, called from start.S */
_Noreturn void arm_secondary_main(struct arch_percpu *p);

/* trap.c, called from entry.S */
void arm_trap_user(struct arch_frame *frame);
void arm_trap_kernel(struct arch_frame *frame);
void arm_trap_interrupt(struct arch_frame *frame);
void arm_trap_machine(struct arch_frame *frame);
_Noreturn void arm_trap_stack(struct arch_frame *frame);

/* init.c */
extern const struct boot_info *arm_boot_info; /* null before arch_init_early() */
bool arm_on_emergency_stack(uint64_t address);
void arm_semihosting_forget(void); /* nobody listens */
/* False if the machine has no PSCI. *result: 0, or a negative PSCI error. */
bool arm_psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, int64_t *result);

/* mmu.c */
extern uint64_t arm_kernel_root;
void arm_mmu_init(void);
void arm_mmu_init_cpu(void);
/* Writes data back to memory, for a CPU that reads it with its caches off. */
void arm_cache_clean(const void *va, size_t size);

/* irq.c */
#define ARM_IRQ_TIMER 27u /* the virtual timer's private line, by the Base System Architecture */
void arm_gic_init(const struct boot_controller *controller);
void arm_gic_init_cpu(void);
#define ARM_IRQ_PRIVATE 16u /* the first line that is not software's */
/* The line number of the interrupt to handle, ARM_IRQ_NONE for none. What was acknowledged is
 * ended. */
#define ARM_IRQ_NONE 0xffffffffu
uint32_t arm_gic_acknowledge(uint32_t *token);
void arm_gic_end(uint32_t token);
void arm_gic_send(unsigned cpu, unsigned number);
/* For tests: the line that would be acknowledged next on this CPU, and forgetting one that software
 * raised. */
uint32_t arm_gic_pending(void);
void arm_gic_forget(unsigned line);
bool arm_gic_enabled(unsigned line);
uint64_t arm_gic_cpus(void); /* CPUs that take interrupts */

/* time.c */
void arm_time_init(uint64_t frequency);
void arm_time_init_cpu(void);

#endif
