# SPDX-License-Identifier: MIT
"""Who includes whom: against the rooms' USES, against the layers, and without cycles."""

from tree import INCLUDE

# Whatever USES says: a room under the first prefix never reaches one under these.
FORBIDDEN = {
    "lib": ("kernel", "arch", "boot", "user", "drivers"),
    "arch": ("kernel", "boot", "user", "drivers", "lib/os", "lib/proto"),
    "boot": ("kernel", "user", "drivers", "lib/os", "lib/proto"),
    "kernel": ("boot", "user", "lib/os", "lib/proto"),
    "drivers": ("kernel", "arch", "boot", "user"),
    "user": ("kernel", "arch", "boot"),
}
CONTRACTS = {"lib/smmuv3": ("arch/formats",)}


def is_under(room, prefix):
    return room == prefix.rstrip("/") or room.startswith(prefix.rstrip("/") + "/")


def is_test(path):
    return "test" in path.parts or "tests" in path.parts


def edges(tree):
    """(file, included name, its room, room of what is included, what is included)."""
    for path in tree.sources:
        for included in INCLUDE.findall(path.read_text(errors="replace")):
            target = tree.resolve(path, included)
            yield path, included, tree.room(path), target


def undeclared(tree):
    """Includes of rooms that no USES permits. Tests may also use kernel/selftest.h."""
    problems = []
    for path, included, room, target in edges(tree):
        if room is None:
            continue
        if target is None:
            problems.append(f"{path}: nobody has {included}")
            continue
        other = tree.target_room(target)
        if other is None:
            problems.append(f"{path}: {included} belongs to no room (HEADERS in a rules.mk says whose it is)")
        elif other != room and other not in tree.uses[room]:
            if not (is_test(path) and included == "kernel/selftest.h"):
                problems.append(f"{path}: includes {included}, but USES of {room} has no {other}")
    return problems


def crossed_layers(tree):
    problems = []
    for room, uses in sorted(tree.uses.items()):
        never = [name for prefix, names in FORBIDDEN.items() if is_under(room, prefix) for name in names]
        for used in uses:
            if any(is_under(used, name) for name in never) and used not in CONTRACTS.get(room, ()):
                problems.append(f"{room}/rules.mk: {used} is not for it")
    return problems


def find_cycle(graph):
    """A cycle as a list of nodes, or None. Depth first, without recursion."""
    state = {}
    for start in sorted(graph):
        if start in state:
            continue
        path, stack = [], [(start, iter(sorted(graph[start])))]
        state[start] = "open"
        path.append(start)
        while stack:
            node, successors = stack[-1]
            for successor in successors:
                if state.get(successor) == "open":
                    return path[path.index(successor) :] + [successor]
                if successor not in state and successor in graph:
                    state[successor] = "open"
                    path.append(successor)
                    stack.append((successor, iter(sorted(graph[successor]))))
                    break
            else:
                state[node] = "done"
                path.pop()
                stack.pop()
    return None


def cycles(tree):
    """Cycles among rooms by USES, and among files by #include."""
    problems = []
    rooms = {room: set(uses) - {room} for room, uses in tree.uses.items()}
    files = {}
    for path, _, _, target in edges(tree):
        if target is not None and not isinstance(target, str):
            files.setdefault(str(path), set()).add(str(target))
    for what, graph in (("rooms", rooms), ("files", files)):
        cycle = find_cycle(graph)
        if cycle:
            problems.append(f"{what} use each other in a circle: {' -> '.join(cycle)}")
    return problems
