# SPDX-License-Identifier: MIT
"""`make debug`: boots a machine halted and attaches gdb-multiarch, with the symbols of the kernel and of all programs.
The machine's console goes to console.log beside the kernel. GDB= gives further options of gdb."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import GUARD, build_folder, find_target, qemu_command, remove_scratch
from run import arguments, options_of

GDB_ARCHITECTURES = {"x86_64": "i386:x86-64", "arm64": "aarch64", "riscv64": "riscv:rv64"}


def gdb_commands(arch, folder, socket):
    lines = ["set confirm off", "set pagination off", f"set architecture {GDB_ARCHITECTURES[arch]}"]
    lines += [f"file {folder / 'kernel.elf'}"]
    lines += [f"add-symbol-file {path}" for path in sorted((folder / "bin").glob("*"))]
    lines += [f"source {path}" for path in sorted(Path("scripts/gdb").glob("*.py"))]
    return lines + [f"target remote {socket}"]


def main():
    choice = arguments()
    target = find_target(choice.arch, choice.machine, "" if choice.machine else "kernel")
    folder = build_folder(choice.arch, choice.variant)
    with tempfile.TemporaryDirectory() as scratch:
        socket = f"{scratch}/gdb"
        command = qemu_command(target, options_of(choice)) + ["-S", "-monitor", "none"]
        command += ["-gdb", f"unix:{socket},server,nowait", "-serial", f"file:{folder / 'console.log'}"]
        machine = subprocess.Popen(GUARD + command, stdin=subprocess.DEVNULL, start_new_session=True)
        script = Path(scratch) / "commands"
        script.write_text("\n".join(gdb_commands(choice.arch, folder, socket)) + "\n")
        while not Path(socket).exists() and machine.poll() is None:
            pass
        try:
            extra = shlex.split(os.environ.get("GDB", ""))
            subprocess.run(["gdb-multiarch", "-q", "-nx", "-x", str(script), *extra], check=False)
        finally:
            machine.kill()
            machine.wait()
            remove_scratch(command)
    print(f"the console is in {folder / 'console.log'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
