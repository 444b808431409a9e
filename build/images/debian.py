"""What dpkg knows of this machine: who owns a file, how it was delivered, what a program links to."""

import hashlib
import os
import re
import subprocess

MERGED = re.compile(r"^/(bin|sbin|lib|lib32|lib64|libx32)/")


def merged(path):
    """The place of a packaged path on a system whose /bin and /lib are links into /usr."""
    return "/usr" + path if MERGED.match(path) else path


def stanzas(path):
    """The paragraphs of a control file, each with its text and its fields."""
    with open(path, encoding="utf-8") as file:
        for text in file.read().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z0-9-]+): *(.*(?:\n .*)*)", text, re.M))
            if fields:
                yield text.strip("\n") + "\n", fields


class Package:
    def __init__(self, admin, text, fields):
        self._admin = admin
        self.name, self.version = fields["Package"], fields["Version"]
        self.architecture = fields["Architecture"]
        source = re.fullmatch(r"(\S+)(?: \((\S+)\))?", fields.get("Source", self.name))
        self.source, self.source_version = source[1], source[2] or self.version
        self.homepage = fields.get("Homepage")
        self.text = text
        self.conffile_sums = dict(re.findall(r"^ (/\S+) ([0-9a-f]{32})", fields.get("Conffiles", ""), re.M))

    def _info(self, kind):
        for name in (f"{self.name}:{self.architecture}", self.name):
            path = f"{self._admin}/info/{name}.{kind}"
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    return file.read().splitlines()
        return []

    def paths(self):
        """What it delivers, as it says it: folders too."""
        return [line for line in self._info("list") if line != "/."]

    def sums(self):
        """MD5 of every file by its merged path: what the package delivered, not what lies there now."""
        sums = {merged("/" + line[34:]): line[:32] for line in self._info("md5sums")}
        return {**sums, **{merged(path): md5 for path, md5 in self.conffile_sums.items()}}


class Packages:
    """The installed packages of this machine, by dpkg's database."""

    def __init__(self, admin="/var/lib/dpkg"):
        self.by_name = {}
        self._owner = {}
        for text, fields in stanzas(f"{admin}/status"):
            if fields["Status"] == "install ok installed":
                package = Package(admin, text, fields)
                self.by_name.setdefault(package.name, package)
        for package in self.by_name.values():
            for path in package.paths():
                self._owner[merged(path)] = package

    def get(self, name):
        if name not in self.by_name:
            raise SystemExit(f"images: package '{name}' is not installed here; ./dev setup installs what images are of")
        return self.by_name[name]

    def owner(self, path):
        """The package of a file, by its path or by the one it resolves to."""
        for candidate in (merged(path), os.path.realpath(path)):
            if candidate in self._owner:
                return self._owner[candidate]
        raise SystemExit(f"images: '{path}' belongs to no package; an image holds nothing that Debian did not deliver")


def check_sum(path, package, sums):
    """Refuses a file that is not as its package delivered it."""
    wanted = sums.get(merged(path))
    with open(path, "rb") as file:
        found = hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
    if found != wanted:
        raise SystemExit(f"images: '{path}' is not as {package.name} {package.version} delivered it; reinstall it")
    return found


def is_elf(path):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries(path):
    """The shared libraries that a program or library loads at its start, the loader too."""
    answer = subprocess.run(["ldd", path], capture_output=True, text=True, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    if "not a dynamic executable" in answer.stderr or "statically linked" in answer.stdout:
        return []
    if answer.returncode != 0:
        raise SystemExit(f"images: ldd {path}: {answer.stderr.strip()}")
    found = []
    for line in answer.stdout.splitlines():
        match = re.match(r"\s*(?:(\S+) => )?(/\S+|not found)", line)
        if match and match[2] == "not found":
            found.append(match[1])
        elif match:
            found.append(os.path.normpath(match[2]))
    return found
