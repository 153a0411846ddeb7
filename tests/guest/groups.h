/* SPDX-License-Identifier: MIT */
/* All groups of tests, in the order in which they run. */
#pragma once

#include "guest/check.h"

extern const struct guest_group handle_tests;
extern const struct guest_group memory_tests;
extern const struct guest_group vmo_tests;
extern const struct guest_group pager_tests;
extern const struct guest_group clone_tests;
extern const struct guest_group vmar_tests;
extern const struct guest_group large_tests;
extern const struct guest_group random_tests;
extern const struct guest_group race_tests;
extern const struct guest_group vm_hostile_tests;
extern const struct guest_group object_tests;
extern const struct guest_group endpoint_tests;
extern const struct guest_group device_tests;
extern const struct guest_group system_tests;
extern const struct guest_group derivation_tests;
extern const struct guest_group task_tests;
extern const struct guest_group task_rule_tests;
extern const struct guest_group fault_tests;
extern const struct guest_group vector_tests;
extern const struct guest_group hostile_tests;
extern const struct guest_group quota_tests;
extern const struct guest_group failing_tests;
extern const struct guest_group inspect_tests;
extern const struct guest_group reclaim_tests;
extern const struct guest_group swap_tests;
extern const struct guest_group trace_tests;
extern const struct guest_group swap_hostile_tests;

static const struct guest_group *const guest_groups[] = {
    &handle_tests,
    &memory_tests,
    &vmo_tests,
    &pager_tests,
    &clone_tests,
    &vmar_tests,
    &large_tests,
    &random_tests,
    &race_tests,
    &vm_hostile_tests,
    &object_tests,
    &endpoint_tests,
    &device_tests,
    &system_tests,
    &derivation_tests,
    &task_tests,
    &task_rule_tests,
    &fault_tests,
    &vector_tests,
    &hostile_tests,
    &quota_tests,
    &inspect_tests,
    &failing_tests,
    &reclaim_tests,
    &swap_tests,
    &trace_tests,
    &swap_hostile_tests,
};

static const unsigned guest_group_count = sizeof(guest_groups) / sizeof(guest_groups[0]);
