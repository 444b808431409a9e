"""./dev trace: creates a document through daprd and prints, from Jaeger, the trace of all that follows.

The request brings a trace of its own, so its id is known and nobody has to search. What follows takes its time: events
travel, results come back, spans leave their processes in batches. So the program asks Jaeger until the trace is
complete: every service that has a part in it is there, and no span lacks its parent.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

# Who has a part when a document is created, by the names of ./dev status; daprd is known by its app-id.
SERVICES = [
    "document",
    "dk-document",
    "dk-redis",
    "dk-kafka",
    "compute",
    "dk-compute",
    "dk-redis-compute",
    "dk-kafka-compute",
]
PATIENCE_S = 30
LOOK_S = 0.1
OPERATION_MAX = 60


def ask(url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


class Span:
    def __init__(self, raw, processes):
        self.id = raw["spanID"]
        self.service = processes[raw["processID"]]["serviceName"]
        self.operation = raw["operationName"]
        self.start_us, self.took_us = raw["startTime"], raw["duration"]
        self.parents = [reference["spanID"] for reference in raw.get("references", [])]
        self.failed = any(t["key"] == "error" and t["value"] in (True, "true") for t in raw.get("tags", []))


def spans_of(jaeger, trace):
    """All spans that Jaeger has of the trace by now, the earliest first."""
    try:
        found = ask(f"{jaeger}/api/traces/{trace}")["data"]
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return []
    spans = [Span(raw, part["processes"]) for part in found or [] for raw in part["spans"]]
    return sorted(spans, key=lambda span: (span.start_us, -span.took_us))


def missing(spans, root):
    """In words what the trace lacks; nothing when it is complete."""
    lacks = [f"no span of {name}" for name in SERVICES if name not in {span.service for span in spans}]
    ids = {span.id for span in spans} | {root}
    lacks += [
        f"no parent of {span.service}: {span.operation}" for span in spans if not any(p in ids for p in span.parents)
    ]
    return lacks


def words(span):
    """The operation without the packages of its service: "Dapr/GetState"."""
    operation = span.operation
    if "/" in operation.lstrip("/"):
        service, _, method = operation.lstrip("/").partition("/")
        operation = f"{service.rpartition('.')[2]}/{method}"
    if len(operation) > OPERATION_MAX:
        operation = operation[: OPERATION_MAX - 1] + "…"
    return operation + ("  FAILED" if span.failed else "")


def tree(spans, root):
    """Lines of the tree below `root`, the request; what lacks its parent stands at the margin."""
    known, children, lines = {span.id for span in spans} | {root}, {}, []
    for span in spans:
        parent = next((p for p in span.parents if p in known), None)
        children.setdefault(parent, []).append(span)
    first_us = min(span.start_us for span in spans)

    def walk(parent, lead):
        kin = children.get(parent, [])
        for i, child in enumerate(kin):
            last = i == len(kin) - 1
            lines.append((child, lead + ("└─ " if last else "├─ ") + child.service))
            walk(child.id, lead + ("   " if last else "│  "))

    walk(root, "")
    for orphan in children.get(None, []):
        lines.append((orphan, orphan.service))
        walk(orphan.id, "")
    width = max(len(name) for _, name in lines)
    yield f"{'at ms':>8} {'took ms':>9}  POST /documents"
    for span, name in lines:
        yield f"{(span.start_us - first_us) / 1000:8.1f} {span.took_us / 1000:9.2f}  {name:{width}}  {words(span)}"


def main():
    parser = argparse.ArgumentParser(prog="./dev trace", description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--jaeger", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--text", default="Redis keeps the documents, Kafka carries the events", help="of the document")
    options = parser.parse_args()
    trace, root = os.urandom(16).hex(), os.urandom(8).hex()
    body = json.dumps({"id": f"trace-{trace[:8]}", "tags": ["trace"], "text": options.text}).encode()
    headers = {"Content-Type": "application/json", "traceparent": f"00-{trace}-{root}-01"}
    try:
        ask(f"{options.url}/documents", body, headers)
        end = time.monotonic() + PATIENCE_S
        while lacks := missing(spans := spans_of(options.jaeger, trace), root):
            if time.monotonic() > end:
                break
            time.sleep(LOOK_S)
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"trace: {error}")
    if spans:
        print("\n".join(tree(spans, root)))
    state = "complete: every parent is there" if not lacks else f"not complete within {PATIENCE_S} s"
    services = len({span.service for span in spans})
    print(f"\ntrace {trace}: {len(spans)} spans of {services} services, {state}; {options.jaeger}/api/traces/{trace}")
    for lack in lacks:
        print(f"  {lack}")
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main())
