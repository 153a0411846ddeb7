# SPDX-License-Identifier: MIT
"""Prints what both sides share, objects.h and syscalls.h, and the pages of docs/. Used by abi.py."""

from text import by_family, head, macro, rights_parts

MARKDOWN_HEAD = "<!-- Generated from lib/abi by scripts/gen/abi.py: edit the tables instead. -->"


def objects_header(tables):
    lines = head("The kinds of objects, and the rights that a new object's handle has.")
    lines += ["#pragma once", "", '#include "abi/rights.h"', "", "enum ts_object_kind {"]
    lines += [f"    TS_OBJECT_{kind.name.upper()} = {kind.number}," for kind in tables.kinds]
    lines += ["};", "", f"#define TS_OBJECT_KIND_COUNT {tables.kinds[-1].number + 1}", ""]
    lines += ["/* X(NAME, \"name\") */", "#define TS_OBJECT_KIND_LIST(X) \\"]
    rows = [f'    X({kind.name.upper()}, "{kind.name}")' for kind in tables.kinds]
    lines += [row + " \\" for row in rows[:-1]] + [rows[-1], ""]
    for kind in tables.kinds:
        parts = rights_parts(kind.rights)
        parts = ["(" + parts[0], *parts[1:]]
        lines.append(macro(f"#define TS_DEFAULT_RIGHTS_{kind.name.upper()} ", parts) + ")")
    return lines


def syscalls_header(tables):
    lines = head("The numbers of the system calls. The loader compares TS_ABI_ID with the program's.")
    lines += ["#pragma once", "", f"#define TS_ABI_ID 0x{tables.abi_id:016x}ul", ""]
    width = max(len(call.name) for call in tables.calls)
    for call in tables.calls:
        lines.append(f"#define TS_SYSCALL_{call.name.upper():{width}} {call.number}")
    lines += ["", f"#define TS_SYSCALL_COUNT {tables.calls[-1].number + 1} /* highest number + 1 */", ""]
    lines += ["/* X(NAME, \"name\") */", "#define TS_SYSCALL_LIST(X) \\"]
    rows = [f'    X({call.name.upper()}, "{call.name}")' for call in tables.calls]
    return lines + [row + " \\" for row in rows[:-1]] + [rows[-1]]


def argument_text(argument):
    if not argument.kind:
        return f"{argument.name}: {argument.type}"
    return f"{argument.name}: {argument.kind}" + "".join(f" +{right}" for right in argument.rights)


def objects_page(tables):
    lines = ["# Objects", "", MARKDOWN_HEAD, ""]
    lines += ["A kind whose number is only reserved is marked *later*.", ""]
    lines += ["| number | kind | what it is | rights of a new handle |", "|--:|---|---|---|"]
    for kind in tables.kinds:
        doc = kind.doc + ("" if kind.exists else " (*later*)")
        lines.append(f"| {kind.number} | `{kind.name}` | {doc} | {' '.join(kind.rights)} |")
    return lines


def call_row(call):
    arguments = "<br>".join(map(argument_text, call.arguments))
    results = "<br>".join(map(argument_text, call.results))
    title = f"`ts_{call.name}`<br>{call.doc}"
    return f"| {call.number} | {title} | {arguments} | {results} | {' '.join(call.errors)} |"


def syscalls_page(tables):
    lines = ["# System calls", "", MARKDOWN_HEAD, ""]
    lines += [
        f"ABI id `{tables.abi_id:016x}`. A handle is written with its kind and the rights that it needs.",
        "Errors include those which the generated argument check gives.",
    ]
    for family, calls in by_family(tables.calls):
        lines += ["", f"## {family}", ""]
        lines += ["| number | call | arguments | results | errors |", "|--:|---|---|---|---|"]
        lines += [call_row(call) for call in calls]
    return lines
