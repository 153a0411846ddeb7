# SPDX-License-Identifier: MIT
"""Prints everything that is generated from lib/abi.

    abi.py OUT            writes the C files to OUT/, architectures' own to OUT/<architecture>/
    abi.py --docs DOCS    writes DOCS/syscalls.md and DOCS/objects.md

A file that would not change is not touched, so that make rebuilds nothing.
"""

import sys
from pathlib import Path

import grammar
import kernel
import shared
import user
from tables import TableError, read_tables

ABI = Path("lib/abi")


def c_files(tables):
    files = {
        "objects.h": shared.objects_header(tables),
        "syscalls.h": shared.syscalls_header(tables),
        "handlers.h": kernel.handlers_header(tables),
        "lookup.h": kernel.lookup_header(tables),
        "dispatch.c": kernel.dispatch_source(tables),
        "call_grammar.h": grammar.grammar_header(tables),
        "os_calls.h": user.calls_header(tables),
    }
    for architecture in user.CONVENTIONS:
        files[f"{architecture}/os_calls.c"] = user.calls_source(tables, architecture)
    return files


def pages(tables):
    return {
        "objects.md": shared.objects_page(tables),
        "syscalls.md": shared.syscalls_page(tables),
    }


def write(folder, files):
    for name, lines in files.items():
        path = folder / name
        text = "\n".join(lines) + "\n"
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def main(arguments):
    try:
        tables = read_tables(ABI)
    except TableError as error:
        return f"error: {error}"
    if len(arguments) == 2 and arguments[0] == "--docs":
        write(Path(arguments[1]), pages(tables))
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        write(Path(arguments[0]), c_files(tables))
    else:
        return __doc__
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
