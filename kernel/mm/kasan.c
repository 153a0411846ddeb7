/* SPDX-License-Identifier: MIT */
/*
 * The checks of the address sanitizer: what the compiler calls for loads, stores, globals and scopes, and what replaces
 * the memory functions in files that are checked (the Makefile renames them there). Built without sanitizers.
 *
 * Until kasan_start() there is no shadow but that of the boot stack, and nothing is looked up. Addresses below the
 * kernel's are left to the CPU, which tells a null pointer and a user address by a fault.
 */
#include "kasan_private.h"

#include "arch/usercopy.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/frames.h"

#undef memcpy
#undef memset
#undef memcmp
#undef strlen

#define GLOBALS_MAX 512u /* files that have any */

_Static_assert(SHADOW_OFFSET == KASAN_SHADOW_OFFSET, "the compiler thinks so too");

extern void (*const kernel_constructors_start[])(void), (*const kernel_constructors_end[])(void);

static struct {
    const struct kasan_global *first;
    uint64_t count;
} globals[GLOBALS_MAX]; /* one entry per file; constant after kasan_start() */
static unsigned globals_count;

static uint32_t active; /* 1: set once, and cleared by the first report; atomic */

static bool is_active(void) {
    return __atomic_load_n(&active, __ATOMIC_RELAXED) != 0;
}

void kasan_set(uint64_t address, size_t size, enum kasan_shadow value) {
    if (!is_active()) {
        return;
    }
    ASSERT(address % KASAN_GRANULE == 0 && address >= KERNEL_SPACE_BASE);
    memset(kasan_shadow_of(address), value, size / KASAN_GRANULE);
    if (size % KASAN_GRANULE != 0) {
        *kasan_shadow_of(address + size) = (uint8_t)(value == KASAN_GOOD ? size % KASAN_GRANULE : value);
    }
}

/* Looks at what is touched byte by byte, except that a granule which is good altogether is one step. */
static void find_bad(uint64_t start, size_t size, bool is_write, uint64_t ip) {
    uint64_t end = start + size;
    for (uint64_t at = start; at < end;) {
        if (*kasan_shadow_of(at) == KASAN_GOOD) {
            at = (at | (KASAN_GRANULE - 1)) + 1;
        } else if (kasan_is_good(at)) {
            at++;
        } else if (__atomic_exchange_n(&active, 0, __ATOMIC_RELAXED) != 0) {
            kasan_report(start, size, at, is_write, ip);
        } else {
            return; /* another CPU was faster, and stops this one */
        }
    }
}

/* One access of at most 16 bytes. */
static inline void check(uint64_t start, size_t size, bool is_write, uint64_t ip) {
    if (start < KERNEL_SPACE_BASE || !is_active()) {
        return;
    }
    uint8_t seen = *kasan_shadow_of(start) | *kasan_shadow_of(start + size - 1);
    if (size > KASAN_GRANULE) {
        seen |= *kasan_shadow_of(start + KASAN_GRANULE);
    }
    if (__builtin_expect(seen != KASAN_GOOD, 0)) {
        find_bad(start, size, is_write, ip);
    }
}

static void check_range(const void *start, size_t size, bool is_write, uint64_t ip) {
    if (size > 0 && (uint64_t)start >= KERNEL_SPACE_BASE && is_active()) {
        find_bad((uint64_t)start, size, is_write, ip);
    }
}

#define CALLER ((uint64_t)__builtin_return_address(0))

#define CHECKS(size)                                                                                                   \
    void __asan_load##size##_noabort(uint64_t start);                                                                  \
    void __asan_load##size##_noabort(uint64_t start) {                                                                 \
        check(start, size, false, CALLER);                                                                             \
    }                                                                                                                  \
    void __asan_store##size##_noabort(uint64_t start);                                                                 \
    void __asan_store##size##_noabort(uint64_t start) {                                                                \
        check(start, size, true, CALLER);                                                                              \
    }
CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(const void *start, size_t size);
void __asan_storeN_noabort(const void *start, size_t size);
void __asan_handle_no_return(void);
void __asan_poison_stack_memory(uint64_t start, size_t size);
void __asan_unpoison_stack_memory(uint64_t start, size_t size);
void __asan_register_globals(const struct kasan_global *first, uint64_t count);
void __asan_unregister_globals(const struct kasan_global *first, uint64_t count);

void __asan_loadN_noabort(const void *start, size_t size) {
    check_range(start, size, false, CALLER);
}

void __asan_storeN_noabort(const void *start, size_t size) {
    check_range(start, size, true, CALLER);
}

/* The caller's frames are left for good: what they forbade may be touched by those that come in their place. Boot and
 * emergency stacks are never used again. */
void __asan_handle_no_return(void) {
    uint64_t bottom = (uint64_t)__builtin_frame_address(0) & ~(KASAN_GRANULE - 1);
    if (bottom - KERNEL_STACKS_BASE < KERNEL_STACKS_SIZE) {
        uint64_t slot = 2ul << CONFIG_STACK_BITS;
        uint64_t top = (bottom | (slot - 1)) + 1;
        kasan_set(bottom, top - bottom, KASAN_GOOD);
    }
}

void __asan_poison_stack_memory(uint64_t start, size_t size) {
    size_t rest = size % KASAN_GRANULE; /* the granule's end is red zone, and forbidden already */
    kasan_set(start, size - rest + (rest != 0 ? KASAN_GRANULE : 0), KASAN_STACK_SCOPE);
}

void __asan_unpoison_stack_memory(uint64_t start, size_t size) {
    kasan_set(start, size, KASAN_GOOD);
}

/* Called by a constructor of each file that has globals. */
void __asan_register_globals(const struct kasan_global *first, uint64_t count) {
    ASSERT(globals_count < GLOBALS_MAX);
    globals[globals_count].first = first;
    globals[globals_count++].count = count;
    for (const struct kasan_global *global = first; global < first + count; global++) {
        uint64_t start = (uint64_t)global->start;
        size_t whole = (global->size + KASAN_GRANULE - 1) & ~(KASAN_GRANULE - 1);
        kasan_set(start, global->size, KASAN_GOOD);
        kasan_set(start + whole, global->size_with_zone - whole, KASAN_GLOBAL_ZONE);
    }
}

/* Named by destructors, which the linker script throws away: the kernel does not end. */
void __asan_unregister_globals(const struct kasan_global *first, uint64_t count) {
    (void)first, (void)count;
    panic("kasan: globals are for ever");
}

const struct kasan_global *kasan_global_at(uint64_t address) {
    for (unsigned i = 0; i < globals_count; i++) {
        for (const struct kasan_global *global = globals[i].first; global < globals[i].first + globals[i].count;
             global++) {
            if (address - (uint64_t)global->start < global->size_with_zone) {
                return global;
            }
        }
    }
    return NULL;
}

void kasan_start(void) {
    __atomic_store_n(&active, 1, __ATOMIC_RELAXED);
    frames_poison_free();
    for (void (*const *constructor)(void) = kernel_constructors_start; constructor < kernel_constructors_end;
         constructor++) {
        (*constructor)();
    }
}

/* What the memory functions are called in files that are checked. */

void *kasan_memcpy(void *restrict destination, const void *restrict source, size_t size);
void *kasan_memmove(void *destination, const void *source, size_t size);
void *kasan_memset(void *destination, int value, size_t size);
int kasan_memcmp(const void *a, const void *b, size_t size);
size_t kasan_strlen(const char *text);
size_t kasan_strnlen(const char *text, size_t max);
size_t kasan_string_copy(char *destination, size_t size, const char *source);
ts_status_t kasan_arch_copy_from_user(void *destination, uaddr_t source, size_t size);
ts_status_t kasan_arch_copy_to_user(uaddr_t destination, const void *source, size_t size);

void *kasan_memcpy(void *restrict destination, const void *restrict source, size_t size) {
    check_range(source, size, false, CALLER);
    check_range(destination, size, true, CALLER);
    return memcpy(destination, source, size);
}

void *kasan_memmove(void *destination, const void *source, size_t size) {
    check_range(source, size, false, CALLER);
    check_range(destination, size, true, CALLER);
    return memmove(destination, source, size);
}

void *kasan_memset(void *destination, int value, size_t size) {
    check_range(destination, size, true, CALLER);
    return memset(destination, value, size);
}

int kasan_memcmp(const void *a, const void *b, size_t size) {
    check_range(a, size, false, CALLER);
    check_range(b, size, false, CALLER);
    return memcmp(a, b, size);
}

size_t kasan_strlen(const char *text) {
    size_t length = strlen(text);
    check_range(text, length + 1, false, CALLER);
    return length;
}

size_t kasan_strnlen(const char *text, size_t max) {
    size_t length = strnlen(text, max);
    check_range(text, length < max ? length + 1 : max, false, CALLER);
    return length;
}

size_t kasan_string_copy(char *destination, size_t size, const char *source) {
    size_t length = size > 0 ? strnlen(source, size - 1) : 0;
    check_range(source, length, false, CALLER);
    check_range(destination, size > 0 ? length + 1 : 0, true, CALLER);
    return string_copy(destination, size, source);
}

ts_status_t kasan_arch_copy_from_user(void *destination, uaddr_t source, size_t size) {
    check_range(destination, size, true, CALLER);
    return arch_copy_from_user(destination, source, size);
}

ts_status_t kasan_arch_copy_to_user(uaddr_t destination, const void *source, size_t size) {
    check_range(source, size, false, CALLER);
    return arch_copy_to_user(destination, source, size);
}
