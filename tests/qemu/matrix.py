# SPDX-License-Identifier: MIT
"""The boot matrix: one test per row of matrix.tbl, architecture and number of CPUs. Run by scripts/test.py: `make test`
takes the slice `fast`, `make test-boot` that and `full`; `smp64` and `kasan` have targets of their own. What the machines printed is
kept in build/test/."""

import dataclasses
import fnmatch
import re
import shlex
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import coverage
import inputs
import run
import scenarios
from machine import Console, Options, build_folder, find_target, qemu_command

TABLE = Path(__file__).parent / "matrix.tbl"
OUTPUT = Path("build/test")
ARCHITECTURES = ("x86_64", "arm64", "riscv64")
SLICES = {"none": (), "fast": ("fast",), "full": ("fast", "full"), "smp64": ("smp64",), "kasan": ("kasan",)}
PANIC_CODE = 101
LIMIT = 60
# What every report of a panic has, besides its reason.
REPORT = {
    "a backtrace by name": r"^  [0-9a-f]{16} \w+[.\w]*\+0x[0-9a-f]+$",
    "the last system calls": r"^  [0-9]+ call [0-9]+ ",
    "the last events": r"^  [0-9]+ (switch|interrupt) [0-9]+ ",
    "what each CPU runs": r"^CPU [0-9]+ runs boot$",
    "the threads": r"^init/main: state ",
}


@dataclasses.dataclass
class Row:
    """One boot."""

    name: str
    arch: str
    slice: str
    variant: str
    machine: str
    cpus: int
    memory: str
    changes: str
    append: str
    expect: str
    detail: str
    keys: dict

    @property
    def title(self):
        return f"{self.name} smp{self.cpus}"


class Context:
    """What a maker of inputs may use."""

    def __init__(self, row, folder, scratch):
        self.row = row
        self.folder = folder
        self.archive = folder / "boot.cpio"
        self.scratch_folder = scratch
        self.qemu = []

    def scratch(self, name):
        return self.scratch_folder / name

    def make(self, name):
        path = self.scratch(name)
        path.write_bytes(inputs.MAKERS[name](self))
        return str(path)


def read_rows(architectures, part, pattern):
    """The boots of a slice whose rows have such names."""
    rows = []
    for line in TABLE.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, own, where, variant, machine, cpus, memory, changes, append, expect, detail, *words = shlex.split(line)
        if where not in SLICES[part] or not fnmatch.fnmatch(name, pattern):
            continue
        keys = dict(word.split("=", 1) for word in words)
        for arch in ARCHITECTURES if own == "all" else own.split(","):
            for count in cpus.split(",") if arch in architectures else []:
                row = Row(name, arch, where, variant, machine, int(count), memory, changes, append, expect, detail, keys)
                rows.append(row)
    return rows


def change_command(command, changes, context):
    """The machine's command with the row's changes."""
    words = command.split()
    new = changes.split()
    for option, value in zip(new[::2], new[1::2]):
        value = re.sub(r"\{([\w-]+)\}", lambda match: context.make(match.group(1)), value)
        at = words.index(option) if option in words else -1
        if value == "none":
            del words[at : at + 2]
        elif at < 0 or option in ("-device", "-acpitable", "-object"):
            words += [option, value]
        else:
            words[at + 1] = words[at + 1] + value if value.startswith(",") else value
    return " ".join(words)


def machine_of(row, context):
    """The row's target and options."""
    target = find_target(row.arch, "" if row.machine == "-" else row.machine, "" if row.machine != "-" else "kernel")
    archive = row.keys.get("archive", "")
    counting = coverage.qemu_words(row.arch, row.variant, f"matrix {row.title}")
    options = Options(variant=row.variant, cpus=row.cpus, memory=row.memory, append=row.append, extra=counting)
    options.extra = options.extra + (["-action", "reboot=reset"] if "reboots" in row.keys else [])
    context.qemu = qemu_command(target, options)
    options.archive = archive if archive in ("", "none") else context.make(archive)
    return dataclasses.replace(target, command=change_command(target.command, row.changes, context)), options


def judge_works(row, console):
    run.wait_for_prompt(console, 0)
    for command in row.detail.split(";") + ["audit"]:
        run.run_command(console, command.strip())
    run.power_off(console)


def judge_refusal(row, console, deadline, report):
    console.wait_for(run.PANIC.search, run.SILENCE, deadline)
    status = console.finish(run.SILENCE, deadline)
    if not re.search(row.detail, console.text, re.M):
        raise run.Failure(f"it did not say: {row.detail}")
    for what, pattern in report.items():
        if not re.search(pattern, console.text, re.M):
            raise run.Failure(f"the report lacks {what}")
    wanted = console.target.status_of(int(row.keys.get("status", PANIC_CODE)))
    if status != wanted:
        raise run.Failure(f"QEMU's status is {status}, not {wanted}")


def judge(row, console):
    deadline = time.monotonic() + int(row.keys.get("limit", LIMIT))
    if row.expect == "works":
        judge_works(row, console)
    elif row.expect == "refuses":
        judge_refusal(row, console, deadline, {})
    elif row.expect == "panics":
        judge_refusal(row, console, deadline, REPORT)
    else:
        getattr(scenarios, row.detail)(console)


def boot(row):
    """What is wrong with the boot, or None; and its seconds."""
    lines, problem = [], None
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch:
        context = Context(row, build_folder(row.arch, row.variant), Path(scratch))
        target, options = machine_of(row, context)
        console = Console(target, options, lines.append)
        try:
            judge(row, console)
        except TimeoutError:
            problem = "it hung: no output, or over its time"
        except run.Failure as failure:
            problem = str(failure)
        finally:
            console.show_lines(final=True)
            console.stop()
    log = OUTPUT / f"matrix-{row.arch}-{row.title.replace(' ', '-')}-{row.slice}.log"
    log.write_text(shlex.join(console.command) + "\n" + "\n".join(lines) + "\n")
    return problem, time.monotonic() - started
