/* SPDX-License-Identifier: MIT */
/* RISC-V: what tests need of the CPU. */
#include "guest/cpu.h"

#include "base/string.h"

const bool cpu_divide_faults = false; /* the quotient is all ones */
const bool cpu_has_ports = false;
const uint64_t cpu_kernel_address = 0xffffffff80100000ul;
const uint64_t cpu_hole_address = 0x0000900000000000ul;

/* li a0, 42; ret */
const uint32_t cpu_code_42[] = {0x02a00513, 0x00008067};
const size_t cpu_code_42_size = sizeof(cpu_code_42);

uint64_t cpu_stack_of_function(uint64_t top) {
    return top;
}

uint64_t cpu_system_call(uint64_t number, uint64_t registers[TS_CALL_ARGUMENTS]) {
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = registers[0];
    register uint64_t a1 __asm__("a1") = registers[1];
    register uint64_t a2 __asm__("a2") = registers[2];
    register uint64_t a3 __asm__("a3") = registers[3];
    register uint64_t a4 __asm__("a4") = registers[4];
    register uint64_t a5 __asm__("a5") = registers[5];
    register uint64_t a6 __asm__("a6") = registers[6];
    register uint64_t t0 __asm__("t0") = registers[7];
    register uint64_t t1 __asm__("t1") = registers[8];
    register uint64_t t2 __asm__("t2") = registers[9];
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "+r"(a6), "+r"(t0), "+r"(t1), "+r"(t2)
                     :
                     : "t3", "t4", "t5", "t6", "memory");
    registers[0] = a1;
    registers[1] = a2;
    registers[2] = a3;
    registers[3] = a4;
    registers[4] = a5;
    registers[5] = a6;
    registers[6] = t0;
    registers[7] = t1;
    registers[8] = t2;
    return a0;
}

/* A row of a switch: one instruction, which should not come back. */
#define TRY(index, ...)                                                                            \
    case index:                                                                                    \
        __asm__ volatile(__VA_ARGS__);                                                             \
        return true

const unsigned cpu_privileged_count = 17;

bool cpu_privileged(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    TRY(0, "csrr %0, sstatus" : "=r"(value));
    TRY(1, "csrw stvec, %0" : : "r"(value));
    TRY(2, "csrw satp, %0" : : "r"(value));
    TRY(3, "sfence.vma");
    TRY(4, "sret");
    TRY(5, "mret");
    TRY(6, "csrr %0, mhartid" : "=r"(value));
    TRY(7, "csrci sstatus, 2");
    TRY(8, "csrr %0, satp" : "=r"(value));
    TRY(9, "csrw sscratch, %0" : : "r"(value));
    TRY(10, "csrsi sie, 2");
    TRY(11, "csrw scounteren, %0" : : "r"(7ul));
    TRY(12, "csrw 0x14d, %0" : : "r"(0ul)); /* stimecmp */
    TRY(13, "csrr %0, mstatus" : "=r"(value));
    TRY(14, "csrw pmpaddr0, %0" : : "r"(value));
    TRY(15, "csrw time, %0" : : "r"(value)); /* read-only */
    TRY(16, "fence.i\n\tcsrrw %0, stvec, %0" : "+r"(value));
    default:
        return false;
    }
}

const unsigned cpu_forbidden_counter_count = 4;

bool cpu_forbidden_counter(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    TRY(0, "rdcycle %0" : "=r"(value));
    TRY(1, "rdinstret %0" : "=r"(value));
    TRY(2, "csrr %0, hpmcounter3" : "=r"(value));
    TRY(3, "csrr %0, mcycle" : "=r"(value));
    default:
        return false;
    }
}

void cpu_divide_by_zero(uint64_t *value) {
    uint64_t quotient;
    __asm__ volatile("divu %0, %1, zero" : "=r"(quotient) : "r"(1ul));
    *value = quotient;
}

void cpu_illegal_instruction(void) {
    __asm__ volatile(".word 0");
}

void cpu_breakpoint(void) {
    __asm__ volatile("ebreak");
}

void cpu_sync_code(const void *start, size_t size) {
    (void)start;
    (void)size;
    __asm__ volatile("fence.i" : : : "memory");
}

void cpu_jump(uint64_t address) {
    __asm__ volatile("jr %0" : : "r"(address));
}

void cpu_call_on_stack(uint64_t number, uint64_t stack) {
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("mv s1, sp\n\tmv sp, %1\n\tecall\n\tmv sp, s1"
                     : "+r"(a7)
                     : "r"(stack)
                     : "a0", "a1", "a2", "a3", "a4", "a5", "a6", "t0", "t1", "t2", "t3", "t4",
                       "t5", "t6", "s1", "memory");
}

/* --- 32 registers of 8 bytes, and fcsr --- */

#define CONTROL_WORD 32u

const bool cpu_float_faults = false;

#define EACH_REGISTER                                                                              \
    ".option push\n\t.option arch, +d\n\t"                                                         \
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "                               \
    "16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"

void cpu_vectors_load(const struct cpu_vectors *vectors) {
    const uint64_t *word = vectors->word;
    __asm__ volatile(EACH_REGISTER "fld f\\n, 8*\\n(%0)\n\t.endr\n\t"
                                   "fscsr %1\n\t.option pop"
                     :
                     : "r"(word), "r"(word[CONTROL_WORD])
                     : "memory");
}

void cpu_vectors_store(struct cpu_vectors *vectors) {
    uint64_t *word = vectors->word;
    uint64_t control;
    memset(vectors, 0, sizeof(*vectors));
    __asm__ volatile(EACH_REGISTER "fsd f\\n, 8*\\n(%1)\n\t.endr\n\t"
                                   "frcsr %0\n\t.option pop"
                     : "=&r"(control)
                     : "r"(word)
                     : "memory");
    word[CONTROL_WORD] = control;
}

void cpu_vectors_pattern(struct cpu_vectors *vectors, uint64_t seed) {
    memset(vectors, 0, sizeof(*vectors));
    for (uint64_t i = 0; i < CONTROL_WORD; i++) {
        vectors->word[i] = (seed + 1) * 0x9e3779b97f4a7c15ul + i;
    }
    vectors->word[CONTROL_WORD] = (seed % 5) << 5 | (seed & 0x1f); /* rounding, and flags */
}

void cpu_vectors_initial(struct cpu_vectors *vectors) {
    memset(vectors, 0, sizeof(*vectors));
}

void cpu_float_divide_by_zero(void) {
    __asm__ volatile(".option push\n\t.option arch, +d\n\t"
                     "fcvt.d.w f0, %0\n\tfmv.d.x f1, zero\n\tfdiv.d f0, f0, f1\n\t"
                     ".option pop"
                     :
                     : "r"(1));
}
