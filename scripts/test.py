# SPDX-License-Identifier: MIT
"""Runs all tests: `make test`. The build machine's test programs (build/host/tests), the boots of tests/qemu/boots.tbl
on each architecture and the fast ones of the boot matrix (tests/qemu/matrix.tbl), two at a time. Everything that was
printed is kept in build/test/, one line per test in build/test/results.tsv. The last line says how many tests passed,
failed and were skipped."""

import argparse
import fnmatch
import os
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "qemu"))
import calls
import coverage
import matrix
import run
import tap
from machine import Console, Options, explain_status, find_target
from tap import FAILED, PASSED, SKIPPED, Result

BOOTS = Path("tests/qemu/boots.tbl")
SKIPS = Path("tests/skips.tbl")
HOST_PROGRAMS = Path("build/host/tests")
OUTPUT = Path("build/test")
HOST_LIMIT = 300
BOOT_LIMIT = 180


@dataclass
class Boot:
    """A row of boots.tbl on one architecture with one number of CPUs."""

    name: str
    arch: str
    variant: str
    cpus: int
    expect: str
    append: str
    detail: str
    keys: dict

    @property
    def title(self):
        return f"{self.arch} {self.name} smp{self.cpus}"


@dataclass
class Report:
    """What one boot or one host program gave."""

    title: str
    arch: str
    group: str
    results: list = field(default_factory=list)
    seconds: float = 0
    text: str = ""  # of the console


def table_rows(path):
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            yield shlex.split(line)


def read_boots(architectures, pattern, part):
    boots = []
    for name, variant, cpus, expect, append, detail, *words in table_rows(BOOTS):
        keys = dict(word.split("=", 1) for word in words)
        for arch in architectures:
            if keys.get("slice", "fast") != part or keys.get("arch", arch) != arch or not fnmatch.fnmatch(name, pattern):
                continue
            for count in cpus.split(","):
                boots.append(Boot(name, arch, variant, int(count), expect, append, detail, keys))
    return boots


def guest_commands():
    """A command for each program of tests/guest."""
    programs = []
    for path in sorted(Path("tests/guest").glob("**/rules.mk")):
        programs += re.findall(r"^PROGRAM\s*:=\s*(\S+)", path.read_text(), re.M)
    return [f"run {program}" for program in programs]


def commands_of(boot):
    if boot.detail == "@guest":
        return guest_commands()
    return [command.strip() for command in boot.detail.split(";") if command.strip()]


def save(title, text):
    path = OUTPUT / (title.replace(" ", "-").replace("/", "-") + ".log")
    path.write_text(text)


def plain_boot(console, deadline):
    """Reads until the machine ends; what its status says, None for a power-off with code 0."""
    panic = console.wait_for(run.PANIC.search, run.SILENCE, deadline)
    return explain_status(console.target, console.finish(run.SILENCE_AFTER_PANIC if panic else run.SILENCE))


def commands_boot(console, commands, results):
    """Types the commands; each is a test. What is wrong with how the machine ended, or None."""
    run.wait_for_prompt(console, 0)
    for command in commands:
        try:
            run.run_command(console, command)
            results.append(Result(f"command: {command}", PASSED))
        except run.Failure as problem:
            results.append(Result(f"command: {command}", FAILED, str(problem)))
            if run.PANIC.search(console.text) or console.process.poll() is not None:
                console.finish(run.SILENCE_AFTER_PANIC)
                return "the machine did not survive the commands"
    run.power_off(console)
    return None


def judge(boot, console, results):
    """Runs the boot to its end; None or what is wrong."""
    deadline = time.monotonic() + int(boot.keys.get("limit", BOOT_LIMIT))
    if boot.expect == "commands":
        return commands_boot(console, commands_of(boot), results)
    problem = plain_boot(console, deadline)
    return "panic" if run.PANIC.search(console.text) else problem


def run_boot(boot):
    report = Report(boot.title, boot.arch, f"{boot.name} smp{boot.cpus}")
    started = time.monotonic()
    machine = boot.keys.get("machine", "")
    options = Options(
        variant=boot.variant,
        cpus=boot.cpus,
        memory=boot.keys.get("memory", "512M"),
        append=boot.append,
        extra=coverage.qemu_words(boot.arch, boot.variant, boot.title),
    )
    lines = []
    console = Console(find_target(boot.arch, machine, "" if machine else "kernel"), options, lines.append)
    try:
        problem = judge(boot, console, report.results)
    except TimeoutError:
        problem = "it hung: no output, or over its time"
    except run.Failure as failure:
        problem = str(failure)
    finally:
        console.show_lines(final=True)
        console.stop()
    save(boot.title, shlex.join(console.command) + "\n" + "\n".join(lines) + "\n")
    results, problems = tap.parse(console.text)
    report.results += results
    if boot.expect == "tap" and not results:
        problems.append("no test reported")
    problems = ([problem] if problem else []) + problems
    report.results.append(Result("boot", FAILED if problems else PASSED, "; ".join(problems)))
    report.seconds = time.monotonic() - started
    report.text = console.text
    return report


def run_matrix(row):
    problem, seconds = matrix.boot(row)
    result = Result(f"boot matrix: {row.title}", FAILED if problem else PASSED, problem or "")
    return Report(f"{row.arch} matrix {row.title}", row.arch, "matrix", [result], seconds)


def run_host(program):
    title = "host " + program.removeprefix("build/host/")
    report = Report(title, "host", program.removeprefix("build/host/"))
    started = time.monotonic()
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", UBSAN_OPTIONS="print_stacktrace=1")
    try:
        done = subprocess.run(
            [program],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=HOST_LIMIT,
            check=False,
        )
        text, status = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as expired:
        text, status = (expired.stdout or b"").decode("utf-8", "replace"), "time limit"
    save(title, text)
    report.results, problems = tap.parse(text)
    if not report.results:
        problems.append("no test reported")
    if status != 0 and not any(result.outcome == FAILED for result in report.results):
        problems.append(f"ended with {status}")
    if problems:
        report.results.append(Result("program", FAILED, "; ".join(problems)))
    report.seconds = time.monotonic() - started
    return report


def skip_reason(arch, name):
    """Why the table allows that this is not tested here; None if it does not."""
    for where, pattern, reason in table_rows(SKIPS):
        if where in ("all", arch) and fnmatch.fnmatch(name, pattern):
            return reason
    return None


def apply_skips(report):
    """A skip that the table does not allow is a failure."""
    for result in report.results:
        if result.outcome != SKIPPED:
            continue
        reason = skip_reason(report.arch, result.name)
        if reason is None:
            result.outcome = FAILED
            reason = f"skipped, which tests/skips.tbl does not allow: {result.reason}"
        result.reason = reason


def show(report):
    counts = [sum(r.outcome == outcome for r in report.results) for outcome in (PASSED, FAILED, SKIPPED)]
    print(f"{report.title}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped", end="")
    print(f" ({report.seconds:.1f} s)")
    for result in report.results:
        if result.outcome != PASSED:
            print(f"  {result.outcome}: {result.name}" + (f" ({result.reason})" if result.reason else ""))
    sys.stdout.flush()


def same_everywhere(reports, boots, architectures):
    """Each boot that is for all architectures ran the same tests on all of them."""
    report = Report("same list of tests on all architectures", "all", "same")
    for group in sorted({f"{boot.name} smp{boot.cpus}" for boot in boots if "arch" not in boot.keys}):
        names = {r.arch: {x.name for x in r.results} for r in reports if r.group == group}
        everywhere = set.intersection(*names.values())
        parts = [f"{arch}: {' '.join(sorted(own - everywhere))}" for arch, own in names.items() if own - everywhere]
        complete = not parts and len(names) == len(architectures)
        report.results.append(Result(f"same list: {group}", PASSED if complete else FAILED, "; ".join(parts)))
    return report


def every_result(reports, architectures):
    """By the kernel's counters over all boots: each call returned OK, and each error of its row, and nothing else."""
    counts = calls.read((report.arch, report.text) for report in reports)
    calls.write(OUTPUT / "calls.tsv", counts)
    report = Report("each call returned OK and each error of its row", "all", "calls")
    for arch in architectures:
        missing, foreign = calls.judge(counts[arch], lambda name, arch=arch: skip_reason(arch, name) is not None)
        never = [f"{name} never returned {' '.join(statuses)}" for name, statuses in missing.items()]
        strange = [f"{name} returned {' '.join(statuses)}" for name, statuses in foreign.items()]
        wrong = "; ".join(never + strange)
        report.results.append(Result(f"results of calls: {arch}", FAILED if wrong else PASSED, wrong))
    return report


def write_results(reports):
    rows = [
        f"{report.arch}\t{report.group}\t{result.name}\t{result.outcome}\t{result.reason}\n"
        for report in reports
        for result in report.results
    ]
    (OUTPUT / "results.tsv").write_text("".join(rows))


def main():
    parser = argparse.ArgumentParser(description="Runs all tests.")
    parser.add_argument("--archs", default="x86_64 arm64 riscv64")
    parser.add_argument("--boots", default="*", help="only the boots with such names")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-host", action="store_true", help="without the programs of the build machine")
    parser.add_argument("--no-boots", action="store_true", help="without the boots of boots.tbl")
    parser.add_argument("--slice", default="fast", choices=matrix.SLICES, help="of the boots and the boot matrix")
    choice = parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for old in OUTPUT.glob("*.log"):
        old.unlink()
    coverage.clear()
    architectures = choice.archs.split()
    boots = [] if choice.no_boots else read_boots(architectures, choice.boots, choice.slice)
    rows = matrix.read_rows(architectures, choice.slice, choice.boots)
    programs = [] if choice.no_host or not HOST_PROGRAMS.exists() else HOST_PROGRAMS.read_text().split()
    reports = []
    with ThreadPoolExecutor(choice.jobs) as pool:
        work = [pool.submit(run_host, program) for program in programs]
        work += [pool.submit(run_boot, boot) for boot in boots]
        work += [pool.submit(run_matrix, row) for row in rows]
        for item in work:
            reports.append(item.result())
            apply_skips(reports[-1])
            show(reports[-1])
    if boots and len(architectures) > 1:
        reports.append(same_everywhere(reports, boots, architectures))
        show(reports[-1])
    if any(boot.detail == "@guest" for boot in boots):
        reports.append(every_result(reports, architectures))
        show(reports[-1])
    write_results(reports)
    for line in coverage.table(architectures) if boots else []:
        print(line)
    for arch in ["host"] + architectures:
        names = {(r.group.split()[0], x.name) for r in reports if r.arch == arch for x in r.results}
        print(f"{arch}: {len(names)} distinct tests")
    outcomes = [result.outcome for report in reports for result in report.results]
    counts = [outcomes.count(outcome) for outcome in (PASSED, FAILED, SKIPPED)]
    print(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    return 0 if counts[0] and not counts[1] else 1


if __name__ == "__main__":
    sys.exit(main())
