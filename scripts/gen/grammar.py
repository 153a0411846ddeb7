# SPDX-License-Identifier: MIT
"""Prints call_grammar.h, the system calls as data: for programs that make calls which no stub makes. Used by abi.py."""

from tables import ARGUMENT_MAX, SCALARS
from text import head, rights_expression, signature

ERROR_MAX = 16


def types():
    return list(SCALARS)


def argument_row(argument):
    kind = f"TS_OBJECT_{argument.kind.upper()}" if argument.kind else "0"
    rights = rights_expression(argument.rights) if argument.rights else "0"
    return f"{{TS_ARGUMENT_{argument.type.upper()}, {kind}, {rights}}}"


def call_row(call):
    """One row. A call has fewer errors than the array has places, so that TS_OK (0) ends them."""
    assert len(call.errors) < ERROR_MAX
    handles = sum(1 << i for i, result in enumerate(call.results) if result.type == "handle")
    words = [f'"{call.name}"', f"TS_SYSCALL_{call.name.upper()}", str(len(call.arguments))]
    words += ["true" if call.attribute == "noreturn" else "false", f"0x{handles:x}"]
    lines = [signature("    {", words, brackets=("", ""))]
    lines += [signature("     ", list(map(argument_row, call.arguments)) or ["{0, 0, 0}"], brackets="{}")]
    errors = [f"TS_ERR_{error}" for error in call.errors] or ["0"]
    return [lines[0] + ",", lines[1] + ",", signature("     ", errors, brackets="{}") + "},"]


def grammar_header(tables):
    lines = head(
        "The system calls as data: what each takes and can answer. For programs that make calls without",
        "their stubs; one source file of a program includes it.",
    )
    lines += ["#pragma once", "", '#include "abi/rights.h"', '#include "abi/status.h"']
    lines += ['#include "abi/types.h"', '#include "gen/objects.h"', '#include "gen/syscalls.h"', ""]
    lines += ["enum ts_argument_type {"]
    lines += [f"    TS_ARGUMENT_{name.upper()}," for name in types()]
    lines += [
        "};",
        "",
        "struct ts_argument {",
        "    uint8_t type;       /* enum ts_argument_type */",
        "    uint8_t kind;       /* of a handle that is looked up before the handler runs; or 0 */",
        "    ts_rights_t rights; /* that this handle needs */",
        "};",
        "",
        "struct ts_call_grammar {",
        "    const char *name;",
        "    uint16_t number;",
        "    uint8_t argument_count;",
        "    bool noreturn;",
        "    uint16_t handle_results; /* bit: this result is a handle */",
        f"    struct ts_argument argument[{ARGUMENT_MAX}];",
        f"    ts_status_t errors[{ERROR_MAX}]; /* all that it can return beside TS_OK; ends with TS_OK */",
        "};",
        "",
        "static const struct ts_call_grammar ts_call_grammar[] = {",
    ]
    for call in tables.calls:
        lines += call_row(call)
    return lines + ["};"]
