/* SPDX-License-Identifier: MIT */
/*
 * The shell: reads lines from the console and runs the commands in them, one after the other until
 * one fails. What it may do follows from its handles: "power", "debug", "log" and init's process
 * service.
 */
#include "shell/shell.h"

#include <stdarg.h>

#include "abi/status.h"
#include "base/format.h"
#include "base/string.h"
#include "os/console.h"
#include "os/print.h"
#include "os/start.h"
#include "shell/command.h"

#define PROMPT "tessera> "

static bool show_help(int count, char **words);

static const struct shell_command help_commands[] = {
    {"help", "", "lists the commands", show_help},
    {NULL, NULL, NULL, NULL},
};

static const struct shell_command *const command_lists[] = {help_commands, shell_process_commands,
                                                            shell_machine_commands, shell_memory_commands};
#define LIST_COUNT (sizeof(command_lists) / sizeof(command_lists[0]))

bool shell_error(const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    format_va(text, sizeof(text), format, arguments);
    va_end(arguments);
    ts_print("error: %s\n", text);
    return false;
}

static bool show_help(int count, char **words) {
    (void)count;
    (void)words;
    for (size_t i = 0; i < LIST_COUNT; i++) {
        for (const struct shell_command *command = command_lists[i]; command->name != NULL;
             command++) {
            ts_print("%-9s %-18s %s\n", command->name, command->usage, command->help);
        }
    }
    ts_print(
        "Several commands are separated by `;`, words with blanks in them stand in \"quotes\".\n");
    return true;
}

static const struct shell_command *find_command(const char *name) {
    for (size_t i = 0; i < LIST_COUNT; i++) {
        for (const struct shell_command *command = command_lists[i]; command->name != NULL;
             command++) {
            if (strcmp(command->name, name) == 0) {
                return command;
            }
        }
    }
    return NULL;
}

static bool run_command(char *text) {
    char *words[COMMAND_WORDS_MAX + 1];
    int count = command_words(text, words);
    if (count < 0) {
        return shell_error("too many words, or a quote that is not closed");
    }
    if (count == 0) {
        return true;
    }
    const struct shell_command *command = find_command(words[0]);
    return command != NULL ? command->run(count, words)
                           : shell_error("unknown command: %s", words[0]);
}

static void run_line(char *line) {
    char *rest = line;
    char *text;
    bool good = true;
    while (good && (text = command_next(&rest)) != NULL) {
        good = run_command(text);
        ts_print_flush();
    }
}

int main(int argc, char **argv) {
    ts_handle_t console = ts_startup_handle("console");
    (void)argc;
    (void)argv;
    ts_print("Tessera. `help` lists the commands.\n");
    for (;;) {
        char line[TS_CONSOLE_LINE_MAX];
        ts_status_t status = ts_console_read_line(console, PROMPT, line, sizeof(line));
        if (status == TS_OK) {
            run_line(line);
        } else if (status != TS_ERR_CANCELED) {
            ts_log("console: %s", ts_status_name(status));
            return 1;
        }
    }
}
