/* SPDX-License-Identifier: MIT */
/*
 * What a guest test is, and how it says what went wrong. A failed check is noted and the test goes
 * on; CHECKs work in threads and in child processes too, because what they note lies in a page that
 * all of them map at one address. Used by every file of tests/guest.
 */
#pragma once

#include "abi/options.h"
#include "abi/packet.h"
#include "abi/rights.h"
#include "abi/signals.h"
#include "abi/status.h"
#include "base/string.h"
#include "gen/objects.h"
#include "gen/os_calls.h"
#include "gen/syscalls.h"
#include "os/message.h"
#include "os/time.h"

/* The name begins with the rule that the test holds, with `normal: CALL` or with `hostile: CALL`. */
struct guest_test {
    const char *name;
    void (*function)(void);
};

struct guest_group {
    const struct guest_test *tests;
    unsigned count;
};

#define GUEST_GROUP(group, rows)                                                                   \
    const struct guest_group group = {rows, sizeof(rows) / sizeof((rows)[0])}

#define SHARED_ADDRESS 0x2000000000ul
#define SHARED_TEXT    1536u
#define SHARED_WORDS   128u

/* One page. The text is written under `lock`, everything else is atomic. */
struct guest_shared {
    uint32_t lock;
    uint32_t failures;
    uint32_t skipped;
    uint32_t text_length;
    char text[SHARED_TEXT];
    uint64_t word[SHARED_WORDS]; /* the tests' own */
};

static inline struct guest_shared *guest_shared(void) {
    return (struct guest_shared *)SHARED_ADDRESS;
}

static inline void shared_set(unsigned index, uint64_t value) {
    __atomic_store_n(&guest_shared()->word[index], value, __ATOMIC_SEQ_CST);
}

static inline uint64_t shared_get(unsigned index) {
    return __atomic_load_n(&guest_shared()->word[index], __ATOMIC_SEQ_CST);
}

static inline uint64_t shared_add(unsigned index, uint64_t value) {
    return __atomic_add_fetch(&guest_shared()->word[index], value, __ATOMIC_SEQ_CST);
}

/* Maps the page: once, before the first test. */
ts_status_t guest_shared_make(ts_handle_t *vmo);
void guest_begin(void);

/* The test cannot be made here; tests/skips.tbl must say so too. */
void guest_skip(const char *reason);

bool guest_check(bool condition, const char *file, int line, const char *text);
bool guest_check_status(ts_status_t expected, ts_status_t status, const char *file, int line,
                        const char *text);
bool guest_check_equal(uint64_t expected, uint64_t value, const char *file, int line,
                       const char *text);

#define CHECK(condition) guest_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_STATUS(expected, call)                                                               \
    guest_check_status((expected), (call), __FILE__, __LINE__, #call)
#define CHECK_OK(call) CHECK_STATUS(TS_OK, call)
#define CHECK_EQUAL(expected, value)                                                               \
    guest_check_equal((uint64_t)(expected), (uint64_t)(value), __FILE__, __LINE__, #value)
