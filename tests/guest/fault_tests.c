/* SPDX-License-Identifier: MIT */
/*
 * Rule T11 in every way in which user code can fault: each ends just its process, with
 * TS_EXIT_EXCEPTION. The test itself and a neighbour go on, which is the other half of the rule.
 */
#include "guest/cpu.h"
#include "guest/groups.h"
#include "guest/support.h"
#include "os/impl/cpu.h"
#include "os/start.h"
#include "os/thread.h"

#define TICKS 100u /* shared word of the neighbour */
#define STOP  101u

/* From lib/os/user.ld. */
extern char ts_image_text[], ts_image_constants[];

/* Places of docs/memory.md, mapped or not; none is the user's. */
static const uint64_t kernel_places[] = {
    0xffffffff80000000ul, 0xffffffff80100000ul, 0xffffffff80200000ul, /* image */
    0xffffffc000000000ul, 0xffffffc000100000ul, 0xffffffc010000000ul, /* direct map: low RAM */
    0xffffffc040200000ul, 0xffffffc080200000ul,                       /* RAM elsewhere */
    0xffffffe800007ff8ul, 0xffffffe800000000ul,                       /* thread stacks */
    0xffffffec00000000ul, 0xffffffec00000ff8ul,                       /* per-CPU areas */
    0xffffffed00000000ul,                                             /* heap */
};
#define KERNEL_PLACES (sizeof(kernel_places) / sizeof(kernel_places[0]))

/* The bad addresses of all tests, and the kernel's. */
static uint64_t place(unsigned index) {
    return index < BAD_ADDRESSES ? bad_address(index) : kernel_places[index - BAD_ADDRESSES];
}
#define PLACES (BAD_ADDRESSES + KERNEL_PLACES)

static void expect_fault(guest_function function, uint64_t argument, const char *what) {
    int64_t code = guest_child_run(function, argument);
    (void)guest_check_equal((uint64_t)TS_EXIT_EXCEPTION, (uint64_t)code, what, (int)argument,
                            "exit code of the child");
}

/* --- memory --- */

static void read_at(uint64_t address) {
    (void)*(volatile uint8_t *)address;
}

static void write_at(uint64_t address) {
    *(volatile uint8_t *)address = 1;
}

static void read_place(uint64_t index) {
    read_at(place((unsigned)index));
}

static void write_place(uint64_t index) {
    write_at(place((unsigned)index));
}

static void jump_to_place(uint64_t index) {
    cpu_jump(place((unsigned)index));
}

static void fault_reading(void) {
    for (unsigned i = 0; i < PLACES; i++) {
        expect_fault(read_place, i, "read");
    }
}

static void fault_writing(void) {
    for (unsigned i = 0; i < PLACES; i++) {
        expect_fault(write_place, i, "write");
    }
}

static void fault_executing(void) {
    for (unsigned i = 0; i < PLACES; i++) {
        expect_fault(jump_to_place, i, "jump");
    }
}

static void fault_own_text(void) {
    expect_fault(write_at, (uint64_t)ts_image_text, "write to text");
    expect_fault(write_at, (uint64_t)ts_image_constants, "write to constants");
    expect_fault(write_at, (uint64_t)fault_own_text, "write to a function");
}

static uint32_t data_with_code[4];

static void jump_to_data(uint64_t unused) {
    (void)unused;
    memcpy(data_with_code, cpu_code_42, cpu_code_42_size);
    cpu_sync_code(data_with_code, sizeof(data_with_code));
    cpu_jump((uint64_t)data_with_code);
}

static void jump_to_stack(uint64_t unused) {
    (void)unused;
    uint32_t code[4];
    memcpy(code, cpu_code_42, cpu_code_42_size);
    cpu_sync_code(code, sizeof(code));
    cpu_jump((uint64_t)code);
}

static void jump_to_constants(uint64_t unused) {
    (void)unused;
    cpu_jump((uint64_t)ts_image_constants);
}

static void fault_executing_data(void) {
    expect_fault(jump_to_data, 0, "jump to data");
    expect_fault(jump_to_stack, 0, "jump to the stack");
    expect_fault(jump_to_constants, 0, "jump to constants");
}

/* Zeroes are an instruction of no CPU, or one that writes to its own page, wherever a jump into
 * them lands. */
static void jump_misaligned(uint64_t offset) {
    uint64_t address = 0;
    CHECK_OK(ts_vmar_map(guest_self.vmar, TS_VMAR_READ | TS_VMAR_EXECUTE, 0, guest_self.extra, 0,
                         TS_PAGE_SIZE, &address));
    cpu_jump(address + offset);
}

static void fault_misaligned_jump(void) {
    for (uint64_t offset = 0; offset < 4; offset++) {
        struct guest_child child;
        ts_handle_t vmo = make_vmo(TS_PAGE_SIZE);
        CHECK_OK(ts_vmo_replace_executable(vmo, resource("vmex"), &vmo));
        if (guest_child_start(&child, guest_self.job, jump_misaligned, offset, vmo)) {
            CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
        }
    }
}

static void touch_after_unmap(uint64_t write) {
    ts_handle_t vmo = make_vmo(TS_PAGE_SIZE);
    uint64_t address = map_vmo(vmo, TS_PAGE_SIZE);
    write_at(address);
    unmap(address, TS_PAGE_SIZE);
    if (write != 0) {
        write_at(address);
    } else {
        read_at(address);
    }
}

static void fault_unmapped(void) {
    expect_fault(touch_after_unmap, 0, "read of what was unmapped");
    expect_fault(touch_after_unmap, 1, "write to what was unmapped");
}

static void write_read_only(uint64_t unused) {
    (void)unused;
    ts_handle_t vmo = make_vmo(TS_PAGE_SIZE);
    uint64_t address = map_vmo(vmo, TS_PAGE_SIZE);
    write_at(address);
    CHECK_OK(ts_vmar_protect(guest_self.vmar, TS_VMAR_READ, address, TS_PAGE_SIZE));
    read_at(address);
    write_at(address);
}

static void fault_read_only(void) {
    expect_fault(write_read_only, 0, "write to a read-only mapping");
}

/* --- instructions --- */

static void run_privileged(uint64_t index) {
    (void)cpu_privileged((unsigned)index);
}

static void fault_privileged(void) {
    CHECK(!cpu_privileged(cpu_privileged_count));
    for (unsigned i = 0; i < cpu_privileged_count; i++) {
        expect_fault(run_privileged, i, "privileged instruction");
    }
}

static void run_counter(uint64_t index) {
    (void)cpu_forbidden_counter((unsigned)index);
}

static void fault_counters(void) {
    CHECK(!cpu_forbidden_counter(cpu_forbidden_counter_count));
    for (unsigned i = 0; i < cpu_forbidden_counter_count; i++) {
        expect_fault(run_counter, i, "counter");
    }
}

/* The clock that the time page needs is everybody's. */
static void clock_is_allowed(void) {
    ts_time_t first = ts_time_now();
    ts_time_t kernel = 0;
    CHECK(ts_time_page_address() != NULL);
    CHECK_OK(ts_clock_read(&kernel));
    ts_time_t last = ts_time_now();
    CHECK(first <= kernel && kernel <= last);
}

static void run_illegal(uint64_t unused) {
    (void)unused;
    cpu_illegal_instruction();
}

static void run_breakpoint(uint64_t unused) {
    (void)unused;
    cpu_breakpoint();
}

static void fault_instructions(void) {
    expect_fault(run_illegal, 0, "illegal instruction");
    expect_fault(run_breakpoint, 0, "breakpoint");
}

static void run_divide(uint64_t unused) {
    (void)unused;
    uint64_t value = 0;
    cpu_divide_by_zero(&value);
    shared_set(0, 1);
}

static void run_float_divide(uint64_t unused) {
    (void)unused;
    cpu_float_divide_by_zero();
    shared_set(1, 1);
}

/* Where the CPU has no such fault the program goes on. */
static void fault_arithmetic(void) {
    int64_t code = guest_child_run(run_divide, 0);
    CHECK_EQUAL(cpu_divide_faults ? TS_EXIT_EXCEPTION : 0, code);
    CHECK_EQUAL(!cpu_divide_faults, shared_get(0));
    code = guest_child_run(run_float_divide, 0);
    CHECK_EQUAL(cpu_float_faults ? TS_EXIT_EXCEPTION : 0, code);
    CHECK_EQUAL(!cpu_float_faults, shared_get(1));
}

static void use_port(uint64_t port) {
    if (port % 2 != 0) {
        ts_port_write8((uint16_t)port, 0);
    } else {
        (void)ts_port_read8((uint16_t)port);
    }
}

static void enable_ports(uint64_t unused) {
    (void)unused;
    CHECK_STATUS(cpu_has_ports ? TS_OK : TS_ERR_NOT_SUPPORTED,
                 ts_ports_enable(guest_self.extra, 0x80, 1));
    if (cpu_has_ports) {
        (void)ts_port_read8(0x80); /* the one that is ours */
        shared_set(0, 1);
        (void)ts_port_read8(0x81);
    } else {
        cpu_illegal_instruction();
    }
}

/* Without the resource none, with it just those that were asked for. */
static void fault_ports(void) {
    static const uint16_t ports[] = {0, 0x20, 0x21, 0x43, 0x64, 0x80, 0xf4, 0x3f8, 0xcf9, 0xffff};
    struct guest_child child;
    for (unsigned i = 0; cpu_has_ports && i < sizeof(ports) / sizeof(ports[0]); i++) {
        expect_fault(use_port, ports[i], "port");
    }
    if (guest_child_start(&child, guest_self.job, enable_ports, 0,
                          duplicate_with(resource("root"), TS_RIGHT_SAME_RIGHTS))) {
        CHECK_EQUAL(TS_EXIT_EXCEPTION, guest_child_end(&child));
        CHECK_EQUAL(cpu_has_ports, shared_get(0));
    }
}

/* --- stacks and threads --- */

static uint64_t recurse(volatile uint64_t *outer) {
    volatile uint64_t inner[16];
    inner[0] = *outer + 1;
    return inner[0] == 0 ? 0 : recurse(inner) + inner[0];
}

static void overflow(void *argument) {
    volatile uint64_t depth = (uint64_t)argument;
    shared_set(0, recurse(&depth));
}

static void overflow_thread(uint64_t unused) {
    (void)unused;
    uint64_t base = 0;
    uint64_t top = 0;
    ts_handle_t thread = make_thread(guest_self.process);
    CHECK_OK(ts_stack_map(guest_self.vmar, 2 * TS_PAGE_SIZE, false, &base, &top));
    CHECK_OK(ts_thread_start(thread, guest_thread_entry(), top, (uint64_t)overflow, 0));
    (void)!ts_thread_sleep(TS_TIME_INFINITE);
}

static void fault_stack_overflow(void) {
    expect_fault(overflow_thread, 0, "stack overflow");
}

static void nothing(void *unused) {
    (void)unused;
}

/* A thread at a bad place, or on a stack there; odd numbers are stacks. */
static void start_at_place(uint64_t index) {
    ts_handle_t thread = make_thread(guest_self.process);
    uint64_t bad = place((unsigned)(index / 2));
    uint64_t entry = index % 2 == 0 ? bad : guest_thread_entry();
    uint64_t stack = index % 2 == 0 ? guest_stack_top() : bad;
    CHECK_OK(ts_thread_start(thread, entry, stack, (uint64_t)nothing, 0));
    (void)!ts_thread_sleep(TS_TIME_INFINITE);
}

static void fault_thread_start(void) {
    for (unsigned i = 0; i < 2 * PLACES; i++) {
        expect_fault(start_at_place, i, i % 2 == 0 ? "thread's entry" : "thread's stack");
    }
}

static void fault_process_start(void) {
    for (unsigned i = 0; i < 2 * PLACES; i++) {
        ts_handle_t vmar = TS_HANDLE_INVALID;
        ts_handle_t process = make_process(guest_self.job, &vmar);
        ts_handle_t thread = make_thread(process);
        CHECK_OK(ts_process_start(process, thread, place(i / 2), place(i % PLACES), 0, 0));
        wait_terminated(process);
        CHECK_EQUAL(TS_EXIT_EXCEPTION, exit_code_of(process));
        close_handle(thread);
        close_handle(process);
        close_handle(vmar);
    }
}

/* System calls with a stack pointer that is of no use: only user mode ever uses it. */
static void call_on_bad_stack(uint64_t index) {
    cpu_call_on_stack(TS_SYSCALL_NULL, place((unsigned)index));
    cpu_call_on_stack(TS_SYSCALL_THREAD_YIELD, place((unsigned)index));
    shared_set(0, index + 1);
}

static void bad_stack_in_call(void) {
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_EQUAL(0, guest_child_run(call_on_bad_stack, i));
        CHECK_EQUAL(i + 1, shared_get(0));
    }
}

/* --- system calls that do not exist --- */

static bool is_a_call(uint64_t number) {
#define NUMBER(NAME, name) number == TS_SYSCALL_##NAME ||
    return TS_SYSCALL_LIST(NUMBER) false;
#undef NUMBER
}

static void expect_no_call(uint64_t number) {
    uint64_t registers[TS_CALL_ARGUMENTS];
    for (unsigned i = 0; i < TS_CALL_ARGUMENTS; i++) {
        registers[i] = SHARED_ADDRESS + i;
    }
    uint64_t status = cpu_system_call(number, registers);
    if (status != (uint64_t)(int64_t)TS_ERR_BAD_SYSCALL) {
        (void)guest_check_equal((uint64_t)(int64_t)TS_ERR_BAD_SYSCALL, status, "number",
                                (int)number, "status of a call that does not exist");
    }
    /* Without effect, on the registers too. */
    for (unsigned i = 0; i < TS_CALL_RESULTS; i++) {
        CHECK(registers[i] == 0 || (registers[i] >= SHARED_ADDRESS &&
                                    registers[i] < SHARED_ADDRESS + TS_CALL_ARGUMENTS));
    }
}

static void unknown_numbers(void) {
    for (uint64_t number = 0; number < 4096; number++) {
        if (!is_a_call(number)) {
            expect_no_call(number);
        }
    }
    for (uint64_t number = 0; number < TS_SYSCALL_COUNT; number++) {
        expect_no_call(1ul << 32 | number);
        expect_no_call(1ul << 63 | number);
        expect_no_call(0x10000 + number);
        expect_no_call(UINT64_MAX - number);
    }
    for (unsigned bit = 12; bit < 64; bit++) {
        expect_no_call(1ul << bit);
        expect_no_call((1ul << bit) - 1);
    }
}

/* --- neighbours --- */

static void tick(uint64_t unused) {
    (void)unused;
    while (shared_get(STOP) == 0) {
        shared_add(TICKS, 1);
    }
}

static void neighbours_live(void) {
    struct guest_child neighbour;
    if (!guest_child_start(&neighbour, guest_self.job, tick, 0, TS_HANDLE_INVALID)) {
        return;
    }
    for (unsigned i = 0; i < PLACES; i++) {
        uint64_t ticks = shared_get(TICKS);
        ts_time_t end = ts_time_after(GUEST_PATIENCE);
        expect_fault(write_place, i, "write beside a neighbour");
        while (shared_get(TICKS) == ticks && ts_time_now() < end) {
            CHECK_OK(ts_thread_sleep(ts_time_after(TS_MILLISECOND)));
        }
        CHECK(shared_get(TICKS) != ticks);
    }
    shared_set(STOP, 1);
    CHECK_EQUAL(0, guest_child_end(&neighbour));
}

/* All threads fault at once: one end, one code. */
static void fault_in_thread(void *argument) {
    shared_add(0, 1);
    while (shared_get(0) < 6) {
        /* until all are here */
    }
    write_at((uint64_t)argument);
}

static void fault_in_all(uint64_t unused) {
    (void)unused;
    for (uint64_t i = 0; i < 5; i++) {
        (void)guest_thread(fault_in_thread, (void *)cpu_kernel_address);
    }
    fault_in_thread(NULL);
}

static void many_faults_at_once(void) {
    for (unsigned round = 0; round < 10; round++) {
        shared_set(0, 0);
        expect_fault(fault_in_all, round, "six threads at once");
    }
}

static const struct guest_test tests[] = {
    {"T11 reading where nothing is, or the kernel", fault_reading},
    {"T11 writing where nothing is, or the kernel", fault_writing},
    {"T11 executing where nothing is, or the kernel", fault_executing},
    {"T11 writing the own text and constants", fault_own_text},
    {"T11 executing data, stack and constants", fault_executing_data},
    {"T11 jumping to odd addresses", fault_misaligned_jump},
    {"T11 touching what was unmapped", fault_unmapped},
    {"T11 writing what became read-only", fault_read_only},
    {"T11 privileged instructions", fault_privileged},
    {"T11 reading counters that are not for programs", fault_counters},
    {"the clock of the time page may be read", clock_is_allowed},
    {"T11 illegal instruction and breakpoint", fault_instructions},
    {"T11 dividing by zero where the CPU faults", fault_arithmetic},
    {"T11 I/O ports without the capability", fault_ports},
    {"T11 stack overflow", fault_stack_overflow},
    {"T11 thread_start with entries and stacks of the kernel", fault_thread_start},
    {"T11 process_start with entries and stacks of the kernel", fault_process_start},
    {"system calls do not use the stack pointer of the caller", bad_stack_in_call},
    {"T11 all threads of a process at once", many_faults_at_once},
    {"T11 neighbours of a faulting process go on", neighbours_live},
    {"unknown numbers of calls are BAD_SYSCALL without effect", unknown_numbers},
};

GUEST_GROUP(fault_tests, tests);
