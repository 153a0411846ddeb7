/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite's frame. A row is a requirement: its name begins with the section of IHI 0070 G.b; it gets a
 * fresh system (rig.h) each time. Rows are cmocka tests that are made from tables.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smmuv3/test/rig.h"

struct row {
    const char *name;
    void (*run)(struct rig *rig, const void *argument);
    const void *argument;
    void (*prepare)(struct rig *rig, const void *argument); /* may change rig->config; null: the default */
};

/* Collects rows, also made ones: names are copied. */
void suite_add(const struct row *row);
#define suite_add_rows(rows)                                                                       \
    do {                                                                                           \
        for (size_t suite_i = 0; suite_i < sizeof(rows) / sizeof((rows)[0]); suite_i++) {          \
            suite_add(&(rows)[suite_i]);                                                           \
        }                                                                                          \
    } while (0)
/* A row whose name is made of two. */
void suite_add_named(const char *prefix, const char *name, void (*run)(struct rig *rig, const void *argument),
                     const void *argument, void (*prepare)(struct rig *rig, const void *argument));
int suite_run(const char *name);

/* A field and its value in check_event(). */
#define F(field, value) field, (uint64_t)(value)
#define END             (-1)

/* The next event is exactly this one, all 32 bytes: the type, the StreamID, and the fields given. */
void check_event(struct rig *rig, enum smmu_event type, uint32_t stream, ...);
void check_no_event(struct rig *rig);
/* The next event's type only. */
void check_event_type(struct rig *rig, enum smmu_event type);

void check_translates(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags, uint64_t expected);
void check_outcome(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags, enum smmu_outcome expected);
/* It aborts, with just that event. */
void check_faults(struct rig *rig, uint32_t stream, uint64_t address, uint32_t flags, enum smmu_event type);

/* Commands that complete, and commands that fail. */
void check_command(struct rig *rig, uint64_t word0, uint64_t word1);
void check_command_error(struct rig *rig, uint64_t word0, uint64_t word1, enum smmu_command_error error);

/* Stream 1 is a stage 1 stream with 4 KiB pages; VA maps to PA. */
#define VA 0x123456000ul
#define PA 0x00abc000ul
void map_one(struct rig *rig, struct rig_space *space);

/* Stream 1 is nested: stage 2 maps RAM to itself, except that IPA leads to PA; stage 1 maps VA to IPA. */
#define IPA 0x40000000ul
void map_nested(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2);
/* Stream 1 has stage 2 alone: IPA to PA. */
void map_stage2(struct rig *rig, struct rig_space *space, struct smmu_tables *stage2);
