# SPDX-License-Identifier: MIT
"""A machine of targets.tbl: its QEMU command, a console that is read with a limit on silence, and what QEMU's status
means. Used by run.py and test.py."""

import bisect
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

TARGETS = Path(__file__).parent / "targets.tbl"
IMAGE_NAMES = {"x86_64": "kernel.elf", "arm64": "Image", "riscv64": "kernel.elf"}
UEFI_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"
GUARD = ["setpriv", "--pdeathsig", "KILL"]  # a machine does not outlive the script that started it
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()=>].?)")


@dataclass
class Target:
    """A row of targets.tbl."""

    name: str
    arch: str
    image: str
    success: int
    command: str

    def status_of(self, code):
        """QEMU's status when the kernel ends with a code."""
        if self.arch != "x86_64":
            return code
        return (0x40 | code & 0x3F) << 1 | 1 if code < 64 else (code << 1 | 1) & 0xFF


@dataclass
class Options:
    """What the caller of make may choose."""

    variant: str = "release"
    cpus: int = 4
    memory: str = "512M"
    append: str = ""
    accelerator: str = ""
    extra: list = field(default_factory=list)
    archive: str = ""  # another boot archive than the build's; `none`: no archive


def read_targets():
    rows = []
    for line in TARGETS.read_text().splitlines():
        if line and not line.startswith("#"):
            name, arch, image, status, command = shlex.split(line)
            rows.append(Target(name, arch, image, int(status), command))
    return rows


def find_target(arch, name="", image=""):
    """The named machine of an architecture, or the first with that image."""
    for target in read_targets():
        if target.arch == arch and name in ("", target.name) and image in ("", target.image):
            return target
    raise SystemExit(f"error: targets.tbl has no machine {name or image} for {arch}")


def build_folder(arch, variant):
    return Path("build") / arch / variant


def boot_words(target, options):
    archive = options.archive or str(build_folder(target.arch, options.variant) / "boot.cpio")
    words = ["-initrd", archive] if archive != "none" and Path(archive).exists() else []
    return words + (["-append", options.append] if options.append else [])


def scratch_variables(target, options):
    copy = build_folder(target.arch, options.variant) / f"uefi-variables-{os.getpid()}.fd"
    shutil.copyfile(UEFI_VARIABLES, copy)
    return str(copy)


def qemu_command(target, options):
    """The whole command but for the serial line."""
    folder = build_folder(target.arch, options.variant)
    values = {
        "{kernel}": lambda: [str(folder / IMAGE_NAMES[target.arch])],
        "{iso}": lambda: [str(folder / "tessera.iso")],
        "{boot}": lambda: boot_words(target, options),
    }
    words = []
    for word in target.command.split():
        if word in values:
            words += values[word]()
        elif "{vars}" in word:
            words.append(word.replace("{vars}", scratch_variables(target, options)))
        else:
            words.append(word)
    words += ["-display", "none", "-no-reboot", "-smp", str(options.cpus), "-m", options.memory]
    words += ["-accel", options.accelerator] if options.accelerator else []
    return words + options.extra


def remove_scratch(command):
    for word in command:
        match = re.search(r"file=(build/\S*uefi-variables-\d+\.fd)", word)
        if match:
            Path(match.group(1)).unlink(missing_ok=True)


def explain_status(target, status):
    """None if the kernel powered off with code 0, otherwise what QEMU's status says."""
    if status == target.success:
        return None
    if status < 0:
        return f"QEMU was ended by signal {-status}"
    if target.arch == "x86_64" and status % 2 == 1 and (status >> 1) & 0x40:
        return f"the kernel powered off with code {(status >> 1) & ~0x40}"
    if target.arch == "x86_64" and status == 0:
        return "the machine was reset or powered off without a code"
    return f"QEMU ended with status {status}"


class Symbols:
    """Names for the addresses `[<…>]` of a backtrace."""

    def __init__(self, elf):
        self.rows = []
        listing = subprocess.run(["nm", "-n", str(elf)], capture_output=True, text=True, check=False)
        for line in listing.stdout.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "tTwW" and not words[2].startswith(("$", ".L")):
                self.rows.append((int(words[0], 16), words[2]))

    def name(self, address, distance=0):
        i = bisect.bisect_right(self.rows, (address, "\x7f")) - 1
        if i < 0 or address - self.rows[i][0] > 0x10000:
            return None
        return f"{self.rows[i][1]}+0x{address + distance - self.rows[i][0]:x}"

    def annotate(self, line):
        match = re.search(r"\[<([0-9a-f]+)>\]", line)
        # A return address may be the first byte of the next function.
        name = self.name(int(match.group(1), 16) - 1, 1) if match else None
        return f"{line} {name}" if name else line


class Console:
    """A machine that runs, its serial line on pipes. `text` is all that came, without carriage returns and escapes;
    whole lines are handed to `show` as they come."""

    def __init__(self, target, options, show):
        self.target = target
        self.command = qemu_command(target, options) + ["-monitor", "none", "-serial", "stdio"]
        self.show = show
        self.text = ""
        self.raw = ""
        self.shown = 0
        self.symbols = None
        self.elf = build_folder(target.arch, options.variant) / "kernel.elf"
        self.process = subprocess.Popen(
            GUARD + self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def show_lines(self, final=False):
        while True:
            end = self.text.find("\n", self.shown)
            if end < 0:
                break
            line = self.text[self.shown : end]
            self.shown = end + 1
            if "[<" in line:
                self.symbols = self.symbols or Symbols(self.elf)
                line = self.symbols.annotate(line)
            self.show(line)
        if final and self.shown < len(self.text):
            self.show(self.text[self.shown :])
            self.shown = len(self.text)

    def receive(self, limit):
        """Waits up to `limit` seconds for output. False at its end; raises TimeoutError."""
        ready, _, _ = select.select([self.process.stdout], [], [], max(limit, 0))
        if not ready:
            raise TimeoutError
        data = os.read(self.process.stdout.fileno(), 65536)
        self.raw += data.decode("utf-8", "replace")
        # An escape that is not whole yet stays in raw.
        cut = self.raw.rfind("\x1b")
        keep = "" if cut < 0 or ESCAPES.match(self.raw, cut) or len(self.raw) - cut > 16 else self.raw[cut:]
        clean = ESCAPES.sub("", self.raw[: len(self.raw) - len(keep)])
        self.raw = keep
        self.text += clean.replace("\r", "").replace("\0", "")
        self.show_lines()
        return bool(data)

    def wait_for(self, found, silence, deadline=None):
        """Reads until found(text) is true. False when the machine ends first; TimeoutError after `silence` seconds
        without output, or at the deadline (time.monotonic)."""
        while not found(self.text):
            limit = silence if deadline is None else min(silence, deadline - time.monotonic())
            if not self.receive(limit):
                return found(self.text)
        return True

    def send(self, text):
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def finish(self, silence, deadline=None):
        """Reads to the end; the machine's status."""
        self.wait_for(lambda text: False, silence, deadline)
        self.show_lines(final=True)
        return self.process.wait()

    def stop(self):
        """Ends the machine if it still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        remove_scratch(self.command)
