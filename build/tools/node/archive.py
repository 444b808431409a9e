#!/usr/bin/env python3
"""Writes a docker-archive of one layer: programs that need nothing beside them.

archive.py IMAGE:TAG ARCHIVE USER [PATH=]PROGRAM …

The first program is the entry point; each lands at its path, or in /. Reproducible: no times, no names of users.
"""
import hashlib
import io
import json
import os
import sys
import tarfile


def entry(name, size, mode):
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, mode
    return info


def layer_of(programs):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, path in programs:
            with open(path, "rb") as program:
                tar.addfile(entry(name, os.path.getsize(path), 0o755), program)
    return layer.getvalue()


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    image, archive, user = sys.argv[1:4]
    programs = []
    for word in sys.argv[4:]:
        name, _, path = word.rpartition("=")
        programs.append((name or os.path.basename(path), path))
    layer = layer_of(programs)
    config = json.dumps({
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {"User": user, "Entrypoint": ["/" + programs[0][0]], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [image], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (("layer.tar", layer), ("config.json", config), ("manifest.json", manifest)):
            tar.addfile(entry(name, len(content), 0o644), io.BytesIO(content))


main()
