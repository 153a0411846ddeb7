/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks, in slots of twice their size whose lower half is never mapped, so that an overflow faults. Freed stacks
 * stay mapped in a list for the next task. stack_lock protects list and slot counter.
 */
#include "arch/mmu.h"
#include "arch/stack.h"
#include "base/string.h"
#include "kernel/assert.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/kasan.h"
#include "kernel/kernelspace.h"
#include "kernel/sched.h"

#define STACK_SIZE  ((size_t)ARCH_STACK_SIZE)
#define STACK_SLOT  (2 * STACK_SIZE)
#define STACK_PAGES (STACK_SIZE / TS_PAGE_SIZE)

/* Lies in the highest bytes of a free stack. */
struct free_stack {
    struct free_stack *next;
};

static struct spinlock stack_lock = SPINLOCK(LOCK_KERNEL_STACKS);
static struct free_stack *free_stacks;
static uint64_t slots_used;

static struct free_stack *free_record(void *stack) {
    return (struct free_stack *)((char *)stack + STACK_SIZE) - 1;
}

static void *stack_map_new(void) {
    uint64_t slot = slots_used * STACK_SLOT;
    if (slot + STACK_SLOT > KERNEL_STACKS_SIZE) {
        return NULL;
    }
    uint64_t base = KERNEL_STACKS_BASE + slot + STACK_SIZE;
    for (size_t i = 0; i < STACK_PAGES; i++) {
        struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
        if (frame == NULL || kernelspace_map_page(base + i * TS_PAGE_SIZE, frame_to_phys(frame)) != TS_OK) {
            if (frame != NULL) {
                frame_free(frame);
            }
            for (size_t j = 0; j < i; j++) {
                kernelspace_unmap_page(base + j * TS_PAGE_SIZE);
            }
            return NULL;
        }
    }
    slots_used++;
    return (void *)base;
}

void *stack_alloc(void) {
    spinlock_acquire(&stack_lock);
    struct free_stack *record = free_stacks;
    void *stack;
    if (record != NULL) {
        free_stacks = record->next;
        stack = (char *)(record + 1) - STACK_SIZE;
        kasan_unpoison(stack, STACK_SIZE);
    } else {
        stack = stack_map_new();
    }
    spinlock_release(&stack_lock);
    return stack;
}

void stack_free(void *stack) {
    struct free_stack *record = free_record(stack);
    kasan_poison(stack, STACK_SIZE - sizeof(*record), KASAN_STACK_FREE);
    kasan_unpoison(record, sizeof(*record));
    spinlock_acquire(&stack_lock);
    record->next = free_stacks;
    free_stacks = record;
    spinlock_release(&stack_lock);
}

size_t stack_size(void) {
    return STACK_SIZE;
}

ts_status_t task_init(struct task *task, const char *name, unsigned priority) {
    task->stack = stack_alloc();
    if (task->stack == NULL) {
        return TS_ERR_NO_MEMORY;
    }
    string_copy(task->name, sizeof(task->name), name);
    task->state = TASK_NEW;
    task->priority = (uint8_t)priority;
    task->base_priority = (uint8_t)priority;
    task->affinity = UINT64_MAX;
    task->cpu = percpu_cpu();
    task->wait_word = 1;
    return TS_OK;
}

void task_release_stack(struct task *task) {
    if (task->stack != NULL) {
        stack_free(task->stack);
        task->stack = NULL;
    }
}

/* What a kernel task runs first. */
struct kernel_start {
    struct task task;
    void (*fn)(void *);
    void *arg;
    struct grace_node grace;
};

static void kernel_task_start(void *context) {
    struct kernel_start *start = context;
    sched_task_entry();
    start->fn(start->arg);
    task_exit();
}

static void kernel_task_free(struct grace_node *node) {
    heap_free(container_of(node, struct kernel_start, grace));
}

static void kernel_task_finish(struct task *task) {
    struct kernel_start *start = container_of(task, struct kernel_start, task);
    task_release_stack(task);
    start->grace.free = kernel_task_free;
    grace_defer(&start->grace);
}

struct task *task_create_kernel(const char *name, void (*fn)(void *), void *arg, unsigned priority) {
    struct kernel_start *start = heap_alloc(sizeof(*start));
    if (start == NULL) {
        return NULL;
    }
    if (task_init(&start->task, name, priority) != TS_OK) {
        heap_free(start);
        return NULL;
    }
    start->fn = fn;
    start->arg = arg;
    start->task.finish = kernel_task_finish;
    arch_context_init_kernel(&start->task.context, start->task.stack, STACK_SIZE, kernel_task_start, start);
    return &start->task;
}
