# SPDX-License-Identifier: MIT
"""The source tree as rooms and files. Used by the checks."""

import re
import subprocess
from pathlib import Path

# Folders with a rule of their own that have no rules.mk.
HEADER_ROOMS = {
    "lib/abi": [],
    "arch/include": ["lib/abi", "lib/base", "arch/formats"],
    "arch/formats": ["lib/abi", "lib/base"],
}
GENERATED_OWNERS = {
    "gen/objects.h": "lib/abi",
    "gen/syscalls.h": "lib/abi",
    "gen/lookup.h": "kernel/cap",
    "gen/handlers.h": "kernel/syscall",
    "gen/os_calls.h": "lib/os",
    "gen/call_grammar.h": "lib/os",
}
GOLDEN = Path("tests/abi")
INCLUDE_FOLDERS = ["lib", "boot", "arch", "arch/include", "kernel/include", "drivers", "user", "tests"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def tracked_files():
    """Files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    return sorted(Path(name) for name in listing.stdout.splitlines() if Path(name).is_file())


def read_variables(path):
    """The variables of a rules.mk, as lists of words."""
    variables = {}
    text = path.read_text().replace("\\\n", " ")
    for name, words in re.findall(r"^(\w+)\s*[:+?]?=(.*)$", text, re.M):
        variables.setdefault(name, []).extend(words.split())
    return variables


def without_comments(text):
    """C without comments and string contents, line numbers kept."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)

    def blank(match):
        found = match.group(0)
        return '""' if found.startswith('"') else "\n" * found.count("\n") + " "

    return pattern.sub(blank, text)


class Tree:
    """All rooms with what they may use, and all C and assembly files with the room of each."""

    def __init__(self):
        self.files = tracked_files()
        self.uses = dict(HEADER_ROOMS)
        self.rules = {}
        for path in self.files:
            if path.name == "rules.mk":
                self.rules[str(path.parent)] = read_variables(path)
                self.uses[str(path.parent)] = self.rules[str(path.parent)].get("USES", [])
        for used in [name for uses in list(self.uses.values()) for name in uses]:
            self.uses.setdefault(used, [])
        sources = [path for path in self.files if path.suffix in (".c", ".h", ".S")]
        self.sources = [path for path in sources if GOLDEN not in path.parents]
        self.kernel_headers = self.find_kernel_headers()

    def find_kernel_headers(self):
        """kernel/include/kernel/x.h belongs to the room that has x.c, or names x.h in HEADERS."""
        owners = {}
        for room, variables in self.rules.items():
            for name in variables.get("HEADERS", []):
                owners[name] = room
            if room.startswith("kernel"):
                for source in variables.get("SOURCES", []):
                    owners.setdefault(Path(source).stem + ".h", room)
        return owners

    def room(self, path):
        """The room that a file belongs to; None outside of all rooms."""
        name = str(path)
        if name.startswith("kernel/include/kernel/"):
            return self.kernel_headers.get(path.name)
        if re.match(r"arch/\w+/include/arch/", name):
            return "arch/include"
        best = None
        for room in self.uses:
            if name.startswith(room + "/") and (best is None or len(room) > len(best)):
                best = room
        return best

    def resolve(self, path, included):
        """The file that an include of `path` names, or a room for generated headers; None if there is none."""
        if included in GENERATED_OWNERS:
            return included
        folders = [path.parent] + [Path(folder) for folder in INCLUDE_FOLDERS]
        folders += sorted(Path("arch").glob("*/include")) + sorted(Path("lib/os").glob("*/include"))
        for folder in folders:
            if (folder / included).is_file():
                return folder / included
        return None

    def target_room(self, target):
        return GENERATED_OWNERS[target] if isinstance(target, str) else self.room(target)
