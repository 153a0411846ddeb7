/* SPDX-License-Identifier: MIT */
/* Runs the suites that the rooms export, in KTAP. */
#include "kernel/selftest.h"

#include "kernel/assert.h"
#include "kernel/sched.h"
#include "kernel/system.h"

extern const struct selftest_suite arch_selftests, frames_selftests, pagetable_selftests, heap_selftests, sched_selftests,
    cap_selftests, vm_selftests;

static const struct selftest_suite *const suites[] = {&arch_selftests, &frames_selftests, &pagetable_selftests,
                                                      &heap_selftests, &sched_selftests, &cap_selftests, &vm_selftests};

#define SUITE_COUNT (sizeof(suites) / sizeof(suites[0]))

/* Tests wait for what they deferred on their CPU, so each stays on one, whoever is more urgent meanwhile. */
static bool run_on_one_cpu(const struct selftest *test) {
    uint64_t affinity = task_current()->affinity;
    task_set_affinity(task_current(), CPU_BIT(percpu_cpu()));
    bool passed = test->run() && percpu_self()->lock_depth == 0;
    task_set_affinity(task_current(), affinity);
    return passed;
}

uint64_t selftest_run(void) {
    size_t count = 0;
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        count += suites[i]->count;
    }
    log_line("KTAP version 1");
    log_line("1..%lu", count);
    uint64_t number = 0, failed = 0;
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        for (size_t j = 0; j < suites[i]->count; j++) {
            const struct selftest *test = &suites[i]->tests[j];
            bool passed = run_on_one_cpu(test);
            failed += passed ? 0 : 1;
            log_line("%s %lu - %s %s", passed ? "ok" : "not ok", ++number, suites[i]->name, test->name);
            sched_preemption_point();
        }
    }
    uint64_t problems = audit_run();
    log_line("# self-tests: %lu failed, audit: %lu problems", failed, problems);
    return failed + problems;
}
