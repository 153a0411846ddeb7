# SPDX-License-Identifier: MIT
"""The differential test of the SMMU library: the same structures and the same transactions go to QEMU's SMMUv3, with
`edu` as the DMA master, by qtest and without a guest, and to the library (lib/smmuv3/differential/agent.c). What became
of each transaction, and the type of its event, must be the same, but for the deviations of QEMU that are listed here
with their section: one that is not listed fails, and so does a listed one that no longer occurs. Prints TAP."""

import subprocess
import sys
import time

RAM = 0x40000000
TABLES, DATA, BUFFER = RAM + 0x100000, RAM + 0x400000, RAM + 0x500000
STREAMS, COMMANDS, EVENTS, CONTEXT = RAM + 0x10000, RAM + 0x20000, RAM + 0x30000, RAM + 0x40000
SMMU, ECAM, BAR = 0x09050000, 0x3F000000, 0x10000000
STREAM, STREAM_BITS, QUEUE_BITS = 8, 6, 5  # edu at 00:01.0
GOOD, VA = 0x7000000, 0x12345000  # an address that always works, and the one under test
PAGE = 0x3 | 1 << 10 | 1 << 11 | 1 << 6  # valid, accessed, not global, unprivileged
F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION, C_BAD_STE, C_BAD_CD, F_WALK_EABT = 16, 17, 18, 19, 4, 10, 11

QEMU = ["qemu-system-aarch64", "-M", "virt,iommu=smmuv3,highmem=off", "-m", "256M", "-nodefaults", "-display", "none",
        "-qtest", "stdio", "-device", "edu,addr=1.0,dma_mask=0xffffffffffffffff"]


class Pipe:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, bufsize=1)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self):
        self.process.kill()
        self.process.wait()


class Qemu(Pipe):
    def __init__(self):
        super().__init__(QEMU)
        config = ECAM + (STREAM << 12)
        self.ask(f"writel {config + 0x10:#x} {BAR:#x}")
        self.ask(f"writew {config + 4:#x} 0x6")  # memory space and bus master

    def ask(self, line):
        answer = self.say(line)
        if not answer.startswith("OK"):
            raise SystemExit(f"QEMU answers {answer!r} to {line}")
        return int(answer.split()[1], 0) if len(answer.split()) > 1 else 0

    def register(self, offset, value, size=4):
        self.ask(f"write{'l' if size == 4 else 'q'} {SMMU + offset:#x} {value:#x}")

    def get(self, offset):
        return self.ask(f"readl {SMMU + offset:#x}")

    def store(self, address, value):
        self.ask(f"writeq {address:#x} {value:#x}")

    def load(self, address):
        return self.ask(f"readq {address:#x}")

    def copy(self, source, target, to_memory):
        """One DMA of eight bytes by edu, which works by a timer."""
        self.ask(f"writeq {BAR + 0x80:#x} {source:#x}")
        self.ask(f"writeq {BAR + 0x88:#x} {target:#x}")
        self.ask(f"writeq {BAR + 0x90:#x} 0x8")
        self.ask(f"writeq {BAR + 0x98:#x} {3 if to_memory else 1:#x}")
        while self.ask(f"readq {BAR + 0x98:#x}") & 1:
            time.sleep(0.02)

    def transaction(self, address, write):
        """Where a transaction went, by what it read, or by where what it wrote is; None: nowhere."""
        mark = 0x1122334455667788
        if write:
            self.store(BUFFER, mark)
            self.copy(GOOD, 0x40000, False)
            places = [DATA + 8 * i for i in range(4)]
            for place in places:
                self.store(place, 0)
            self.copy(0x40000, address, True)
            return next((place for place in places if self.load(place) == mark), None)
        self.store(BUFFER, 0)
        self.copy(GOOD, 0x40000, False)
        for i in range(4):
            self.store(DATA + 8 * i, 0xABC0 + i)
        self.copy(address, 0x40000, False)
        self.copy(0x40000, GOOD, True)
        found = self.load(BUFFER)
        return DATA + 8 * (found - 0xABC0) if 0xABC0 <= found < 0xABC4 else None


class Library(Pipe):
    def __init__(self, agent):
        super().__init__([agent])

    def register(self, offset, value, size=4):
        self.say(f"reg {offset:x} {value:x} {size:x}")

    def get(self, offset):
        return int(self.say(f"get {offset:x}"), 16)

    def store(self, address, value):
        self.say(f"mem {address:x} {value:x}")

    def load(self, address):
        return int(self.say(f"look {address:x}"), 16)

    def transaction(self, address, write):
        words = self.say(f"dma {STREAM:x} {address:x} {int(write):x}").split()
        return int(words[1], 16) if words[0] == "ok" else None


def set_up(side):
    for offset, value, size in [(0x80, STREAMS, 8), (0x88, STREAM_BITS, 4), (0x90, COMMANDS | QUEUE_BITS, 8),
                                (0xA0, EVENTS | QUEUE_BITS, 8), (0x2C, 2, 4), (0x20, 0xD, 4)]:
        side.register(offset, value, size)
    side.prod = 0


def command(side, word0, word1=0):
    side.store(COMMANDS + (side.prod % (1 << QUEUE_BITS)) * 16, word0)
    side.store(COMMANDS + (side.prod % (1 << QUEUE_BITS)) * 16 + 8, word1)
    side.prod = (side.prod + 1) % (2 << QUEUE_BITS)
    side.register(0x98, side.prod)


def build(side, case):
    """Four levels for VA, and the page of GOOD in the same tables; then what the case changes."""
    root, first, second, third, other = (TABLES + 0x1000 * i for i in range(5))
    for table in (root, first, second, third, other):
        side.store(table, 0)
    words = {root: first | 3, first: second | 3, second + (VA >> 21) * 8: third | 3, second + (GOOD >> 21) * 8: other | 3,
             third + (VA >> 12 & 511) * 8: DATA | PAGE, other + (GOOD >> 12 & 511) * 8: BUFFER | PAGE}
    places = {"page": third + (VA >> 12 & 511) * 8, "block": second + (VA >> 21) * 8}
    cd = [16 | 1 << 14 << 16 | 1 << 31 | 4 << 32 | 1 << 41 | 3 << 45 | 1 << 48, root, 0, 0xFF, 0, 0, 0, 0]
    ste = [1 | 5 << 1 | CONTEXT, 1 << 44, 0, 0, 0, 0, 0, 0]
    for key, value in case.items():
        if key in places:
            words[places[key]] = value
    for address, value in words.items():
        side.store(address, value)
    cd[0] = case.get("cd0", cd[0])
    ste[0] = case.get("ste0", ste[0])
    for i in range(8):
        side.store(CONTEXT + 8 * i, cd[i])
        side.store(STREAMS + STREAM * 64 + 8 * i, ste[i])


def forget(side):
    command(side, 4, 31)
    command(side, 0x30)
    command(side, 0x46)


def events(side):
    """Types of the events since the last call, each once: QEMU translates some DMAs twice."""
    found = []
    cons, prod = side.get(0x100AC), side.get(0x100A8)
    while (cons ^ prod) & ((2 << QUEUE_BITS) - 1):
        found.append(side.load(EVENTS + (cons % (1 << QUEUE_BITS)) * 32) & 0xFF)
        cons = (cons + 1) % (2 << QUEUE_BITS)
    side.register(0x100AC, cons)
    return sorted(set(found))


def outcome(side, case, address, write, broken):
    """With broken configuration nothing works, GOOD neither: no place is found then, whatever QEMU's device did."""
    build(side, {})
    forget(side)
    if broken:
        build(side, case)
        forget(side)
        events(side)
        place = side.transaction(address, write)
        return place, events(side)
    build(side, case)
    forget(side)
    events(side)
    return side.transaction(address, write), events(side)


# name, changes, address, write, whether nothing works at all
CASES = [
    ("read of a page", {}, VA, False, False),
    ("write of a page", {}, VA + 8, True, False),
    ("offset in a page", {}, VA + 16, False, False),
    ("not mapped", {"page": 0}, VA, False, False),
    ("no table", {"block": 0}, VA, False, False),
    ("beyond T0SZ", {}, 1 << 50, False, False),
    ("write of a read-only page", {"page": DATA | PAGE | 1 << 7}, VA, True, False),
    ("read of a read-only page", {"page": DATA | PAGE | 1 << 7}, VA, False, False),
    ("reserved descriptor", {"page": DATA | (PAGE & ~2)}, VA, False, False),
    ("table outside of memory", {"block": 0x3F0000000 | 3}, VA, False, False),
    ("STE invalid", {"ste0": 0}, VA, False, True),
    ("CD invalid", {"cd0": 0}, VA, False, True),
    ("Config = 000", {"ste0": 1}, VA, False, True),
    ("TG0 reserved", {"cd0": 16 | 3 << 6 | 1 << 30 | 1 << 31 | 4 << 32 | 1 << 41 | 3 << 45}, VA, False, True),
    ("no access flag", {"page": DATA | (PAGE & ~(1 << 10))}, VA, False, False),
    ("privileged page", {"page": DATA | (PAGE & ~(1 << 6))}, VA, False, False),
    ("page beyond IPS", {"page": 1 << 45 | PAGE}, VA, False, False),
]

# case: section, our outcome, QEMU's outcome
DEVIATIONS = {
    "no access flag": ("7.3.15: F_ACCESS with AF = 0", (None, [F_ACCESS]), (DATA, [])),
    "privileged page": ("7.3.16: AP[1] = 0 refuses unprivileged reads", (None, [F_PERMISSION]), (DATA, [])),
    "beyond T0SZ": ("7.3.13: F_TRANSLATION is recorded with CD.R", (None, [F_TRANSLATION]), (None, [])),
    "page beyond IPS": ("7.3.14: F_ADDR_SIZE of a leaf", (None, [F_ADDR_SIZE]), (None, [])),
}


def main():
    qemu, library = Qemu(), Library(sys.argv[1])
    failed = 0
    try:
        for side in (qemu, library):
            set_up(side)
        print(f"1..{len(CASES)}")
        for number, (name, case, address, write, broken) in enumerate(CASES, 1):
            ours = outcome(library, case, address, write, broken)
            theirs = outcome(qemu, case, address, write, broken)
            expected = DEVIATIONS.get(name)
            good = ours == theirs if expected is None else (ours, theirs) == expected[1:]
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {name}")
            if expected is not None or not good:
                print(f"# {expected[0] if expected else 'not listed'}: ours {ours}, QEMU's {theirs}")
    finally:
        qemu.stop()
        library.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
