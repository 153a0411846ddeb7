/* SPDX-License-Identifier: MIT */
/* Shared by the host tests: see support.h. Stands in for kernel/core, too. */
#include "support.h"

#include "arch/cpu.h"
#include "kernel/assert.h"
#include "kernel/percpu.h"

jmp_buf support_panic_jump;
int support_panic_expected;
char support_panic_text[256];

static struct percpu blocks[TS_CPU_COUNT_MAX];

/* The locks of this thread, so that those which an expected panic leaves behind can be released. */
static _Thread_local struct spinlock *held[16];
static _Thread_local unsigned held_count;

void spinlock_init(struct spinlock *lock, enum lock_class lock_class) {
    *lock = (struct spinlock){.lock_class = (uint8_t)lock_class};
}

void spinlock_check_acquire(const struct spinlock *lock) {
    if (held_count > 0 && held[held_count - 1]->lock_class >= lock->lock_class) {
        panic("lock order: class %u after %u", lock->lock_class, held[held_count - 1]->lock_class);
    }
}

void spinlock_wait(const struct spinlock *lock) {
    while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != 0) {
        arch_spin_wait();
    }
}

void spinlock_note_acquire(struct spinlock *lock) {
    held[held_count++] = lock;
}

void spinlock_check_release(struct spinlock *lock) {
    if (held_count == 0 || held[held_count - 1] != lock) {
        panic("lock order: another lock was taken last");
    }
    held_count--;
}

static void release_locks(void) {
    while (held_count > 0) {
        spinlock_release(held[held_count - 1]);
    }
}

_Noreturn void panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(support_panic_text, sizeof(support_panic_text), format, arguments);
    va_end(arguments);
    if (support_panic_expected != 0) {
        support_panic_expected = 0;
        release_locks();
        longjmp(support_panic_jump, 1);
    }
    fprintf(stderr, "panic: %s\n", support_panic_text);
    abort();
}

void log_line(const char *format, ...) {
    va_list arguments;
    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void log_user_error(const char *format, ...) {
    (void)format;
}

void support_become_cpu(unsigned cpu) {
    blocks[cpu].arch.cpu = cpu;
    arch_percpu_set(&blocks[cpu].arch);
}

void support_memory(uint64_t size) {
    support_become_cpu(0);
    host_memory_create(0, size);
}

void support_machine(void) {
    static bool made;
    static struct boot_info info;
    if (made) {
        return;
    }
    made = true;
    support_memory(64 << 20);
    const struct boot_memory map[] = {
        {.base = 0, .length = 0x9f000, .kind = BOOT_MEMORY_USABLE},
        {.base = 0x100000, .length = 0x100000, .kind = BOOT_MEMORY_KERNEL},
        {.base = 0x200000, .length = 0x1e00000, .kind = BOOT_MEMORY_USABLE},
        {.base = 0x2000000, .length = 0x4000, .kind = BOOT_MEMORY_USABLE},
        {.base = 0x2004000, .length = 0xfc000, .kind = BOOT_MEMORY_RESERVED},
        {.base = 0x2100000, .length = 0x1f00000, .kind = BOOT_MEMORY_USABLE},
        {.base = 0xfe000000, .length = 0x1000, .kind = BOOT_MEMORY_DEVICE},
    };
    memcpy(info.memory, map, sizeof(map));
    info.memory_count = sizeof(map) / sizeof(map[0]);
    frames_init(&info);
    heap_init();
}

void support_report(const char *format, ...) {
    va_list arguments;
    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

struct list_node *support_exhaust(unsigned left) {
    static LIST_HEAD(hoard);
    struct frame *frame;
    while ((frame = frame_alloc(FRAME_VMO, FRAME_DIRTY_OK)) != NULL) {
        list_add_tail(&hoard, &frame->link);
    }
    for (; left > 0; left--) {
        frame_free(container_of(list_pop_head(&hoard), struct frame, link));
    }
    return &hoard;
}

void support_give_back(struct list_node *hoard) {
    struct list_node *node;
    while ((node = list_pop_head(hoard)) != NULL) {
        frame_free(container_of(node, struct frame, link));
    }
}

uint64_t support_frames_used(void) {
    struct frame_counts counts;
    frames_count(&counts);
    return counts.use[FRAME_KERNEL] + counts.use[FRAME_PAGE_TABLE] + counts.use[FRAME_VMO];
}

/* xorshift64*, as published by Vigna. */
uint64_t random_next(struct random *random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545f4914f6cdd1dul;
}

uint64_t random_below(struct random *random, uint64_t limit) {
    return (uint64_t)(((unsigned __int128)random_next(random) * limit) >> 64);
}

uint64_t support_seed(uint64_t fixed) {
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : fixed;
    printf("# seed %#lx (TEST_SEED)\n", seed);
    return seed == 0 ? 1 : seed;
}

uint64_t support_rounds(uint64_t usual) {
    const char *text = getenv("TEST_ROUNDS");
    return text != NULL ? strtoull(text, NULL, 0) : usual;
}
