/* SPDX-License-Identifier: MIT */
/* A page of records per CPU. */
#include "kernel/trace.h"

#include "base/string.h"
#include "kernel/log.h"
#include "kernel/percpu.h"

#define TRACE_RECORDS (TS_PAGE_SIZE / sizeof(struct trace_record))
#define LAST_CALLS    64u
#define LAST_EVENTS   32u

_Static_assert(TRACE_RECORDS == 128, "a page of records");

uint32_t trace_enabled;

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

/* The last `count` records of a CPU whose event is, or is not, a call. */
static void dump_ring(const struct percpu *cpu, bool calls, unsigned count,
                      void (*print)(const char *format, ...) __attribute__((format(printf, 1, 2)))) {
    static const char *const names[TRACE_EVENT_COUNT] = {"-", "call", "switch", "interrupt", "fault"};
    uint64_t kept = cpu->trace_count < TRACE_RECORDS ? cpu->trace_count : TRACE_RECORDS;
    uint64_t matching = 0;
    for (uint64_t i = cpu->trace_count - kept; i < cpu->trace_count; i++) {
        matching += (cpu->trace[i % TRACE_RECORDS].event == TRACE_CALL) == calls ? 1 : 0;
    }
    for (uint64_t i = cpu->trace_count - kept; i < cpu->trace_count; i++) {
        const struct trace_record *record = &cpu->trace[i % TRACE_RECORDS];
        if ((record->event == TRACE_CALL) != calls || matching-- > count) {
            continue;
        }
        print("  %lu %s %u %lx, task %lx\n", record->time, names[record->event % TRACE_EVENT_COUNT], record->value,
              record->detail, record->task);
    }
}

void trace_dump(void (*print)(const char *format, ...) __attribute__((format(printf, 1, 2)))) {
    if (trace_enabled == 0) {
        print("trace: off (`trace` on the command line turns it on)\n");
        return;
    }
    for (unsigned i = 0; i < percpu_count(); i++) {
        const struct percpu *cpu = percpu_of(i);
        if (cpu->trace == NULL || cpu->trace_count == 0) {
            continue;
        }
        print("CPU %u, last system calls:\n", i);
        dump_ring(cpu, true, LAST_CALLS, print);
        print("CPU %u, last events:\n", i);
        dump_ring(cpu, false, LAST_EVENTS, print);
    }
}
