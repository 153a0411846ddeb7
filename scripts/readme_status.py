# SPDX-License-Identifier: MIT
"""`make readme`: writes what works today into README.md, between its two status marks, from the results that the last
`make test` left in build/test/results.tsv. Without results the block says so. Names of tests are counted once,
however many times they ran; a test counts as passed if it passed every time."""

import re
import sys
from pathlib import Path

README = Path("README.md")
RESULTS = Path("build/test/results.tsv")
BEGIN, END = "<!-- status: begin -->", "<!-- status: end -->"
ARCHITECTURES = ("x86_64", "arm64", "riscv64")
WHAT = {
    "selftest": "the kernel's self-tests",
    "guest": "the programs of tests/guest",
    "shell": "a session at the prompt",
    "gicv2": "the older interrupt controller",
    "gicv2-el2": "started at EL2, with the older controller",
    "matrix": "machines that must work, and boots that must fail",
}


def read_results():
    """{(group, architecture): {test: passed}}; a boot's numbers of CPUs and a room's test programs are one group."""
    found = {}
    for line in RESULTS.read_text().splitlines() if RESULTS.exists() else []:
        arch, group, name, outcome = line.split("\t")[:4]
        if arch == "all":
            continue
        if arch == "host":
            group, name = str(Path(group).parent), f"{group} {name}"
        else:
            group = re.sub(r" smp\d+$", "", group)
        tests = found.setdefault((group, arch), {})
        if outcome != "skipped":
            tests[name] = tests.get(name, True) and outcome == "passed"
    return found


def cell(tests):
    if not tests:
        return "–"
    passed, total = sum(tests.values()), len(tests)
    return f"{passed}" if passed == total else f"**{passed} of {total}**"


def status_lines(found):
    if not found:
        return ["No results: `make test` writes them, `make readme` puts them here."]
    boots = list(dict.fromkeys(group for group, arch in found if arch != "host"))
    lines = ["Tests that pass (bold: not all of them do), by `make test`:", ""]
    lines += ["| in the machine | x86-64 | ARM64 | RISC-V |", "|---|---|---|---|"]
    for boot in boots:
        title = f"{boot}: {WHAT[boot]}" if boot in WHAT else boot
        cells = [cell(found.get((boot, arch))) for arch in ARCHITECTURES]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    rooms = [group for group, arch in found if arch == "host"]
    lines += ["", "| on the build machine, under ASan and UBSan | |", "|---|---|"]
    lines += [f"| {room} | {cell(found[room, 'host'])} |" for room in rooms]
    return lines


def main():
    text = README.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print(f"error: {README} has not the two marks {BEGIN} and {END}", file=sys.stderr)
        return 1
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(before + "\n".join([BEGIN, *status_lines(read_results()), END]) + after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
