/* SPDX-License-Identifier: MIT */
/* What the self-tests cannot say in C. */

    .section .text
/* bool probe_read(const void *address, uint64_t *error, uint64_t *value); */
    .globl probe_read
probe_read:
    movq (%rdi), %rcx
    movq %rcx, (%rdx)
    movl $1, %eax
    ret

/* The page fault handler meanwhile: on the stack error code, rip, cs, flags, rsp. Returns from
 * probe_read. */
    .globl probe_fault
probe_fault:
    popq %rcx
    movq %rcx, (%rsi)
    movq %cr2, %rcx
    movq %rcx, (%rdx)
    movq 24(%rsp), %rsp
    xorl %eax, %eax
    ret

    .globl fpu_exchange
fpu_exchange:
    movq %xmm5, %rax
    movq %rdi, %xmm5
    ret

    .section .note.GNU-stack, "", @progbits
