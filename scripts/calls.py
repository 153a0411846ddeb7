# SPDX-License-Identifier: MIT
"""What each system call returned in a test run, by the kernel's own counters: the guest tests print them as lines
`# call NUMBER -STATUS TIMES`. Each call of lib/abi/syscalls.tbl must have returned OK and each error of its row, on every
architecture. Used by test.py."""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "gen"))
import tables

ABI = Path("lib/abi")
LINE = re.compile(r"^# call (\d+) -(\d+) (\d+)$", re.M)


def status_codes():
    """-status -> name."""
    text = (ABI / "status.h").read_text()
    return {int(code): name for name, code in re.findall(r"X\((?:ERR_)?(\w+), -?(\d+)\)", text)}


def expected():
    """call -> what it must have returned."""
    rows = tables.read_tables(ABI).calls
    return {call.number: (call.name, ["OK", *call.errors]) for call in rows}


def read(texts):
    """architecture -> {(number, -status): times}, from [(architecture, console text)]."""
    counts = defaultdict(Counter)
    for arch, text in texts:
        for number, status, times in LINE.findall(text):
            counts[arch][int(number), int(status)] += int(times)
    return counts


def judge(counts, is_excused):
    """{call: [what it never returned]} of one architecture, and what it returned that its row does not name."""
    codes = status_codes()
    missing, foreign = {}, {}
    for number, (name, statuses) in expected().items():
        seen = {codes.get(status, str(status)) for call, status in counts if call == number}
        never = [status for status in statuses if status not in seen and not is_excused(f"result: {name} {status}")]
        if never:
            missing[name] = never
        if seen - set(statuses):
            foreign[name] = sorted(seen - set(statuses))
    return missing, foreign


def write(path, counts):
    """architecture, call, status and times, tab-separated."""
    codes, names = status_codes(), expected()
    rows = [
        f"{arch}\t{names[number][0]}\t{codes.get(status, status)}\t{times}\n"
        for arch, found in counts.items()
        for (number, status), times in sorted(found.items())
    ]
    path.write_text("".join(rows))
