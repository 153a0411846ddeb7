/* SPDX-License-Identifier: MIT */
/* What tests need of the CPU: one file per architecture. */
#pragma once

#include "abi/types.h"

/* The stack pointer that a C function expects when it is entered, where the stack ends at `top`. */
uint64_t cpu_stack_of_function(uint64_t top);

/* A system call with any number: the registers go in as arguments, and come back as results. The
 * whole status register. */
#define TS_CALL_ARGUMENTS 10u
#define TS_CALL_RESULTS   9u
uint64_t cpu_system_call(uint64_t number, uint64_t registers[TS_CALL_ARGUMENTS]);

/* Instructions that user mode may not use, each by its index; the last is followed by false. */
bool cpu_privileged(unsigned index);
extern const unsigned cpu_privileged_count;

/* Counters that the kernel keeps for itself, each by its index; the last is followed by false. */
bool cpu_forbidden_counter(unsigned index);
extern const unsigned cpu_forbidden_counter_count;

/* A system call without arguments, made while the stack pointer has this value. */
void cpu_call_on_stack(uint64_t number, uint64_t stack);

/*
 * All floating-point and vector registers with their control registers, as far as the kernel keeps
 * them: loaded, stored, and two states to compare with. The layout is the architecture's own, what
 * it does not use is zero.
 */
#define CPU_VECTOR_WORDS 80u
struct cpu_vectors {
    uint64_t word[CPU_VECTOR_WORDS];
};
void cpu_vectors_load(const struct cpu_vectors *vectors);
void cpu_vectors_store(struct cpu_vectors *vectors);
void cpu_vectors_pattern(struct cpu_vectors *vectors, uint64_t seed);
void cpu_vectors_initial(struct cpu_vectors *vectors); /* what a new thread has */

/* Divides 1.0 by 0.0 with the exception for that switched on, where the CPU has it. */
void cpu_float_divide_by_zero(void);
extern const bool cpu_float_faults;

/* Divides by zero: a fault, or the value that the CPU gives, which is stored. */
void cpu_divide_by_zero(uint64_t *value);
extern const bool cpu_divide_faults;

void cpu_illegal_instruction(void);
void cpu_breakpoint(void);

/* Addresses: in the kernel's half, and in neither half. */
extern const uint64_t cpu_kernel_address;
extern const uint64_t cpu_hole_address;

/* True where I/O ports exist. */
extern const bool cpu_has_ports;

/* Machine code of a function that returns 42, for tests of executable memory. */
extern const uint32_t cpu_code_42[];
extern const size_t cpu_code_42_size;

/* After code was written as data. */
void cpu_sync_code(const void *start, size_t size);

/* The address of text that a wild jump may go to and fault: odd, in the middle of nowhere. */
void cpu_jump(uint64_t address);
