/* SPDX-License-Identifier: MIT */
/* The parser of command lines. */
#include "shell/command.h"

char *command_next(char **rest) {
    char *start = *rest;
    bool quoted = false;
    if (start == NULL) {
        return NULL;
    }
    for (char *at = start; *at != '\0'; at++) {
        quoted = *at == '"' ? !quoted : quoted;
        if (*at == ';' && !quoted) {
            *at = '\0';
            *rest = at + 1;
            return start;
        }
    }
    *rest = NULL;
    return start;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Copies a word down over its quotes, ends it, and returns where the next one may begin; null:
 * quote not closed. */
static char *take_word(char *at) {
    char *out = at;
    bool quoted = false;
    for (; *at != '\0' && (quoted || !is_blank(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else {
            *out++ = *at;
        }
    }
    char *next = *at == '\0' ? at : at + 1;
    *out = '\0';
    return quoted ? NULL : next;
}

int command_words(char *command, char **words) {
    int count = 0;
    char *at = command;
    for (;;) {
        while (is_blank(*at)) {
            at++;
        }
        if (*at == '\0') {
            words[count] = NULL;
            return count;
        }
        if (count >= COMMAND_WORDS_MAX) {
            return -1;
        }
        words[count++] = at;
        at = take_word(at);
        if (at == NULL) {
            return -1;
        }
    }
}
