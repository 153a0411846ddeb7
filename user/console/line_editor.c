/* SPDX-License-Identifier: MIT */
/* The line editor. The screen shows prompt and line in one row; everything is drawn relative to the
 * cursor with backspaces and blanks. */
#include "console/line_editor.h"

#include "base/string.h"

#define CONTROL(letter) ((uint8_t)((letter) - 'A' + 1))
#define KEY_BACKSPACE   0x08
#define KEY_ESCAPE      0x1b
#define KEY_DELETE      0x7f
#define BELL            "\a"

static void emit(struct line_editor *editor, const char *text, size_t length) {
    size_t room = sizeof(editor->output) - editor->output_length;
    size_t taken = length < room ? length : room;
    memcpy(editor->output + editor->output_length, text, taken);
    editor->output_length += taken;
}

static void emit_text(struct line_editor *editor, const char *text) {
    emit(editor, text, strlen(text));
}

static void emit_times(struct line_editor *editor, char c, size_t count) {
    for (size_t i = 0; i < count; i++) {
        emit(editor, &c, 1);
    }
}

/* Shows the line from the cursor on, `erased` blanks behind it, and goes back to the cursor. */
static void draw_tail(struct line_editor *editor, size_t erased) {
    size_t tail = editor->length - editor->cursor;
    emit(editor, editor->line + editor->cursor, tail);
    emit_times(editor, ' ', erased);
    emit_times(editor, '\b', tail + erased);
}

static void move_to(struct line_editor *editor, size_t cursor) {
    if (cursor < editor->cursor) {
        emit_times(editor, '\b', editor->cursor - cursor);
    } else {
        emit(editor, editor->line + editor->cursor, cursor - editor->cursor);
    }
    editor->cursor = cursor;
}

/* Deletes the bytes from `from` to the cursor or beyond it, and leaves the cursor at `from`. */
static void delete_range(struct line_editor *editor, size_t from, size_t to) {
    move_to(editor, from);
    memmove(editor->line + from, editor->line + to, editor->length - to + 1);
    editor->length -= to - from;
    draw_tail(editor, to - from);
}

static void insert(struct line_editor *editor, char c) {
    if (editor->length + 1 >= sizeof(editor->line)) {
        emit_text(editor, BELL);
        return;
    }
    memmove(editor->line + editor->cursor + 1, editor->line + editor->cursor,
            editor->length - editor->cursor + 1);
    editor->line[editor->cursor] = c;
    editor->length++;
    emit(editor, &c, 1);
    editor->cursor++;
    draw_tail(editor, 0);
}

static void delete_word(struct line_editor *editor) {
    size_t from = editor->cursor;
    while (from > 0 && editor->line[from - 1] == ' ') {
        from--;
    }
    while (from > 0 && editor->line[from - 1] != ' ') {
        from--;
    }
    delete_range(editor, from, editor->cursor);
}

static void replace_line(struct line_editor *editor, const char *text) {
    delete_range(editor, 0, editor->length);
    editor->length = string_copy(editor->line, sizeof(editor->line), text);
    move_to(editor, editor->length);
}

static const char *history_line(const struct line_editor *editor, unsigned back) {
    return back == 0 ? editor->draft
                     : editor->history[(editor->history_count - back) % LINE_EDITOR_HISTORY];
}

static void browse(struct line_editor *editor, bool older) {
    unsigned kept =
        editor->history_count < LINE_EDITOR_HISTORY ? editor->history_count : LINE_EDITOR_HISTORY;
    if (older ? editor->browse >= kept : editor->browse == 0) {
        emit_text(editor, BELL);
        return;
    }
    if (editor->browse == 0) {
        string_copy(editor->draft, sizeof(editor->draft), editor->line);
    }
    editor->browse += older ? 1u : -1u;
    replace_line(editor, history_line(editor, editor->browse));
}

static void remember(struct line_editor *editor) {
    bool same = editor->history_count > 0 && strcmp(history_line(editor, 1), editor->line) == 0;
    if (editor->length > 0 && !same) {
        string_copy(editor->history[editor->history_count % LINE_EDITOR_HISTORY], LINE_EDITOR_LINE,
                    editor->line);
        editor->history_count++;
    }
}

static enum line_event finish(struct line_editor *editor) {
    move_to(editor, editor->length);
    emit_text(editor, "\r\n");
    remember(editor);
    return LINE_DONE;
}

static enum line_event cancel(struct line_editor *editor) {
    move_to(editor, editor->length);
    emit_text(editor, "^C\r\n");
    return LINE_CANCELED;
}

void line_editor_init(struct line_editor *editor) {
    memset(editor, 0, sizeof(*editor));
}

void line_editor_start(struct line_editor *editor, const char *prompt) {
    string_copy(editor->prompt, sizeof(editor->prompt), prompt);
    editor->line[0] = '\0';
    editor->length = 0;
    editor->cursor = 0;
    editor->browse = 0;
    editor->keys = LINE_KEYS_PLAIN;
    emit_text(editor, editor->prompt);
}

void line_editor_hide(struct line_editor *editor) {
    size_t width = strlen(editor->prompt) + editor->length;
    emit_text(editor, "\r");
    emit_times(editor, ' ', width);
    emit_text(editor, "\r");
}

void line_editor_show(struct line_editor *editor) {
    emit_text(editor, editor->prompt);
    emit(editor, editor->line, editor->length);
    emit_times(editor, '\b', editor->length - editor->cursor);
}

size_t line_editor_output(struct line_editor *editor, const char **text) {
    size_t length = editor->output_length;
    editor->output_length = 0;
    *text = editor->output;
    return length;
}

/* The keys that move or delete, whichever way they were typed. */
static void control_key(struct line_editor *editor, uint8_t key) {
    switch (key) {
    case CONTROL('A'):
        move_to(editor, 0);
        break;
    case CONTROL('E'):
        move_to(editor, editor->length);
        break;
    case CONTROL('B'):
        move_to(editor, editor->cursor > 0 ? editor->cursor - 1 : 0);
        break;
    case CONTROL('F'):
        move_to(editor, editor->cursor < editor->length ? editor->cursor + 1 : editor->length);
        break;
    case CONTROL('P'):
    case CONTROL('N'):
        browse(editor, key == CONTROL('P'));
        break;
    case CONTROL('K'):
        delete_range(editor, editor->cursor, editor->length);
        break;
    case CONTROL('U'):
        delete_range(editor, 0, editor->cursor);
        break;
    case CONTROL('W'):
        delete_word(editor);
        break;
    case CONTROL('D'):
        if (editor->cursor < editor->length) {
            delete_range(editor, editor->cursor, editor->cursor + 1);
        }
        break;
    case CONTROL('L'):
        emit_text(editor, "\r\n");
        line_editor_show(editor);
        break;
    case KEY_BACKSPACE:
    case KEY_DELETE:
        if (editor->cursor > 0) {
            delete_range(editor, editor->cursor - 1, editor->cursor);
        }
        break;
    default:
        break;
    }
}

/* The last byte of an escape sequence as the control key that does the same; 0: none does. */
static uint8_t sequence_key(uint8_t last, unsigned parameter) {
    switch (last) {
    case 'A':
        return CONTROL('P');
    case 'B':
        return CONTROL('N');
    case 'C':
        return CONTROL('F');
    case 'D':
        return CONTROL('B');
    case 'H':
        return CONTROL('A');
    case 'F':
        return CONTROL('E');
    case '~':
        switch (parameter) {
        case 1:
        case 7:
            return CONTROL('A');
        case 3:
            return CONTROL('D');
        case 4:
        case 8:
            return CONTROL('E');
        default:
            return 0;
        }
    default:
        return 0;
    }
}

static void sequence_byte(struct line_editor *editor, uint8_t byte) {
    if (editor->keys == LINE_KEYS_ESCAPE) {
        editor->keys = byte == '[' || byte == 'O' ? LINE_KEYS_SEQUENCE : LINE_KEYS_PLAIN;
        editor->parameter = 0;
        return;
    }
    if (byte >= '0' && byte <= '9') {
        editor->parameter =
            editor->parameter < 100 ? editor->parameter * 10 + (unsigned)(byte - '0') : 100;
        return;
    }
    if (byte >= '@' && byte <= '~') {
        editor->keys = LINE_KEYS_PLAIN;
        control_key(editor, sequence_key(byte, editor->parameter));
    }
}

enum line_event line_editor_feed(struct line_editor *editor, uint8_t byte) {
    bool after_return = editor->after_return;
    editor->after_return = byte == '\r';
    if (byte == '\r' || (byte == '\n' && !after_return)) {
        return finish(editor);
    }
    if (byte == CONTROL('C')) {
        return cancel(editor);
    }
    if (byte == KEY_ESCAPE) {
        editor->keys = LINE_KEYS_ESCAPE;
    } else if (editor->keys != LINE_KEYS_PLAIN) {
        sequence_byte(editor, byte);
    } else if (byte >= ' ' && byte <= '~') {
        insert(editor, (char)byte);
    } else if (byte != '\n') {
        control_key(editor, byte);
    }
    return LINE_MORE;
}
