#!/usr/bin/env python3
"""Holds the #include lines of sdk/, components/ and app/ to build/tidy/arrows.txt."""
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')
SYSTEM = re.compile(
    r"^(assert|ctype|dirent|dlfcn|errno|fcntl|float|grp|inttypes|limits|locale|malloc|math|netdb|poll|pthread|pwd|regex|"
    r"sched|signal|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|time|unistd|"
    r"(sys|arpa|netinet|linux|sanitizer)/[a-z_0-9]+)\.h$")


def rules(path):
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, allowed = line.split("->")
            yield folder.strip(), allowed.split()


def main():
    root = pathlib.Path(sys.argv[1])
    table = dict(rules(root / "build/tidy/arrows.txt"))
    files = subprocess.run(
        ["git", "-C", root, "ls-files", "--", "sdk", "components", "app"],
        check=True, capture_output=True, text=True).stdout.split()
    faults = 0
    for name in files:
        if not name.endswith((".c", ".h")):
            continue
        folder = max((f for f in table if name.startswith(f + "/")), key=len, default=None)
        if folder is None:
            print(f"{name}: its folder has no line in build/tidy/arrows.txt")
            faults += 1
            continue
        for number, line in enumerate((root / name).read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if found and not SYSTEM.match(found[1]) and not found[1].startswith(tuple(table[folder])):
                print(f"{name}:{number}: {folder} may not include {found[1]}")
                faults += 1
    return 1 if faults else 0


sys.exit(main())
