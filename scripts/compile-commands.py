# SPDX-License-Identifier: MIT
"""Writes compile_commands.json from what make would run: reads `make -n` output on standard input."""

import json
import os
import re
import sys
from pathlib import Path


def main():
    entries = []
    for line in sys.stdin:
        match = re.search(r"gcc .* -c (\S+) -o (\S+)", line)
        if match:
            command = line.strip()
            entries.append({"directory": os.getcwd(), "command": command, "file": match.group(1)})
    Path("compile_commands.json").write_text(json.dumps(entries, indent=1) + "\n")
    return 0 if entries else 1


if __name__ == "__main__":
    sys.exit(main())
