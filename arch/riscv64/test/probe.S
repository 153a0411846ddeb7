/* SPDX-License-Identifier: MIT */
/* What the self-tests cannot say in C. */
    .option arch, +d

    .text
/* bool probe_read(const void *address, uint64_t *cause, uint64_t *value): the trap vector is
 * borrowed for one load. */
    .globl probe_read
probe_read:
    csrr    t2, sstatus
    la      t0, 1f
    csrrw   t1, stvec, t0
    ld      t3, 0(a0)
    csrw    stvec, t1
    sd      t3, 0(a2)
    li      a0, 1
    ret
    .balign 4
1:  csrw    stvec, t1
    csrw    sstatus, t2
    csrr    t3, scause
    sd      t3, 0(a1)
    csrr    t3, stval
    sd      t3, 0(a2)
    li      a0, 0
    ret

/* uint64_t fpu_exchange(uint64_t value) */
    .globl fpu_exchange
fpu_exchange:
    fmv.x.d t0, f5
    fmv.d.x f5, a0
    mv      a0, t0
    ret
