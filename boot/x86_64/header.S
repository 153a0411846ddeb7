/* SPDX-License-Identifier: MIT */
/*
 * Firmware entry. GRUB (multiboot2) and PVH loaders both enter boot_entry in 32-bit protected mode
 * without paging, with a structure's address in ebx; adapter.c tells them apart. The static tables
 * built here map the first GiBs twice, at identity (for the moment of switching, here and when
 * other CPUs start) and at the direct map, and the image where it is linked. With 1 GiB pages all
 * 128 GiB of the direct map are there, without them the first 4 GiB; adapter.c adds the rest.
 */
#include "arch/impl/layout.h"
#include "arch/stack.h"
#include "x86_64/tables.h"

#define PHYSICAL(symbol) ((symbol) - LAYOUT_IMAGE_BASE)

#define DIRECT_GIBS      128
#define IMAGE_INDEX      510
#define SMALL_GIBS       4

    .section .boot.header, "a"
    .balign 8
multiboot2_header:
    .long 0xe85250d6
    .long 0
    .long multiboot2_end - multiboot2_header
    .long -(0xe85250d6 + (multiboot2_end - multiboot2_header))
    .balign 8
    .word 0, 0
    .long 8
multiboot2_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad PHYSICAL(boot_entry)

    .section .boot.text, "ax"
    .code32
    .globl boot_entry
boot_entry:
    cli
    cld
    movl $PHYSICAL(boot_stack_top), %esp
    movl %eax, %edi
    movl %ebx, %esi
    call check_cpu
    call build_tables
    lgdt PHYSICAL(boot_gdt_pointer)
    call boot_enable_paging
    ljmp $SELECTOR_KERNEL_CODE, $PHYSICAL(enter_high)

/* Long mode and no-execute pages are needed; ebp becomes the extended features. */
check_cpu:
    movl $0x80000000, %eax
    cpuid
    movl $PHYSICAL(no_long_mode), %ebp
    cmpl $0x80000001, %eax
    jb boot_refuse
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz boot_refuse
    testl $(1 << 20), %edx
    jz boot_refuse
    movl %edx, %ebp
    ret

build_tables:
    movl $(PHYSICAL(low_table) + PAGE_TABLE_FLAGS), PHYSICAL(boot_root)
    movl $(PHYSICAL(boot_high_table) + PAGE_TABLE_FLAGS), PHYSICAL(boot_root) + 511 * 8
    testl $(1 << 26), %ebp
    jz build_small

    movl $PAGE_LEAF_FLAGS, PHYSICAL(boot_high_table) + IMAGE_INDEX * 8
    xorl %ecx, %ecx
1:  movl %ecx, %eax
    shll $30, %eax
    orl $PAGE_LEAF_FLAGS, %eax
    movl %ecx, %edx
    shrl $2, %edx
    movl %eax, PHYSICAL(boot_high_table) + DIRECT_INDEX * 8(, %ecx, 8)
    movl %edx, PHYSICAL(boot_high_table) + DIRECT_INDEX * 8 + 4(, %ecx, 8)
    cmpl $SMALL_GIBS, %ecx
    jae 2f
    movl %eax, PHYSICAL(low_table)(, %ecx, 8)
2:  incl %ecx
    cmpl $DIRECT_GIBS, %ecx
    jb 1b
    ret

build_small:
    movl $PAGE_LEAF_FLAGS, %eax
    xorl %ecx, %ecx
1:  movl %eax, PHYSICAL(small_tables)(, %ecx, 8)
    addl $(2 << 20), %eax
    incl %ecx
    cmpl $(SMALL_GIBS * 512), %ecx
    jb 1b
    movl $(PHYSICAL(small_tables) + PAGE_TABLE_FLAGS), %eax
    movl %eax, PHYSICAL(boot_high_table) + IMAGE_INDEX * 8
    xorl %ecx, %ecx
2:  movl %eax, PHYSICAL(low_table)(, %ecx, 8)
    movl %eax, PHYSICAL(boot_high_table) + DIRECT_INDEX * 8(, %ecx, 8)
    addl $4096, %eax
    incl %ecx
    cmpl $SMALL_GIBS, %ecx
    jb 2b
    ret

/* Also called by other CPUs, from their trampoline. Leaves the CPU in 32-bit code of long mode. */
    .globl boot_enable_paging
boot_enable_paging:
    movl $(CR4_PAE | CR4_GLOBAL), %eax
    movl %eax, %cr4
    movl $PHYSICAL(boot_root), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LONG_MODE | EFER_NO_EXECUTE), %eax
    wrmsr
    movl $(CR0_PAGING | CR0_WRITE | CR0_PROTECTED | 0x32), %eax /* and MP, ET, NE */
    movl %eax, %cr0
    ret

/* Says why on COM1, then leaves QEMU by its exit device; elsewhere it stops. The text's address
 * is in ebp. */
boot_refuse:
    movb (%ebp), %al
    testb %al, %al
    jz 1f
    movw $0x3f8, %dx
    outb %al, %dx
    incl %ebp
    jmp boot_refuse
1:  movl $0x41, %eax
    movw $0xf4, %dx
    outl %eax, %dx
2:  hlt
    jmp 2b

    .code64
enter_high:
    movabsq $start_boot_cpu, %rax
    jmp *%rax

    .section .rodata
no_long_mode:
    .asciz "Tessera: this CPU has no 64-bit mode with no-execute pages\r\n"
    .balign 8
    .globl boot_gdt
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cf9b000000ffff
boot_gdt_end:
    .globl boot_gdt_pointer
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

    .section .bss
    .balign 4096
    .globl boot_root
boot_root:
    .skip 4096
low_table:
    .skip 4096
    .globl boot_high_table
boot_high_table:
    .skip 4096
small_tables:
    .skip 4096 * SMALL_GIBS
    .globl boot_stack_bottom, boot_stack_top
boot_stack_bottom:
    .skip ARCH_STACK_SIZE
boot_stack_top:
    .section .note.GNU-stack, "", @progbits
