# SPDX-License-Identifier: MIT
"""`make mutate`: shows that every system call is tested. Each call of lib/abi/syscalls.tbl is answered by a debug kernel
without being done (`mutate=CALL,STATUS`), once with an error and once with OK, while the guest tests of that call run.
With the error its normal test must turn red; with OK each of its hostile tests must. A test that never ends is red too:
where a call does nothing, a test may wait for ever for what it should have done. Prints TAP: two lines per call."""

import argparse
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import run
import tap
from machine import Console, Options, find_target
from tap import FAILED

sys.path.insert(0, str(Path(__file__).parent / "gen"))
import tables

ABI = Path("lib/abi")
OUTPUT = Path("build/test")
ERROR, OK = -1, 0
HANG = 10  # seconds without a word
# Its normal test is a boot of its own: a mutated call returns, and the program says so.
COMMANDS = {("system_power", "normal"): "run power_test 42"}


@dataclass
class Mutation:
    arch: str
    call: str
    kind: str  # of the tests that must turn red: normal or hostile

    @property
    def status(self):
        return ERROR if self.kind == "normal" else OK

    @property
    def command(self):
        return COMMANDS.get((self.call, self.kind), f"run tests only={self.call} kind={self.kind}")


def mutations(architectures, wanted):
    """Calls without any error have nothing to refuse, and so no hostile test."""
    for arch in architectures:
        for call in tables.read_tables(ABI).calls:
            if wanted in ("", call.name):
                yield Mutation(arch, call.name, "normal")
                if call.errors:
                    yield Mutation(arch, call.name, "hostile")


def judge(text):
    """What is wrong, or None: panics, green tests, or no test at all."""
    results, _ = tap.parse(text)
    green = [result.name for result in results if result.outcome != FAILED]
    if run.PANIC.search(text):
        return "panic"
    if not re.search(r"^1\.\.[1-9]", text, re.M):
        return "there is no such test"
    return f"stays green: {'; '.join(green)}" if green else None


def mutate(mutation):
    """Boots, runs the call's tests, and judges what they reported."""
    options = Options(variant="debug", cpus=1, append=f"mutate={mutation.call},{mutation.status}")
    lines = []
    console = Console(find_target(mutation.arch, "", "kernel"), options, lines.append)
    try:
        run.wait_for_prompt(console, 0)
        console.send(mutation.command + "\n")
        ended = re.compile(r"^# \d+ of \d+ tests failed|^not ok \d+ - normal: system_power |^PANIC", re.M)
        try:
            if not console.wait_for(ended.search, HANG):
                return "the machine ended"
        except TimeoutError:
            pass  # judged like the others: what it said before must be red
        return judge(console.text)
    except TimeoutError:
        return "no prompt"
    except run.Failure as failure:
        return str(failure)
    finally:
        console.show_lines(final=True)
        console.stop()
        log = OUTPUT / f"mutate-{mutation.arch}-{mutation.call}-{mutation.kind}.log"
        log.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archs", default="x86_64 arm64 riscv64")
    parser.add_argument("--call", default="", help="only this one")
    parser.add_argument("--jobs", type=int, default=2)
    choice = parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    rows = list(mutations(choice.archs.split(), choice.call))
    if not rows:
        parser.error(f"{choice.call} is not a call of {ABI / 'syscalls.tbl'}")
    failed = 0
    print(f"1..{len(rows)}", flush=True)
    with ThreadPoolExecutor(choice.jobs) as pool:
        for number, (row, problem) in enumerate(zip(rows, pool.map(mutate, rows)), 1):
            what = "an error" if row.kind == "normal" else "OK"
            print(f"{'not ok' if problem else 'ok'} {number} - {row.arch} {row.call} answered with {what}: {row.kind} tests turn red", flush=True)
            if problem:
                print(f"# {problem}", flush=True)
                failed += 1
    print(f"{len(rows) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
