# SPDX-License-Identifier: MIT
"""Zeroes that a look at the text shows: CPU names in generic code, files without their licence, things that only a
work in progress has."""

import re
import shlex
from pathlib import Path

from tree import without_comments

GENERIC = ("kernel/", "lib/abi/", "lib/base/", "lib/proto/", "user/", "drivers/", "tests/guest/")
CPU_NAME = re.compile(r"(?<![a-z])(x86|amd64|i[3-6]86|arm64|aarch64|armv[78]|riscv|rv64|__arm)", re.I)
EXCEPTIONS = Path("scripts/check/cpu-names.tbl")
LICENSED = {".c", ".h", ".S", ".py", ".mk", ".ld", ".tbl", ".dts", ".dtsi", ".cfg", ".sh"}


def exceptions():
    rows = [shlex.split(line, comments=True) for line in EXCEPTIONS.read_text().splitlines()]
    return [row[0] for row in rows if row]


def cpu_names(tree):
    allowed = exceptions()
    problems = []
    for path in tree.sources:
        name = str(path)
        if not name.startswith(GENERIC) or any(name.startswith(prefix) for prefix in allowed):
            continue
        # Includes are names too, so strings on their lines stay.
        raw = path.read_text(errors="replace").splitlines()
        for number, line in enumerate(without_comments("\n".join(raw)).splitlines(), 1):
            text = raw[number - 1] if line.lstrip().startswith("#include") else line
            match = CPU_NAME.search(text)
            if match:
                problems.append(f"{path}:{number}: names a CPU: {match.group(0)}")
    return problems


def licences(tree):
    problems = []
    for path in tree.files:
        if path.suffix not in LICENSED and path.name not in ("Makefile",):
            continue
        start = path.read_text(errors="replace").splitlines()[:2]
        if not any("SPDX-License-Identifier: MIT" in line for line in start):
            problems.append(f"{path}: no SPDX line at its start")
    return problems


def leftovers(tree):
    problems = []
    for path in tree.sources:
        text = path.read_text(errors="replace")
        if path.suffix == ".h" and "#pragma once" not in text and "generated" not in text.lower():
            problems.append(f"{path}: no #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(r"\s*#\s*if 0\b", line):
                problems.append(f"{path}:{number}: #if 0")
            if line != line.rstrip() or "\t" in line and path.suffix != ".S":
                problems.append(f"{path}:{number}: tab, or blank at the end of the line")
            match = re.search(r"\bgoto (\w+)", line)
            if match and path.suffix == ".c" and not match.group(1).startswith("out"):
                problems.append(f"{path}:{number}: goto {match.group(1)}, which is not out…")
    return problems
