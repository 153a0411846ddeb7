/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions, each against the simplest loop, at all alignments. The calls go through volatile
 * pointers: else the compiler would do them itself.
 */
#include "base/test/hostile.h"

#include "base/string.h"

#define SIZE 700

static void *(*volatile copy)(void *restrict, const void *restrict, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile set)(void *, int, size_t) = memset;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;
static size_t (*volatile length)(const char *) = strlen;
static size_t (*volatile length_up_to)(const char *, size_t) = strnlen;
static int (*volatile compare_text)(const char *, const char *) = strcmp;
static int (*volatile compare_text_up_to)(const char *, const char *, size_t) = strncmp;
static char *(*volatile find)(const char *, int) = strchr;

static uint8_t source[SIZE], target[SIZE], expected[SIZE];

static void fill(void) {
    uint64_t random = 7;
    for (size_t i = 0; i < SIZE; i++) {
        source[i] = (uint8_t)hostile_random(&random);
        target[i] = expected[i] = (uint8_t)hostile_random(&random);
    }
}

static void expect_target(void) {
    for (size_t i = 0; i < SIZE; i++) {
        if (target[i] != expected[i]) {
            fail_msg("byte %zu", i);
        }
    }
}

static void memcpy_at_all_alignments_and_sizes(void **state) {
    (void)state;
    for (size_t to = 0; to < 8; to++) {
        for (size_t from = 0; from < 8; from++) {
            for (size_t size = 0; size < 330; size += size < 80 ? 1 : 13) {
                fill();
                for (size_t i = 0; i < size; i++) {
                    expected[to + i] = source[from + i];
                }
                assert_ptr_equal(copy(target + to, source + from, size), target + to);
                expect_target();
            }
        }
    }
}

static void memcpy_stays_in_bounds(void **state) {
    (void)state;
    for (size_t size = 1; size < 100; size++) {
        for (size_t shift = 0; shift < 8 && shift < size; shift++) {
            uint8_t *from = malloc(size), *to = malloc(size);
            assert_true(from != NULL && to != NULL);
            memset(from, 1, size);
            copy(to, from + shift, size - shift);
            copy(to + shift, from, size - shift);
            assert_int_equal(to[size - 1], 1);
            free(from);
            free(to);
        }
    }
}

static void memmove_with_every_overlap(void **state) {
    (void)state;
    for (size_t to = 0; to < 80; to++) {
        for (size_t from = 0; from < 80; from++) {
            static const size_t sizes[] = {0, 1, 7, 33, 64, 100, 300};
            for (size_t k = 0; k < 7; k++) {
                fill();
                memcpy(target, source, SIZE);
                for (size_t i = 0; i < SIZE; i++) {
                    expected[i] = i - to < sizes[k] ? source[from + i - to] : source[i];
                }
                assert_ptr_equal(move(target + to, target + from, sizes[k]), target + to);
                expect_target();
            }
        }
    }
}

static void memset_at_all_alignments_and_sizes(void **state) {
    (void)state;
    for (size_t to = 0; to < 8; to++) {
        for (size_t size = 0; size < 600; size += size < 80 ? 1 : 11) {
            fill();
            for (size_t i = 0; i < size; i++) {
                expected[to + i] = 0xa5;
            }
            assert_ptr_equal(set(target + to, 0x7a5, size), target + to);
            expect_target();
        }
    }
}

static void memcmp_finds_the_first_difference(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t at = 0; at < 70; at++) {
            uint8_t *a = malloc(70 + shift), *b = malloc(70);
            assert_true(a != NULL && b != NULL);
            memset(a, 0x80, 70 + shift);
            memset(b, 0x80, 70);
            assert_int_equal(compare(a + shift, b, 70), 0);
            b[at] = 0x7f;
            assert_true(compare(a + shift, b, 70) > 0);
            assert_int_equal(compare(a + shift, b, at), 0);
            b[at] = 0x81;
            assert_true(compare(a + shift, b, 70) < 0);
            free(a);
            free(b);
        }
    }
}

static void string_lengths(void **state) {
    (void)state;
    assert_int_equal(length(""), 0);
    assert_int_equal(length("abc"), 3);
    assert_int_equal(length_up_to("abc", 2), 2);
    assert_int_equal(length_up_to("abc", 4), 3);
    assert_int_equal(length_up_to("abc", SIZE_MAX), 3);
    assert_int_equal(length_up_to(NULL, 0), 0);
}

static void string_comparisons(void **state) {
    (void)state;
    assert_int_equal(compare_text("abc", "abc"), 0);
    assert_true(compare_text("abc", "abcd") < 0);
    assert_true(compare_text("\xff", "a") > 0);
    assert_int_equal(compare_text_up_to("abx", "aby", 2), 0);
    assert_true(compare_text_up_to("abx", "aby", 3) < 0);
    assert_int_equal(compare_text_up_to("a", "a", SIZE_MAX), 0);
}

static void string_find_character(void **state) {
    (void)state;
    const char *text = "a/b/c";
    assert_ptr_equal(find(text, '/'), text + 1);
    assert_ptr_equal(find(text, 0), text + 5);
    assert_null(find(text, 'x'));
}

static void string_has_word_between_blanks(void **state) {
    (void)state;
    assert_true(string_has_word("one", "one"));
    assert_true(string_has_word("one  two=3 four", "two=3"));
    assert_true(string_has_word("one four", "four"));
    assert_false(string_has_word("", "one"));
    assert_false(string_has_word("one two=3", "two"));
    assert_false(string_has_word("one two=3", "ne"));
    assert_false(string_has_word("one", "onetwo"));
}

static void string_copy_terminates(void **state) {
    (void)state;
    char buffer[4] = "xyz";
    assert_int_equal(string_copy(buffer, 0, "abc"), 0);
    assert_string_equal(buffer, "xyz");
    assert_int_equal(string_copy(buffer, 4, "abcdef"), 3);
    assert_string_equal(buffer, "abc");
    assert_int_equal(string_copy(buffer, 1, "abc"), 0);
    assert_string_equal(buffer, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcpy_at_all_alignments_and_sizes),
        cmocka_unit_test(memcpy_stays_in_bounds),
        cmocka_unit_test(memmove_with_every_overlap),
        cmocka_unit_test(memset_at_all_alignments_and_sizes),
        cmocka_unit_test(memcmp_finds_the_first_difference),
        cmocka_unit_test(string_lengths),
        cmocka_unit_test(string_comparisons),
        cmocka_unit_test(string_find_character),
        cmocka_unit_test(string_copy_terminates),
        cmocka_unit_test(string_has_word_between_blanks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
