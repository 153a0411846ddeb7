/* SPDX-License-Identifier: MIT */
/* Frames in the running kernel. Every test gives back what it takes. */
#include "base/string.h"
#include "kernel/frames.h"
#include "kernel/selftest.h"
#include "mm_selftests.h"

#define MANY 200u

static bool is_filled(const void *memory, size_t size, uint8_t byte) {
    const uint8_t *bytes = memory;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte) {
            return false;
        }
    }
    return true;
}

static bool alloc_zeroed(void) {
    for (unsigned i = 0; i < 3; i++) {
        struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_ANY);
        EXPECT(frame != NULL);
        EXPECT(is_filled(frame_to_virt(frame), TS_PAGE_SIZE, 0));
        memset(frame_to_virt(frame), 0xcc, TS_PAGE_SIZE);
        frame_free(frame);
    }
    return true;
}

static bool alloc_record_is_new(void) {
    struct frame *frame = frame_alloc(FRAME_VMO, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    EXPECT(frame->use == FRAME_VMO && frame->owner == NULL && frame->pin_count == 0);
    EXPECT(frame_is_allocated(frame));
    frame_free(frame);
    EXPECT(!frame_is_allocated(frame));
    return true;
}

static bool addresses_round_trip(void) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    uint64_t pa = frame_to_phys(frame);
    EXPECT(pa % TS_PAGE_SIZE == 0);
    EXPECT(frame_from_phys(pa) == frame && frame_from_phys(pa + 4095) == frame);
    EXPECT(virt_to_phys(frame_to_virt(frame)) == pa);
    frame_free(frame);
    return true;
}

static bool foreign_address_has_no_frame(void) {
    EXPECT(frame_from_phys(0) == NULL);
    EXPECT(frame_from_phys(KERNEL_DIRECT_SIZE) == NULL);
    EXPECT(frame_from_phys(UINT64_MAX) == NULL);
    return true;
}

static bool many_frames_are_distinct(void) {
    static struct frame *frames[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        frames[i] = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
        EXPECT(frames[i] != NULL);
        *(uint64_t *)frame_to_virt(frames[i]) = i;
    }
    for (unsigned i = 0; i < MANY; i++) {
        EXPECT(*(uint64_t *)frame_to_virt(frames[i]) == i);
        frame_free(frames[i]);
    }
    return true;
}

static bool run_is_aligned_and_zeroed(void) {
    for (size_t count = 1; count <= 64; count *= 4) {
        struct frame *run = frame_alloc_run(count, count, 0, FRAME_KERNEL, FRAME_ANY);
        EXPECT(run != NULL);
        EXPECT(frame_to_phys(run) % (count * TS_PAGE_SIZE) == 0);
        EXPECT(frame_from_phys(frame_to_phys(run) + (count - 1) * TS_PAGE_SIZE) == run + (count - 1));
        EXPECT(is_filled(frame_to_virt(run), count * TS_PAGE_SIZE, 0));
        frame_free_run(run, count);
    }
    return true;
}

static bool run_of_2m(void) {
    struct frame *run = frame_alloc_run(512, 512, 0, FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(run != NULL);
    EXPECT(frame_to_phys(run) % (2 << 20) == 0);
    frame_free_run(run, 512);
    return true;
}

static bool run_obeys_limit(void) {
    struct frame *frame = frame_alloc_run(1, 1, 0, FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    uint64_t limit = frame_to_phys(frame) + TS_PAGE_SIZE;
    frame_free(frame);
    frame = frame_alloc_run(1, 1, limit, FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame == NULL || frame_to_phys(frame) < limit);
    if (frame != NULL) {
        frame_free(frame);
    }
    EXPECT(frame_alloc_run(1, 1, 1, FRAME_KERNEL, FRAME_DIRTY_OK) == NULL);
    return true;
}

static bool run_too_large_is_refused(void) {
    EXPECT(frame_alloc_run((size_t)1 << 40, 1, 0, FRAME_KERNEL, FRAME_DIRTY_OK) == NULL);
    EXPECT(frame_alloc_run(SIZE_MAX, 1, 0, FRAME_KERNEL, FRAME_DIRTY_OK) == NULL);
    return true;
}

static bool counts_follow(void) {
    struct frame_counts before, during;
    frames_count(&before);
    struct frame *run = frame_alloc_run(8, 1, 0, FRAME_VMO, FRAME_DIRTY_OK);
    EXPECT(run != NULL);
    frames_count(&during);
    frame_free_run(run, 8);
    EXPECT(during.use[FRAME_VMO] == before.use[FRAME_VMO] + 8);
    EXPECT(during.total == before.total);
    return true;
}

/* The stated cost: to find frames for a magazine reads five words of the bitmap's tree for each arena that is asked. */
static bool cost_is_constant(void) {
    static struct frame *frames[MANY];
    struct frame_counts before, after;
    frames_drain_magazines();
    frames_count(&before);
    for (unsigned i = 0; i < MANY; i++) {
        frames[i] = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
        EXPECT(frames[i] != NULL);
    }
    frames_count(&after);
    for (unsigned i = 0; i < MANY; i++) {
        frame_free(frames[i]);
    }
    uint64_t searches = after.searches - before.searches;
    EXPECT(searches >= 1 && searches <= MANY);
    /* Other CPUs may race with us now and then. */
    EXPECT(after.words_read - before.words_read <= searches * 5 + MANY);
    return true;
}

static bool drain_gives_back(void) {
    struct frame *frame = frame_alloc(FRAME_KERNEL, FRAME_DIRTY_OK);
    EXPECT(frame != NULL);
    frame_free(frame);
    EXPECT(frame->use == FRAME_MAGAZINE);
    frames_drain_magazines();
    EXPECT(frame->use != FRAME_MAGAZINE);
    return true;
}

static const struct selftest tests[] = {
    {"alloc_zeroed", alloc_zeroed},
    {"alloc_record_is_new", alloc_record_is_new},
    {"addresses_round_trip", addresses_round_trip},
    {"foreign_address_has_no_frame", foreign_address_has_no_frame},
    {"many_frames_are_distinct", many_frames_are_distinct},
    {"run_is_aligned_and_zeroed", run_is_aligned_and_zeroed},
    {"run_of_2m", run_of_2m},
    {"run_obeys_limit", run_obeys_limit},
    {"run_too_large_is_refused", run_too_large_is_refused},
    {"counts_follow", counts_follow},
    {"cost_is_constant", cost_is_constant},
    {"drain_gives_back", drain_gives_back},
};

const struct selftest_suite frames_selftests = {"frames", tests, sizeof(tests) / sizeof(tests[0])};
