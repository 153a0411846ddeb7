/* SPDX-License-Identifier: MIT */
/* What the files of the address sanitizer share: kasan.c checks, kasan_map.c maps, kasan_report.c tells. */
#pragma once

#include "arch/mmu.h"
#include "kernel/kasan.h"

/* The Makefile tells the compiler the same. */
#define SHADOW_OFFSET (KERNEL_SHADOW_BASE - KERNEL_SPACE_BASE / KASAN_GRANULE)

/* What the compiler lays down for each global. */
struct kasan_global {
    const void *start;
    size_t size, size_with_zone;
    const char *name, *file;
    uint64_t has_constructor;
    const void *location;
    uint64_t odr_indicator;
};

static inline uint8_t *kasan_shadow_of(uint64_t address) {
    return (uint8_t *)(address / KASAN_GRANULE + SHADOW_OFFSET);
}

/* Whether the byte may be touched. */
static inline bool kasan_is_good(uint64_t address) {
    uint8_t value = *kasan_shadow_of(address);
    return value == KASAN_GOOD || (value < KASAN_GRANULE && address % KASAN_GRANULE < value);
}

/* Panics. `address` is the first byte, of those touched, that must not be; `ip` is in who touched it. */
_Noreturn void kasan_report(uint64_t start, size_t size, uint64_t address, bool is_write, uint64_t ip);

/* The global at `address` or, in its red zone, before it; null: none. */
const struct kasan_global *kasan_global_at(uint64_t address);
