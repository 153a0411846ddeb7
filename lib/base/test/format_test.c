/* SPDX-License-Identifier: MIT */
/* Text formatting, against the C library's where both know a conversion. */
#include "base/test/hostile.h"

#include <limits.h>
#include <stdio.h>

#include "base/format.h"

/* The same text and the same length as the C library, at every buffer size. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        char theirs[200];                                                                          \
        size_t length = (size_t)snprintf(theirs, sizeof(theirs), __VA_ARGS__);                     \
        for (size_t size = 0; size <= length + 2; size++) {                                        \
            char *ours = malloc(size + 1);                                                         \
            assert_non_null(ours);                                                                 \
            ours[size] = 0x55;                                                                     \
            assert_int_equal(format_text(ours, size, __VA_ARGS__), length);                        \
            assert_int_equal(ours[size], 0x55);                                                    \
            if (size > 0) {                                                                        \
                assert_int_equal(strlen(ours), length < size ? length : size - 1);                 \
                assert_memory_equal(ours, theirs, strlen(ours));                                   \
            }                                                                                      \
            free(ours);                                                                            \
        }                                                                                          \
    } while (0)

static void format_plain_text(void **state) {
    (void)state;
    SAME("abc %% def");
    char buffer[4];
    assert_int_equal(format_text(buffer, 4, "%s", ""), 0);
    assert_string_equal(buffer, "");
}

static void format_numbers(void **state) {
    (void)state;
    SAME("%d %i %u %x %X", INT_MIN, INT_MAX, UINT_MAX, 0xdeadbeefu, 0xdeadbeefu);
    SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
    SAME("%lld %llu %zu %jd %td", LLONG_MIN, ULLONG_MAX, SIZE_MAX, (intmax_t)-1, (ptrdiff_t)-2);
    SAME("%hd %hhu", (short)-3, (unsigned char)200);
    SAME("%d", 0);
}

static void format_widths(void **state) {
    (void)state;
    SAME("[%5d] [%-5d] [%05d]", 42, 42, 42);
    SAME("[%5d] [%-5d] [%05d] [%02d]", -42, -42, -42, -42);
    SAME("[%016lx] [%3x]", 0x1234ul, 0xabcdefu);
    SAME("[%*d] [%-*d]", 7, 42, 7, 42);
}

static void format_negative_width_is_left(void **state) {
    (void)state;
    SAME("[%*d] [%*s]", -7, 42, -5, "ab");
}

static void format_strings(void **state) {
    (void)state;
    SAME("[%s] [%5s] [%-5s] [%.2s] [%5.1s]", "abc", "abc", "abc", "abc", "abc");
    SAME("[%.*s] [%.*s]", 2, "abc", -1, "abc");
    SAME("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
}

static void format_string_reads_no_further_than_its_precision(void **state) {
    (void)state;
    char *text = malloc(3);
    assert_non_null(text);
    memcpy(text, "abc", 3);
    SAME("[%.3s] [%.*s]", text, 3, text);
    free(text);
}

static void format_null_string(void **state) {
    (void)state;
    char buffer[16];
    const char *volatile null = NULL;
    format_text(buffer, sizeof(buffer), "%s", null);
    assert_string_equal(buffer, "(null)");
}

static void format_pointers(void **state) {
    (void)state;
    SAME("[%p]", (void *)0x1234abc);
}

static void format_ends_in_a_conversion(void **state) {
    (void)state;
    char buffer[16];
    static const char *const texts[] = {"ab%", "ab%-", "ab%0", "ab%5", "ab%5.", "ab%5.3", "ab%l"};
    for (unsigned i = 0; i < 7; i++) {
        const char *volatile text = texts[i];
        assert_int_equal(format_text(buffer, sizeof(buffer), text, 0), 2);
        assert_string_equal(buffer, "ab");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_plain_text),
        cmocka_unit_test(format_numbers),
        cmocka_unit_test(format_widths),
        cmocka_unit_test(format_negative_width_is_left),
        cmocka_unit_test(format_strings),
        cmocka_unit_test(format_string_reads_no_further_than_its_precision),
        cmocka_unit_test(format_null_string),
        cmocka_unit_test(format_pointers),
        cmocka_unit_test(format_ends_in_a_conversion),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
