/* SPDX-License-Identifier: MIT */
/*
 * The contract of arch/include/arch, held by RISC-V. Tests run on one CPU with interrupts off, one
 * after the other, and share the static tables and stacks below. Whoever takes the timer sets a
 * deadline of 0 in the end: the kernel then looks for its own.
 */
#include "kernel/selftest.h"

#include "abi/status.h"
#include "arch/debug.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "arch/usercopy.h"
#include "base/string.h"
#include "riscv64/riscv64_priv.h"
#include "riscv64/test/selftest_priv.h"

#define MILLISECOND 1000000

static uint64_t stacks[2][512] __attribute__((aligned(16)));
static struct arch_context main_context, contexts[2];
static unsigned steps[2];

static bool cpu_percpu_self(void) {
    struct arch_percpu *self = arch_percpu();
    EXPECT(self != NULL && self->cpu < TS_CPU_COUNT_MAX);
    EXPECT(csr_read(sscratch) == 0);
    arch_percpu_set(self);
    EXPECT(arch_percpu() == self);
    return true;
}

static bool cpu_entropy(void) {
    uint64_t a = 0, b = 0;
    if (arch_entropy(&a)) {
        EXPECT(arch_entropy(&b) && a != b);
    }
    return true;
}

static bool irq_toggle(void) {
    EXPECT(!arch_irq_enabled());
    arch_irq_enable();
    bool enabled = arch_irq_enabled();
    arch_irq_disable();
    EXPECT(enabled && !arch_irq_enabled());
    return true;
}

static bool irq_line_usable(void) {
    unsigned count = arch_irq_line_count(), usable = 0;
    for (unsigned line = 0; line < count; line++) {
        usable += arch_irq_line_usable(line) ? 1 : 0;
    }
    EXPECT(!arch_irq_line_usable(0) && !arch_irq_line_usable(count));
    EXPECT(count == 0 || usable == count - 1);
    return true;
}

/* The last line: no device of the machines we know is there. */
static bool irq_mask_unmask(void) {
    if (arch_irq_line_count() == 0) {
        return true;
    }
    unsigned line = arch_irq_line_count() - 1;
    EXPECT(irq_priority_in_force(line) == 0);
    arch_irq_set_priority(line, 0);
    arch_irq_unmask(line);
    uint32_t low = irq_priority_in_force(line);
    arch_irq_mask(line);
    uint32_t masked = irq_priority_in_force(line);
    arch_irq_set_priority(line, 255);
    arch_irq_unmask(line);
    uint32_t high = irq_priority_in_force(line);
    arch_irq_mask(line);
    EXPECT(low == 1 && masked == 0 && high > low && irq_priority_in_force(line) == 0);
    return true;
}

/* The PLIC cannot; it must say so, and nothing may become pending. */
static bool irq_raise(void) {
    unsigned line = arch_irq_line_count() - 1;
    EXPECT(arch_irq_line_count() == 0 || !arch_irq_raise(line));
    EXPECT((csr_read(sip) & SIE_EXTERNAL) == 0);
    return true;
}

static bool time_monotonic(void) {
    ts_time_t previous = arch_time_now();
    EXPECT(previous >= 0);
    for (unsigned i = 0; i < 1000; i++) {
        ts_time_t now = arch_time_now();
        EXPECT(now >= previous);
        previous = now;
    }
    struct ts_time_page page;
    arch_time_page_fill(&page);
    ts_time_t before = arch_time_now();
    uint64_t counter;
    __asm__ volatile("rdtime %0" : "=r"(counter));
    ts_time_t user =
        (ts_time_t)(((unsigned __int128)(counter - page.base) * page.multiplier) >> page.shift);
    EXPECT(before <= user && user <= arch_time_now());
    return true;
}

static bool timer_is_pending(void) {
    return (csr_read(sip) & csr_read(sie) & SIE_TIMER) != 0;
}

static void wait_until(ts_time_t deadline) {
    while (arch_time_now() < deadline) {
        arch_spin_wait();
    }
}

/* The grace covers a timer that is a device of the firmware, not of the CPU. */
static bool time_deadline_fires(void) {
    ts_time_t deadline = arch_time_now() + MILLISECOND;
    arch_time_set_deadline(deadline);
    bool early = timer_is_pending() && arch_time_now() < deadline;
    while (!timer_is_pending() && arch_time_now() < deadline + 1000 * MILLISECOND) {
        arch_spin_wait();
    }
    bool fired = timer_is_pending() && arch_time_now() >= deadline;
    arch_time_set_deadline(TS_TIME_INFINITE);
    bool replaced = !timer_is_pending();
    arch_time_set_deadline(0);
    wait_until(arch_time_now() + MILLISECOND);
    EXPECT(!early && fired && replaced && timer_is_pending());
    return true;
}

static bool time_cancel(void) {
    ts_time_t deadline = arch_time_now() + MILLISECOND;
    arch_time_set_deadline(deadline);
    arch_time_cancel();
    wait_until(deadline + MILLISECOND);
    bool pending = timer_is_pending();
    arch_time_set_deadline(0);
    EXPECT(!pending);
    return true;
}

/* Runs fn in both test contexts, the second reached from the first; the first comes back. The
 * percpu block remembers the running context, which is none of ours. */
static void run_contexts(void (*fn)(void *), uint64_t fpu_used) {
    struct arch_percpu *self = arch_percpu();
    struct arch_frame *frame = self->frame;
    struct arch_context *context = self->context;
    for (unsigned i = 0; i < 2; i++) {
        steps[i] = 0;
        arch_context_init_kernel(&contexts[i], stacks[i], sizeof(stacks[i]), fn,
                                 (void *)(uint64_t)i);
        arch_context_fpu_reset(&contexts[i]);
        contexts[i].fpu_used = fpu_used;
        contexts[i].f[5] = 100 + i;
        contexts[i].fcsr = 1 + i;
    }
    arch_context_switch(&main_context, &contexts[0]);
    self->frame = frame;
    self->context = context;
}

static void switch_twice(void *argument) {
    uint64_t i = (uint64_t)argument;
    steps[i]++;
    arch_context_switch(&contexts[i], &contexts[1 - i]);
    steps[i]++;
    arch_context_switch(&contexts[i], i == 0 ? &contexts[1] : &main_context);
}

static bool context_switch_round_trip(void) {
    run_contexts(switch_twice, 0);
    EXPECT(steps[0] == 2 && steps[1] == 2);
    EXPECT(arch_percpu()->context != &main_context);
    EXPECT((csr_read(sstatus) & (SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SUM | SSTATUS_FS)) ==
           SSTATUS_SPIE);
    return true;
}

static void use_fpu(void *argument) {
    uint64_t i = (uint64_t)argument, fcsr;
    steps[i] += fpu_exchange(200 + i) == 100 + i ? 1 : 0;
    __asm__ volatile("csrr %0, 0x003" : "=r"(fcsr));
    steps[i] += fcsr == 1 + i ? 1 : 0;
    arch_context_switch(&contexts[i], &contexts[1 - i]);
    steps[i] += fpu_exchange(0) == 200 + i ? 1 : 0;
    arch_context_switch(&contexts[i], i == 0 ? &contexts[1] : &main_context);
}

static bool context_fpu_preserved(void) {
    run_contexts(use_fpu, 1);
    EXPECT(steps[0] == 3 && steps[1] == 3);
    EXPECT((csr_read(sstatus) & SSTATUS_FS) == 0);
    return true;
}

static bool usercopy_bad_address(void) {
    uint64_t word = 1;
    EXPECT(arch_copy_from_user(&word, 0, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(8, &word, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_from_user(&word, ARCH_USER_TOP - sizeof(word), sizeof(word)) ==
           TS_ERR_INVALID_ARGS);
    EXPECT(word == 1 && (csr_read(sstatus) & SSTATUS_SUM) == 0);
    return true;
}

static bool usercopy_kernel_address(void) {
    uint64_t word = 1;
    uaddr_t address = (uaddr_t)&word;
    EXPECT(arch_copy_from_user(&word, address, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(address, &word, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(KERNEL_SPACE_BASE, &word, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_from_user(&word, ARCH_USER_TOP, 1) == TS_ERR_INVALID_ARGS);
    return true;
}

static bool usercopy_overflow(void) {
    uint64_t word = 1;
    EXPECT(arch_copy_from_user(&word, UINT64_MAX - 3, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(0x1000, &word, UINT64_MAX - 0xfff) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(ARCH_USER_TOP - 4, &word, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(ARCH_USER_TOP, &word, 0) == TS_OK);
    EXPECT(word == 1);
    return true;
}

static bool copies_are_exact(uint8_t *page, unsigned user_offset, unsigned offset, size_t size) {
    uint8_t from[96], back[96];
    for (unsigned i = 0; i < sizeof(from); i++) {
        from[i] = (uint8_t)(i + size);
        back[i] = 0;
    }
    memset(page, 0xee, 128);
    EXPECT(arch_copy_to_user(SPACE_USER + user_offset, from + offset, size) == TS_OK);
    EXPECT(memcmp(page + user_offset, from + offset, size) == 0 &&
           page[user_offset + size] == 0xee);
    EXPECT(user_offset == 0 || page[user_offset - 1] == 0xee);
    EXPECT(arch_copy_from_user(back + offset, SPACE_USER + user_offset, size) == TS_OK);
    EXPECT(memcmp(back + offset, from + offset, size) == 0 && back[offset + size] == 0);
    return true;
}

/* Copies that end where the mapping ends, at every alignment of source and destination. */
static bool ends_are_reached(void) {
    uint8_t bytes[64] = {0};
    uaddr_t end = SPACE_USER + TS_PAGE_SIZE;
    for (unsigned i = 0; i < 8; i++) {
        for (size_t size = 0; size < 48; size++) {
            EXPECT(arch_copy_from_user(bytes + i, end - size, size) == TS_OK);
            EXPECT(arch_copy_to_user(end - size, bytes + i, size) == TS_OK);
            EXPECT(arch_copy_from_user(bytes + i, end - size, size + 1) == TS_ERR_INVALID_ARGS);
            EXPECT(arch_copy_to_user(end - size, bytes + i, size + 1) == TS_ERR_INVALID_ARGS);
        }
    }
    return true;
}

/* Whole copies at every alignment; then some that run off the end of what is mapped. */
static bool usercopy_partial(void) {
    uint8_t *page = space_enter();
    bool exact = true;
    for (unsigned i = 0; i < 81; i++) {
        for (size_t size = 0; size < 80; size += 1 + size / 8) {
            exact = exact && copies_are_exact(page, i / 9, i % 9, size);
        }
    }
    bool ends = ends_are_reached();
    uint64_t words[4] = {1, 2, 3, 4};
    uaddr_t end = SPACE_USER + TS_PAGE_SIZE;
    ts_status_t to = arch_copy_to_user(end - 16, words, sizeof(words));
    ts_status_t from = arch_copy_from_user(words, end - 8, 16);
    ts_status_t executable = arch_copy_to_user(SPACE_CODE, words, 8);
    space_leave();
    EXPECT(exact && ends);
    EXPECT(to == TS_ERR_INVALID_ARGS && from == TS_ERR_INVALID_ARGS &&
           executable == TS_ERR_INVALID_ARGS);
    return true;
}

static bool fault_kernel_read(void) {
    uint64_t cause, value;
    EXPECT(!probe_read((const void *)8, &cause, &value));
    EXPECT(cause == 13 && value == 8);
    uint64_t word = 7;
    EXPECT(probe_read(&word, &cause, &value) && value == 7);
    return true;
}

/* SUM is off: the kernel reaches memory of user mode by its copy routines alone. */
static bool user_memory_is_out_of_reach(void) {
    uint64_t cause = 0, value = 0, copied = 0;
    *(uint64_t *)(void *)space_enter() = 77;
    bool read = probe_read((const void *)SPACE_USER, &cause, &value);
    ts_status_t status = arch_copy_from_user(&copied, SPACE_USER, sizeof(copied));
    bool read_after_copy = probe_read((const void *)SPACE_USER, &cause, &value);
    space_leave();
    EXPECT(!read && !read_after_copy && cause == 13 && value == SPACE_USER);
    EXPECT(status == TS_OK && copied == 77);
    return true;
}

/* addi a0, zero, number; ret */
static uint64_t run_code(uint32_t *page, uint32_t number) {
    page[0] = number << 20 | 10u << 7 | 0x13;
    page[1] = 0x00008067;
    arch_cache_sync_code(page, 8);
    return ((uint64_t(*)(void))SPACE_CODE)();
}

static bool cache_sync_code(void) {
    uint32_t *page = (uint32_t *)space_enter() + TS_PAGE_SIZE / 4;
    uint64_t first = run_code(page, 41), second = run_code(page, 42);
    space_leave();
    EXPECT(first == 41 && second == 42);
    return true;
}

static unsigned visits;

static void count_visit(uint64_t ip) {
    visits += ip >= KERNEL_IMAGE_BASE ? 1 : 100;
}

static __attribute__((noinline)) unsigned nested(unsigned depth) {
    if (depth == 0) {
        visits = 0;
        arch_backtrace(NULL, count_visit);
        return visits;
    }
    unsigned result = nested(depth - 1);
    __asm__ volatile("" : "+r"(result)); /* so that the call is not turned into a loop */
    return result;
}

static bool backtrace_depth(void) {
    unsigned shallow = nested(0), deep = nested(50);
    EXPECT(shallow >= 1 && shallow < 32 && deep == 32);
    return true;
}

static const struct selftest tests[] = {
    {"cpu_percpu_self", cpu_percpu_self},
    {"cpu_entropy", cpu_entropy},
    {"irq_toggle", irq_toggle},
    {"irq_line_usable", irq_line_usable},
    {"irq_mask_unmask", irq_mask_unmask},
    {"irq_raise", irq_raise},
    {"time_monotonic", time_monotonic},
    {"time_deadline_fires", time_deadline_fires},
    {"time_cancel", time_cancel},
    {"context_switch_round_trip", context_switch_round_trip},
    {"context_fpu_preserved", context_fpu_preserved},
    {"usercopy_bad_address", usercopy_bad_address},
    {"usercopy_kernel_address", usercopy_kernel_address},
    {"usercopy_overflow", usercopy_overflow},
    {"usercopy_partial", usercopy_partial},
    {"fault_kernel_read", fault_kernel_read},
    {"user_memory_is_out_of_reach", user_memory_is_out_of_reach},
    {"cache_sync_code", cache_sync_code},
    {"backtrace_depth", backtrace_depth},
};

extern const struct selftest_suite arch_selftests;
const struct selftest_suite arch_selftests = {"arch", tests, sizeof(tests) / sizeof(tests[0])};
