/* SPDX-License-Identifier: MIT */
/* The parser of command lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/string.h"
#include "shell/command.h"

static char line[512];
static char *words[COMMAND_WORDS_MAX + 1];

static int split(const char *text) {
    string_copy(line, sizeof(line), text);
    return command_words(line, words);
}

static void test_words(void **state) {
    (void)state;
    assert_int_equal(split("run hello  world\t1 "), 4);
    assert_string_equal(words[0], "run");
    assert_string_equal(words[1], "hello");
    assert_string_equal(words[2], "world");
    assert_string_equal(words[3], "1");
    assert_null(words[4]);
}

static void test_nothing(void **state) {
    (void)state;
    assert_int_equal(split(""), 0);
    assert_null(words[0]);
    assert_int_equal(split("  \t "), 0);
}

static void test_quotes(void **state) {
    (void)state;
    assert_int_equal(split("run \"hello world\" a\"b c\"d \"\""), 4);
    assert_string_equal(words[1], "hello world");
    assert_string_equal(words[2], "ab cd");
    assert_string_equal(words[3], "");
    assert_int_equal(split("run \"open"), -1);
}

static void test_too_many_words(void **state) {
    char text[COMMAND_WORDS_MAX * 2 + 3];
    (void)state;
    for (int i = 0; i < COMMAND_WORDS_MAX + 1; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = ' ';
    }
    text[2 * COMMAND_WORDS_MAX] = '\0';
    assert_int_equal(split(text), COMMAND_WORDS_MAX);
    text[2 * COMMAND_WORDS_MAX] = 'a';
    text[2 * COMMAND_WORDS_MAX + 1] = '\0';
    assert_int_equal(split(text), -1);
}

static void test_commands(void **state) {
    char *rest = line;
    (void)state;
    string_copy(line, sizeof(line), "ps;run \"a;b\"; ;mem");
    assert_string_equal(command_next(&rest), "ps");
    assert_string_equal(command_next(&rest), "run \"a;b\"");
    assert_string_equal(command_next(&rest), " ");
    assert_string_equal(command_next(&rest), "mem");
    assert_null(command_next(&rest));
    assert_null(command_next(&rest));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),    cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_quotes),   cmocka_unit_test(test_too_many_words),
        cmocka_unit_test(test_commands),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("user/shell command", tests, NULL, NULL);
}
