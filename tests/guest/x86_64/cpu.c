/* SPDX-License-Identifier: MIT */
/* x86-64: what tests need of the CPU. */
#include "guest/cpu.h"

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

const unsigned cpu_privileged_count = 8;

bool cpu_privileged(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    case 0:
        __asm__ volatile("hlt");
        return true;
    case 1:
        __asm__ volatile("cli");
        return true;
    case 2:
        __asm__ volatile("mov %%cr3, %0" : "=r"(value));
        return true;
    case 3:
        __asm__ volatile("mov %0, %%cr0" : : "r"(value));
        return true;
    case 4:
        __asm__ volatile("wrmsr" : : "a"(0), "d"(0), "c"(0xc0000080));
        return true;
    case 5:
        __asm__ volatile("invlpg (%0)" : : "r"(value));
        return true;
    case 6:
        __asm__ volatile("swapgs");
        return true;
    case 7:
        __asm__ volatile("int $0x20");
        return true;
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
