# SPDX-License-Identifier: MIT
"""Figures about the code that are hints, not limits: lengths, comments, assertions, TODOs."""

import re
from statistics import median

from tree import INCLUDE, without_comments


def functions(path):
    """(name, lines) of each function of a .c file in the house's layout."""
    name, start = None, 0
    for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
        if name is None:
            match = re.match(r"[A-Za-z_].*?\b(\w+)\s*\(", line)
            if match and not line.rstrip().endswith(";"):
                name, start = match.group(1), number
        elif line.startswith("}"):
            yield name, number - start + 1
            name = None
        elif line.rstrip().endswith(";") and not line.startswith((" ", "}")):
            name = None
        if name is not None and line.rstrip().endswith((");", "};")) and not line.startswith(" "):
            name = None


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def spread(label, values, hint):
    if not values:
        return f"{label}: none"
    return f"{label}: median {median(values):.0f}, p90 {percentile(values, 0.9)}, max {max(values)} (hint: {hint})"


def per_thousand(count, lines):
    return f"{1000 * count / max(lines, 1):.1f} per 1000 lines"


def show(tree):
    """Lines to print."""
    sources = [path for path in tree.sources if path.suffix == ".c"]
    kernel = [path for path in sources if str(path).startswith("kernel/") and "test" not in path.parts]
    lengths = [(length, f"{path}: {name}") for path in sources for name, length in functions(path)]
    files = [len(path.read_text().splitlines()) for path in sources]
    texts = [path.read_text() for path in kernel]
    lines = sum(len(text.splitlines()) for text in texts)
    code = sum(len([x for x in without_comments(text).splitlines() if x.strip()]) for text in texts)
    widths = [len(line) for path in sources for line in path.read_text().splitlines()]
    todo = sum(len(re.findall(r"\b(?:TODO|FIXME|XXX)\b", path.read_text(errors="replace"))) for path in tree.sources)
    yield spread("function lines", [length for length, _ in lengths], "15, 40, 100")
    yield from (f"  long: {where}, {length} lines" for length, where in sorted(lengths, reverse=True) if length > 60)
    yield spread("file lines", files, "200, 500, 1000")
    yield spread("includes per file", [len(INCLUDE.findall(path.read_text())) for path in sources], "8, 12")
    yield f"line width: p99 {percentile(widths, 0.99)} (hint: 100)"
    yield f"generic kernel: {code} lines of code, {100 * (lines - code) / max(lines, 1):.0f} % comment or blank"
    yield "assertions in kernel/: " + per_thousand(sum(len(re.findall(r"ASSERT\(", t)) for t in texts), code) + " (hint: 20-45)"
    yield f"TODO, FIXME, XXX: {todo}"
