/* SPDX-License-Identifier: MIT */
/*
 * The contract of arch/include/arch, held by x86-64. Tests run on one CPU with interrupts off, one
 * after the other, and share the static tables and stacks below. Whoever takes the timer sets a
 * deadline of 0 in the end: the kernel then looks for its own.
 */
#include "kernel/selftest.h"

#include "abi/status.h"
#include "arch/debug.h"
#include "arch/impl/layout.h"
#include "arch/irq.h"
#include "arch/ports.h"
#include "arch/time.h"
#include "arch/usercopy.h"
#include "base/string.h"
#include "x86_64/test/selftest_priv.h"
#include "x86_64/x86_64_priv.h"

#define MILLISECOND    1000000
#define TIMER_EARLY    50000 /* ns by which the two clocks may differ in a millisecond */
#define APIC_REQUESTED 0x200 /* vectors that wait, 32 in every sixteenth byte */
#define PAGE_FAULT     14
#define FAULT_PRESENT  1 /* error code: the page is there */

static uint64_t stacks[2][512] __attribute__((aligned(16)));
static struct arch_context main_context, contexts[2];
static unsigned steps[2];
static struct arch_ports ports;

static bool cpu_percpu_self(void) {
    struct arch_percpu *self = arch_percpu();
    EXPECT(self != NULL && self->self == self && self->cpu < TS_CPU_COUNT_MAX);
    EXPECT(msr_read(MSR_GS_BASE) == (uint64_t)self && msr_read(MSR_KERNEL_GS_BASE) == 0);
    arch_percpu_set(self);
    EXPECT(arch_percpu() == self);
    return true;
}

static bool cpu_entropy(void) {
    uint64_t a = 0;
    uint64_t b = 0;
    if (arch_entropy(&a)) {
        EXPECT(arch_entropy(&b) && a != b);
    }
    return true;
}

static bool vector_waits(unsigned vector) {
    return (apic_read(APIC_REQUESTED + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

/* Takes a tick that waits from before, so that the next one seen is the test's own. False: it
 * stays. */
static bool timer_drain(void) {
    for (unsigned i = 0; i < 100 && vector_waits(VECTOR_TIMER); i++) {
        arch_irq_enable();
        arch_irq_disable();
    }
    return !vector_waits(VECTOR_TIMER);
}

/* A tick that waits must come in between an enable and the disable right behind it. */
static bool irq_toggle(void) {
    EXPECT(!arch_irq_enabled());
    arch_irq_enable();
    bool enabled = arch_irq_enabled();
    arch_irq_disable();
    EXPECT(enabled && !arch_irq_enabled());
    EXPECT(timer_drain());
    arch_time_set_deadline(0);
    for (unsigned i = 0; i < 100000 && !vector_waits(VECTOR_TIMER); i++) {
        arch_cpu_pause();
    }
    EXPECT(vector_waits(VECTOR_TIMER));
    arch_irq_enable();
    arch_irq_disable();
    EXPECT(!vector_waits(VECTOR_TIMER));
    return true;
}

static bool irq_line_usable(void) {
    unsigned count = arch_irq_line_count();
    unsigned usable = 0;
    for (unsigned line = 0; line < count; line++) {
        usable += arch_irq_line_usable(line) ? 1 : 0;
    }
    EXPECT(!arch_irq_line_usable(0) && !arch_irq_line_usable(count));
    EXPECT(count == 0 || (usable > 0 && usable < count));
    return true;
}

/* The last line: no device of the machines we know is there. A level line closes in the controller
 * at once, an edge line only when an edge comes. */
static bool irq_mask_unmask(void) {
    if (arch_irq_line_count() == 0) {
        return true;
    }
    unsigned line = arch_irq_line_count() - 1;
    EXPECT(!irq_line_is_open(line));
    arch_irq_set_trigger(line, ARCH_IRQ_LEVEL_HIGH);
    arch_irq_unmask(line);
    bool level_open = irq_line_is_open(line);
    arch_irq_mask(line);
    bool level_masked = !irq_line_is_open(line);
    arch_irq_set_trigger(line, ARCH_IRQ_EDGE_RISING);
    arch_irq_unmask(line);
    arch_irq_mask(line);
    bool edge_open = irq_line_is_open(line);
    arch_irq_set_trigger(line, ARCH_IRQ_LEVEL_LOW);
    EXPECT(level_open && level_masked && edge_open && !irq_line_is_open(line));
    return true;
}

/* A level cannot be raised, and nothing may become pending; an edge can. The line is masked, so the
 * interrupt, once let in, closes the input and is forgotten with the trigger. */
static bool irq_raise(void) {
    if (arch_irq_line_count() == 0) {
        return true;
    }
    unsigned line = arch_irq_line_count() - 1;
    arch_irq_set_target(line, arch_percpu()->cpu);
    arch_irq_set_trigger(line, ARCH_IRQ_LEVEL_LOW);
    bool level = arch_irq_raise(line) || vector_waits(VECTOR_LINE + line);
    arch_irq_set_trigger(line, ARCH_IRQ_EDGE_RISING);
    bool edge = arch_irq_raise(line) && vector_waits(VECTOR_LINE + line);
    arch_irq_enable();
    arch_irq_disable();
    bool delivered = !vector_waits(VECTOR_LINE + line) && !irq_line_is_open(line);
    arch_irq_set_trigger(line, ARCH_IRQ_LEVEL_LOW);
    arch_irq_set_target(line, 0);
    EXPECT(!level && edge && delivered);
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
    uint64_t counter = arch_cycle_count();
    ts_time_t user =
        (ts_time_t)((unsigned __int128)(counter - page.base) * page.multiplier >> page.shift);
    EXPECT(before <= user && user <= arch_time_now());
    return true;
}

static void wait_until(ts_time_t deadline) {
    while (arch_time_now() < deadline) {
        arch_spin_wait();
    }
}

static bool time_deadline_fires(void) {
    EXPECT(timer_drain());
    ts_time_t deadline = arch_time_now() + MILLISECOND;
    arch_time_set_deadline(deadline);
    bool early = vector_waits(VECTOR_TIMER) && arch_time_now() + TIMER_EARLY < deadline;
    while (!vector_waits(VECTOR_TIMER) && arch_time_now() < deadline + 1000 * MILLISECOND) {
        arch_spin_wait();
    }
    bool fired = vector_waits(VECTOR_TIMER) && arch_time_now() + TIMER_EARLY >= deadline;
    arch_time_set_deadline(0);
    EXPECT(!early && fired);
    return true;
}

/* Sets and cancels a deadline; true if that was done before it came: a host may take the CPU away
 * in between, and then nothing can be said. */
static bool cancel_in_time(ts_time_t deadline) {
    arch_time_set_deadline(deadline);
    arch_time_cancel();
    return arch_time_now() < deadline;
}

static bool time_cancel(void) {
    ts_time_t deadline = 0;
    bool in_time = false;
    for (unsigned i = 0; i < 20 && !in_time; i++) {
        EXPECT(timer_drain());
        deadline = arch_time_now() + MILLISECOND;
        in_time = cancel_in_time(deadline);
    }
    wait_until(deadline + MILLISECOND);
    bool pending = vector_waits(VECTOR_TIMER);
    arch_time_set_deadline(0);
    EXPECT(in_time && !pending);
    return true;
}

/* Runs fn in both test contexts, the second reached from the first; the first comes back. The
 * percpu block remembers the running context and its stack, which are none of ours. */
static void run_contexts(void (*fn)(void *), bool fpu_used) {
    struct arch_percpu *self = arch_percpu();
    struct arch_context *context = self->context;
    main_context.stack_top = self->kernel_stack;
    for (unsigned i = 0; i < 2; i++) {
        steps[i] = 0;
        arch_context_init_kernel(&contexts[i], stacks[i], sizeof(stacks[i]), fn,
                                 (void *)(uint64_t)i);
        contexts[i].fpu_used = fpu_used;
    }
    arch_context_switch(&main_context, &contexts[0]);
    self->context = context;
}

static bool port_is_open(unsigned port) {
    const struct arch_tss *tss = &arch_percpu()->tss;
    return tss->iomap_base < sizeof(*tss) && (tss->iomap[port / 8] >> port % 8 & 1) == 0;
}

/* The second context has ports, the first has none. */
static void switch_twice(void *argument) {
    uint64_t i = (uint64_t)argument;
    arch_ports_attach(&contexts[1], &ports);
    steps[i] += port_is_open(0x3f8) == (i == 1) && !port_is_open(0x3f7) ? 1 : 0;
    arch_context_switch(&contexts[i], &contexts[1 - i]);
    steps[i] += port_is_open(0x3ff) == (i == 1) && !port_is_open(0x400) ? 1 : 0;
    arch_context_switch(&contexts[i], i == 0 ? &contexts[1] : &main_context);
}

static bool context_switch_round_trip(void) {
    arch_ports_init(&ports);
    arch_ports_allow(&ports, 0x3f8, 8, true);
    run_contexts(switch_twice, false);
    EXPECT(steps[0] == 2 && steps[1] == 2);
    EXPECT(arch_percpu()->context != &main_context && !port_is_open(0x3f8));
    return true;
}

static void use_fpu(void *argument) {
    uint64_t i = (uint64_t)argument;
    uint32_t control = 0x1f80 + (uint32_t)i * 0x2000; /* another rounding mode */
    uint32_t found = 0;
    steps[i] += fpu_exchange(200 + i) == 0 ? 1 : 0;
    __asm__ volatile("stmxcsr %0" : "=m"(found));
    steps[i] += found == 0x1f80 ? 1 : 0;
    __asm__ volatile("ldmxcsr %0" ::"m"(control));
    arch_context_switch(&contexts[i], &contexts[1 - i]);
    steps[i] += fpu_exchange(0) == 200 + i ? 1 : 0;
    __asm__ volatile("stmxcsr %0" : "=m"(found));
    steps[i] += found == control ? 1 : 0;
    arch_context_switch(&contexts[i], i == 0 ? &contexts[1] : &main_context);
}

static bool context_fpu_preserved(void) {
    run_contexts(use_fpu, true);
    EXPECT(steps[0] == 4 && steps[1] == 4);
    EXPECT((cr0_read() & CR0_TASK_SWITCHED) != 0);
    return true;
}

static bool usercopy_bad_address(void) {
    uint64_t word = 1;
    EXPECT(arch_copy_from_user(&word, 0, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(8, &word, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_from_user(&word, ARCH_USER_TOP - sizeof(word), sizeof(word)) ==
           TS_ERR_INVALID_ARGS);
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    EXPECT(word == 1 && (flags & RFLAGS_ALIGN) == 0);
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

/* The page is mapped: a copy that is not refused would begin before it faults. */
static bool usercopy_overflow(void) {
    static const uint8_t source[2 * TS_PAGE_SIZE] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint64_t word = 1;
    uint8_t *page = space_enter();
    memset(page, 0xee, 8);
    ts_status_t wraps = arch_copy_to_user(SPACE_USER, source, UINT64_MAX - 0xfff);
    ts_status_t beyond = arch_copy_to_user(SPACE_USER, source, ARCH_USER_TOP);
    bool untouched = page[0] == 0xee && page[7] == 0xee;
    space_leave();
    EXPECT(wraps == TS_ERR_INVALID_ARGS && beyond == TS_ERR_INVALID_ARGS && untouched);
    EXPECT(arch_copy_from_user(&word, UINT64_MAX - 3, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(ARCH_USER_TOP - 4, &word, sizeof(word)) == TS_ERR_INVALID_ARGS);
    EXPECT(arch_copy_to_user(ARCH_USER_TOP, &word, 0) == TS_OK);
    EXPECT(word == 1);
    return true;
}

static bool copies_are_exact(uint8_t *page, unsigned user_offset, unsigned offset, size_t size) {
    uint8_t from[96];
    uint8_t back[96];
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

/* Whole copies at every alignment; then one that runs off the end of what is mapped. */
static bool usercopy_partial(void) {
    uint8_t *page = space_enter();
    bool exact = true;
    for (unsigned i = 0; i < 81; i++) {
        for (size_t size = 0; size < 80; size += 1 + size / 8) {
            exact = exact && copies_are_exact(page, i / 9, i % 9, size);
        }
    }
    uint64_t words[4] = {1, 2, 3, 4};
    uaddr_t end = SPACE_USER + TS_PAGE_SIZE;
    ts_status_t to = arch_copy_to_user(end - 16, words, sizeof(words));
    ts_status_t from = arch_copy_from_user(words, end - 8, 16);
    ts_status_t executable = arch_copy_to_user(SPACE_CODE, words, 8);
    space_leave();
    EXPECT(exact);
    EXPECT(to == TS_ERR_INVALID_ARGS && from == TS_ERR_INVALID_ARGS &&
           executable == TS_ERR_INVALID_ARGS);
    return true;
}

/* A table with one gate, in which everything but a page fault would be fatal. */
static void probe_table_load(void) {
    static uint64_t gates[2 * (PAGE_FAULT + 1)] __attribute__((aligned(16)));
    uint64_t target = (uint64_t)probe_fault;
    gates[2 * PAGE_FAULT] = (target & 0xffff) | (uint64_t)SELECTOR_KERNEL_CODE << 16 |
                            0x8e00ul << 32 | (target >> 16 & 0xffff) << 48;
    gates[2 * PAGE_FAULT + 1] = target >> 32;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(gates) - 1, (uint64_t)gates};
    __asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
}

static bool fault_kernel_read(void) {
    uint64_t error = ~0ul;
    uint64_t value = 0;
    uint64_t word = 7;
    probe_table_load();
    bool null_read = probe_read((const void *)8, &error, &value);
    uint64_t address = value;
    bool word_read = probe_read(&word, &error, &value);
    trap_load();
    EXPECT(!null_read && error == 0 && address == 8);
    EXPECT(word_read && value == 7);
    return true;
}

/* SMAP: the kernel reaches memory of user mode by its copy routines alone. */
static bool user_memory_is_out_of_reach(void) {
    if (!x86_features.smap) {
        return true; /* the CPU has no SMAP */
    }
    uint64_t error = 0, value = 0, copied = 0;
    *(uint64_t *)(void *)space_enter() = 77;
    probe_table_load();
    bool read = probe_read((const void *)SPACE_USER, &error, &value);
    trap_load();
    ts_status_t status = arch_copy_from_user(&copied, SPACE_USER, sizeof(copied));
    probe_table_load();
    bool read_after_copy = probe_read((const void *)SPACE_USER, &error, &value);
    trap_load();
    space_leave();
    EXPECT(!read && !read_after_copy && error == FAULT_PRESENT && value == SPACE_USER);
    EXPECT(status == TS_OK && copied == 77);
    return true;
}

/* mov eax, number; ret */
static uint64_t run_code(uint8_t *page, uint32_t number) {
    page[0] = 0xb8;
    memcpy(page + 1, &number, sizeof(number));
    page[5] = 0xc3;
    arch_cache_sync_code(page, 6);
    return ((uint64_t(*)(void))SPACE_CODE)();
}

static bool cache_sync_code(void) {
    uint8_t *page = space_enter() + TS_PAGE_SIZE;
    uint64_t first = run_code(page, 41);
    uint64_t second = run_code(page, 42);
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
    unsigned shallow = nested(0);
    unsigned deep = nested(50);
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
