# SPDX-License-Identifier: MIT
"""Boots Tessera in QEMU: `make run`.

With a terminal and no commands it is connected to the machine (Ctrl-A x ends it, Ctrl-A h helps). With RUN='a; b' it
types the commands into the serial line, one at each prompt, prints what comes, stops at the first that fails, and
powers off. Success needs three things: no command failed, the last server said that the session is over, and QEMU
ended with the status of a power-off with code 0. A panic or a minute of silence is a failure.
"""

import argparse
import re
import subprocess
import sys

from machine import (
    Console,
    Options,
    Symbols,
    build_folder,
    explain_status,
    find_target,
    qemu_command,
    remove_scratch,
)

PROMPT = "tessera> "
END_MARKER = "tessera: end of session"
SILENCE = 60
SILENCE_AFTER_PANIC = 5
PANIC = re.compile(r"^PANIC", re.M)


class Failure(Exception):
    """Why the run is not a success."""


def at_prompt(start):
    """Whether the shell waits: the text after `start` ends with the prompt, on a line of its own."""
    return lambda text: bool(re.search(rf"(^|\n){re.escape(PROMPT)}$", text[start:]))


def wait_for_prompt(console, start):
    done = lambda text: at_prompt(start)(text) or PANIC.search(text)
    if not console.wait_for(done, SILENCE):
        raise Failure("the machine ended before the prompt came")
    if PANIC.search(console.text):
        raise Failure("panic")


def run_command(console, command):
    """Types one command and reads up to the next prompt; an answer that begins `error: ` is a failure."""
    start = len(console.text)
    console.send(command + "\n")
    echoed = lambda text: "\n" in text[start:]
    if not console.wait_for(lambda text: echoed(text) or PANIC.search(text), SILENCE):
        raise Failure(f"the machine ended during: {command}")
    answer = console.text.index("\n", start) if echoed(console.text) else start
    wait_for_prompt(console, answer)
    if re.search(r"^error: ", console.text[answer:], re.M):
        raise Failure(f"failed: {command}")


def power_off(console):
    """Types the last command and judges how the machine ended."""
    console.send("poweroff\n")
    status = console.finish(SILENCE)
    problem = explain_status(console.target, status)
    if problem:
        raise Failure(problem)
    if not re.search(rf"^{END_MARKER}", console.text, re.M):
        raise Failure(f"no line `{END_MARKER}`")


def run_commands(target, options, commands):
    console = Console(target, options, lambda line: print(line, flush=True))
    failure = None
    try:
        wait_for_prompt(console, 0)
        try:
            for command in commands:
                run_command(console, command)
        except Failure as problem:
            failure = problem
            if PANIC.search(console.text) or console.process.poll() is not None:
                console.finish(SILENCE_AFTER_PANIC)
                raise
        power_off(console)
    except TimeoutError:
        failure = failure or Failure(f"no output for {SILENCE} seconds")
    except Failure as problem:
        failure = failure or problem
    finally:
        console.show_lines(final=True)
        console.stop()
    if failure:
        print(f"run: {failure}", file=sys.stderr)
    return 1 if failure else 0


def run_terminal(target, options):
    """The user's terminal is the machine's. What was shown is kept, to name a panic's addresses."""
    log = build_folder(target.arch, options.variant) / "console.log"
    device = f"stdio,mux=on,signal=off,id=console,logfile={log}"
    command = qemu_command(target, options)
    command += ["-chardev", device, "-serial", "chardev:console", "-mon", "chardev=console"]
    print("(Ctrl-A x leaves QEMU)", flush=True)
    status = subprocess.run(command, check=False).returncode
    remove_scratch(command)
    text = log.read_text(errors="replace").replace("\r", "") if log.exists() else ""
    panic = PANIC.search(text)
    if panic:
        symbols = Symbols(build_folder(target.arch, options.variant) / "kernel.elf")
        for line in text[panic.start() :].splitlines():
            if "[<" in line:
                print(symbols.annotate(line))
    problem = explain_status(target, status)
    left = status == 0 and target.success != 0 and not panic and END_MARKER not in text
    if problem and not left:
        print(f"run: {problem}", file=sys.stderr)
        return 1
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--machine", default="")
    parser.add_argument("--variant", default="release")
    parser.add_argument("--smp", type=int, default=4)
    parser.add_argument("--mem", default="512M")
    parser.add_argument("--append", default="")
    parser.add_argument("--accel", default="")
    parser.add_argument("--qemuflags", default="")
    parser.add_argument("--run", default=None)
    return parser.parse_args()


def options_of(choice):
    return Options(
        variant=choice.variant,
        cpus=choice.smp,
        memory=choice.mem,
        append=choice.append,
        accelerator=choice.accel,
        extra=choice.qemuflags.split(),
    )


def main():
    choice = arguments()
    target = find_target(choice.arch, choice.machine)
    options = options_of(choice)
    if choice.run is None and sys.stdin.isatty():
        return run_terminal(target, options)
    text = choice.run if choice.run is not None else sys.stdin.read().replace("\n", ";")
    return run_commands(target, options, [line.strip() for line in text.split(";") if line.strip()])


if __name__ == "__main__":
    sys.exit(main())
