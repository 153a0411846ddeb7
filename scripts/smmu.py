# SPDX-License-Identifier: MIT
"""The SMMU library's suite with line coverage (`make smmu`), its benchmark (`make bench ARCH=host`), and the sizes that
its build switches save (`make smmu-sizes`)."""

import os
import re
import subprocess
import sys
from pathlib import Path

from bench import read_anchors
from tap import FAILED, parse

LIBRARY = Path("lib/smmuv3")
COUNT = 1 << 16  # operations of a counted benchmark: COUNT in bench.c
COVERAGE_GOAL = 95
ROWS_GOAL = 350
SWITCHES = ("SMMUV3_SUBSTREAMS", "SMMUV3_TWO_STAGE", "SMMUV3_CACHES")


# --- make smmu


def run_program(path):
    """(results, problems) of a test program, or of an example that just has to end with 0."""
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    done = subprocess.run([path], env=environment, capture_output=True, text=True, errors="replace", check=False)
    results, problems = parse(done.stdout + done.stderr)
    if done.returncode != 0 and not any(result.outcome == FAILED for result in results):
        problems.append(f"{path} ended with {done.returncode}: {done.stderr[-2000:]}")
    return results, problems


def covered_lines(folder):
    """file -> (executed, all), by gcov."""
    lines = {}
    for path in sorted(LIBRARY.glob("*.c")):
        objects = folder / "coverage" / LIBRARY
        done = subprocess.run(["gcov", "-n", "-o", str(objects), str(path)], capture_output=True, text=True, check=True)
        for name, share, count in re.findall(r"File '(.+)'\nLines executed:([\d.]+)% of (\d+)", done.stdout):
            if name == str(path):
                lines[name] = (round(float(share) * int(count) / 100), int(count))
    return lines


def suite(folder, programs):
    for old in folder.glob("coverage/**/*.gcda"):
        old.unlink()
    number, failed, output = 0, 0, []
    for program in programs:
        results, problems = run_program(program)
        group = Path(program).name
        if not results:
            results = []
            output.append((f"{group}: ends well", not problems, "; ".join(problems)))
        for result in results:
            output.append((f"{group}: {result.name}", result.outcome != FAILED, result.reason))
        output += [(f"{group}: {problem}", False, "") for problem in problems if results]
    print(f"1..{len(output)}")
    for number, (name, good, reason) in enumerate(output, 1):
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}" + (f"\n# {reason}" if reason else ""))
    (folder / "rows.txt").write_text("".join(f"{'ok' if good else 'not ok'} {name}\n" for name, good, _ in output))
    lines = covered_lines(folder)
    for name, (executed, count) in sorted(lines.items()):
        print(f"# {100 * executed / count:6.2f} % of {count:4} lines  {name}")
    share = 100 * sum(e for e, _ in lines.values()) / sum(c for _, c in lines.values())
    print(f"# line coverage of {LIBRARY}: {share:.2f} % (goal {COVERAGE_GOAL})")
    print(f"# {len(output) - failed} rows passed, {failed} failed (goal {ROWS_GOAL} rows)")
    return 1 if failed or share < COVERAGE_GOAL or len(output) < ROWS_GOAL else 0


# --- make bench ARCH=host


def count_instructions(folder):
    """name -> instructions per operation, by callgrind."""
    for old in folder.glob("callgrind.out*"):
        old.unlink()
    command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out",
               str(folder / "bench"), "count"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    totals = {}
    for path in folder.glob("callgrind.out*"):
        text = path.read_text(errors="replace")
        trigger = re.search(r"Trigger: Client Request: (\S+)", text)
        if trigger:
            totals[trigger.group(1)] = int(re.search(r"^totals: (\d+)", text, re.M).group(1))
    return {name: (total - totals.get(name + ".loop", 0)) / COUNT
            for name, total in totals.items() if not name.endswith(".loop")}


def bench(folder):
    anchors = read_anchors()
    instructions = count_instructions(folder)
    timed = subprocess.run([str(folder / "bench")], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = []
    for line in timed:
        if line.startswith("#"):
            print(line)
            continue
        name, ours, naive = line.split()
        goal = anchors.get(name, {}).get("goal", "-")
        ratio = "-" if naive == "-" else f"{float(ours) / float(naive):.2f}"
        rows.append(["host", name, f"{instructions[name]:.0f}", goal, ours, naive, ratio])
    print("bench <arch> <name> <instructions> <goal> <ns> <ns of a tree of pages> <ratio>")
    for row in rows:
        print("bench", *row)
    Path("build/bench").mkdir(parents=True, exist_ok=True)
    Path("build/bench/host.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return 0


# --- make smmu-sizes


def text_size(folder, sources, switches):
    objects = []
    for source in sources:
        target = folder / "sizes" / (Path(source).stem + ".o")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-std=gnu11", "-Os", "-w", "-ffunction-sections", "-I", "lib", *switches, "-c", source,
                        "-o", str(target)], check=True)
        objects.append(str(target))
    listing = subprocess.run(["size", "-t", *objects], capture_output=True, text=True, check=True).stdout
    return int(listing.splitlines()[-1].split()[0])


def sizes(folder, sources):
    everything = text_size(folder, sources, [])
    print(f"everything: {everything} bytes of code")
    for switch in SWITCHES:
        size = text_size(folder, sources, [f"-D{switch}=0"])
        print(f"{switch}=0: {size} bytes, {everything - size} saved")
    return 0


def main():
    what, folder, words = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    if what == "suite":
        return suite(folder, words)
    return bench(folder) if what == "bench" else sizes(folder, words)


if __name__ == "__main__":
    sys.exit(main())
