# SPDX-License-Identifier: MIT
"""Reads lib/abi: objects.tbl, syscalls.tbl, and the X-lists of status.h and rights.h.

The grammar is in the heads of the two tables. Every name is checked here, so that what is printed from the
result always compiles. Used by abi.py.
"""

import hashlib
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ARGUMENT_MAX = 10
RESULT_MAX = 9

# type -> (C type in the kernel, C type in user space, 32 bits wide)
SCALARS = {
    "u32": ("uint32_t", "uint32_t", True),
    "u64": ("uint64_t", "uint64_t", False),
    "usize": ("size_t", "size_t", False),
    "uaddr": ("uaddr_t", "uint64_t", False),
    "rights": ("ts_rights_t", "ts_rights_t", True),
    "signals": ("ts_signals_t", "ts_signals_t", True),
    "time": ("ts_time_t", "ts_time_t", False),
    "koid": ("ts_koid_t", "ts_koid_t", False),
    "status": ("ts_status_t", "ts_status_t", True),
    "priority": ("uint32_t", "uint32_t", True),
    "handle": ("ts_handle_t", "ts_handle_t", False),
    "in": ("uaddr_t", "const void *", False),
    "out": ("uaddr_t", "void *", False),
}


class TableError(Exception):
    """A table that does not follow its grammar; says where."""


@dataclass
class Kind:
    """A row of objects.tbl."""

    number: int
    name: str
    architectures: str
    rights: list
    doc: str

    @property
    def exists(self):
        return self.architectures != "later"


@dataclass
class Argument:
    """An argument or a result. `kind` is set for handles that are looked up before the handler runs."""

    name: str
    type: str
    kind: str = ""
    view: bool = False
    rights: list = field(default_factory=list)

    @property
    def kernel_type(self):
        return SCALARS[self.type][0]

    @property
    def user_type(self):
        return SCALARS[self.type][1]

    @property
    def is_narrow(self):
        return SCALARS[self.type][2]


@dataclass
class Call:
    """A row of syscalls.tbl. `errors`: everything it can return beside OK, in the order of status.h."""

    number: int
    name: str
    family: str
    attribute: str
    arguments: list
    results: list
    errors: list
    doc: str


@dataclass
class Tables:
    kinds: list
    calls: list
    abi_id: int


def read_x_list(path, name):
    """The names of an X-list macro, in its order."""
    match = re.search(rf"#define {name}\(X\)(.*?)\n(?!\s+X\()", path.read_text(), re.S)
    if not match:
        raise TableError(f"{path}: no {name}")
    return re.findall(r"X\((\w+),", match.group(1))


def rows(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield f"{path}:{number}", line


def parse_rights(text, known, where):
    names = [name for name in text.split("|") if name]
    for name in names:
        if name.removeprefix("-") not in known:
            raise TableError(f"{where}: no such right: {name}")
    return names


def parse_kind(line, rights, where):
    words = shlex.split(line)
    if len(words) != 5 or not words[0].isdigit() or not re.fullmatch(r"[a-z]+", words[1]):
        raise TableError(f"{where}: not a row of objects.tbl")
    return Kind(int(words[0]), words[1], words[2], parse_rights(words[3], rights, where), words[4])


def parse_argument(word, kinds, rights, where):
    match = re.fullmatch(r"([a-z]\w*):(\w+)(?:(&?)\[([A-Z_|]*)\])?", word)
    if not match:
        raise TableError(f"{where}: not an argument: {word}")
    name, kind, view, names = match.groups()
    if names is None:
        if kind not in SCALARS:
            raise TableError(f"{where}: no such type: {kind}")
        return Argument(name, kind)
    if kind not in kinds:
        raise TableError(f"{where}: no such kind: {kind}")
    return Argument(name, "handle", kind, view == "&", parse_rights(names, rights, where))


def implied_errors(arguments):
    """What the generated dispatch itself can answer."""
    errors = set()
    for argument in arguments:
        if argument.kind:
            errors |= {"BAD_HANDLE", "WRONG_TYPE"}
            errors |= {"ACCESS_DENIED"} if argument.rights else set()
        if argument.is_narrow:
            errors.add("INVALID_ARGS")
    return errors


def parse_call(line, kinds, rights, statuses, where):
    match = re.fullmatch(r'(\d+)\s+(\w+)\s+(\w+)(?:@(\w+))?\s+(.*?)->(.*?)!(.*?)"([^"]*)"\s*', line)
    if not match:
        raise TableError(f"{where}: not a row of syscalls.tbl")
    number, name, family, attribute, arguments, results, errors, doc = match.groups()
    if attribute not in (None, "frame", "noreturn"):
        raise TableError(f"{where}: no such attribute: {attribute}")
    arguments = [parse_argument(word, kinds, rights, where) for word in arguments.split()]
    results = [parse_argument(word, kinds, rights, where) for word in results.split()]
    if len(arguments) > ARGUMENT_MAX or len(results) > RESULT_MAX:
        raise TableError(f"{where}: more arguments or results than registers")
    names = [argument.name for argument in arguments + results]
    if len(set(names)) != len(names):
        raise TableError(f"{where}: a name is used twice")
    listed = errors.split()
    for error in listed:
        if "ERR_" + error not in statuses:
            raise TableError(f"{where}: no such error: {error}")
    possible = implied_errors(arguments) | set(listed)
    ordered = [status[4:] for status in statuses if status[4:] in possible]
    return Call(int(number), name, family, attribute or "", arguments, results, ordered, doc)


def check_unique(items, path):
    for key in ("number", "name"):
        values = [getattr(item, key) for item in items]
        twice = {value for value in values if values.count(value) > 1}
        if twice:
            raise TableError(f"{path}: used twice: {', '.join(map(str, twice))}")


def abi_id(kinds, calls):
    """Changes whenever a number, a type, a right or an order does; not with docs and spacing."""
    lines = [f"{kind.number} {kind.name} {'|'.join(kind.rights)}" for kind in kinds]
    for call in calls:
        lines.append(f"{call.number} {call.name} {call.attribute} {call.errors}")
        for argument in call.arguments + call.results:
            rights = "|".join(sorted(argument.rights))
            lines.append(f"{argument.name} {argument.type} {argument.kind} {rights}")
    return int.from_bytes(hashlib.sha256("\n".join(lines).encode()).digest()[:8], "big")


def read_tables(abi):
    """Everything in the folder `abi` that is a table."""
    rights = set(read_x_list(abi / "rights.h", "TS_RIGHT_LIST"))
    rights |= {"BASIC", "IO", "PROPERTY", "POLICY", "ALL"}
    statuses = read_x_list(abi / "status.h", "TS_STATUS_LIST")
    kinds = [parse_kind(line, rights, where) for where, line in rows(abi / "objects.tbl")]
    check_unique(kinds, abi / "objects.tbl")
    existing = {kind.name for kind in kinds if kind.exists}
    calls = [
        parse_call(line, existing, rights, statuses, where)
        for where, line in rows(abi / "syscalls.tbl")
    ]
    check_unique(calls, abi / "syscalls.tbl")
    kinds.sort(key=lambda kind: kind.number)
    calls.sort(key=lambda call: call.number)
    return Tables(kinds, calls, abi_id(kinds, calls))
