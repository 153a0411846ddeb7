/* SPDX-License-Identifier: MIT */
/*
 * Kernels that end on purpose, so that tests see what a panic tells: `crash=WAY` on the kernel command line of a debug
 * build. Called by the boot task, which lets the first programs run for a while.
 */
#include "arch/time.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/sched.h"
#include "kernel/init.h"

#define STACK_STEP 64u
#define DELAY      ((ts_time_t)200000000)

static struct spinlock first_lock = SPINLOCK(LOCK_LOG - 1);
static struct spinlock second_lock = SPINLOCK(LOCK_LOG);
static volatile uint64_t zero; /* what the compiler must not know */

/* Needs its frame after the call too, so the compiler cannot make a loop of it. */
static uint64_t eat_stack(uint64_t depth) {
    volatile uint64_t frame[STACK_STEP];
    frame[0] = depth;
    return depth == zero ? 0 : eat_stack(depth + 1) + frame[zero];
}

static void crash_stack(void) {
    (void)eat_stack(1);
}

static void crash_null(void) {
    *(volatile uint64_t *)(zero + 16) = 1; /* 0 itself the sanitizer would catch */
}

static void crash_jump(void) {
    ((void (*)(void))zero)();
}

static void crash_assert(void) {
    ASSERT(zero == 1);
}

/* The wrong way round. */
static void crash_lock(void) {
    spinlock_acquire(&second_lock);
    spinlock_acquire(&first_lock);
}

static void crash_undefined(void) {
    zero = (uint64_t)(1 << (zero + 40));
}

static void crash_canary(void) {
    volatile char bytes[16];
    for (uint64_t i = 0; i < sizeof(bytes) + 48 + zero; i++) {
        ((volatile char *)(uintptr_t)((uintptr_t)bytes + zero))[i] = 'x';
    }
}

static void crash_double_free(void) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    frame_free(frame);
    frame_free(frame);
}

/* A record that stands in no arena. */
static void crash_foreign_free(void) {
    static struct frame stranger = {.use = FRAME_KERNEL};
    frame_free(&stranger);
}

/* What only the address sanitizer sees at once: the rest of these leaves memory changed, or read, that was not theirs. */

static struct sample {
    uint64_t words[3];
} samples[3];
static SLAB_CACHE(sample_cache, struct sample);

static void crash_kasan_heap(void) {
    char *block = heap_alloc(20);
    ((volatile char *)block)[20 + zero] = 'x';
}

static void crash_kasan_use_after_free(void) {
    uint64_t *block = heap_alloc(sizeof(*block));
    heap_free(block);
    zero = *(volatile uint64_t *)((uintptr_t)block + zero);
}

static void crash_kasan_slab(void) {
    struct sample *object = slab_alloc(&sample_cache);
    zero = ((volatile uint64_t *)object->words)[3 + zero];
}

static void crash_kasan_slab_free(void) {
    struct sample *object = slab_alloc(&sample_cache);
    slab_free(&sample_cache, object);
    ((volatile uint64_t *)object->words)[zero] = 1;
}

static void crash_kasan_frame(void) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
    volatile uint64_t *words = frame_to_virt(frame);
    frame_free(frame);
    words[zero] = 1;
}

static void crash_kasan_stack(void) {
    volatile char bytes[20];
    bytes[0] = 'x';
    zero = (uint8_t)((volatile char *)((uintptr_t)bytes + zero))[20];
}

static void crash_kasan_scope(void) {
    volatile char *escaped = NULL;
    for (unsigned i = 0; i < 1; i++) {
        volatile char bytes[32];
        bytes[0] = 'x';
        escaped = bytes + zero;
    }
    zero = (uint8_t)escaped[0];
}

static void crash_kasan_global(void) {
    zero = *(volatile uint64_t *)((uintptr_t)samples + sizeof(samples) + zero);
}

/* The memory functions are not compiled with checks, but replaced by such. */
static void crash_kasan_memset(void) {
    memset(heap_alloc(64), 1, 65 + zero);
}

static void let_others_run(void) {
    struct wait_queue queue;
    wait_queue_init(&queue, LOCK_WAIT);
    spinlock_acquire(&queue.lock);
    (void)wait_queue_block(&queue, arch_time_now() + DELAY);
}

static const char *crash_way(const char *command_line) {
    const char *word = command_line;
    while (*word != 0 && strncmp(word, "crash=", 6) != 0) {
        const char *space = strchr(word, ' ');
        word = space != NULL ? space + 1 : word + strlen(word);
    }
    return *word != 0 ? word + 6 : NULL;
}

void crash_if_asked(const char *command_line) {
    static const struct {
        const char *name;
        void (*crash)(void);
    } ways[] = {{"null", crash_null}, {"jump", crash_jump},           {"assert", crash_assert}, {"lock", crash_lock},
                {"stack", crash_stack}, {"undefined", crash_undefined}, {"canary", crash_canary},
                {"double-free", crash_double_free}, {"foreign-free", crash_foreign_free},
                {"kasan-heap", crash_kasan_heap}, {"kasan-use-after-free", crash_kasan_use_after_free},
                {"kasan-slab-free", crash_kasan_slab_free}, {"kasan-slab", crash_kasan_slab},
                {"kasan-frame", crash_kasan_frame}, {"kasan-stack", crash_kasan_stack},
                {"kasan-scope", crash_kasan_scope}, {"kasan-global", crash_kasan_global},
                {"kasan-memset", crash_kasan_memset}};
    const char *way = CONFIG_DEBUG ? crash_way(command_line) : NULL;
    if (way == NULL) {
        return;
    }
    let_others_run();
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strncmp(way, ways[i].name, strlen(ways[i].name)) == 0) {
            ways[i].crash();
        }
    }
    panic("crash=%s is not known, or did not crash", way);
}
