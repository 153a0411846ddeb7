# SPDX-License-Identifier: MIT
"""Longer stories of the boot matrix, one function each. They raise run.Failure. Used by matrix.py."""

import re

import run

CODE = 42


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
