# SPDX-License-Identifier: MIT
"""Measures in executed instructions: `make bench`. The release build that `make run` boots runs tests/bench in place
of the shell; a counting plugin (scripts/plugin/count.c) counts what idles. Prints one line per benchmark,

    bench <arch> <name> <instructions> <seL4 or -> <ratio or -> <Linux or -> <ratio or ->

writes the same to build/bench/<arch>.tsv, and compares with nothing else: a figure is a fact, not a test. The names
are those of tests/bench/anchors.tsv. With --profile NAME it shows where the instructions of a benchmark go, with
--verify whether the plugin counts the same as the guest's counter."""

import argparse
import bisect
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import run
from machine import Console, Options, build_folder, find_target

ANCHORS = Path("tests/bench/anchors.tsv")
OUTPUT = Path("build/bench")
PLUGIN = Path("build/plugin/count.so")
SYSTEMS = ("seL4", "Linux")
MEMORY = {"x86_64": "512M", "arm64": "1G", "riscv64": "1G"}
FIXED = ["-seed", "1", "-rtc", "base=2026-01-01,clock=vm", "-icount", "shift=0,sleep=off"]
ENTRY = {"x86_64": "boot_entry", "arm64": "boot_head", "riscv64": "boot_entry"}
KERNEL_HALF = 1 << 63
SILENCE = 180
RESULT = re.compile(r"^result (\S+) (\d+)( marked)?$", re.M)
SECTIONS = 3  # that the program marks for each benchmark: warm-up, N times, 2N times


@dataclass
class Section:
    """What the plugin counted between two marks."""

    kernel: int
    user: int
    sites: dict


def read_anchors():
    """name -> column -> text, in the table's order."""
    lines = [line for line in ANCHORS.read_text().splitlines() if line and not line.startswith("#")]
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"))) for line in lines[1:]]
    return {row["name"]: row for row in rows}


def symbols(arch, path):
    prefix = {"x86_64": "x86_64-linux-gnu-", "arm64": "aarch64-linux-gnu-", "riscv64": "riscv64-linux-gnu-"}[arch]
    listing = subprocess.run([prefix + "nm", "-n", str(path)], capture_output=True, text=True, check=True)
    rows = []
    for line in listing.stdout.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "tTwW" and not words[2].startswith(("$", ".L")):
            rows.append((int(words[0], 16), words[2]))
    return rows


def physical(arch, elf, name):
    """Where firmware jumps to, before there are page tables."""
    address = {symbol: at for at, symbol in symbols(arch, elf)}[name]
    listing = subprocess.run(["readelf", "-lW", str(elf)], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        words = line.split()
        if words[:1] == ["LOAD"]:
            virtual, start, size = (int(word, 16) for word in (words[2], words[3], words[5]))
            if virtual <= address < virtual + size:
                return start + address - virtual
    raise SystemExit(f"bench: {elf}: {name} is in no segment")


def machine(arch, append, plugin):
    extra = FIXED + (["-plugin", plugin] if plugin else [])
    options = Options(cpus=1, memory=MEMORY[arch], append=append, extra=extra)
    return Console(find_target(arch, image="kernel"), options, lambda line: None)


def plugin_words(arch, output, entry=0, profile=False):
    words = [str(PLUGIN.resolve()), f"out={output}", f"kernel={KERNEL_HALF:#x}"]
    return ",".join(words + ([f"from={entry:#x}"] if entry else []) + (["profile=on"] if profile else []))


def read_sections(path):
    sections = []
    for line in path.read_text().splitlines():
        words = line.split()
        if words[0] == "section":
            sections.append(Section(0, 0, {}))
        elif words[0] == "cpu":
            sections[-1].kernel += int(words[3])
            sections[-1].user += int(words[5])
        else:
            sections[-1].sites[int(words[1], 16)] = int(words[2])
    return sections


def run_program(arch, plugin=""):
    """Boots into the benchmark program; its results in order: name, instructions, whether it marked sections."""
    console = machine(arch, "bench", plugin)
    try:
        status = console.finish(SILENCE)
    except TimeoutError:
        status = None
    finally:
        console.stop()
    results = [(name, int(value), bool(marked)) for name, value, marked in RESULT.findall(console.text)]
    if status != console.target.success or not results:
        print(console.text[-3000:], file=sys.stderr)
        raise SystemExit(f"bench: {arch}: the program did not come to its end (status {status})")
    return results


def boot_to_shell(arch):
    """Instructions from the kernel's first to the prompt. The machine idles then, so it may be ended at any time."""
    elf = build_folder(arch, "release") / "kernel.elf"
    output = OUTPUT / f"{arch}.boot"
    console = machine(arch, "", plugin_words(arch, output, physical(arch, elf, ENTRY[arch])))
    try:
        run.wait_for_prompt(console, 0)
        time.sleep(0.5)
        console.process.terminate()
        console.finish(SILENCE)
    except (TimeoutError, run.Failure) as problem:
        raise SystemExit(f"bench: {arch}: no prompt: {problem}") from problem
    finally:
        console.stop()
    sections = read_sections(output)
    return sum(section.kernel + section.user for section in sections)


def ratio(value, anchor):
    return "-" if anchor == "-" else f"{value / int(anchor):.2f}"


def rows(arch, results, anchors):
    measured = dict(results)
    unknown = [name for name in measured if name not in anchors]
    if unknown or len(measured) != len(results):
        raise SystemExit(f"bench: not in {ANCHORS}, or twice: {' '.join(unknown)}")
    for name, row in anchors.items():
        if name in measured:
            fields = [arch, name, str(measured[name])]
            for system in SYSTEMS:
                anchor = row[f"{system}-{arch}"]
                fields += [anchor, ratio(measured[name], anchor)]
            yield fields


def measure(arch):
    anchors = read_anchors()
    results = [(name, value) for name, value, _ in run_program(arch)] + [("boot_to_shell", boot_to_shell(arch))]
    table = list(rows(arch, results, anchors))
    for fields in table:
        print("bench", *fields, flush=True)
    (OUTPUT / f"{arch}.tsv").write_text("".join("\t".join(fields) + "\n" for fields in table))
    absent = [name for name in anchors if name not in dict(results)]
    print(f"bench: {arch}: not measured yet: {' '.join(absent)}", file=sys.stderr)


def run_with_plugin(arch, profile):
    output = OUTPUT / f"{arch}.sections"
    results = [row for row in run_program(arch, plugin_words(arch, output, profile=profile)) if row[2]]
    sections = read_sections(output)
    if len(sections) != SECTIONS * len(results):
        raise SystemExit(f"bench: {len(sections)} sections for {len(results)} results")
    return {name: (value, sections[SECTIONS * i + 1], sections[SECTIONS * i + 2])
            for i, (name, value, _) in enumerate(results)}


def verify(arch):
    """The guest's counter and the plugin, per 1000 operations' difference of N and 2N."""
    for name, (value, once, twice) in run_with_plugin(arch, False).items():
        kernel, user = twice.kernel - once.kernel, twice.user - once.user
        print(f"{name}: counter {value}, plugin: kernel {kernel} user {user} for N operations, "
              f"kernel share {100 * kernel // max(kernel + user, 1)} %")


def profile(arch, name, limit):
    measured = run_with_plugin(arch, True)
    if name not in measured:
        raise SystemExit(f"bench: {name} is not measured; there are: {' '.join(measured)}")
    value, once, twice = measured[name]
    total = twice.kernel + twice.user - once.kernel - once.user
    folder = build_folder(arch, "release")
    table = symbols(arch, folder / "kernel.elf")
    counts = Counter()
    for address, count in twice.sites.items():
        index = bisect.bisect_right(table, (address, "\x7f")) - 1
        symbol = table[index][1] if address >= KERNEL_HALF and index >= 0 else "(user programs)"
        counts[symbol] += count - once.sites.get(address, 0)
    print(f"{arch} {name}: {value} instructions, of them in")
    for symbol, count in counts.most_common(limit):
        print(f"  {value * count / total:9.1f}  {symbol}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True)
    parser.add_argument("--profile", default="")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--limit", type=int, default=25)
    choice = parser.parse_args()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    if choice.profile:
        profile(choice.arch, choice.profile, choice.limit)
    elif choice.verify:
        verify(choice.arch)
    else:
        measure(choice.arch)


if __name__ == "__main__":
    main()
