# SPDX-License-Identifier: MIT
"""Makes what the guest tests replay out of a trace of page numbers and the table of its misses (tests/traces).

    trace.py TRACE TABLE OUT

OUT has numbers of 32 bits: how many requests, pages and rows of the table there are; and for each row the frames and
the misses in the table's order of columns. Then the requests, 16 bits each, lowest byte first.
"""

import struct
import sys
from pathlib import Path


def rows_of(name, table):
    """The numbers of a trace's rows."""
    lines = [line.split("\t") for line in table.read_text().splitlines() if not line.startswith("#")]
    return [[int(word) for word in words[1:]] for words in lines if words[0] == name]


def main(arguments):
    if len(arguments) != 3:
        return __doc__
    trace, table, out = map(Path, arguments)
    requests = [int(line) for line in trace.read_text().splitlines()]
    rows = rows_of(trace.name, table)
    if not requests or not rows:
        return f"error: {trace}: it is empty, or {table} has no row of it"
    numbers = [len(requests), max(requests) + 1, len(rows)] + [number for row in rows for number in row]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(struct.pack(f"<{len(numbers)}I", *numbers) + struct.pack(f"<{len(requests)}H", *requests))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
