# SPDX-License-Identifier: MIT
"""Commands for gdb, from the root job downwards, of a machine that is stopped:

    tessera-threads            every thread: process, state, CPU, priority, where it is
    tessera-handles [PROCESS]  the handles of all processes, or of one (its koid or name)
    tessera-vmos               every VMO that a handle names: size, pages, mappings, name
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


class Vmos(gdb.Command):
    """Lists every VMO that a handle names."""

    def __init__(self):
        super().__init__("tessera-vmos", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        seen = {}
        for process in processes():
            for _, slot in slots(process):
                target = slot["object"]
                if kind_name(int(target["kind"])) == "vmo":
                    seen[int(target)] = target.cast(type_pointer("vmo")).dereference()
        print(f"{'koid':>6} {'size':>10} {'handles':>7} {'mappings':>8} kind       name")
        for vmo in sorted(seen.values(), key=lambda value: int(value["object"]["koid"])):
            kind = "registers" if vmo["is_physical"] else "borrowed" if vmo["is_borrowed"] else "memory"
            print(
                f"{int(vmo['object']['koid']):6} {int(vmo['size']):10} {int(vmo['object']['handles']):7} "
                f"{int(vmo['mapping_count']):8} {kind:10} {text(vmo['name'])}"
            )


Threads()
Handles()
Vmos()
