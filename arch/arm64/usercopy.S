/* SPDX-License-Identifier: MIT */
/*
 * Copies between kernel and user memory, by loads and stores that have user mode's rights: a kernel
 * address is refused by the CPU, and PAN stays on. Leaf functions without a stack, so that the
 * fault path can end them at any point: arm_trap_kernel() continues at arm_usercopy_fault.
 * Unaligned accesses are the CPU's affair; it refuses them on device memory only.
 */
#include "arm64/arm64_priv.h"

    .section .usercopy.text, "ax"

/* ts_status_t arch_copy_from_user(void *destination, uaddr_t source, size_t size) */
    .global arch_copy_from_user
arch_copy_from_user:
    mov     x9, #(1 << ARM_USER_BITS)
    subs    x9, x9, x2
    b.lo    arm_usercopy_fault
    cmp     x1, x9
    b.hi    arm_usercopy_fault
    subs    x2, x2, #16
    b.lo    2f
1:  ldtr    x3, [x1]
    ldtr    x4, [x1, #8]
    add     x1, x1, #16
    stp     x3, x4, [x0], #16
    subs    x2, x2, #16
    b.hs    1b
2:  tbz     x2, #3, 3f
    ldtr    x3, [x1]
    add     x1, x1, #8
    str     x3, [x0], #8
3:  tbz     x2, #2, 4f
    ldtr    w3, [x1]
    add     x1, x1, #4
    str     w3, [x0], #4
4:  tbz     x2, #1, 5f
    ldtrh   w3, [x1]
    add     x1, x1, #2
    strh    w3, [x0], #2
5:  tbz     x2, #0, 6f
    ldtrb   w3, [x1]
    strb    w3, [x0]
6:  mov     w0, #0
    ret

/* ts_status_t arch_copy_to_user(uaddr_t destination, const void *source, size_t size) */
    .global arch_copy_to_user
arch_copy_to_user:
    mov     x9, #(1 << ARM_USER_BITS)
    subs    x9, x9, x2
    b.lo    arm_usercopy_fault
    cmp     x0, x9
    b.hi    arm_usercopy_fault
    subs    x2, x2, #16
    b.lo    2f
1:  ldp     x3, x4, [x1], #16
    sttr    x3, [x0]
    sttr    x4, [x0, #8]
    add     x0, x0, #16
    subs    x2, x2, #16
    b.hs    1b
2:  tbz     x2, #3, 3f
    ldr     x3, [x1], #8
    sttr    x3, [x0]
    add     x0, x0, #8
3:  tbz     x2, #2, 4f
    ldr     w3, [x1], #4
    sttr    w3, [x0]
    add     x0, x0, #4
4:  tbz     x2, #1, 5f
    ldrh    w3, [x1], #2
    sttrh   w3, [x0]
    add     x0, x0, #2
5:  tbz     x2, #0, 6f
    ldrb    w3, [x1]
    sttrb   w3, [x0]
6:  mov     w0, #0
    ret

    .global arm_usercopy_fault
arm_usercopy_fault:
    mov     w0, #ARM_ERR_INVALID_ARGS
    ret
