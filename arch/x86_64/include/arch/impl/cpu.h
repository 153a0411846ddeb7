/* SPDX-License-Identifier: MIT */
/*
 * The x86-64 part of the per-CPU block, found through GS. It holds what the CPU itself reads:
 * descriptor table, task state with the I/O permission bitmap, and the stacks for events that may
 * strike on a broken stack.
 */
#pragma once

#include "abi/types.h"

#define ARCH_ELF_MACHINE 62u /* e_machine of programs */
#define ARCH_CACHE_LINE           64
#define ARCH_EMERGENCY_STACK_SIZE 8192
#define ARCH_IO_BITMAP_SIZE       8192 /* one bit per port; set: refused */

struct arch_context;
struct arch_ports;

/* Task state segment. The CPU reads the bitmap in pairs of bytes, hence the closing ones. */
struct arch_tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iomap_base;
    uint8_t iomap[ARCH_IO_BITMAP_SIZE];
    uint8_t iomap_end[8];
} __attribute__((packed, aligned(4)));

enum arch_emergency_stack { ARCH_STACK_FAULT, ARCH_STACK_NMI, ARCH_STACK_COUNT };

/* Entry code knows the offsets of the first three (layout.h). Written by its own CPU, interrupts
 * off. */
struct arch_percpu {
    struct arch_percpu *self;
    uint64_t kernel_stack; /* top of the running thread's kernel stack */
    uint64_t scratch;      /* user stack pointer during system call entry */
    uint32_t cpu;
    uint32_t apic_id;
    struct arch_context *context; /* the running thread's, null before the first switch */
    const struct arch_ports
        *ports; /* whose permissions are in tss.iomap; may be stale, never dereferenced if so */
    uint32_t ports_first; /* bytes of tss.iomap that are not all ones */
    uint32_t ports_end;
    uint64_t ports_generation;
    int64_t deadline; /* ns; INT64_MAX: none */
    bool fpu_enabled; /* CR0.TS is clear */
    bool online;
    uint32_t stop_requested; /* atomic: another CPU asks for a stop, by NMI */
    uint64_t gdt[8];
    struct arch_tss tss;
    uint8_t emergency[ARCH_STACK_COUNT][ARCH_EMERGENCY_STACK_SIZE] __attribute__((aligned(16)));
};

/* Volatile: a thread may come back from a switch on another CPU. */
static inline struct arch_percpu *arch_percpu(void) {
    struct arch_percpu *self;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(self));
    return self;
}

static inline void arch_cpu_pause(void) {
    __asm__ volatile("pause" ::: "memory");
}

static inline uint64_t arch_cycle_count(void) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
