/* SPDX-License-Identifier: MIT */
/*
 * The audit of virtual memory, for kernel/system/audit.c, which calls all of it between begin and end. May sleep, and
 * has preemption points; no lock is held.
 */
#pragma once

#include "kernel/vmar.h"

typedef void (*audit_report)(const char *format, ...);

/* What the walk found. Exact if nothing changed meanwhile. */
struct vm_sums {
    uint64_t families, vmos;
    uint64_t pages, nodes; /* frames */
    uint64_t slots;        /* of swap, in use */
    uint64_t mappings;
};

void vm_audit_begin(void);
void vm_audit_end(void);

/* Families and their trees. Number of problems, each reported. */
uint64_t vm_audit_families(struct vm_sums *sums, audit_report report);

/* One address space of a process that the caller holds a reference to: leaves, tables, charges. */
uint64_t vm_audit_space(struct address_space *space, audit_report report);

/* Boot CPU. */
void vm_audit_init(void);
