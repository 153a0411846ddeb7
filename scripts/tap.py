# SPDX-License-Identifier: MIT
"""Reads TAP and KTAP among other console output. Result lines stand at column 0; each plan `1..N` begins a program's
results. Used by test.py."""

import re
from dataclasses import dataclass

PLAN = re.compile(r"1\.\.(\d+)\s*$")
RESULT = re.compile(r"(not )?ok (\d+)(?:\s+-)?\s*(.*?)(?:\s*#\s*SKIP\b\s*(.*))?$", re.I)

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Result:
    name: str
    outcome: str
    reason: str = ""


def parse(text):
    """(results, problems): a plan that is not fulfilled, a number out of order and a name given twice are problems."""
    results, problems = [], []
    planned = seen = 0
    names = set()

    def close():
        if seen != planned:
            problems.append(f"{planned} tests were announced, {seen} reported")

    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            close()
            planned, seen = int(plan.group(1)), 0
            continue
        match = RESULT.match(line)
        if not match:
            continue
        bad, number, name, reason = match.groups()
        seen += 1
        if int(number) != seen:
            problems.append(f"number {number} where {seen} was due: {line}")
        if reason is not None and not name:
            name, reason = reason, ""
        if name in names:
            problems.append(f"two tests are named {name}")
        names.add(name)
        outcome = SKIPPED if reason is not None else FAILED if bad else PASSED
        results.append(Result(name, outcome, reason or ""))
    close()
    return results, problems
