# SPDX-License-Identifier: MIT
"""What the boot matrix feeds to machines instead of what was built: damaged boot archives, archives with another
manifest, devicetrees and ACPI tables. Each maker returns the file's bytes. Used by matrix.py."""

import re
import struct
import subprocess
from pathlib import Path

FIELDS = 13
MODE, SIZE, NAME_SIZE, CHECKSUM = 1, 6, 11, 12
TRAILER = "TRAILER!!!"
ABI_NOTE = struct.pack("<III", 8, 8, 1) + b"Tessera\0"


def read_archive(path):
    """[(name, mode, bytes)] of a newc archive."""
    data, position, entries = Path(path).read_bytes(), 0, []
    while True:
        fields = [int(data[position + 6 + 8 * i : position + 14 + 8 * i], 16) for i in range(FIELDS)]
        start = position + 110
        name = data[start : start + fields[NAME_SIZE] - 1].decode()
        content = (start + fields[NAME_SIZE] + 3) & ~3
        if name == TRAILER:
            return entries
        entries.append((name, fields[MODE], data[content : content + fields[SIZE]]))
        position = (content + fields[SIZE] + 3) & ~3


def pad(data):
    return data + bytes(-len(data) % 4)


def write_archive(entries):
    parts = []
    for number, (name, mode, content) in enumerate(entries + [(TRAILER, 0, b"")]):
        fields = [0] * FIELDS
        fields[0], fields[MODE], fields[4] = number, mode, 1
        fields[SIZE], fields[NAME_SIZE] = len(content), len(name) + 1
        fields[CHECKSUM] = sum(content) & 0xFFFFFFFF
        head = b"070702" + b"".join(b"%08X" % field for field in fields)
        parts += [pad(head + name.encode() + b"\0"), pad(content)]
    return b"".join(parts)


def change_file(context, name, change):
    entries = read_archive(context.archive)
    return write_archive([(n, mode, change(data) if n == name else data) for n, mode, data in entries])


def without_file(context, name):
    return write_archive([entry for entry in read_archive(context.archive) if entry[0] != name])


def flip_byte(context):
    """One bit of init's text, with the archive as it was built."""
    data = bytearray(context.archive.read_bytes())
    init = next(content for name, _, content in read_archive(context.archive) if name == "bin/init")
    data[data.index(init) + len(init) // 2] ^= 0x10
    return bytes(data)


def foreign_machine(data):
    return data[:18] + struct.pack("<H", 40) + data[20:]


def wrong_abi(data):
    """The ABI note's description stands behind its name."""
    at = data.index(ABI_NOTE) + len(ABI_NOTE)
    return data[:at] + bytes(byte ^ 0xFF for byte in data[at : at + 4]) + data[at + 4 :]


def huge_segment(data):
    """The first program header's size in memory is nearly all there can be."""
    table = struct.unpack_from("<Q", data, 32)[0]
    return data[: table + 40] + struct.pack("<Q", (1 << 63) - 4096) + data[table + 48 :]


def with_manifest(context, change):
    """The archive with a manifest whose source was changed."""
    source = subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dts", str(context.folder / "manifest.dtb")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    blob = subprocess.run(
        ["dtc", "-q", "-I", "dts", "-O", "dtb"], input=change(source).encode(), capture_output=True, check=True
    ).stdout
    return change_file(context, "manifest.dtb", lambda data: blob)


def add_server(properties):
    return lambda source: source.replace("servers {", f"servers {{\n\t\tunderTest {{ {properties} }};\n", 1)


def set_property(node, name, value):
    """Replaces, or adds, a property of the first node of that name."""

    def change(source):
        head, body = re.split(rf"\b{node} \{{", source, maxsplit=1)
        end = body.index("};")
        body = re.sub(rf"\n\s*{name}\b[^;]*;", "", body[:end]) + body[end:]
        return f"{head}{node} {{ {name} = {value};{body}"

    return change


# A program that faults at once, more urgent than everything else, with the shortest pauses.
LOOPER = 'program = "crash"; restart = "always"; backoff = <1 1>; budget = <30 60000>; priority = <250>;'


def machine_tree(context):
    """The devicetree that QEMU would hand over."""
    path = context.scratch("machine.dtb")
    command = [word for word in context.qemu]
    command[command.index("-M") + 1] += f",dumpdtb={path}"
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=20)
    return path.read_bytes()


def change_tree(context, *changes):
    """The machine's devicetree with texts of its source replaced; each must be there."""
    source = subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dts"], input=machine_tree(context), capture_output=True, check=True
    ).stdout.decode()
    for pattern, text in changes:
        source, count = re.subn(pattern, text, source, count=1)
        if count == 0:
            raise ValueError(f"the devicetree has no {pattern}")
    return subprocess.run(
        ["dtc", "-q", "-f", "-I", "dts", "-O", "dtb"], input=source.encode(), capture_output=True, check=True
    ).stdout


def acpi_table(signature, body):
    """A table; QEMU would put any other checksum right."""
    head = signature + struct.pack("<IBB6s8sI4sI", 36 + len(body), 1, 0, b"TSRTST", b"TESSERA ", 1, b"TEST", 1)
    table = bytearray(head + body)
    table[9] = -sum(table) & 0xFF
    return bytes(table)


def madt(entries):
    return acpi_table(b"APIC", struct.pack("<II", 0xFEE00000, 1) + entries)


MAKERS = {
    "truncated": lambda c: c.archive.read_bytes()[:-30000],
    "half-header": lambda c: c.archive.read_bytes()[:60],
    "empty-archive": lambda c: write_archive([]),
    "garbage": lambda c: bytes((i * 7919 >> 3) & 0xFF for i in range(65536)),
    "flipped": flip_byte,
    "no-init": lambda c: without_file(c, "bin/init"),
    "no-manifest": lambda c: without_file(c, "manifest.dtb"),
    "bad-manifest": lambda c: change_file(c, "manifest.dtb", lambda data: data[:100]),
    "no-shell": lambda c: without_file(c, "bin/shell"),
    "not-elf": lambda c: change_file(c, "bin/init", lambda data: b"#!/bin/sh\necho no\n"),
    "foreign-elf": lambda c: change_file(c, "bin/init", foreign_machine),
    "wrong-abi": lambda c: change_file(c, "bin/init", wrong_abi),
    "cut-elf": lambda c: change_file(c, "bin/init", lambda data: data[:200]),
    "huge-elf": lambda c: change_file(c, "bin/init", huge_segment),
    "cpu-twice": lambda c: change_tree(c, (r"(cpu@1 \{[^}]*?\n\s*reg = )<0x01>", r"\1<0x00>")),
    "cpu-without-reg": lambda c: change_tree(c, (r"(cpu@1 \{[^}]*?\n\s*)reg = <0x01>;", r"\1")),
    "console-nowhere": lambda c: change_tree(c, (r'stdout-path = "[^"]*"', 'stdout-path = "/nothing"')),
    "small-gic": lambda c: change_tree(c, (r"(intc@8000000 \{[^}]*?\n\s*reg = )<[^>]*>", r"\1<0x00 0x8000000 0x00 0x800 0x00 0x80a0000 0x00 0xf60000>")),
    "plic-without-sources": lambda c: change_tree(c, (r"riscv,ndev = <[^>]*>", "riscv,ndev = <0x00>")),
    "no-memory": lambda c: change_tree(c, (r'device_type = "memory"', 'device_type = "nothing"')),
    "half-memory": lambda c: change_tree(c, (r"(memory@80000000 \{[^}]*?reg = )<[^>]*>", r"\1<0x00 0x80000000>")),
    "half-interrupts": lambda c: change_tree(c, (r"interrupts-extended = <(0x\w+) 0x0b [^>]*>;(?=[^}]*plic)", r"interrupts-extended = <\1>;")),
    "second-madt": lambda c: madt(b""),
    "short-madt": lambda c: acpi_table(b"APIC", b""),
    "looper": lambda c: with_manifest(c, add_server(LOOPER)),
    "little-memory": lambda c: with_manifest(c, set_property("default", "memory-limit", "<0x8000>")),
    "few-handles": lambda c: with_manifest(c, set_property("default", "handle-limit", "<2>")),
    "no-threads": lambda c: with_manifest(c, set_property("default", "thread-limit", "<0>")),
    "no-processes": lambda c: with_manifest(c, set_property("default", "process-limit", "<0>")),
}
