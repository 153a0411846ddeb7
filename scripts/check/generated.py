# SPDX-License-Identifier: MIT
"""Whether tests/abi and docs have what the generators print now."""

import subprocess
import sys
import tempfile
from pathlib import Path


def compare(made, kept):
    problems = []
    for path in sorted(made.rglob("*")):
        other = kept / path.relative_to(made)
        if path.is_file() and (not other.is_file() or path.read_bytes() != other.read_bytes()):
            problems.append(f"{other}: out of date; `make golden` takes the change over")
    return problems


def out_of_date(_):
    with tempfile.TemporaryDirectory() as name:
        for options, kept in ((["code"], "tests/abi"), (["--docs", "docs"], "docs")):
            words = [*options[:-1], str(Path(name) / options[-1])]
            command = [sys.executable, "scripts/gen/abi.py", *words]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return [f"scripts/gen/abi.py: {done.stderr.strip()}"]
            problems = compare(Path(name) / options[-1], Path(kept))
            if problems:
                return problems
    return []
