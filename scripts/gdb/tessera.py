# SPDX-License-Identifier: MIT
"""Commands for gdb, from the root job downwards, of a machine that is stopped:

    tessera-threads            every thread: process, state, CPU, priority, where it is
    tessera-handles [PROCESS]  the handles of all processes, or of one (its koid or name)
    tessera-vmos               every VMO: size, handles, mappings, pages, name
    tessera-maps PROCESS       what is mapped in a process (its koid or name), and how many pages are there
    tessera-pages VMO          the pages of a VMO (its koid)
    tessera-translate PROCESS ADDRESS
                               the walk of an address through the page tables of a process, or of `kernel`
"""

import gdb

LIST_LIMIT = 100000
KINDS = {}


def type_pointer(name):
    return gdb.lookup_type(f"struct {name}").pointer()


def kind_name(number):
    if not KINDS:
        for field in gdb.lookup_type("enum ts_object_kind").fields():
            KINDS[int(field.enumval)] = field.name.removeprefix("TS_OBJECT_").lower()
    return KINDS.get(number, str(number))


def enum_name(enum, value, prefix):
    for field in gdb.lookup_type(f"enum {enum}").fields():
        if int(field.enumval) == int(value):
            return field.name.removeprefix(prefix).lower()
    return str(int(value))


def in_list(head, container, member):
    """The structures of a circular list."""
    offset = next(f.bitpos // 8 for f in gdb.lookup_type(f"struct {container}").fields() if f.name == member)
    node = head["next"]
    for _ in range(LIST_LIMIT):
        if node == head.address or int(node) == 0:
            return
        address = node.cast(gdb.lookup_type("char").pointer()) - offset
        yield address.cast(type_pointer(container)).dereference()
        node = node["next"]


def jobs(job):
    yield job
    for child in in_list(job["children"], "job", "sibling"):
        yield from jobs(child)


def processes():
    root = gdb.parse_and_eval("root_job")
    if int(root) == 0:
        raise gdb.GdbError("there is no job yet")
    for job in jobs(root.dereference()):
        yield from in_list(job["processes"], "process", "job_link")


def slots(process):
    """(handle value, slot) of the handles in use."""
    table = process["handles"]
    per_page = 4096 // gdb.lookup_type("struct handle_slot").sizeof
    for index in range(int(table["capacity"])):
        slot = table["directory"][index // per_page][index % per_page]
        if int(slot["object"]) != 0:
            yield int(slot["generation"]) << 32 | index, slot


def text(value):
    return value.string(errors="replace")


class Threads(gdb.Command):
    """Lists every thread."""

    def __init__(self):
        super().__init__("tessera-threads", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print(f"{'koid':>6} {'process':16} {'thread':16} {'state':10} {'cpu':>3} {'prio':>4} where")
        for process in processes():
            for thread in in_list(process["threads"], "thread", "process_link"):
                task = thread["task"]
                state = enum_name("task_state", task["state"], "TASK_")
                print(
                    f"{int(thread['object']['koid']):6} {text(process['name']):16} {text(task['name']):16} "
                    f"{state:10} {int(task['cpu']):3} {int(task['priority']):4} {self.where(task, state)}"
                )

    @staticmethod
    def where(task, state):
        if state == "running":
            return "on its CPU"
        return "user mode, by its frame" if task["empty_stack"] else "in the kernel"


class Handles(gdb.Command):
    """Lists the handles of all processes, or of one."""

    def __init__(self):
        super().__init__("tessera-handles", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        wanted = argument.strip()
        for process in processes():
            koid = int(process["object"]["koid"])
            if wanted not in ("", str(koid), text(process["name"])):
                continue
            print(f"{text(process['name'])} (koid {koid}):")
            for value, slot in slots(process):
                target = slot["object"].dereference()
                print(
                    f"  {value:#018x} {kind_name(int(target['kind'])):10} koid {int(target['koid']):<6} "
                    f"rights {int(slot['rights']):#010x} badge {int(slot['badge']):#x}"
                )


def vmos():
    return in_list(gdb.parse_and_eval("vmo_registry"), "vmo", "registered")


def find_process(name):
    for process in processes():
        if name in (str(int(process["object"]["koid"])), text(process["name"])):
            return process
    raise gdb.GdbError(f"no such process: {name}")


def regions(vmar, depth=1):
    """(mapping, depth) of everything that is mapped in a range, by address."""

    def nodes(node):
        if int(node) != 0:
            yield from nodes(node["left"])
            yield node
            yield from nodes(node["right"])

    for node in nodes(vmar["children"]["root"]):
        region = node.cast(type_pointer("region"))  # `node` is its first member
        outer = "vmar" if region["is_vmar"] else "mapping"
        offset = next(f.bitpos // 8 for f in gdb.lookup_type(f"struct {outer}").fields() if f.name == "region")
        address = node.cast(gdb.lookup_type("char").pointer()) - offset
        value = address.cast(type_pointer(outer)).dereference()
        if outer == "vmar":
            yield from regions(value, depth + 1)
        else:
            yield value, depth


PAGE_SHIFT = 12
TREE_BITS = 9  # PAGE_TREE_BITS


def word_pages(word, level, index, first, end, shared):
    """(index, frame or None, shared) of the words below that are not absent, in [first, end)."""
    span = 1 << (TREE_BITS * level)
    if word & ~1 == 0 or index >= end or index + span <= first:
        return
    if level == 0:
        frame = None if word & 6 else gdb.Value(word & ~1).cast(type_pointer("frame"))
        yield index, frame, shared or (frame is not None and int(frame["shares"]) > 1)
        return
    node = word & ~1
    shared = shared or int(frame_of_phys(node - direct_map())["shares"]) > 1
    words = gdb.Value(node).cast(gdb.lookup_type("unsigned long").pointer())
    for slot in range(1 << TREE_BITS):
        yield from word_pages(int(words[slot]), level - 1, index + (slot << (TREE_BITS * (level - 1))), first, end, shared)


def pages_of(vmo, first=0, count=None):
    """(page, frame or None, shared) of the pages of a VMO that are there."""
    view = vmo["view"]
    count = int(vmo["size"]) >> PAGE_SHIFT if count is None else count
    base = int(view["first"]) + (int(vmo["offset"]) >> PAGE_SHIFT)
    tree = view["tree"]
    for index, frame, shared in word_pages(int(tree["root"]), int(tree["height"]), 0, base + first, base + first + count, False):
        yield index - base, frame, shared


def arenas():
    count = int(gdb.parse_and_eval("arena_count"))
    table = gdb.parse_and_eval("arenas")
    return [table[i] for i in range(count)]


def direct_map():
    """Where physical address 0 would be: an arena's frames lie behind its memory."""
    arena = arenas()[0]
    return int(arena["frames"]) - ((int(arena["first"]) + int(arena["count"])) << PAGE_SHIFT)


def phys_of_frame(frame):
    size = gdb.lookup_type("struct frame").sizeof
    for arena in arenas():
        offset = int(frame) - int(arena["frames"])
        if 0 <= offset < int(arena["count"]) * size:
            return (int(arena["first"]) + offset // size) << PAGE_SHIFT
    return 0


def frame_of_phys(address):
    for arena in arenas():
        number = (address >> PAGE_SHIFT) - int(arena["first"])
        if 0 <= number < int(arena["count"]):
            return (arena["frames"] + number).dereference()
    raise gdb.GdbError(f"{address:#x} is no memory of an arena")


class Vmos(gdb.Command):
    """Lists every VMO."""

    def __init__(self):
        super().__init__("tessera-vmos", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print(f"{'koid':>6} {'size':>12} {'handles':>7} {'mappings':>8} {'pages':>7} kind       name")
        for vmo in vmos():
            mappings = sum(1 for m in in_list(vmo["view"]["mappings"], "mapping", "view_link") if m["vmo"] == vmo.address)
            kind = "registers" if vmo["is_physical"] else "borrowed" if vmo["is_borrowed"] else "memory"
            kind = "slice" if int(vmo["sliced"]) != 0 else kind
            print(
                f"{int(vmo['object']['koid']):6} {int(vmo['size']):12} {int(vmo['object']['handles']):7} "
                f"{mappings:8} {sum(1 for _ in pages_of(vmo)):7} {kind:10} {text(vmo['name'])}"
            )


class Maps(gdb.Command):
    """What is mapped in a process: tessera-maps PROCESS"""

    def __init__(self):
        super().__init__("tessera-maps", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        space = find_process(argument.strip())["space"]
        print(f"{'range':27} r/w/x {'vmo':>6} {'offset':>10} {'pages in':>12} depth name")
        for mapping, depth in regions(space["root"].dereference()):
            base, size = int(mapping["region"]["base"]), int(mapping["region"]["size"])
            vmo = mapping["vmo"].dereference()
            first, count = int(mapping["vmo_offset"]) >> PAGE_SHIFT, size >> PAGE_SHIFT
            piece = vmo["is_physical"] or vmo["is_borrowed"]
            present = count if piece else sum(1 for _ in pages_of(vmo, first, count))
            bits = int(mapping["permissions"])
            permissions = "".join(letter if bits >> i & 1 else "-" for i, letter in enumerate("rwx"))
            print(
                f"{base:013x}-{base + size:013x} {permissions:5} {int(vmo['object']['koid']):6} "
                f"{int(mapping['vmo_offset']):#10x} {present:>6}/{count:<5} {depth:5} {text(vmo['name'])}"
            )


class Pages(gdb.Command):
    """The pages of a VMO: tessera-pages KOID"""

    def __init__(self):
        super().__init__("tessera-pages", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for vmo in vmos():
            if argument.strip() == str(int(vmo["object"]["koid"])):
                break
        else:
            raise gdb.GdbError(f"no such VMO: {argument}")
        print(f"{'page':>10} {'physical':>12} shares")
        for page, frame, shared in pages_of(vmo):
            where = f"{'zero':>12} {'':6}" if frame is None else f"{phys_of_frame(frame):#12x} {int(frame['shares']):6}"
            print(f"{page:10} {where}{' copy-on-write' if shared else ''}")


class Translate(gdb.Command):
    """The walk of an address: tessera-translate PROCESS|kernel ADDRESS"""

    def __init__(self):
        super().__init__("tessera-translate", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 2:
            raise gdb.GdbError("which process (or kernel), which address?")
        table = gdb.parse_and_eval("kernel_pagetable") if words[0] == "kernel" else find_process(words[0])["space"]["table"]
        address = int(gdb.parse_and_eval(words[1])) & 0xFFFFFFFFFFFFFFFF
        form = table["format"].dereference()
        base, at, level = direct_map(), int(table["root"]), int(form["levels"]) - 1
        while True:
            shift = PAGE_SHIFT + 9 * level
            bits = int(form["root_bits"]) if level == int(form["levels"]) - 1 else 9
            slot = base + at + 8 * (address >> shift & ((1 << bits) - 1))
            entry = int(gdb.Value(slot).cast(gdb.lookup_type("unsigned long").pointer()).dereference())
            is_table = level > 0 and entry & int(form["table_mask"]) == int(form["table_value"])
            hidden = entry & int(form["valid_mask"]) == 0
            target = ((~entry if hidden and not is_table else entry) & int(form["address_mask"])) << int(form["address_shift"])
            kind = "empty" if entry == 0 else "table" if is_table else "hidden leaf" if hidden else "leaf"
            where = "" if entry == 0 else f" -> {target & ~((1 << shift) - 1) if not is_table else target:#x}"
            print(f"level {level}: {entry:#018x} in {at:#x}: {kind}{where}")
            if not is_table:
                break
            at, level = target, level - 1


Threads()
Handles()
Vmos()
Maps()
Pages()
Translate()
