/* SPDX-License-Identifier: MIT */
/* Frames, heap and slabs with threads as CPUs. Built under TSan too. */
#include <pthread.h>

#include "kernel/assert.h"
#include "support.h"

#define CPUS 4u

static uint8_t owned[64 << 8]; /* by frame number, atomic: who has it */
static uint64_t rounds;

struct thing {
    uint64_t words[5];
};
static SLAB_CACHE(things, struct thing);

/* Marks the frame as ours; two owners at once would fail here. */
static void claim(struct frame *frame, unsigned cpu) {
    uint8_t *owner = &owned[frame_to_phys(frame) >> TS_PAGE_SHIFT];
    if (__atomic_exchange_n(owner, (uint8_t)(cpu + 1), __ATOMIC_RELAXED) != 0) {
        panic("frame %lx has two owners", frame_to_phys(frame));
    }
    *(volatile uint64_t *)frame_to_virt(frame) = cpu;
}

static void disclaim(struct frame *frame, unsigned cpu) {
    uint8_t *owner = &owned[frame_to_phys(frame) >> TS_PAGE_SHIFT];
    if (*(volatile uint64_t *)frame_to_virt(frame) != cpu ||
        __atomic_exchange_n(owner, 0, __ATOMIC_RELAXED) != cpu + 1) {
        panic("frame %lx was taken away", frame_to_phys(frame));
    }
}

static void *use_frames(void *argument) {
    unsigned cpu = (unsigned)(uintptr_t)argument;
    struct random random = {0x5eed + cpu};
    struct frame *held[96] = {NULL};
    support_become_cpu(cpu);
    for (uint64_t i = 0; i < rounds; i++) {
        unsigned slot = (unsigned)random_below(&random, 96);
        if (held[slot] != NULL) {
            disclaim(held[slot], cpu);
            frame_free(held[slot]);
            held[slot] = NULL;
        } else if ((held[slot] = frame_alloc(FRAME_VMO, FRAME_DIRTY_OK)) != NULL) {
            claim(held[slot], cpu);
        }
        if (random_below(&random, 64) == 0) {
            size_t count = 1 + random_below(&random, 130);
            struct frame *run = frame_alloc_run(count, 1, 0, FRAME_KERNEL, FRAME_DIRTY_OK);
            for (size_t j = 0; run != NULL && j < count; j++) {
                claim(&run[j], cpu);
            }
            for (size_t j = 0; run != NULL && j < count; j++) {
                disclaim(&run[j], cpu);
            }
            if (run != NULL) {
                frame_free_run(run, count);
            }
        }
        if (random_below(&random, 256) == 0) {
            struct frame_counts counts;
            frames_count(&counts);
            frames_drain_magazines();
        }
    }
    for (unsigned slot = 0; slot < 96; slot++) {
        if (held[slot] != NULL) {
            disclaim(held[slot], cpu);
            frame_free(held[slot]);
        }
    }
    frames_drain_magazines();
    return NULL;
}

static void *use_heap(void *argument) {
    unsigned cpu = (unsigned)(uintptr_t)argument;
    struct random random = {0x6eed + cpu};
    uint64_t *held[64] = {NULL};
    support_become_cpu(cpu);
    for (uint64_t i = 0; i < rounds / 4; i++) {
        unsigned slot = (unsigned)random_below(&random, 64);
        bool slab = slot % 2 == 0;
        if (held[slot] == NULL) {
            held[slot] = slab ? slab_alloc(&things) : heap_alloc(8 + random_below(&random, 9000));
            if (*held[slot] != 0) {
                panic("not zeroed");
            }
            *held[slot] = cpu + 1;
        } else {
            if (*held[slot] != cpu + 1) {
                panic("overwritten");
            }
            slab ? slab_free(&things, held[slot]) : heap_free(held[slot]);
            held[slot] = NULL;
        }
    }
    for (unsigned slot = 0; slot < 64; slot++) {
        if (held[slot] != NULL) {
            slot % 2 == 0 ? slab_free(&things, held[slot]) : heap_free(held[slot]);
        }
    }
    frames_drain_magazines();
    return NULL;
}

static void run_on_cpus(void *(*body)(void *)) {
    pthread_t threads[CPUS];
    support_machine();
    uint64_t before = support_frames_used();
    rounds = support_rounds(200000);
    for (unsigned i = 0; i < CPUS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)(i + 1)), 0);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(frames_audit(support_report) + heap_audit(support_report) + slab_audit(support_report), 0);
    assert_true(support_frames_used() <= before + 1);
}

static void cpus_share_frames(void **state) {
    (void)state;
    run_on_cpus(use_frames);
}

/* So few frames that CPUs take them from each other's hands all the time. */
static void cpus_compete_for_the_last_frames(void **state) {
    (void)state;
    support_machine();
    struct list_node *hoard = support_exhaust(150);
    frames_drain_magazines();
    run_on_cpus(use_frames);
    support_give_back(hoard);
    frames_drain_magazines();
    assert_int_equal(frames_audit(support_report), 0);
}

static void cpus_share_heap_and_slabs(void **state) {
    (void)state;
    run_on_cpus(use_heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpus_share_frames),
        cmocka_unit_test(cpus_compete_for_the_last_frames),
        cmocka_unit_test(cpus_share_heap_and_slabs),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("memory on several CPUs", tests, NULL, NULL);
}
