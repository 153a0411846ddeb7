/* SPDX-License-Identifier: MIT */
/* RISC-V: what tests need of the CPU. */
#include "guest/cpu.h"

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

const unsigned cpu_privileged_count = 8;

bool cpu_privileged(unsigned index) {
    uint64_t value = 0;
    switch (index) {
    case 0:
        __asm__ volatile("csrr %0, sstatus" : "=r"(value));
        return true;
    case 1:
        __asm__ volatile("csrw stvec, %0" : : "r"(value));
        return true;
    case 2:
        __asm__ volatile("csrw satp, %0" : : "r"(value));
        return true;
    case 3:
        __asm__ volatile("sfence.vma");
        return true;
    case 4:
        __asm__ volatile("sret");
        return true;
    case 5:
        __asm__ volatile("mret");
        return true;
    case 6:
        __asm__ volatile("csrr %0, mhartid" : "=r"(value));
        return true;
    case 7:
        __asm__ volatile("csrci sstatus, 2");
        return true;
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
