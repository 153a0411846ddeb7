/* SPDX-License-Identifier: MIT */
/* x86-64: what tests need of the CPU. */
#include "guest/cpu.h"

#include "base/string.h"

const bool cpu_divide_faults = true;
const bool cpu_has_ports = true;
const uint64_t cpu_kernel_address = 0xffffffff80100000ul;
const uint64_t cpu_hole_address = 0x0000900000000000ul;

/* mov $42, %eax; ret */
const uint32_t cpu_code_42[] = {0x00002ab8, 0x9090c300};
const size_t cpu_code_42_size = sizeof(cpu_code_42);

/* As if a call had just pushed the return address. */
uint64_t cpu_stack_of_function(uint64_t top) {
    return top - 8;
}

uint64_t cpu_system_call(uint64_t number, uint64_t registers[TS_CALL_ARGUMENTS]) {
    register uint64_t rax __asm__("rax") = number;
    register uint64_t rdi __asm__("rdi") = registers[0];
    register uint64_t rsi __asm__("rsi") = registers[1];
    register uint64_t rdx __asm__("rdx") = registers[2];
    register uint64_t r10 __asm__("r10") = registers[3];
    register uint64_t r8 __asm__("r8") = registers[4];
    register uint64_t r9 __asm__("r9") = registers[5];
    register uint64_t r12 __asm__("r12") = registers[6];
    register uint64_t r13 __asm__("r13") = registers[7];
    register uint64_t r14 __asm__("r14") = registers[8];
    register uint64_t r15 __asm__("r15") = registers[9];
    __asm__ volatile("syscall"
                     : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15)
                     :
                     : "rcx", "r11", "memory");
    registers[0] = rdi;
    registers[1] = rsi;
    registers[2] = rdx;
    registers[3] = r10;
    registers[4] = r8;
    registers[5] = r9;
    registers[6] = r12;
    registers[7] = r13;
    registers[8] = r14;
    return rax;
}

/* A row of a switch: one instruction, which should not come back. */
#define TRY(index, ...)                                                                            \
    case index:                                                                                    \
        __asm__ volatile(__VA_ARGS__);                                                             \
        return true

const unsigned cpu_privileged_count = 31;

bool cpu_privileged(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    TRY(0, "hlt");
    TRY(1, "cli");
    TRY(2, "mov %%cr3, %0" : "=r"(value));
    TRY(3, "mov %0, %%cr0" : : "r"(value));
    TRY(4, "wrmsr" : : "a"(0), "d"(0), "c"(0xc0000080));
    TRY(5, "invlpg (%0)" : : "r"(value));
    TRY(6, "swapgs");
    TRY(7, "int $0x20");
    TRY(8, "lgdt (%0)" : : "r"(&value));
    TRY(9, "lidt (%0)" : : "r"(&value));
    TRY(10, "ltr %w0" : : "r"(0x28));
    TRY(11, "clts");
    TRY(12, "mov %0, %%dr7" : : "r"(value));
    TRY(13, "mov %0, %%cr8" : : "r"(value));
    TRY(14, "rdmsr" : : "c"(0xc0000080) : "rax", "rdx");
    TRY(15, "wbinvd");
    TRY(16, "xsetbv" : : "a"(7), "d"(0), "c"(0));
    TRY(17, "wrfsbase %0" : : "r"(value));
    TRY(18, "sysretq" : : : "rcx", "r11");
    TRY(19, "sysenter");
    TRY(20, "vmcall");
    TRY(21, "int $0x80");
    TRY(22, "int $0x2");
    TRY(23, "int $0x8");
    TRY(24, ".byte 0xf1"); /* a debug exception */
    TRY(25, "pushq $0x100 | 2\n\tpopfq\n\tnop"); /* single step */
    TRY(26, "pushq $0x8\n\tpushq %0\n\tlretq" : : "r"(cpu_kernel_address));
    TRY(27, "pushq $0x10\n\tpushq %%rsp\n\tpushq $2\n\tpushq $0x8\n\tpushq %0\n\tiretq"
        :
        : "r"(cpu_kernel_address));
    TRY(28, "mov %w0, %%ss" : : "r"(0x10));
    TRY(29, "mov %w0, %%ds" : : "r"(0x10));
    TRY(30, "pushq %0\n\tret" : : "r"(cpu_hole_address));
    default:
        return false;
    }
}

const unsigned cpu_forbidden_counter_count = 2;

bool cpu_forbidden_counter(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    TRY(0, "rdpmc" : "=a"(value) : "c"(0) : "rdx");
    TRY(1, "rdpmc" : "=a"(value) : "c"(1u << 30) : "rdx");
    default:
        return false;
    }
}

void cpu_divide_by_zero(uint64_t *value) {
    uint64_t quotient = 1;
    uint64_t remainder = 0;
    __asm__ volatile("divq %2" : "+a"(quotient), "+d"(remainder) : "r"(0ul));
    *value = quotient;
}

void cpu_illegal_instruction(void) {
    __asm__ volatile("ud2");
}

void cpu_breakpoint(void) {
    __asm__ volatile("int3");
}

void cpu_sync_code(const void *start, size_t size) {
    (void)start;
    (void)size;
}

void cpu_jump(uint64_t address) {
    __asm__ volatile("jmp *%0" : : "r"(address));
}

void cpu_call_on_stack(uint64_t number, uint64_t stack) {
    register uint64_t kept __asm__("rbx");
    __asm__ volatile("mov %%rsp, %1\n\t"
                     "mov %2, %%rsp\n\t"
                     "syscall\n\t"
                     "mov %1, %%rsp"
                     : "+a"(number), "=&r"(kept)
                     : "r"(stack)
                     : "rdi", "rsi", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "memory");
}

/* --- x87, MMX, SSE and AVX: 16 registers of 32 bytes, 8 of 8, MXCSR and the control word --- */

#define MMX_WORD      64u
#define CONTROL_WORD  72u
#define MXCSR_INITIAL 0x1f80ul /* all exceptions masked */
#define X87_INITIAL   0x037ful

const bool cpu_float_faults = true;

static bool has_avx(void) {
    const uint32_t wanted = 1u << 27 | 1u << 28; /* OSXSAVE, AVX */
    uint32_t features;
    uint32_t enabled;
    __asm__ volatile("cpuid" : "=c"(features) : "a"(1), "c"(0) : "rbx", "rdx");
    if ((features & wanted) != wanted) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(enabled) : "c"(0) : "rdx");
    return (enabled & 6) == 6;
}

#define EACH_REGISTER ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
#define EACH_MMX      ".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n\t"

void cpu_vectors_load(const struct cpu_vectors *vectors) {
    const uint64_t *word = vectors->word;
    uint32_t mxcsr = (uint32_t)word[CONTROL_WORD];
    uint16_t control = (uint16_t)word[CONTROL_WORD + 1];
    if (has_avx()) {
        __asm__ volatile(EACH_REGISTER "vmovups 32*\\n(%0), %%ymm\\n\n\t.endr" : : "r"(word));
    } else {
        __asm__ volatile(EACH_REGISTER "movups 32*\\n(%0), %%xmm\\n\n\t.endr" : : "r"(word));
    }
    __asm__ volatile(EACH_MMX "movq 8*\\n(%0), %%mm\\n\n\t.endr" : : "r"(word + MMX_WORD));
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(control));
}

void cpu_vectors_store(struct cpu_vectors *vectors) {
    uint64_t *word = vectors->word;
    uint32_t mxcsr;
    uint16_t control;
    memset(vectors, 0, sizeof(*vectors));
    if (has_avx()) {
        __asm__ volatile(EACH_REGISTER "vmovups %%ymm\\n, 32*\\n(%0)\n\t.endr"
                         :
                         : "r"(word)
                         : "memory");
    } else {
        __asm__ volatile(EACH_REGISTER "movups %%xmm\\n, 32*\\n(%0)\n\t.endr"
                         :
                         : "r"(word)
                         : "memory");
    }
    __asm__ volatile(EACH_MMX "movq %%mm\\n, 8*\\n(%0)\n\t.endr"
                     :
                     : "r"(word + MMX_WORD)
                     : "memory");
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
    word[CONTROL_WORD] = mxcsr;
    word[CONTROL_WORD + 1] = control;
}

void cpu_vectors_pattern(struct cpu_vectors *vectors, uint64_t seed) {
    memset(vectors, 0, sizeof(*vectors));
    for (uint64_t i = 0; i < CONTROL_WORD; i++) {
        bool upper = i < MMX_WORD && i % 4 >= 2;
        vectors->word[i] = upper && !has_avx() ? 0 : (seed + 1) * 0x9e3779b97f4a7c15ul + i;
    }
    vectors->word[CONTROL_WORD] = MXCSR_INITIAL | (seed & 3) << 13 | (seed >> 2 & 1) << 15;
    vectors->word[CONTROL_WORD + 1] = (X87_INITIAL & ~0xc00ul) | (seed & 3) << 10;
}

void cpu_vectors_initial(struct cpu_vectors *vectors) {
    memset(vectors, 0, sizeof(*vectors));
    vectors->word[CONTROL_WORD] = MXCSR_INITIAL;
    vectors->word[CONTROL_WORD + 1] = X87_INITIAL;
}

void cpu_float_divide_by_zero(void) {
    uint16_t control = X87_INITIAL & ~4u; /* division by zero is not masked */
    __asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" : : "m"(control));
}
