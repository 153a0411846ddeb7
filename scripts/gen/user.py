# SPDX-License-Identifier: MIT
"""Prints the user's side of the tables: os_calls.h, and os_calls.c for each architecture. Used by abi.py."""

from dataclasses import dataclass

from text import fill, head, signature


@dataclass
class Convention:
    """How an architecture enters the kernel. arch/include/arch/context.h has the same lists.

    `scratch`: the registers that the C ABI lets a function change, return address aside; the kernel may, too.
    """

    instruction: str
    number: str
    status: str
    arguments: list
    values: list
    scratch: list


CONVENTIONS = {
    "x86_64": Convention(
        "syscall",
        "rax",
        "rax",
        "rdi rsi rdx r10 r8 r9 r12 r13 r14 r15".split(),
        "rdi rsi rdx r10 r8 r9 r12 r13 r14".split(),
        "rax rcx rdx rsi rdi r8 r9 r10 r11".split(),
    ),
    "arm64": Convention(
        "svc #0",
        "x8",
        "x0",
        "x0 x1 x2 x3 x4 x5 x6 x7 x9 x10".split(),
        "x1 x2 x3 x4 x5 x6 x7 x9 x10".split(),
        [f"x{i}" for i in range(18)],
    ),
    "riscv64": Convention(
        "ecall",
        "a7",
        "a0",
        "a0 a1 a2 a3 a4 a5 a6 t0 t1 t2".split(),
        "a1 a2 a3 a4 a5 a6 t0 t1 t2".split(),
        [f"a{i}" for i in range(8)] + [f"t{i}" for i in range(7)],
    ),
}


def parameters(call):
    result = [f"{argument.user_type} {argument.name}" for argument in call.arguments]
    return result + [f"{value.user_type} *{value.name}" for value in call.results]


def prototype(call):
    returns = "_Noreturn void" if call.attribute == "noreturn" else "ts_status_t"
    return signature(f"{returns} ts_{call.name}", parameters(call))


def calls_header(tables):
    lines = head(
        "The system calls. Each returns TS_OK or an error of docs/syscalls.md; results are stored in any",
        "case and are 0 where there is none. Calls with a whole message in registers are declared in lib/os.",
    )
    lines += ["#pragma once", "", '#include "abi/types.h"']
    for call in tables.calls:
        if call.attribute != "frame":
            lines += ["", f"/* {call.doc}. */", prototype(call) + ";"]
    return lines


def initial_values(call, convention):
    """register -> the expression that it holds on entry."""
    values = {convention.number: f"TS_SYSCALL_{call.name.upper()}"}
    for register, argument in zip(convention.arguments, call.arguments):
        is_pointer = argument.user_type.endswith("*")
        values[register] = f"(uint64_t){argument.name}" if is_pointer else argument.name
    return values


def stub(call, convention):
    """One function. What goes in is taken to come out changed; the rest of the scratch set is clobbered."""
    initial = initial_values(call, convention)
    results = dict(zip(convention.values, call.results))
    used = list(initial)
    for register in [convention.status] + list(results):
        if register not in used:
            used.append(register)
    lines = ["", prototype(call) + " {"]
    for register in used:
        start = f" = {initial[register]}" if register in initial else ""
        lines.append(f'    register uint64_t {register} __asm__("{register}"){start};')
    both = [f'"+r"({register})' for register in used if register in initial]
    out = [f'"=r"({register})' for register in used if register not in initial]
    clobbers = [f'"{register}"' for register in convention.scratch if register not in used]
    lines.append(f'    __asm__ volatile("{convention.instruction}"')
    lines += fill("        : ", both + out, "")
    lines += fill("        : : ", clobbers + ['"memory"'], ");")
    for register, result in results.items():
        lines.append(f"    *{result.name} = ({result.user_type}){register};")
    if call.attribute == "noreturn":
        return lines + ["    __builtin_trap();", "}"]
    return lines + [f"    return (ts_status_t){convention.status};", "}"]


def calls_source(tables, architecture):
    lines = head("The system calls: one instruction each, with the registers of arch/include/arch/context.h.")
    lines += ['#include "gen/os_calls.h"', "", '#include "gen/syscalls.h"']
    for call in tables.calls:
        if call.attribute != "frame":
            lines += stub(call, CONVENTIONS[architecture])
    return lines
