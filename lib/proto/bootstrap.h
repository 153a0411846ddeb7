/* SPDX-License-Identifier: MIT */
/*
 * How a program learns what it was given: it calls the endpoint that came as its first argument.
 * The same endpoint then serves proto/process.h. Replies carry a status as their label.
 *
 * GET        in: nothing. out: word 0 how many handles are still to come, then 2 words of name (16
 * bytes, padded with zeros) for each handle of the message. Called until word 0 is 0. ARGUMENTS in:
 * nothing. out: word 0 bytes, then the bytes: terminated strings, the program's name first. LOOKUP
 * in: name as bytes. out: a handle to call the service of this name. NOT_FOUND, ACCESS_DENIED.
 */
#pragma once

enum ts_bootstrap_label {
    TS_BOOTSTRAP_GET = 1,
    TS_BOOTSTRAP_ARGUMENTS = 2,
    TS_BOOTSTRAP_LOOKUP = 3,
};

#define TS_BOOTSTRAP_NAME_LENGTH 16u /* bytes of a handle's name, terminator included */
#define TS_BOOTSTRAP_HANDLES_MAX 24u /* handles that a program can be given */
#define TS_ARGUMENT_BYTES_MAX    480u
#define TS_ARGUMENT_COUNT_MAX    24u
