/* SPDX-License-Identifier: MIT */
/* Registers and the chain of frame pointers, for panics. */
#include "arch/debug.h"

#include "arm64/arm64_priv.h"

#define BACKTRACE_MAX 32
#define PAR_FAILED    1u

void arch_frame_dump(const struct arch_frame *frame, arch_print print) {
    print("pc %016lx sp %016lx pstate %08lx\n", frame->pc, frame->sp, frame->pstate);
    for (unsigned i = 0; i < 30; i += 3) {
        print("x%-2u %016lx x%-2u %016lx x%-2u %016lx\n", i, frame->x[i], i + 1, frame->x[i + 1],
              i + 2, frame->x[i + 2]);
    }
    print("x30 %016lx esr %08lx far %016lx\n", frame->x[30], ARM_READ(esr_el1), ARM_READ(far_el1));
}

/* Asks the CPU's own walker whether the kernel can read there. */
static bool readable(uint64_t address) {
    __asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(address) : "memory");
    return (ARM_READ(par_el1) & PAR_FAILED) == 0;
}

/* A pair of words on a kernel stack: of a thread, or inside the image (boot, emergency). */
static bool is_record(uint64_t address) {
    bool of_thread = address - KERNEL_STACKS_BASE < KERNEL_STACKS_SIZE;
    bool of_image =
        address >= (uint64_t)kernel_data_start && address < (uint64_t)kernel_data_end - 16;
    return (of_thread || of_image) && address % 16 == 0 && readable(address);
}

void arch_backtrace(const struct arch_frame *frame, void (*visit)(uint64_t ip)) {
    uint64_t link = frame != NULL ? frame->x[29] : (uint64_t)__builtin_frame_address(0);
    unsigned count = 0;
    if (frame != NULL) {
        visit(frame->pc);
        count++;
    }
    for (; count < BACKTRACE_MAX && is_record(link); count++) {
        const uint64_t *record = (const uint64_t *)link;
        if (record[1] == 0) {
            break;
        }
        visit(record[1]);
        link = record[0];
    }
}
