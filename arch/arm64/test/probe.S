/* SPDX-License-Identifier: MIT */
/* What the self-tests cannot say in C. */

    .section .entry.text, "ax"
    .balign 2048
probe_vectors:
    .skip   0x200
    msr     vbar_el1, x3        /* synchronous, from EL1: the load below trapped */
    msr     daif, x4
    isb
    mrs     x5, esr_el1
    mrs     x6, far_el1
    str     x5, [x1]
    str     x6, [x2]
    mov     w0, #0
    ret

    .text
/* bool probe_read(const void *address, uint64_t *cause, uint64_t *value): the vectors are
 * borrowed for one load. */
    .global probe_read
probe_read:
    mrs     x3, vbar_el1
    mrs     x4, daif
    adrp    x5, probe_vectors
    add     x5, x5, :lo12:probe_vectors
    msr     vbar_el1, x5
    isb
    ldr     x6, [x0]
    msr     vbar_el1, x3
    isb
    str     x6, [x2]
    mov     w0, #1
    ret

/* uint64_t fpu_exchange(uint64_t value) */
    .arch_extension fp
    .global fpu_exchange
fpu_exchange:
    fmov    x1, d5
    fmov    d5, x0
    mov     x0, x1
    ret
