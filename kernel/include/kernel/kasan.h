/* SPDX-License-Identifier: MIT */
/*
 * The address sanitizer of the kernel, in builds with `make KASAN=1`. Every 8 bytes of kernel memory have a shadow byte
 * at KERNEL_SHADOW_BASE that says which of them may be touched; the compiler has each load and store looked up there.
 * The compiler looks after variables on stacks and globals, the allocators of this room after their memory by the two
 * functions below. In other builds all of this is nothing.
 */
#pragma once

#include "abi/bootinfo.h"
#include "abi/status.h"

#ifndef CONFIG_KASAN
#define CONFIG_KASAN 0
#endif

/* Before a function: its accesses and variables are not checked. */
#define KASAN_UNCHECKED __attribute__((no_sanitize("kernel-address")))

#define KASAN_GRANULE 8ul /* bytes of memory for a byte of shadow */

/* A shadow byte: 0, all 8 bytes may be touched; 1 to 7, the first so many; otherwise none, and it says why. */
enum kasan_shadow {
    KASAN_GOOD = 0,
    KASAN_STACK_LEFT = 0xf1, /* these five are the compiler's */
    KASAN_STACK_MIDDLE = 0xf2,
    KASAN_STACK_RIGHT = 0xf3,
    KASAN_STACK_RETURNED = 0xf5,
    KASAN_STACK_SCOPE = 0xf8,
    KASAN_STACK_FREE = 0xf6, /* the whole stack belongs to no task */
    KASAN_GLOBAL_ZONE = 0xf9,
    KASAN_HEAP_ZONE = 0xfa, /* header and red zone of a block */
    KASAN_HEAP_FREE = 0xfb,
    KASAN_SLAB_ZONE = 0xfc,
    KASAN_SLAB_FREE = 0xfd,
    KASAN_FRAME_FREE = 0xfe,
};

/* Maps the shadow of the running stack, before anything that the compiler checks keeps variables there. Boot CPU,
 * on the boot table. */
void kasan_early(uint64_t image_phys);

/* Maps the shadow of RAM, registers and image in the kernel's table, which is not live yet. */
void kasan_map(const struct boot_info *bi);

/* From here on everything is checked. The kernel's table is live. */
void kasan_start(void);

/* The shadow of a page that is about to be mapped outside of the direct map. NO_MEMORY. kernelspace_lock is held. */
ts_status_t kasan_map_page(uint64_t va);

void kasan_set(uint64_t address, size_t size, enum kasan_shadow value);

/* From now on nobody may touch [start, start + size), but code in UNSHADOWED files. Both multiples of the granule. */
static inline void kasan_poison(const void *start, size_t size, enum kasan_shadow why) {
    if (CONFIG_KASAN) {
        kasan_set((uint64_t)start, size, why);
    }
}

/* From now on everybody may. If size is no multiple of the granule, the rest of the last one becomes forbidden. */
static inline void kasan_unpoison(const void *start, size_t size) {
    if (CONFIG_KASAN) {
        kasan_set((uint64_t)start, size, KASAN_GOOD);
    }
}
