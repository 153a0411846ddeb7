# SPDX-License-Identifier: MIT
"""Prints the kernel's side of the tables: handlers.h, lookup.h, dispatch.c. Used by abi.py."""

from tables import ARGUMENT_MAX
from text import by_family, head, rights_expression, signature


def parameters(call):
    """The C parameters of a handler."""
    if call.attribute == "frame":
        return ["struct arch_frame *frame"]
    result = []
    for argument in call.arguments:
        if argument.kind:
            result.append(f"struct {argument.kind} *{argument.name}")
            if argument.view:
                result.append(f"const struct handle_view *{argument.name}_view")
        else:
            result.append(f"{argument.kernel_type} {argument.name}")
    result += [f"{value.kernel_type} *{value.name}" for value in call.results]
    return result


def prototype(call):
    returns = "_Noreturn void" if call.attribute == "noreturn" else "ts_status_t"
    return signature(f"{returns} sys_{call.name}", parameters(call))


def handlers_header(tables):
    lines = head(
        "The handlers of the system calls, one per row; kernel/syscall has them, a file per family.",
        "Typed handles are looked up before the handler runs; results are zero until it stores them.",
    )
    lines += ["#pragma once", "", '#include "abi/types.h"', '#include "arch/usercopy.h"', ""]
    lines += ["struct arch_frame;", "struct handle_view;"]
    lines += [f"struct {kind.name};" for kind in tables.kinds if kind.exists]
    lines += [
        "",
        "/* What a handler that works on the frame returns when nothing is to be written: the thread waits",
        " * with an empty kernel stack, or the frame is complete. */",
        "#define TS_SYSCALL_BLOCKED ((ts_status_t)1)",
        "",
        "struct syscall_row {",
        "    ts_status_t (*handler)(struct arch_frame *frame); /* null: no such call */",
        "    const char *name;",
        "    const ts_status_t *errors; /* all that it can return beside TS_OK; ends with TS_OK */",
        "} __attribute__((aligned(32))); /* a row's address is one shift away from its number */",
        "",
        "extern const struct syscall_row syscall_table[];",
    ]
    for family, calls in by_family(tables.calls):
        lines += ["", f"/* {family} */"] + [prototype(call) + ";" for call in calls]
    return lines


def lookup_header(tables):
    lines = head(
        "The only ways from a handle to an object: existence, kind and rights are checked in one step.",
        "Objects begin with their struct object, so the pointer is the same.",
    )
    lines += ["#pragma once", "", '#include "gen/objects.h"', '#include "kernel/handle.h"']
    for kind in tables.kinds:
        if not kind.exists:
            continue
        name = kind.name
        table = "const struct handle_table *table"
        wanted = ["ts_handle_t value", "ts_rights_t rights"]
        lines += ["", f"struct {name};", ""]
        lines += [
            signature(
                f"static inline ts_status_t {name}_from_handle",
                [table] + wanted + [f"struct {name} **{name}"],
            )
            + " {",
            "    struct object *object = NULL;",
            f"    ts_status_t status = handle_lookup(table, value, TS_OBJECT_{name.upper()}, rights, &object);",
            f"    *{name} = (struct {name} *)object;",
            "    return status;",
            "}",
            "",
            signature(
                f"static inline ts_status_t {name}_view_from_handle",
                [table] + wanted + ["struct handle_view *view"],
            )
            + " {",
            f"    return handle_lookup_view(table, value, TS_OBJECT_{name.upper()}, rights, view);",
            "}",
        ]
    return lines


def refuse(call):
    """The statement that ends a dispatch early; the results read 0."""
    if call.results:
        return f"return refuse(frame, {len(call.results)}, %s);"
    return "return %s;"


def width_check(call):
    narrow = [i for i, argument in enumerate(call.arguments) if argument.is_narrow]
    if not narrow:
        return []
    wide = " | ".join(f"arch_frame_argument(frame, {i})" for i in narrow)
    wide = wide if len(narrow) == 1 else f"({wide})"
    return [
        f"    if (({wide} >> 32) != 0) {{",
        "        " + refuse(call) % "TS_ERR_INVALID_ARGS",
        "    }",
    ]


def declare_status(call, position):
    """The type, where the statement for the argument at `position` is the first that has a status."""
    return "" if any(argument.kind for argument in call.arguments[:position]) else "ts_status_t "


def look_ups(call):
    lines = []
    for i, argument in enumerate(call.arguments):
        if not argument.kind:
            continue
        name, kind = argument.name, argument.kind
        if argument.view:
            lines.append(f"    struct handle_view {name}_view;")
            function, out = f"{kind}_view_from_handle", f"&{name}_view"
        else:
            lines.append(f"    struct {kind} *{name};")
            function, out = f"{kind}_from_handle", f"&{name}"
        values = ["handles", f"arch_frame_argument(frame, {i})", rights_expression(argument.rights), out]
        lines += [
            signature(f"    {declare_status(call, i)}status = {function}", values) + ";",
            "    if (status != TS_OK) {",
            "        " + refuse(call) % "status",
            "    }",
        ]
    return lines


def invocation(call, start):
    """The statement that calls the handler; `start` is what stands before the name."""
    values = []
    for i, argument in enumerate(call.arguments):
        if argument.view:
            values.append(f"(struct {argument.kind} *){argument.name}_view.object")
            values.append(f"&{argument.name}_view")
        elif argument.kind:
            values.append(argument.name)
        else:
            values.append(f"({argument.kernel_type})arch_frame_argument(frame, {i})")
    values += [f"&{result.name}" for result in call.results]
    return signature(f"    {start}sys_{call.name}", values, "") + ";"


def dispatch_function(call):
    if call.attribute == "frame":
        return []
    lines = ["", f"static ts_status_t dispatch_{call.name}(struct arch_frame *frame) {{"]
    if not call.arguments and not call.results:
        lines.append("    (void)frame;")
    lines += width_check(call)
    if any(argument.kind for argument in call.arguments):
        lines.append("    const struct handle_table *handles = process_handles_current();")
    lines += look_ups(call)
    if call.attribute == "noreturn":
        lines.append(f"    trace_count_call(TS_SYSCALL_{call.name.upper()}, TS_OK);")
        return lines + [invocation(call, ""), "}"]
    if not call.results:
        return lines + [invocation(call, "return "), "}"]
    lines += [f"    {result.kernel_type} {result.name} = 0;" for result in call.results]
    lines.append(invocation(call, f"{declare_status(call, ARGUMENT_MAX)}status = "))
    for i, result in enumerate(call.results):
        lines.append(f"    arch_frame_set_value(frame, {i}, (uint64_t){result.name});")
    return lines + ["    return status;", "}"]


def error_list(call):
    values = ["TS_ERR_" + error for error in call.errors] + ["TS_OK"]
    return signature(f"static const ts_status_t errors_{call.name}[] = ", values, "", "{}") + ";"


def dispatch_source(tables):
    lines = head(
        "Takes the arguments of each system call from the register frame, looks up its typed handles,",
        "calls the handler and puts its results back. Where 32 bits are meant, more is INVALID_ARGS.",
    )
    lines += ['#include "gen/handlers.h"', ""]
    lines += ['#include "abi/rights.h"', '#include "abi/status.h"', '#include "arch/context.h"']
    lines += ['#include "gen/lookup.h"', '#include "gen/syscalls.h"', '#include "kernel/process.h"']
    lines += ['#include "kernel/trace.h"']
    lines += [
        "",
        "static ts_status_t refuse(struct arch_frame *frame, unsigned results, ts_status_t status) {",
        "    for (unsigned i = 0; i < results; i++) {",
        "        arch_frame_set_value(frame, i, 0);",
        "    }",
        "    return status;",
        "}",
    ]
    for call in tables.calls:
        lines += dispatch_function(call)
    lines.append("")
    lines += [error_list(call) for call in tables.calls]
    lines += ["", "const struct syscall_row syscall_table[TS_SYSCALL_COUNT] = {"]
    for call in tables.calls:
        function = f"{'sys' if call.attribute == 'frame' else 'dispatch'}_{call.name}"
        row = [function, f'"{call.name}"', f"errors_{call.name}"]
        lines.append(signature(f"    [TS_SYSCALL_{call.name.upper()}] = ", row, "", "{}") + ",")
    return lines + ["};"]
