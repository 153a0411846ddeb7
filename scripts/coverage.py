# SPDX-License-Identifier: MIT
"""Line coverage of the kernel by room, from what scripts/plugin/coverage.c saw in QEMU: the kernel itself is not
instrumented. `make test` runs its boots of the debug build with the plugin and prints the table; with --lines FILE
this shows a file with the lines marked that no boot executed."""

import argparse
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from machine import build_folder

PLUGIN = Path("build/plugin/coverage.so")
FOLDER = Path("build/coverage")
VARIANT = "debug"
PREFIXES = {"x86_64": "x86_64-linux-gnu-", "arm64": "aarch64-linux-gnu-", "riscv64": "riscv64-linux-gnu-"}
OTHERS = "(all)"


def kernel(arch):
    return build_folder(arch, VARIANT) / "kernel.elf"


def output_of(tool, arch, *words, text=None):
    command = [PREFIXES[arch] + tool, *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def text_range(arch):
    symbols = dict(reversed(line.split()[0::2]) for line in output_of("nm", arch, str(kernel(arch))).splitlines())
    return int(symbols["kernel_text_start"], 16), int(symbols["kernel_text_end"], 16)


def clear():
    """Forgets earlier runs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.addresses"):
        old.unlink()


def qemu_words(arch, variant, title):
    """What a machine's command needs for its boot to count; nothing where it does not."""
    if variant != VARIANT or not PLUGIN.exists():
        return []
    low, high = text_range(arch)
    output = FOLDER / f"{arch}-{re.sub('[^A-Za-z0-9]+', '-', title)}.addresses"
    return ["-plugin", f"{PLUGIN.resolve()},out={output},low={low:#x},high={high:#x}"]


def executed(arch):
    found = set()
    for path in FOLDER.glob(f"{arch}-*.addresses"):
        found.update(int(line, 16) for line in path.read_text().split())
    return found


def line_table(arch):
    """(file, line) of each instruction of the kernel; None where the compiler names none."""
    listing = output_of("objdump", arch, "-d", "--no-show-raw-insn", str(kernel(arch)))
    addresses = [int(match, 16) for match in re.findall(r"^\s*([0-9a-f]+):\t", listing, re.M)]
    text = "".join(f"{address:x}\n" for address in addresses)
    places = output_of("addr2line", arch, "-e", str(kernel(arch)), text=text).splitlines()
    table = {}
    for address, place in zip(addresses, places):
        match = re.match(r"(?:\./)?(\S+):(\d+)", place)
        table[address] = (match.group(1), int(match.group(2))) if match and match.group(2) != "0" else None
    return table


def lines_of(arch):
    """file -> line -> whether it was executed, without tests."""
    table, seen = line_table(arch), executed(arch)
    lines = defaultdict(dict)
    for address, place in table.items():
        if place and "/test/" not in place[0] and not place[0].startswith(("build/", "/")):
            lines[place[0]][place[1]] = lines[place[0]].get(place[1], False) or address in seen
    return lines


def room_of(path):
    parts = Path(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def rooms(arch):
    """room -> (executed lines, lines)."""
    counts = defaultdict(lambda: [0, 0])
    for path, lines in lines_of(arch).items():
        for key in (room_of(path), OTHERS):
            counts[key][0] += sum(lines.values())
            counts[key][1] += len(lines)
    return counts


def table(architectures):
    """The lines to print: a row per room, a column per architecture."""
    measured = {arch: rooms(arch) for arch in architectures if list(FOLDER.glob(f"{arch}-*.addresses"))}
    if not measured:
        return
    yield f"{'coverage of lines':<20}" + "".join(f"{arch:>20}" for arch in measured)
    names = sorted({name for counts in measured.values() for name in counts}, key=lambda name: (name == OTHERS, name))
    for name in names:
        cells = []
        for counts in measured.values():
            done, total = counts.get(name, (0, 0))
            cells.append(f"{100 * done / total:.1f} % of {total}" if total else "-")
        yield f"{name:<20}" + "".join(f"{cell:>20}" for cell in cells)


def show_file(arch, name):
    lines = lines_of(arch)[name]
    for number, text in enumerate(Path(name).read_text().splitlines(), 1):
        mark = {True: " ", False: "-", None: " "}[lines.get(number)]
        print(f"{mark} {number:5} {text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archs", default="x86_64 arm64 riscv64")
    parser.add_argument("--lines", default="", metavar="FILE")
    choice = parser.parse_args()
    if choice.lines:
        show_file(choice.archs.split()[0], choice.lines)
        return 0
    text = list(table(choice.archs.split()))
    print("\n".join(text) if text else "coverage: run `make test` first")
    return 0 if text else 1


if __name__ == "__main__":
    sys.exit(main())
