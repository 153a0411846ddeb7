/* SPDX-License-Identifier: MIT */
/*
 * A CPU's first instructions: down to EL1, system registers, MMU. Used by the boot code for the
 * first CPU, and by arm_secondary_entry, where PSCI starts the others. Runs at physical addresses
 * and uses no stack.
 */
#include "arm64/arm64_priv.h"

#define HCR_RW          (1 << 31)
#define HCR_PAC         (3 << 40) /* pointer authentication is EL1's own affair */
#define CPTR_RES1       0x33ff    /* no trap of FP; SVE and SME trapped, which nobody may use */
#define CNTHCTL_EL1     3         /* EL1 may use the physical counter and timer */
#define ICC_SRE_ALL     0xf
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICH_HCR_EL2     S3_4_C12_C11_0
#define HFGRTR_EL2      S3_4_C1_C1_4
#define HFGWTR_EL2      S3_4_C1_C1_5
#define HFGITR_EL2      S3_4_C1_C1_6
#define HDFGRTR_EL2     S3_4_C3_C1_4
#define HDFGWTR_EL2     S3_4_C3_C1_5
#define HAFGRTR_EL2     S3_4_C3_C1_6
#define HCRX_EL2        S3_4_C1_C2_2

/* RES1 bits, SA, SA0, I, C; user mode may use DC ZVA, CTR_EL0, cache maintenance by address, WFI
 * and WFE. */
#define SCTLR_OFF       0x30d00800
#define SCTLR_KERNEL    (1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 12)
#define SCTLR_USER      (1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 26)
#define SCTLR_ON        (SCTLR_OFF | SCTLR_KERNEL | SCTLR_USER)
#define SCTLR_SPAN      (1 << 23) /* set: PAN is left alone when an exception is taken */

/* 39-bit halves, 4 KiB granule, walks write-back and inner shareable. */
#define TCR_LOWER       (25 | 1 << 8 | 1 << 10 | 3 << 12)
#define TCR_UPPER       (25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30)
#define TCR_IPS_SHIFT   32
#define TCR_AS          (1 << 36)
#define TCR_HA          (1 << 39)
#define TCR_HD          (1 << 40)
#define PA_RANGE_MAX    5 /* 48 bits: more needs another granule or format */

    .section .head.text, "ax"

/* Goes on at the caller at EL1, MMU off. Loses x0-x2. */
    .global arm_enter_el1
arm_enter_el1:
    mrs     x1, CurrentEL
    cmp     x1, #(2 << 2)
    b.eq    1f
    ldr     x0, =SCTLR_OFF
    msr     sctlr_el1, x0
    isb
    ret
1:  ldr     x0, =(HCR_RW | HCR_PAC)
    msr     hcr_el2, x0
    isb                         /* which decides what the registers below are */
    ldr     x0, =SCTLR_OFF
    msr     sctlr_el1, x0
    ldr     x0, =CPTR_RES1
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    msr     vttbr_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    isb
    mov     x0, #CNTHCTL_EL1
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr

    mov     x0, xzr             /* no debug traps, and all performance counters are EL1's */
    mrs     x1, id_aa64dfr0_el1
    ubfx    x1, x1, #8, #4
    cbz     x1, 2f
    cmp     x1, #0xf
    b.eq    2f
    mrs     x0, pmcr_el0
    ubfx    x0, x0, #11, #5
2:  msr     mdcr_el2, x0

    mrs     x1, id_aa64pfr0_el1 /* GICv3: EL1 uses the registers of its CPU interface */
    ubfx    x1, x1, #24, #4
    cbz     x1, 3f
    mrs     x0, ICC_SRE_EL2
    orr     x0, x0, #ICC_SRE_ALL
    msr     ICC_SRE_EL2, x0
    isb
    msr     ICH_HCR_EL2, xzr

3:  mrs     x1, id_aa64mmfr0_el1 /* fine-grained traps: none */
    ubfx    x1, x1, #56, #4
    cbz     x1, 4f
    msr     HFGRTR_EL2, xzr
    msr     HFGWTR_EL2, xzr
    msr     HFGITR_EL2, xzr
    msr     HDFGRTR_EL2, xzr
    msr     HDFGWTR_EL2, xzr
    mrs     x1, id_aa64pfr0_el1 /* the register of the activity monitors comes with them */
    ubfx    x1, x1, #44, #4
    cbz     x1, 4f
    msr     HAFGRTR_EL2, xzr
4:  mrs     x1, id_aa64mmfr1_el1
    ubfx    x1, x1, #40, #4
    cbz     x1, 5f
    msr     HCRX_EL2, xzr

5:  mov     x0, #ARM_SPSR_EL1H_MASKED
    msr     spsr_el2, x0
    msr     elr_el2, x30
    eret

/* x0: user root, x1: kernel root, physical. Goes on at the caller, which must be mapped onto
 * itself. Loses x0-x4. */
    .global arm_mmu_enable
arm_mmu_enable:
    msr     ttbr0_el1, x0
    msr     ttbr1_el1, x1
    ldr     x0, =ARM_MAIR
    msr     mair_el1, x0

    ldr     x0, =(TCR_LOWER | TCR_UPPER)
    mrs     x1, id_aa64mmfr0_el1
    and     x2, x1, #0xf
    cmp     x2, #PA_RANGE_MAX
    mov     x3, #PA_RANGE_MAX
    csel    x2, x2, x3, lo
    orr     x0, x0, x2, lsl #TCR_IPS_SHIFT
    ubfx    x2, x1, #4, #4
    ldr     x3, =TCR_AS         /* 16-bit ASIDs */
    cmp     x2, #2
    csel    x3, x3, xzr, hs
    orr     x0, x0, x3
    mrs     x1, id_aa64mmfr1_el1
    and     x2, x1, #0xf
    ldr     x3, =TCR_HA         /* the CPU sets accessed flags */
    cmp     x2, #1
    csel    x3, x3, xzr, hs
    orr     x0, x0, x3
    ldr     x3, =TCR_HD         /* and dirty state, where entries ask for it */
    cmp     x2, #2
    csel    x3, x3, xzr, hs
    orr     x0, x0, x3
    msr     tcr_el1, x0

    msr     cpacr_el1, xzr      /* vector instructions trap until a thread uses them */
    msr     mdscr_el1, xzr
    ic      iallu
    tlbi    vmalle1
    dsb     nsh
    isb
    ldr     x0, =SCTLR_ON
    ubfx    x2, x1, #20, #4     /* privileged access never */
    mov     x4, x2
    cbz     x2, 1f
    bic     x0, x0, #SCTLR_SPAN
1:  msr     sctlr_el1, x0
    isb
    ic      iallu
    dsb     nsh
    isb
    cbz     x4, 2f
    .inst   0xd500419f          /* msr pan, #1 */
2:  ret

/* void arm_table_exchange(uint64_t root, uint64_t empty), called at its physical address: replaces
 * the kernel's table by way of one that maps nothing, so that no TLB sees both. */
    .global arm_table_exchange
arm_table_exchange:
    msr     ttbr1_el1, x1
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    msr     ttbr1_el1, x0
    isb
    ret

/* PSCI starts a CPU here. x0: physical address of its struct arm_startup. */
    .global arm_secondary_entry
arm_secondary_entry:
    mov     x19, x0
    bl      arm_enter_el1
    adrp    x0, boot_table_identity
    ldr     x1, [x19, #ARM_STARTUP_TABLE]
    ldp     x20, x21, [x19, #ARM_STARTUP_STACK]
    adrp    x22, arm_table_empty
    bl      arm_mmu_enable
    ldr     x0, =secondary_high
    br      x0

    .text
secondary_high:
    msr     ttbr0_el1, x22
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    ldr     x0, =arm_vectors
    msr     vbar_el1, x0
    mov     sp, x20
    msr     tpidr_el1, x21
    mov     x0, x21
    mov     x29, xzr
    mov     x30, xzr
    b       arm_secondary_main
