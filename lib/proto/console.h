/* SPDX-License-Identifier: MIT */
/*
 * The console as programs see it. Replies carry a status as their label.
 *
 * WRITE      in: text as bytes, at most TS_CONSOLE_TEXT_MAX. Answered when the text is at the
 * device. READ_LINE  in: a prompt as bytes. out, when a line was entered: the line as bytes,
 * without its end. SHOULD_WAIT if too many read already.
 */
#pragma once

enum ts_console_label {
    TS_CONSOLE_WRITE = 1,
    TS_CONSOLE_READ_LINE = 2,
    TS_CONSOLE_INPUT = 3, /* the console's own reader thread: bytes from the device */
};

#define TS_CONSOLE_TEXT_MAX   480u
#define TS_CONSOLE_LINE_MAX   256u /* bytes of a line, terminator included */
#define TS_CONSOLE_PROMPT_MAX 32u
