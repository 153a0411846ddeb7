/* SPDX-License-Identifier: MIT */
/* The line editor against a model of a terminal's row: what is on the screen must always be prompt,
 * line, and the cursor in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/string.h"
#include "console/line_editor.h"

#define SCREEN_WIDTH 1024

static struct line_editor editor;
static char screen[SCREEN_WIDTH + 1];
static size_t screen_cursor;

/* Applies the output to the row. A line feed empties it. */
static void update_screen(void) {
    const char *text;
    size_t length = line_editor_output(&editor, &text);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\b') {
            assert_true(screen_cursor > 0);
            screen_cursor--;
        } else if (text[i] == '\r') {
            screen_cursor = 0;
        } else if (text[i] == '\n') {
            memset(screen, ' ', SCREEN_WIDTH);
        } else if (text[i] != '\a') {
            assert_true(screen_cursor < SCREEN_WIDTH);
            screen[screen_cursor++] = text[i];
        }
    }
}

static void expect_screen(const char *row, size_t cursor) {
    char expected[SCREEN_WIDTH + 1];
    memset(expected, ' ', SCREEN_WIDTH);
    expected[SCREEN_WIDTH] = '\0';
    memcpy(expected, row, strlen(row));
    assert_string_equal(screen, expected);
    assert_int_equal(screen_cursor, cursor);
}

static void start(void) {
    memset(screen, ' ', SCREEN_WIDTH);
    screen[SCREEN_WIDTH] = '\0';
    screen_cursor = 0;
    line_editor_start(&editor, "> ");
    update_screen();
}

static int setup(void **state) {
    (void)state;
    line_editor_init(&editor);
    start();
    return 0;
}

static enum line_event type(const char *keys) {
    enum line_event event = LINE_MORE;
    for (; *keys != '\0'; keys++) {
        event = line_editor_feed(&editor, (uint8_t)*keys);
        update_screen();
        if (event != LINE_MORE) {
            break;
        }
    }
    return event;
}

static void expect_line(const char *keys, const char *line) {
    assert_int_equal(type(keys), LINE_DONE);
    assert_string_equal(editor.line, line);
    assert_int_equal(editor.length, strlen(line));
    start();
}

static void test_types_a_line(void **state) {
    (void)state;
    assert_int_equal(type("ps"), LINE_MORE);
    expect_screen("> ps", 4);
    expect_line("\r", "ps");
}

static void test_line_ends(void **state) {
    (void)state;
    expect_line("a\r", "a");
    expect_line("\nb\r", "b"); /* the line feed belongs to the return before */
    expect_line("c\n", "c");
    expect_line("\n", "");
    expect_line("\r", "");
    expect_line("\r", "");
}

static void test_inserts_in_the_middle(void **state) {
    (void)state;
    type("ac\x1b[Db");
    expect_screen("> abc", 4);
    expect_line("\r", "abc");
}

static void test_backspace(void **state) {
    (void)state;
    type("abc\x7f\b");
    expect_screen("> a", 3);
    type("\x7f\x7f\x7f");
    expect_screen("> ", 2);
    expect_line("\r", "");
}

static void test_deletes_under_the_cursor(void **state) {
    (void)state;
    type("abcd\x1b[D\x1b[D\x1b[3~");
    expect_screen("> abd", 4);
    type("\x04\x04\x04");
    expect_screen("> ab", 4);
    expect_line("\r", "ab");
}

static void test_home_and_end(void **state) {
    (void)state;
    type("bc\x1b[Ha\x1b[Fd\x1b[1~_\x1b[4~_\x01.\x05.");
    expect_screen("> ._abcd_.", 10);
    expect_line("\r", "._abcd_.");
}

static void test_kills(void **state) {
    (void)state;
    type("one two three\x17");
    expect_screen("> one two ", 10);
    type("\x02\x02\x0b");
    expect_screen("> one tw", 8);
    type("\x15");
    expect_screen("> ", 2);
    expect_line("x\r", "x");
}

static void test_history(void **state) {
    (void)state;
    expect_line("first\r", "first");
    expect_line("second\r", "second");
    expect_line("second\r", "second"); /* kept once */
    type("dra\x1b[A");
    expect_screen("> second", 8);
    type("\x1b[A\x1b[A\x1b[A");
    expect_screen("> first", 7);
    type("\x1b[B\x1b[B\x1b[B");
    expect_screen("> dra", 5);
    expect_line("\x10\x10!\r", "first!");
}

static void test_history_forgets_the_oldest(void **state) {
    (void)state;
    char line[32];
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "line %d\r", i);
        assert_int_equal(type(line), LINE_DONE);
        start();
    }
    for (int i = 0; i < 40; i++) {
        type("\x10");
    }
    expect_screen("> line 24", 9);
}

static void test_line_has_an_end(void **state) {
    (void)state;
    for (unsigned i = 0; i < LINE_EDITOR_LINE * 2; i++) {
        assert_int_equal(type("x"), LINE_MORE);
    }
    assert_int_equal(editor.length, LINE_EDITOR_LINE - 1);
    type("\x01y");
    assert_int_equal(type("\r"), LINE_DONE);
    assert_int_equal(strlen(editor.line), LINE_EDITOR_LINE - 1);
}

static void test_cancel(void **state) {
    (void)state;
    assert_int_equal(type("abc\x03"), LINE_CANCELED);
    start();
    expect_line("d\r", "d");
}

static void test_hide_and_show(void **state) {
    (void)state;
    type("abc\x1b[D");
    line_editor_hide(&editor);
    update_screen();
    expect_screen("", 0);
    line_editor_show(&editor);
    update_screen();
    expect_screen("> abc", 4);
    expect_line("\r", "abc");
}

static void test_unknown_keys_do_nothing(void **state) {
    (void)state;
    type("a\x1b[99~\x1b[5;3Q\x1bOP\x1bx\x1b[200000000000000000000~\x80\xff\x1cz");
    expect_screen("> az", 4);
    expect_line("\r", "az");
}

static void test_output_fits(void **state) {
    (void)state;
    for (unsigned i = 0; i < LINE_EDITOR_LINE; i++) {
        type("x");
    }
    const char keys[] = "\r\x10\x01y\x04\x15\x10\x0c\x0e\x17";
    for (const char *key = keys; *key != '\0'; key++) {
        if (line_editor_feed(&editor, (uint8_t)*key) != LINE_MORE) {
            start();
        }
        assert_true(editor.output_length < LINE_EDITOR_OUTPUT);
        update_screen();
    }
}

/* Whatever is typed, row and line agree. */
static void test_random_keys(void **state) {
    static const char *const keys[] = {"a",      "b",       " ",      "\x7f",   "\b",
                                       "\x1b[A", "\x1b[B",  "\x1b[C", "\x1b[D", "\x1b[H",
                                       "\x1b[F", "\x1b[3~", "\x0b",   "\x15",   "\x17",
                                       "\x04",   "xyz",     "\x10",   "\x0e",   "\r"};
    (void)state;
    srand(1);
    for (int i = 0; i < 200000; i++) {
        if (type(keys[rand() % (int)(sizeof(keys) / sizeof(keys[0]))]) == LINE_DONE) {
            start();
        }
        assert_true(editor.cursor <= editor.length && editor.length < LINE_EDITOR_LINE);
        assert_int_equal(strlen(editor.line), editor.length);
        char row[SCREEN_WIDTH];
        snprintf(row, sizeof(row), "> %s", editor.line);
        expect_screen(row, editor.cursor + 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_types_a_line, setup),
        cmocka_unit_test_setup(test_line_ends, setup),
        cmocka_unit_test_setup(test_inserts_in_the_middle, setup),
        cmocka_unit_test_setup(test_backspace, setup),
        cmocka_unit_test_setup(test_deletes_under_the_cursor, setup),
        cmocka_unit_test_setup(test_home_and_end, setup),
        cmocka_unit_test_setup(test_kills, setup),
        cmocka_unit_test_setup(test_history, setup),
        cmocka_unit_test_setup(test_history_forgets_the_oldest, setup),
        cmocka_unit_test_setup(test_line_has_an_end, setup),
        cmocka_unit_test_setup(test_cancel, setup),
        cmocka_unit_test_setup(test_hide_and_show, setup),
        cmocka_unit_test_setup(test_unknown_keys_do_nothing, setup),
        cmocka_unit_test_setup(test_output_fits, setup),
        cmocka_unit_test_setup(test_random_keys, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("user/console line_editor", tests, NULL, NULL);
}
