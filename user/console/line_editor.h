/* SPDX-License-Identifier: MIT */
/*
 * A line editor for a terminal that need not understand more than backspace and carriage return:
 * cursor movement, insertion, deletion, history. No system calls: bytes in, bytes to show out. Used
 * by the console.
 *
 * Keys: arrows, Home, End, Delete, Backspace; Ctrl-A E B F start/end/left/right, Ctrl-P N history,
 * Ctrl-K U W delete to the end/to the start/a word, Ctrl-D delete, Ctrl-L draw again, Ctrl-C give
 * up.
 */
#pragma once

#include "abi/types.h"

#define LINE_EDITOR_LINE    256u /* bytes of a line, terminator included */
#define LINE_EDITOR_PROMPT  33u
#define LINE_EDITOR_HISTORY 16u
#define LINE_EDITOR_OUTPUT  1024u /* more than one key ever shows */

enum line_event { LINE_MORE, LINE_DONE, LINE_CANCELED };

enum line_keys { LINE_KEYS_PLAIN, LINE_KEYS_ESCAPE, LINE_KEYS_SEQUENCE };

struct line_editor {
    char line[LINE_EDITOR_LINE]; /* terminated */
    size_t length;
    size_t cursor;
    char prompt[LINE_EDITOR_PROMPT];
    enum line_keys keys; /* inside an escape sequence? */
    unsigned parameter;  /* of the sequence */
    bool after_return;   /* the byte before was a carriage return: a line feed belongs to it */
    char history[LINE_EDITOR_HISTORY][LINE_EDITOR_LINE]; /* a ring */
    unsigned history_count;                              /* lines ever added */
    unsigned browse;              /* how many lines back; 0: the line being typed */
    char draft[LINE_EDITOR_LINE]; /* what was being typed before browsing */
    char output[LINE_EDITOR_OUTPUT];
    size_t output_length;
};

void line_editor_init(struct line_editor *editor);

/* Begins an empty line and shows the prompt. */
void line_editor_start(struct line_editor *editor, const char *prompt);

/* One byte typed. DONE: editor->line is the line. CANCELED: it was given up. */
enum line_event line_editor_feed(struct line_editor *editor, uint8_t byte);

/* Takes the line off the screen, so that other text can be shown, and puts it back. */
void line_editor_hide(struct line_editor *editor);
void line_editor_show(struct line_editor *editor);

/* What is to be shown since the last call. To be taken after each of the calls above. The text
 * stays valid until the next of them. */
size_t line_editor_output(struct line_editor *editor, const char **text);
