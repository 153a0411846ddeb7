/* SPDX-License-Identifier: MIT */
/* ARM64: what tests need of the CPU. */
#include "guest/cpu.h"

#include "base/string.h"

const bool cpu_divide_faults = false; /* the quotient is 0 */
const bool cpu_has_ports = false;
const uint64_t cpu_kernel_address = 0xffffffff80100000ul;
const uint64_t cpu_hole_address = 0x0000900000000000ul;

/* mov w0, #42; ret */
const uint32_t cpu_code_42[] = {0x52800540, 0xd65f03c0};
const size_t cpu_code_42_size = sizeof(cpu_code_42);

uint64_t cpu_stack_of_function(uint64_t top) {
    return top;
}

uint64_t cpu_system_call(uint64_t number, uint64_t registers[TS_CALL_ARGUMENTS]) {
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = registers[0];
    register uint64_t x1 __asm__("x1") = registers[1];
    register uint64_t x2 __asm__("x2") = registers[2];
    register uint64_t x3 __asm__("x3") = registers[3];
    register uint64_t x4 __asm__("x4") = registers[4];
    register uint64_t x5 __asm__("x5") = registers[5];
    register uint64_t x6 __asm__("x6") = registers[6];
    register uint64_t x7 __asm__("x7") = registers[7];
    register uint64_t x9 __asm__("x9") = registers[8];
    register uint64_t x10 __asm__("x10") = registers[9];
    __asm__ volatile("svc #0"
                     : "+r"(x8), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5),
                       "+r"(x6), "+r"(x7), "+r"(x9), "+r"(x10)
                     :
                     : "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    registers[0] = x1;
    registers[1] = x2;
    registers[2] = x3;
    registers[3] = x4;
    registers[4] = x5;
    registers[5] = x6;
    registers[6] = x7;
    registers[7] = x9;
    registers[8] = x10;
    return x0;
}

/* A row of a switch: one instruction, which should not come back. */
#define TRY(index, ...)                                                                            \
    case index:                                                                                    \
        __asm__ volatile(__VA_ARGS__);                                                             \
        return true

const unsigned cpu_privileged_count = 20;

bool cpu_privileged(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    TRY(0, "msr daifset, #15");
    TRY(1, "mrs %0, ttbr1_el1" : "=r"(value));
    TRY(2, "msr sctlr_el1, %0" : : "r"(value));
    TRY(3, "msr vbar_el1, %0" : : "r"(value));
    TRY(4, "tlbi vmalle1");
    TRY(5, "eret");
    TRY(6, "hvc #0");
    TRY(7, "smc #0");
    TRY(8, "msr daifclr, #15");
    TRY(9, "msr spsel, #0");
    TRY(10, "mrs %0, esr_el1" : "=r"(value));
    TRY(11, "msr cpacr_el1, %0" : : "r"(value));
    TRY(12, "msr tpidr_el1, %0" : : "r"(value));
    TRY(13, "at s1e1r, %0" : : "r"(cpu_kernel_address));
    TRY(14, "ic iallu");
    TRY(15, "dc ivac, %0" : : "r"(&value));
    TRY(16, "msr cntv_cval_el0, %0" : : "r"(value));
    TRY(17, "msr pmcr_el0, %0" : : "r"(value));
    TRY(18, "hlt #0xf000"); /* semihosting is not for programs */
    TRY(19, "dc zva, %0" : : "r"(cpu_kernel_address));
    default:
        return false;
    }
}

const unsigned cpu_forbidden_counter_count = 4;

bool cpu_forbidden_counter(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    TRY(0, "mrs %0, cntpct_el0" : "=r"(value));
    TRY(1, "mrs %0, pmccntr_el0" : "=r"(value));
    TRY(2, "mrs %0, cntp_ctl_el0" : "=r"(value));
    TRY(3, "mrs %0, pmcr_el0" : "=r"(value));
    default:
        return false;
    }
}

void cpu_divide_by_zero(uint64_t *value) {
    uint64_t quotient;
    __asm__ volatile("udiv %0, %1, xzr" : "=r"(quotient) : "r"(1ul));
    *value = quotient;
}

void cpu_illegal_instruction(void) {
    __asm__ volatile("udf #0");
}

void cpu_breakpoint(void) {
    __asm__ volatile("brk #0");
}

/* The code came by vmo_write: caches are the kernel's business. */
void cpu_sync_code(const void *start, size_t size) {
    (void)start;
    (void)size;
    __asm__ volatile("isb" : : : "memory");
}

void cpu_jump(uint64_t address) {
    __asm__ volatile("br %0" : : "r"(address));
}

void cpu_call_on_stack(uint64_t number, uint64_t stack) {
    register uint64_t x8 __asm__("x8") = number;
    __asm__ volatile("mov x19, sp\n\tmov sp, %1\n\tsvc #0\n\tmov sp, x19"
                     : "+r"(x8)
                     : "r"(stack)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "x19", "memory");
}

/* --- 32 vector registers of 16 bytes, FPSR and FPCR --- */

#define CONTROL_WORD 64u
#define FPCR_ROUNDING(mode) ((uint64_t)(mode) << 22)

const bool cpu_float_faults = false;

#define EACH_REGISTER                                                                              \
    ".arch_extension fp\n\t.arch_extension simd\n\t"                                               \
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "                               \
    "16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"

void cpu_vectors_load(const struct cpu_vectors *vectors) {
    const uint64_t *word = vectors->word;
    __asm__ volatile(EACH_REGISTER "ldr q\\n, [%0, #16*\\n]\n\t.endr" : : "r"(word) : "memory");
    __asm__ volatile("msr fpsr, %0\n\tmsr fpcr, %1"
                     :
                     : "r"(word[CONTROL_WORD]), "r"(word[CONTROL_WORD + 1]));
}

void cpu_vectors_store(struct cpu_vectors *vectors) {
    uint64_t *word = vectors->word;
    memset(vectors, 0, sizeof(*vectors));
    __asm__ volatile(EACH_REGISTER "str q\\n, [%0, #16*\\n]\n\t.endr" : : "r"(word) : "memory");
    __asm__ volatile("mrs %0, fpsr\n\tmrs %1, fpcr"
                     : "=r"(word[CONTROL_WORD]), "=r"(word[CONTROL_WORD + 1]));
}

void cpu_vectors_pattern(struct cpu_vectors *vectors, uint64_t seed) {
    memset(vectors, 0, sizeof(*vectors));
    for (uint64_t i = 0; i < CONTROL_WORD; i++) {
        vectors->word[i] = (seed + 1) * 0x9e3779b97f4a7c15ul + i;
    }
    vectors->word[CONTROL_WORD] = seed & 0x1f; /* cumulative flags */
    vectors->word[CONTROL_WORD + 1] = FPCR_ROUNDING(seed & 3);
}

void cpu_vectors_initial(struct cpu_vectors *vectors) {
    memset(vectors, 0, sizeof(*vectors));
}

void cpu_float_divide_by_zero(void) {
    __asm__ volatile(".arch_extension fp\n\tfmov d0, #1.0\n\tfmov d1, xzr\n\tfdiv d0, d0, d1");
}
