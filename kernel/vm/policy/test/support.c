/* SPDX-License-Identifier: MIT */
/* Shared by the tests of this room: see support.h. Stands in for kernel/core, too. */
#include "support.h"

#include "kernel/assert.h"

jmp_buf support_panic_jump;
bool support_panic_expected;

const struct reclaim_policy *const support_policies[SUPPORT_POLICIES] = {
    &reclaim_none, &reclaim_lru, &reclaim_arc, &reclaim_clock, &reclaim_clock_ref0};

_Noreturn void panic(const char *format, ...) {
    if (support_panic_expected) {
        support_panic_expected = false;
        longjmp(support_panic_jump, 1);
    }
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

void *support_history(const struct reclaim_policy *policy, uint32_t capacity) {
    size_t size = reclaim_history_size(policy, capacity);
    return size == 0 ? NULL : calloc(1, size);
}

void support_set_init(struct reclaim_set *set, const struct reclaim_policy *policy,
                      uint32_t capacity) {
    reclaim_set_init(set, policy, capacity, support_history(policy, capacity), 0x5eed);
}

void support_set_free(struct reclaim_set *set) {
    free(set->ghosts.entries);
    free(set->leaving.entries);
}

void support_report(const char *format, ...) {
    va_list arguments;
    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* xorshift64*, as published by Vigna. */
uint64_t support_random(uint64_t *state, uint64_t below) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint64_t number = *state * 0x2545f4914f6cdd1dul;
    return (uint64_t)(((unsigned __int128)number * below) >> 64);
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
