# SPDX-License-Identifier: MIT
"""`make rules`: for each rule of docs/rules.tbl and each architecture the tests that hold it, with their results. A
test holds the rules that its name begins with (after the suite's name, for the kernel's own tests). Results are those
that the last `make test` left in build/test/results.tsv. A rule without a test is printed as missing. `--failed` and
`--missing` print only such rules. Fails if the table itself is not whole, or if a test names a rule that is not there."""

import argparse
import re
import shlex
import sys
from collections import defaultdict
from pathlib import Path

TABLE = Path("docs/rules.tbl")
RESULTS = Path("build/test/results.tsv")
TOTALS = {"H": 12, "C": 16, "P": 14, "V": 30, "M": 17, "G": 13, "T": 11, "E": 11, "F": 9, "R": 2, "N": 16, "D": 12, "Q": 10}
ARCHITECTURES = ("x86_64", "arm64", "riscv64", "host")
RULE = rf"[{''.join(TOTALS)}]\d+"
HOLDS = re.compile(rf"(?:[a-z][a-z0-9_]* )?({RULE}(?:[ ,/+]+{RULE})*)\b")
ORDER = ("failed", "passed", "skipped")


def read_rules():
    rules, problems = {}, []
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        words = shlex.split(line)
        if len(words) != 3 or not re.fullmatch(RULE, words[0]) or words[0] in rules:
            problems.append(f"{TABLE}: not a rule, or one that is there twice: {line}")
        else:
            rules[words[0]] = (words[1], words[2])
    for letter, total in TOTALS.items():
        there = [rule for rule in rules if rule[0] == letter]
        if set(there) != {f"{letter}{i}" for i in range(1, total + 1)}:
            problems.append(f"{TABLE}: {letter} has {len(there)} rules where 1 to {total} are due")
    return rules, problems


def rules_of(name):
    match = HOLDS.match(name)
    return re.findall(RULE, match.group(1)) if match else []


def read_results(rules):
    """{rule: {architecture: {test: outcome}}}, where a test that ran in several boots has its worst outcome."""
    found = defaultdict(lambda: defaultdict(dict))
    problems = []
    for line in RESULTS.read_text().splitlines() if RESULTS.exists() else []:
        arch, group, name, outcome = line.split("\t")[:4]
        for rule in rules_of(name):
            if rule not in rules:
                problems.append(f"{arch} {group}: the test names a rule that is not there: {name}")
                continue
            tests = found[rule][arch]
            if name not in tests or ORDER.index(outcome) < ORDER.index(tests[name]):
                tests[name] = outcome
    return found, problems


def summary(tests):
    if not tests:
        return "missing"
    outcomes = list(tests.values())
    parts = [f"{outcomes.count(outcome)} {outcome}" for outcome in ORDER if outcome in outcomes]
    return ", ".join(parts)


def state(results):
    """Of a rule, over the three architectures."""
    tests = [results.get(arch, {}) for arch in ARCHITECTURES[:3]]
    if any("failed" in t.values() for t in tests):
        return "failed"
    if all("passed" in t.values() for t in tests):
        return "passed"
    return "missing"


def show_rule(rule, text, decision, results):
    print(f"{rule:4} {text}")
    if decision:
        print(f"     decision: {decision}")
    for arch in ARCHITECTURES:
        tests = results.get(arch, {})
        if tests or arch != "host":
            print(f"     {arch:8} {summary(tests)}")
    names = {name: None for tests in results.values() for name in tests}
    for name in names:
        outcomes = {arch: tests[name] for arch, tests in results.items() if name in tests}
        print(f"       {name}: {', '.join(f'{arch} {outcome}' for arch, outcome in outcomes.items())}")


def main():
    parser = argparse.ArgumentParser(description="Prints which test holds which rule.")
    parser.add_argument("--failed", action="store_true")
    parser.add_argument("--missing", action="store_true")
    choice = parser.parse_args()
    wanted = {name for name in ("failed", "missing") if getattr(choice, name)} or {"failed", "missing", "passed"}
    rules, problems = read_rules()
    found, strangers = read_results(rules)
    counts = dict.fromkeys(("passed", "failed", "missing"), 0)
    for rule, (text, decision) in rules.items():
        results = found.get(rule, {})
        counts[state(results)] += 1
        if state(results) in wanted:
            show_rule(rule, text, decision, results)
    if not RESULTS.exists():
        print(f"There is no {RESULTS}: `make test` writes it.")
    for problem in problems + strangers:
        print(f"error: {problem}")
    print(
        f"{len(rules)} rules: {counts['passed']} hold on three architectures, {counts['failed']} failed, "
        f"{counts['missing']} missing on one at least"
    )
    return 1 if problems or strangers else 0


if __name__ == "__main__":
    sys.exit(main())
