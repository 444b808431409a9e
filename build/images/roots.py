#!/usr/bin/env python3
"""Makes the root folder of images: OUT/NAME is what image NAME holds, and nothing else.

Everything in it is a program of ours or a file of a Debian package of the machine this runs on, checked
against the sum its package gives; of libraries only those that are loaded. What scanners read comes along:
each package's paragraph (/var/lib/dpkg/status.d), its licence, and the bill of materials (SPDX). The same
packages and programs give the same folder, byte for byte and second for second.
"""

import argparse
import os
import re
import shutil
import stat
import sys
import zipfile

import debian
import sbom

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = 65532
# Not read by programs: manuals, translations of messages, and what belongs to packaging.
UNREAD = re.compile(r"^/usr/share/(doc|man|info|locale|lintian|bug|bash-completion|menu|doc-base|zsh|gdb|reportbug)(/|$)")
# What a JVM without a display does not load.
OF_DISPLAYS = re.compile(r"/lib(awt|awt_headless|fontmanager|javajpeg|jsound|lcms|mlib_image|j2pcsc|sctp)\.so$|\.debuginfo$")
SHELL = ["bash", "dash", "coreutils", "grep", "sed", "mawk", "findutils"]

# Libraries that a program of ours opens when it needs them: for --metrics-port, for TLS.
OPENED = [("libmicrohttpd12", r"/libmicrohttpd\.so\.12$"), ("libssl3", r"/libssl\.so\.3$")]

# programs: ours. files: of a package those that match. packages: whole. etc: folders of conffiles.
# compiled_in: packages whose code or headers are inside the programs.
COMPONENT = {"compiled_in": ["libnanopb-dev"], "folders": ["/tmp/dapr-components-sockets"]}
IMAGES = {
    "dk-redis": {"programs": ["dk-redis"], **COMPONENT},
    "dk-kafka": {"programs": ["dk-kafka"], **COMPONENT},
    "dk-memory": {"programs": ["dk-memory"], **COMPONENT},
    "dk-document": {"programs": ["dk-document"]},
    "dk-compute": {"programs": ["dk-compute"], "files": [("libexttextcat-data", "^/usr/share/libexttextcat/")]},
    "toolbox": {
        "packages": [*SHELL, "curl", "jq", "redis-tools", "kcat"],
        "go": ["grpcurl"],
    },
    "redis": {"packages": [*SHELL, "redis-server", "redis-tools"], "user": ("redis", 999), "folders": ["/data"]},
    "kafka": {
        "packages": [*SHELL, "openjdk-17-jre-headless"],
        "etc": ["/etc/java-17-openjdk"],
        "kafka": True,
        "user": ("appuser", 1000),
        "folders": ["/var/lib/kafka/data"],
    },
    "daprd": {"go": ["daprd"]},
}


class Root:
    """One image's root folder while it is made."""

    def __init__(self, folder, packages, options):
        self.folder, self.packages, self.options = folder, packages, options
        self.sums = {}  # package name -> {merged path: md5 or None}: what of it lies here
        self.entries, self.compiled_in = [], []
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)

    def place(self, path):
        return self.folder + debian.merged(path)

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.place(path)), exist_ok=True)
        with open(self.place(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.place(path), mode)

    def link(self, path, target):
        os.makedirs(os.path.dirname(self.place(path)), exist_ok=True)
        if not os.path.lexists(self.place(path)):
            os.symlink(target, self.place(path))

    def add_file(self, path, package=None):
        """A file of a package; a link brings along what it leads to."""
        package = package or self.packages.owner(path)
        held = self.sums.setdefault(package.name, {})
        if debian.merged(path) in held:
            return
        os.makedirs(os.path.dirname(self.place(path)), exist_ok=True)
        if os.path.islink(path):
            held[debian.merged(path)] = None
            target = os.readlink(path)
            self.link(path, target)
            self.add_file(os.path.normpath(os.path.join(os.path.dirname(path), target)))
            return
        held[debian.merged(path)] = debian.check_sum(path, package, package.sums())
        shutil.copyfile(path, self.place(path))
        os.chmod(self.place(path), os.stat(path).st_mode & 0o755)

    def add_libraries(self, path):
        for library in debian.libraries(path):
            if library.startswith("/"):
                self.add_file(library)

    def add_matching(self, name, pattern):
        package = self.packages.get(name)
        found = [path for path in sorted(package.paths()) if re.search(pattern, path) and os.path.isfile(path)]
        if not found:
            raise SystemExit(f"images: {name} {package.version} has no file that matches '{pattern}'")
        for path in found:
            self.add_file(path, package)
        return found

    def add_package(self, name, etc):
        """All that a package delivers for programs to read; of /etc only the folders that are named."""
        package = self.packages.get(name)
        self.sums.setdefault(name, {})
        for path in package.paths():
            if UNREAD.match(path) or OF_DISPLAYS.search(path) or (os.path.isdir(path) and not os.path.islink(path)):
                continue
            if path.startswith("/etc/") and not path.startswith(tuple(folder + "/" for folder in etc)):
                continue
            if os.path.islink(path):
                self.sums[name][debian.merged(path)] = None
                self.link(path, os.readlink(path))
            elif os.path.isfile(path):
                self.add_file(path, package)
                if debian.is_elf(path):
                    self.add_libraries(path)

    def add_program(self, name, compiled_in):
        source, target = f"{self.options.programs}/{name}", f"/usr/bin/{name}"
        os.makedirs(os.path.dirname(self.place(target)), exist_ok=True)
        if os.system(f"strip -s -o '{self.place(target)}' '{source}'") != 0:
            raise SystemExit(f"images: '{source}' is no program, or strip is missing; ./dev build release makes it")
        os.chmod(self.place(target), 0o755)
        self.add_libraries(source)
        entry = sbom.program(name, self.options.version, self.options.commit, self.place(target))
        self.entries.append(entry)
        self.compiled_in += [(entry, sbom.debian(self.packages.get(one))) for one in compiled_in]

    def add_go(self, name):
        """A static program that build/tools made, with the modules its go.mod names."""
        source, target = f"{self.options.tools}/{name}", "/daprd" if name == "daprd" else f"/usr/bin/{name}"
        os.makedirs(os.path.dirname(self.place(target)), exist_ok=True)
        shutil.copyfile(source, self.place(target))
        os.chmod(self.place(target), 0o755)
        with open(f"{HERE}/../tools/{name}/go.mod", encoding="utf-8") as file:
            for module, version in re.findall(r"^(?:require)?\s+(\S+\.\S+/\S+) (v\S+)", file.read(), re.M):
                self.entries.append(sbom.go_module(module, version))

    def add_kafka(self):
        """Apache Kafka's jars, and the scripts of ours that stand for those of its image."""
        for jar in sorted(os.listdir(f"{self.options.kafka}/libs")):
            os.makedirs(self.place("/opt/kafka/libs"), exist_ok=True)
            shutil.copyfile(f"{self.options.kafka}/libs/{jar}", self.place(f"/opt/kafka/libs/{jar}"))
            name, version = re.fullmatch(r"(.+?)-(\d.*)\.jar", jar).groups()
            with zipfile.ZipFile(f"{self.options.kafka}/libs/{jar}") as file:
                poms = [one for one in file.namelist() if one.endswith(f"/{name}/pom.properties")]
            self.entries.append(sbom.jar(poms[0].split("/")[2] if poms else None, name, version))
        java = [path for path in self.packages.get("openjdk-17-jre-headless").paths() if path.endswith("/bin/java")]
        self.link("/usr/bin/java", java[0])

    def add_scripts(self, folder):
        """What a stand-in has besides packages: the tree beside its recipe, as it is."""
        for base, _, names in os.walk(folder):
            for name in names:
                with open(f"{base}/{name}", encoding="utf-8") as file:
                    self.write(f"{base[len(folder):]}/{name}", file.read(), os.stat(f"{base}/{name}").st_mode & 0o755)

    def add_authorities(self):
        """The certificates of ca-certificates as one file, where OpenSSL and gRPC look for it: the package's, not this
        machine's own file, which knows authorities of its administrator."""
        package = self.packages.get("ca-certificates")
        bundle = ""
        sums = package.sums()
        for path in sorted(package.paths()):
            if path.startswith("/usr/share/ca-certificates/mozilla/") and path.endswith(".crt"):
                debian.check_sum(path, package, sums)
                with open(path, encoding="ascii") as file:
                    bundle += file.read()
        self.sums.setdefault("ca-certificates", {})
        self.write("/etc/ssl/certs/ca-certificates.crt", bundle)
        self.link("/usr/lib/ssl/certs", "/etc/ssl/certs")
        self.link("/usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt")

    def add_system(self, user, number, folders):
        """Who runs, and what C libraries look up."""
        self.add_file("/usr/lib/os-release")
        self.link("/etc/os-release", "../usr/lib/os-release")
        for name in ("bin", "sbin", "lib", "lib64"):
            os.makedirs(f"{self.folder}/usr/{name}", exist_ok=True)
            self.link(f"/{name}", f"usr/{name}")
        shell = "/bin/bash" if os.path.exists(self.place("/bin/bash")) else "/nonexistent"
        self.write("/etc/passwd", f"root:x:0:0:root:/:{shell}\n{user}:x:{number}:{number}:{user}:/tmp:{shell}\n")
        self.write("/etc/group", f"root:x:0:\n{user}:x:{number}:\n")
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        for folder in ["/tmp", *folders]:
            os.makedirs(self.place(folder), exist_ok=True)
            os.chmod(self.place(folder), 0o1777)  # by mode, not by owner: COPY makes everything root's

    def finish(self, name):
        for package_name in sorted(self.sums):
            package = self.packages.get(package_name)
            self.write(f"/var/lib/dpkg/status.d/{package_name}", package.text)
            sums = sorted((path, md5) for path, md5 in self.sums[package_name].items() if md5)
            self.write(f"/var/lib/dpkg/status.d/{package_name}.md5sums", "".join(f"{md5}  {path[1:]}\n" for path, md5 in sums))
            copyright_file = os.path.realpath(f"/usr/share/doc/{package_name}/copyright")
            with open(copyright_file, encoding="utf-8") as file:
                self.write(f"/usr/share/doc/{package_name}/copyright", file.read())
            self.entries.append(sbom.debian(package))
        with open(f"{HERE}/../../LICENSE", encoding="utf-8") as file:
            self.write("/usr/share/doc/dapr-kit/copyright", file.read())
        text = sbom.document(name, self.options.version, self.options.epoch, self.entries, self.compiled_in)
        self.write(f"/usr/share/sbom/{name}.spdx.json", text)
        for base, folders, names in os.walk(self.folder, topdown=False):
            for one in [*names, *folders]:
                os.utime(f"{base}/{one}", (self.options.epoch,) * 2, follow_symlinks=False)
        for base, folders, _ in os.walk(self.folder):
            for one in folders:
                path = f"{base}/{one}"
                if not os.path.islink(path) and not os.stat(path).st_mode & stat.S_ISVTX:
                    os.chmod(path, 0o755)
        os.utime(self.folder, (self.options.epoch,) * 2)


def make(name, packages, options):
    recipe = IMAGES[name]
    user, number = recipe.get("user", ("nonroot", NOBODY))
    root = Root(f"{options.out}/{name}", packages, options)
    for program in recipe.get("programs", []):
        root.add_program(program, recipe.get("compiled_in", []))
        root.add_matching("libgcc-s1", r"/libgcc_s\.so\.1$")  # the C library opens it when a thread ends early
        for package, pattern in OPENED:
            for library in root.add_matching(package, pattern):
                root.add_libraries(library)
    for one in recipe.get("packages", []):
        root.add_package(one, recipe.get("etc", []))
    if "mawk" in recipe.get("packages", []):
        root.link("/usr/bin/awk", "mawk")  # which Debian makes when it installs
    for package, pattern in recipe.get("files", []):
        root.add_matching(package, pattern)
    for one in recipe.get("go", []):
        root.add_go(one)
    if recipe.get("kafka"):
        root.add_kafka()
    scripts = f"{HERE}/stand-ins/{name}"
    if os.path.isdir(scripts):
        root.add_scripts(scripts)
    root.add_authorities()
    root.add_system(user, number, recipe.get("folders", []))
    root.finish(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=sorted(IMAGES), metavar="NAME", help=" ".join(sorted(IMAGES)))
    parser.add_argument("--out", required=True, help="folder that gets a folder NAME for each")
    parser.add_argument("--programs", help="folder of our programs, from ./dev build release")
    parser.add_argument("--tools", help="folder of what build/tools/build.sh makes")
    parser.add_argument("--kafka", help="folder of what build/tools/kafka/build.sh makes")
    parser.add_argument("--version", required=True)
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--epoch", type=int, required=True, help="time of every file, in seconds since 1970")
    parser.add_argument("--dpkg", default="/var/lib/dpkg", help="dpkg's database (%(default)s)")
    options = parser.parse_args()
    os.umask(0o022)
    packages = debian.Packages(options.dpkg)
    for name in options.names:
        make(name, packages, options)


if __name__ == "__main__":
    sys.exit(main())
