/* SPDX-License-Identifier: MIT */
/*
 * From the boot code into C. The boot CPU comes from boot/x86_64/header.S; other CPUs start in the
 * trampoline, a copy of which lies in a page below 1 MiB (init.c puts it there) and which does not
 * know its address but by CS.
 */
#include "arch/impl/layout.h"

#define PHYSICAL(symbol) ((symbol) - LAYOUT_IMAGE_BASE)

    .section .text
    .code64
/* edi: magic number in eax at entry, esi: physical address of the loader's structure. */
    .globl start_boot_cpu
start_boot_cpu:
    movabsq $boot_stack_top, %rsp
    xorl %ebp, %ebp
    movl %edi, %r12d
    movl %esi, %r13d
    call start_segments
    call kernel_percpu_boot
    movq %rax, %rdi
    call arch_percpu_set
    movl %r12d, %edi
    movl %r13d, %esi
    call boot_main
    ud2

/* The boot descriptor table by its high address, and segments from it. GS is left alone but for
 * its selector. */
start_segments:
    subq $16, %rsp
    movw $31, (%rsp)
    movabsq $boot_gdt, %rax
    movq %rax, 2(%rsp)
    lgdt (%rsp)
    addq $16, %rsp
    movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    ret

/* Another CPU, on the boot tables: finds its own start record by its local APIC id. */
start_other_cpu:
    movl $1, %eax
    cpuid
    shrl $24, %ebx
    shll $SMP_START_SHIFT, %ebx
    movabsq $smp_start, %rax
    addq %rax, %rbx
    movq SMP_START_STACK(%rbx), %rcx
    movq smp_kernel_root(%rip), %rax
    movq %rax, %cr3
    movq %rcx, %rsp
    xorl %ebp, %ebp
    call start_segments
    movq SMP_START_PERCPU(%rbx), %rdi
    call arch_percpu_set
    movq SMP_START_PERCPU(%rbx), %rdi
    call smp_enter
    ud2

    .section .rodata
    .balign 16
    .code16
    .globl smp_trampoline, smp_trampoline_end
smp_trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl (boot_gdt_pointer_copy - smp_trampoline)
    movl $CR0_PROTECTED, %eax
    movl %eax, %cr0
    ljmpl $0x18, $PHYSICAL(trampoline_protected)
    .balign 4
boot_gdt_pointer_copy:
    .word 31
    .long PHYSICAL(boot_gdt)
smp_trampoline_end:

    .section .boot.text, "ax"
    .code32
trampoline_protected:
    movl $SELECTOR_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $PHYSICAL(trampoline_stack_top), %esp
    call boot_enable_paging
    ljmp $SELECTOR_KERNEL_CODE, $PHYSICAL(trampoline_long)
    .code64
trampoline_long:
    movabsq $start_other_cpu, %rax
    jmp *%rax

/* CPUs that start together share it: each stores the same return address. */
    .section .bss
    .balign 16
    .skip 16
trampoline_stack_top:
    .section .note.GNU-stack, "", @progbits
