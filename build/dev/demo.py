#!/usr/bin/env python3
"""./dev demo: puts the texts that a Debian machine has into the document service, through daprd, waits until
the compute service has annotated every one, and prints what it found: near duplicates and languages.

Run again it changes nothing: every text has its name, and Create answers what is there.
"""
import argparse
import collections
import concurrent.futures
import gzip
import http.client
import json
import pathlib
import re
import sys
import threading
import time
import urllib.parse

TENANT = "demo"
TEXT_BYTES_MIN, TEXT_BYTES_MAX = 1024, 256 * 1024
DOCUMENTS_MAX = 2000
MANUALS_PER_LANGUAGE = 4
CALLS_AT_ONCE = 4
PATIENCE_S = 60  # without any progress
GROUPS_SHOWN, MEMBERS_SHOWN = 12, 3
LOOK_S = 0.2
CALL_S = 30


class Failure(Exception):
    """What the user is told."""


class Service:
    """The document service through daprd's HTTP API; a connection for each thread."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.base = parts.hostname, parts.port, parts.path
        self.local = threading.local()

    def call(self, verb, path, body=None):
        """The status and the answer, a JSON object."""
        headers = {"Content-Type": "application/json", "dk-tenant": TENANT}
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.host, self.port, timeout=CALL_S)
        try:
            connection.request(verb, self.base + path, None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise Failure(f"{verb} {path}: {error}; is ./dev up running?") from error

    def put(self, text):
        """Makes the document, or gives it the content that the machine has now."""
        status, answer = self.call("POST", "/documents", text)
        if status == 409:  # there with another content
            status, answer = self.call("PUT", "/documents/" + text["id"], {k: v for k, v in text.items() if k != "id"})
        if status != 200:
            raise Failure(f"document '{text['id']}': {status} {answer.get('message')}")
        return answer["id"], answer["contentSha256"]

    def list(self):
        """All documents of the demo, without content."""
        cursor = ""
        while True:
            status, answer = self.call("GET", "/documents?tag=demo&cursor=" + urllib.parse.quote(cursor))
            if status != 200:
                raise Failure(f"list: {status} {answer.get('message')}")
            yield from answer.get("documents", [])
            cursor = answer.get("nextCursor", "")
            if not cursor:
                return


class Bar:
    """A progress bar where somebody looks, else one line at the end."""

    def __init__(self, title, total):
        self.title, self.total, self.start = title, total, time.monotonic()
        self.shows = sys.stdout.isatty()

    def at(self, count):
        if self.shows or count == self.total:
            full = 30 * count // max(self.total, 1)
            seconds = time.monotonic() - self.start
            sys.stdout.write(("\r" if self.shows else "")
                             + f"{self.title:<10} [{'#' * full}{'.' * (30 - full)}] {count}/{self.total}  {seconds:.1f} s")
            sys.stdout.write("\n" if count == self.total else "")
            sys.stdout.flush()


def plain(text):
    """A manual page's words without its markup."""
    lines = (re.sub(r"^\.\s*(SH|SS|B|I|BR|IR|RB|TP)\b ?", "", line) for line in text.splitlines())
    text = "\n".join(line for line in lines if not line.startswith((".", "'")))
    return re.sub(r"\\(f.|\((..)|\[[^]]*\]|[&%/,^|])", "", text).replace("\\-", "-")


def read(path):
    """A file's text; None for what is none, too short or too long."""
    try:
        if path.stat().st_size > TEXT_BYTES_MAX:
            return None
        data = path.read_bytes()
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(TEXT_BYTES_MAX + 1)
        text = data.decode()
    except (OSError, EOFError, ValueError):
        return None
    if "/man/" in str(path):
        text = plain(text)
    return text if TEXT_BYTES_MIN <= len(text.encode()) <= TEXT_BYTES_MAX and "\0" not in text else None


def files():
    """Licences, then what packages say, then manuals in other languages: one of each kind in turn."""
    licences = sorted(pathlib.Path("/usr/share/common-licenses").glob("*"))
    packages = sorted(pathlib.Path("/usr/share/doc").glob("*/copyright"))
    readmes = sorted(pathlib.Path("/usr/share/doc").glob("*/README*"))
    manuals = []
    for language in sorted(pathlib.Path("/usr/share/man").glob("[a-z][a-z]")):
        manuals += sorted(language.glob("man1/*.1.gz"))[:MANUALS_PER_LANGUAGE]
    yield from licences
    for row in range(max(len(packages), len(readmes), len(manuals))):
        for kind in (packages, readmes, manuals):
            yield from kind[row:row + 1]


def name(path):
    """An id from a path: usr/share/doc/bash/copyright is bash.copyright."""
    words = [word for word in path.parts[3:] if word not in ("doc", "man", "man1")]
    return re.sub(r"\.\.+", ".", re.sub(r"[^A-Za-z0-9._~-]", "-", ".".join(words)))[:128]


def texts(count):
    """What is put: at most count documents, each file once."""
    seen = set()
    for path in files():
        if len(seen) == count:
            return
        real = path.resolve()
        if real in seen or not real.is_file() or (text := read(path)) is None:
            continue
        seen.add(real)
        yield {"id": name(path), "title": str(path), "tags": ["demo"], "text": text}


def load(service, wanted):
    """Puts all; gives the hash of each id's content."""
    bar, hashes = Bar("loaded", len(wanted)), {}
    with concurrent.futures.ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        calls = [pool.submit(service.put, text) for text in wanted]
        try:
            for done in concurrent.futures.as_completed(calls):
                key, sha256 = done.result()
                hashes[key] = sha256
                bar.at(len(hashes))
        finally:
            for call in calls:
                call.cancel()
    return hashes


def annotated(service, hashes):
    """Waits until each document has annotations of the content it has."""
    bar, best, since = Bar("annotated", len(hashes)), -1, time.monotonic()
    while True:
        done = {d["id"]: d["annotations"] for d in service.list()
                if d["id"] in hashes and d.get("annotations", {}).get("contentSha256") == hashes[d["id"]]}
        if len(done) > best:
            best, since = len(done), time.monotonic()
        bar.at(len(done))
        if len(done) == len(hashes):
            return done
        if time.monotonic() - since > PATIENCE_S:
            missing = sorted(set(hashes) - set(done))
            raise Failure(f"{len(missing)} documents got no annotations within {PATIENCE_S} s, '{missing[0]}' among "
                          "them; see ./dev logs dk-compute")
        time.sleep(LOOK_S)


def groups(found):
    """Documents that are near duplicates of each other, directly or over others: largest first."""
    parent = {key: key for key in found}

    def root(key):
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    edges = [(key, near["documentId"], near.get("similarity", 0.0)) for key, annotations in found.items()
             for near in annotations.get("nearDuplicates", []) if near["documentId"] in found]
    for left, right, _ in edges:
        parent[root(left)] = root(right)
    members, least = collections.defaultdict(list), {}
    for key in sorted(found):
        members[root(key)].append(key)
    for left, _, similarity in edges:
        least[root(left)] = min(similarity, least.get(root(left), 1.0))
    return sorted(((least[r], keys) for r, keys in members.items() if len(keys) > 1), key=lambda g: (-len(g[1]), g[1]))


def tell(found):
    together = groups(found)
    print(f"\nNear duplicates: {len(together)} groups, {sum(len(keys) for _, keys in together)} documents")
    print(f"  {'documents':>9}  {'least alike':>11}  members")
    for least, keys in together[:GROUPS_SHOWN]:
        more = f", and {len(keys) - MEMBERS_SHOWN} more" if len(keys) > MEMBERS_SHOWN else ""
        print(f"  {len(keys):>9}  {least:>10.0%}  {', '.join(keys[:MEMBERS_SHOWN])}{more}")
    if len(together) > GROUPS_SHOWN:
        print(f"  … and {len(together) - GROUPS_SHOWN} smaller groups")
    languages = collections.defaultdict(list)
    for key, annotations in found.items():
        languages[annotations.get("language", {}).get("code", "") or "not to be told"].append(key)
    print(f"\nLanguages: {len(languages)}")
    print(f"  {'language':<14}  {'documents':>9}  for example")
    for code, keys in sorted(languages.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"  {code:<14}  {len(keys):>9}  {min(keys)}")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--url", required=True, help="of the document service's methods, through daprd")
    parser.add_argument("--documents", type=int, default=240, help=f"at most so many, 1 to {DOCUMENTS_MAX} (%(default)s)")
    options = parser.parse_args()
    if not 1 <= options.documents <= DOCUMENTS_MAX:
        parser.error(f"--documents: {options.documents} is not from 1 to {DOCUMENTS_MAX}")
    service = Service(options.url)
    try:
        wanted = list(texts(options.documents))
        if not wanted:
            raise Failure("no texts in /usr/share/common-licenses, /usr/share/doc and /usr/share/man")
        size = sum(len(text["text"].encode()) for text in wanted)
        print(f"{len(wanted)} texts of this machine, {size / 1e6:.1f} MB, into the tenant '{TENANT}'")
        tell(annotated(service, load(service, wanted)))
    except Failure as failure:
        sys.exit(f"demo: {failure}")


if __name__ == "__main__":
    main()
