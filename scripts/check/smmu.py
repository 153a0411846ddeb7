# SPDX-License-Identifier: MIT
"""docs/smmuv3.md: the table of the SMMU library's features comes from lib/smmuv3/features.tbl and from the names of
green tests, which are run here. `python3 scripts/check/smmu.py` writes it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

FEATURES = Path("lib/smmuv3/features.tbl")
PAGE = Path("docs/smmuv3.md")
PROGRAMS = Path("build/host/lib/smmuv3")
SLOW = ("threads_test", "corpus_test")  # they name no feature
TABLE = re.compile(r"(<!-- features -->\n).*?(<!-- end -->)", re.S)


def run_tests():
    """name -> (program, passed)."""
    names = {}
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    for program in sorted(PROGRAMS.glob("*_test")):
        if program.name in SLOW:
            continue
        done = subprocess.run([program], env=environment, capture_output=True, text=True, errors="replace", check=False)
        for bad, name in re.findall(r"^(not )?ok \d+ - (.*)$", done.stdout + done.stderr, re.M):
            names[name] = (program.name, not bad)
    return names


def rows():
    for line in FEATURES.read_text().splitlines():
        if line and not line.startswith("#"):
            yield shlex.split(line)


def table_and_problems(names):
    lines = ["| feature | where | tests | green |", "|---|---|---|---|"]
    problems = []
    for feature, where, pattern in rows():
        found = [(program, passed) for name, (program, passed) in names.items() if name.startswith(pattern)]
        green = sum(passed for _, passed in found)
        if not found or green != len(found):
            problems.append(f"{FEATURES}: {feature}: {green} of {len(found)} tests are green")
        programs = ", ".join(sorted({f"`{program}`" for program, _ in found}))
        lines.append(f"| {feature} | `{where}` | {programs}: {pattern.strip(' :')} | {green} |")
    return "\n".join(lines) + "\n", problems


def features(_tree):
    table, problems = table_and_problems(run_tests())
    found = TABLE.search(PAGE.read_text())
    if found is None or found.group(0) != found.group(1) + table + found.group(2):
        problems.append(f"{PAGE}: the table is out of date: python3 scripts/check/smmu.py")
    return problems


def main():
    table, problems = table_and_problems(run_tests())
    PAGE.write_text(TABLE.sub(lambda match: match.group(1) + table + match.group(2), PAGE.read_text()))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
