/* SPDX-License-Identifier: MIT */
/* A page of records per CPU. */
#include "kernel/trace.h"

#include "base/string.h"
#include "gen/syscalls.h"
#include "kernel/log.h"
#include "kernel/percpu.h"

#define TRACE_RECORDS (TS_PAGE_SIZE / sizeof(struct trace_record))

_Static_assert(TRACE_RECORDS == 128, "a page of records");

#define STATUS_SLOTS  128u /* -status of every code fits */

uint32_t trace_enabled;
static uint32_t call_counts[CONFIG_DEBUG ? TS_SYSCALL_COUNT : 1][STATUS_SLOTS]; /* atomic */

void trace_start(const char *command_line) {
    trace_enabled = CONFIG_DEBUG;
    for (const char *word = command_line; word != NULL && *word != 0; word = strchr(word, ' ')) {
        word += *word == ' ' ? 1 : 0;
        if (strncmp(word, "trace", 5) == 0 && (word[5] == ' ' || word[5] == 0)) {
            trace_enabled = 1;
        }
    }
}

void trace_record(enum trace_event event, uint32_t value, uint64_t detail) {
    struct percpu *self = percpu_self();
    if (self->trace != NULL) {
        self->trace[self->trace_count++ % TRACE_RECORDS] = (struct trace_record){
            arch_cycle_count(), event, value, detail, (uint64_t)self->current};
    }
}

void trace_count(unsigned number, ts_status_t status) {
    __atomic_fetch_add(&call_counts[number][(unsigned)-status % STATUS_SLOTS], 1, __ATOMIC_RELAXED);
}

uint64_t trace_call_count(unsigned number, ts_status_t status) {
    unsigned slot = (unsigned)-status;
    bool exists = CONFIG_DEBUG && number < TS_SYSCALL_COUNT && slot < STATUS_SLOTS;
    return exists ? __atomic_load_n(&call_counts[number][slot], __ATOMIC_RELAXED) : 0;
}

uint64_t trace_call_total(void) {
    uint64_t total = 0;
    for (unsigned i = 0; CONFIG_DEBUG && i < TS_SYSCALL_COUNT; i++) {
        for (unsigned j = 0; j < STATUS_SLOTS; j++) {
            total += __atomic_load_n(&call_counts[i][j], __ATOMIC_RELAXED);
        }
    }
    return total;
}

/* Numbers only: they are kept also when the trace is off. */
static void dump_calls(unsigned number, const struct percpu *cpu,
                       void (*print)(const char *format, ...) __attribute__((format(printf, 1, 2)))) {
    uint32_t kept = cpu->call_count < LAST_CALLS ? cpu->call_count : LAST_CALLS;
    print("CPU %u, last %u of %u system calls:", number, kept, cpu->call_count);
    for (uint32_t i = cpu->call_count - kept; i != cpu->call_count; i++) {
        print(" %u", cpu->calls[i % LAST_CALLS]);
    }
    print("\n");
}

static void dump_ring(const struct percpu *cpu,
                      void (*print)(const char *format, ...) __attribute__((format(printf, 1, 2)))) {
    static const char *const names[TRACE_EVENT_COUNT] = {"-", "call", "switch", "interrupt", "fault"};
    uint64_t kept = cpu->trace_count < TRACE_RECORDS ? cpu->trace_count : TRACE_RECORDS;
    for (uint64_t i = cpu->trace_count - kept; i < cpu->trace_count; i++) {
        const struct trace_record *record = &cpu->trace[i % TRACE_RECORDS];
        print("  %lu %s %u %lx, task %lx\n", record->time, names[record->event % TRACE_EVENT_COUNT], record->value,
              record->detail, record->task);
    }
}

void trace_dump(void (*print)(const char *format, ...) __attribute__((format(printf, 1, 2)))) {
    for (unsigned i = 0; i < percpu_count(); i++) {
        dump_calls(i, percpu_of(i), print);
        if (trace_enabled != 0 && percpu_of(i)->trace != NULL) {
            print("CPU %u, trace:\n", i);
            dump_ring(percpu_of(i), print);
        }
    }
    if (trace_enabled == 0) {
        print("trace: off (`trace` on the command line turns it on)\n");
    }
}
