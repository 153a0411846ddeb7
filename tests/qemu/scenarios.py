# SPDX-License-Identifier: MIT
"""Longer stories of the boot matrix, one function each. They raise run.Failure. Used by matrix.py."""

import re
import time

import run
from machine import explain_status

DRIVERS = {"x86_64": "ns16550", "arm64": "pl011", "riscv64": "ns16550"}
KILLS = 5
CODE = 42
DEATH = 0.03  # seconds after which a driver is dead; what a living one has taken but not delivered dies with it
STOPPED_MS = 3000
# What a process has for itself alone, so that nothing may name it when the process is gone.
OWN_KINDS = ("process", "thread", "vmar", "interrupt", "port", "job")


def expect(condition, what):
    if not condition:
        raise run.Failure(what)


def answer(console, command):
    """What the shell says to a command that must succeed."""
    start = len(console.text)
    run.run_command(console, command)
    text = console.text[start:]
    return text[text.index("\n") + 1 :]


def driver_of(console):
    return DRIVERS[console.target.arch]


def processes(console):
    """{name: number} of what runs."""
    rows = [line.split() for line in answer(console, "ps").splitlines()]
    return {words[-1]: int(words[0]) for words in rows if len(words) == 6 and words[0].isdigit()}


def handles(console, process):
    """{(object, kind)} that a process has handles to."""
    rows = re.findall(r"^ *[0-9a-f]+:[0-9a-f]+ +([0-9]+) (\S+) ", answer(console, f"handles {process}"), re.M)
    expect(rows, f"process {process} has no handles")
    return set(rows)


def wait_for(console, pattern, start, what):
    """Until the pattern comes behind `start`; at most a silence of SILENCE."""
    found = lambda text: re.search(pattern, text[start:], re.M) or run.PANIC.search(text)
    expect(console.wait_for(found, run.SILENCE) and not run.PANIC.search(console.text), what)


def type_line(console, line):
    """Types a line and waits only for its echo. Where the answer begins."""
    start = len(console.text)
    console.send(line + "\n")
    wait_for(console, re.escape(line) + "\n", start, f"no echo of: {line}")
    return console.text.index(line + "\n", start) + len(line) + 1


def end_well(console):
    """The books are right, the kernel wrote nothing to the console, and the machine goes off as it should."""
    expect(" 0 bytes on the console by the kernel" in answer(console, "audit"), "the kernel wrote to the console")
    run.power_off(console)


def kill_driver(console):
    """The console's driver is killed while somebody types. It comes back as another process, nothing that was typed is
    lost, and nobody has a handle to what belonged to the dead one."""
    run.wait_for_prompt(console, 0)
    driver = driver_of(console)
    for _ in range(KILLS):
        old = processes(console)[driver]
        gone = {entry for entry in handles(console, driver) if entry[1] in OWN_KINDS}
        expect(gone, "the driver has nothing of its own")
        start = type_line(console, f"kill {driver}")
        time.sleep(DEATH)  # and its successor has not started yet, but for the first time
        console.send("run hello\n")
        wait_for(console, "^Hello from Tessera!$", start, "what was typed without a driver was not executed")
        run.wait_for_prompt(console, start)
        now = processes(console)
        expect(driver in now and now[driver] != old, "the driver's process is not another one")
        expect(old not in now.values(), "the killed process is still there")
        for name, process in now.items():
            left = handles(console, process) & gone
            expect(not left, f"{name} has handles to what belonged to the killed driver: {left}")
    end_well(console)


def stop_driver(console):
    """Without its driver the console is silent, whatever is typed; what was asked for is done all the same."""
    run.wait_for_prompt(console, 0)
    driver = driver_of(console)
    start = type_line(console, f"stop {driver}; sleep {STOPPED_MS}; start {driver}; run hello; servers")
    began = time.monotonic()
    time.sleep(DEATH)
    console.send("uptime\n")
    wait_for(console, r"\S", start, "the console did not come back")
    # What QEMU had of the echo may come late; the guest's clock and ours agree well enough for half of the time.
    expect(time.monotonic() - began > STOPPED_MS / 2000, "somebody wrote to the console without its driver")
    wait_for(console, "^Hello from Tessera!$", start, "the shell did not go on")
    wait_for(console, r"^up [0-9]", start, "what was typed meanwhile was not executed")
    run.wait_for_prompt(console, start)
    end_well(console)


def crash_loop(console):
    """A program more urgent than all others that faults at once: restarted until its budget is spent, while everybody
    else goes on."""
    run.wait_for_prompt(console, 0)
    pattern = r"^ *[0-9]+ (\w+) +([0-9]+) +(-?[0-9]+) underTest$"
    began = time.monotonic()
    for _ in range(100):
        answer(console, "run hello")
        row = re.search(pattern, answer(console, "servers"), re.M)
        expect(row, "the server under test is not listed")
        if row.group(1) == "failed":
            break
        answer(console, "sleep 20")
    expect(row.group(1) == "failed", f"it is {row.group(1)} after {time.monotonic() - began:.0f} s, not given up")
    expect(row.group(2) == "30", f"it was restarted {row.group(2)} times, not as often as its budget allows")
    expect("server underTest ends too often" in answer(console, "log"), "the log does not say that it was given up")
    expect(answer(console, "run hello").startswith("Hello"), "programs do not run any more")
    end_well(console)


def crash_loop_of_driver(console):
    """The same with the console's driver: whoever kills it too often is without a console, and the machine lives. What
    the kernel says about it stands in the log only, so nothing must come."""
    run.wait_for_prompt(console, 0)
    driver = driver_of(console)
    for _ in range(20):
        start = type_line(console, f"kill {driver}")
        run.wait_for_prompt(console, start)
    row = re.search(rf"^ *[0-9]+ (\w+) +20 +-?[0-9]+ {driver}$", answer(console, "servers"), re.M)
    expect(row, "the driver was not restarted 20 times")
    start = type_line(console, f"kill {driver}; sleep {STOPPED_MS}; start {driver}")
    began = time.monotonic()
    run.wait_for_prompt(console, start)
    expect(time.monotonic() - began > STOPPED_MS / 2000, "the driver was restarted more often than its budget allows")
    end_well(console)


def power_off_with_a_code(console):
    """The normal test of system_power: the machine's status carries the code."""
    run.wait_for_prompt(console, 0)
    console.send(f"run power_test {CODE}\n")
    status = console.finish(run.SILENCE)
    if re.search(r"^not ok", console.text, re.M):
        raise run.Failure("the call returned")
    if status != console.target.status_of(CODE):
        raise run.Failure(f"QEMU's status is {status}, not {console.target.status_of(CODE)}")


def reboot(console):
    """The kernel comes up once more, with a fresh prompt."""
    run.wait_for_prompt(console, 0)
    console.send("run power_test reboot\n")
    starts_again = lambda text: text.count("[1/9] console") == 2
    if not console.wait_for(starts_again, run.SILENCE):
        raise run.Failure("the machine ended instead of starting again")
    run.wait_for_prompt(console, console.text.rindex("[1/9] console"))
    run.power_off(console)


def pressure(console):
    """A neighbour of a hog measures itself, and powers off."""
    status = console.finish(run.SILENCE)
    plan = re.search(r"^1\.\.([0-9]+)$", console.text, re.M)
    good = re.findall(r"^ok [0-9]+ - ", console.text, re.M)
    bad = re.search(r"^(not ok|Bail out!).*", console.text, re.M)
    expect(not bad, bad.group(0) if bad else "")
    expect(plan and len(good) == int(plan.group(1)), f"{len(good)} tests were made")
    problem = explain_status(console.target, status)
    expect(not problem, problem)
