/* SPDX-License-Identifier: MIT */
/*
 * What is told of a forbidden access: what was done, why it is forbidden, and whose memory it is, as far as the memory
 * around it shows. Takes no lock, since anybody may hold one. Built without sanitizers.
 */
#include "kasan_private.h"

#include "base/format.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/kernelspace.h"
#include "kernel/symbols.h"

#define TEXT_SIZE    160u
#define ROW          16u         /* shadow bytes in a line of the report */
#define STACK_MAGIC  0x41b58ab3u /* begins a frame that has checked variables; the compiler's */
#define SEARCH_LIMIT 65536ul

/* What the compiler writes at the low end of such a frame. */
struct stack_frame {
    uint64_t magic;
    const char *variables; /* "count offset size length name …" */
    uint64_t function;
};

/* Why the byte is forbidden. In a granule of which a part is good, what follows it says what it is. */
static uint8_t reason_at(uint64_t address) {
    uint8_t value = *kasan_shadow_of(address);
    return value < KASAN_GRANULE ? *kasan_shadow_of(address + KASAN_GRANULE) : value;
}

static const char *reason_name(uint8_t reason) {
    switch (reason) {
    case KASAN_STACK_LEFT:
    case KASAN_STACK_MIDDLE:
    case KASAN_STACK_RIGHT:
        return "stack, outside of a variable";
    case KASAN_STACK_RETURNED:
    case KASAN_STACK_SCOPE:
        return "stack, a variable that is out of scope";
    case KASAN_STACK_FREE:
        return "stack of no task";
    case KASAN_GLOBAL_ZONE:
        return "global, behind it";
    case KASAN_HEAP_ZONE:
        return "heap, outside of a block";
    case KASAN_HEAP_FREE:
        return "heap, use after free";
    case KASAN_SLAB_ZONE:
        return "slab, outside of an object";
    case KASAN_SLAB_FREE:
        return "slab, use after free";
    case KASAN_FRAME_FREE:
        return "frame, use after free";
    default:
        return "unknown";
    }
}

static void describe_slab(uint64_t address, char *text) {
    const struct frame *frame = frame_from_phys(virt_to_phys((const void *)address));
    const struct slab_cache *cache = frame != NULL ? frame->owner : NULL;
    if (cache != NULL) {
        format_text(text, TEXT_SIZE, "in a slab of %s, %lu bytes each", cache->name, cache->size);
    }
}

static void describe_heap(uint64_t address, char *text) {
    struct heap_place place;
    if (heap_find((const void *)address, &place)) {
        format_text(text, TEXT_SIZE, "%ld bytes after the start of the %s block of %lu bytes at %p",
                    (long)(address - (uint64_t)place.payload), place.is_used ? "used" : "free", place.size, place.payload);
    }
}

static void describe_global(uint64_t address, char *text) {
    const struct kasan_global *global = kasan_global_at(address);
    if (global != NULL) {
        format_text(text, TEXT_SIZE, "%lu bytes after the start of %s of %s, which has %lu",
                    address - (uint64_t)global->start, global->name, global->file, global->size);
    }
}

/* The frame's low end is where its first red zone begins. */
static void describe_stack(uint64_t address, char *text) {
    uint64_t at = address & ~(KASAN_GRANULE - 1);
    uint64_t limit = at - (1ul << CONFIG_STACK_BITS);
    while (at > limit && *kasan_shadow_of(at) != KASAN_STACK_LEFT) {
        at -= KASAN_GRANULE;
    }
    while (at > limit && *kasan_shadow_of(at - KASAN_GRANULE) == KASAN_STACK_LEFT) {
        at -= KASAN_GRANULE;
    }
    const struct stack_frame *frame = (const struct stack_frame *)at;
    if (frame->magic == STACK_MAGIC) {
        uint64_t offset = 0;
        const char *name = symbol_find(frame->function, &offset);
        format_text(text, TEXT_SIZE, "%lu bytes after the start of the frame of %s: %s", address - at,
                    name != NULL ? name : "?", frame->variables);
    }
}

static void describe_frame(uint64_t address, char *text) {
    format_text(text, TEXT_SIZE, "in the free frame %lx",
                virt_to_phys((const void *)address) & ~(uint64_t)(TS_PAGE_SIZE - 1));
}

static void describe(uint64_t address, uint8_t reason, char *text) {
    format_text(text, TEXT_SIZE, "in the %s", kernelspace_area(address));
    if (reason == KASAN_HEAP_ZONE || reason == KASAN_HEAP_FREE) {
        describe_heap(address, text);
    } else if (reason == KASAN_SLAB_ZONE || reason == KASAN_SLAB_FREE) {
        describe_slab(address, text);
    } else if (reason == KASAN_GLOBAL_ZONE) {
        describe_global(address, text);
    } else if (reason == KASAN_FRAME_FREE) {
        describe_frame(address, text);
    } else if (reason != KASAN_STACK_FREE) {
        describe_stack(address, text);
    }
}

/* The shadow around, as far as it is in the same page and so certainly mapped. */
static void dump_shadow(uint64_t address) {
    uint64_t row = (uint64_t)kasan_shadow_of(address) & ~(uint64_t)(ROW - 1);
    for (uint64_t at = row - ROW; at <= row + ROW; at += ROW) {
        if ((at ^ row) >> TS_PAGE_SHIFT != 0) {
            continue;
        }
        log_emergency("  %lx:", (at - SHADOW_OFFSET) * KASAN_GRANULE);
        for (uint64_t i = at; i < at + ROW; i++) {
            log_emergency(i == (uint64_t)kasan_shadow_of(address) ? "[%02x]" : " %02x ", *(const uint8_t *)i);
        }
        log_emergency("\n");
    }
}

_Noreturn void kasan_report(uint64_t start, size_t size, uint64_t address, bool is_write, uint64_t ip) {
    char text[TEXT_SIZE];
    uint64_t offset = 0;
    uint8_t reason = reason_at(address);
    const char *function = symbol_find(ip, &offset);
    describe(address, reason, text);
    log_emergency("\nkasan: %s of %lu bytes at %lx by %s+0x%lx\n", is_write ? "write" : "read", size, start,
                  function != NULL ? function : "?", offset);
    log_emergency("kasan: %lx is %s\n", address, text);
    dump_shadow(address);
    panic("kasan: %s of %lu bytes at %lx: %s", is_write ? "write" : "read", size, start, reason_name(reason));
}
