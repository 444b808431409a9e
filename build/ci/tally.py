#!/usr/bin/env python3
"""Counts what a test run did: reads CTest's JUnit file or `go test -json` lines.

tally.py junit FILE | tally.py go FILE      prints "passed failed skipped"; on stderr the names
of what did not pass, NAMES_MAX at most, and what the first SHOWN_MAX failures printed: LINES_MAX lines from a sanitizer's
first word on, or else the last ones. A run without any test counts as one failure: nothing was shown.
"""
import json
import re
import sys
import xml.etree.ElementTree

NAMES_MAX = 50
SHOWN_MAX = 5
LINES_MAX = 40
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error: ")


def from_junit(path):
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        status = case.get("status")
        output = case.findtext("system-out") or ""
        if status in ("notrun", "disabled") or case.find("skipped") is not None:
            yield case.get("name"), "skip", output
        else:
            is_good = status == "run" and case.find("failure") is None
            yield case.get("name"), "pass" if is_good else "fail", output


def from_go(path):
    """Leaves alone: a test with subtests is their sum, counted only when it failed by itself."""
    outcomes, outputs, parents = {}, {}, set()
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            name = event.get("Test")
            action = event.get("Action")
            if action in ("output", "build-output"):
                key = event.get("Package", event.get("ImportPath", "?"))
                key = key + "." + name if name else "package " + key
                outputs[key] = outputs.get(key, "") + event.get("Output", "")
            if name and action in ("pass", "fail", "skip"):
                outcomes[event.get("Package", "") + "." + name] = action
                if "/" in name:
                    parents.add(event.get("Package", "") + "." + name.rsplit("/", 1)[0])
            elif not name and action == "fail":
                outcomes["package " + event.get("Package", event.get("ImportPath", "?"))] = action
    failed = {name for name, outcome in outcomes.items() if outcome == "fail"}
    for name, outcome in outcomes.items():
        is_sum = name in parents and any(other.startswith(name + "/") for other in failed)
        is_package_sum = name.startswith("package ") and any(
            other.startswith(name[len("package "):] + ".") for other in failed)
        if name in parents and outcome != "fail" or is_sum or is_package_sum:
            continue
        yield name, outcome, outputs.get(name, "")


def telling(output):
    """A sanitizer says first what is wrong and where; what it says last is a map of memory."""
    lines = output.splitlines()
    first = next((at for at, line in enumerate(lines) if SANITIZER.search(line)), None)
    return lines[-LINES_MAX:] if first is None else lines[first:first + LINES_MAX]


def main():
    kind, path = sys.argv[1:]
    counts = {"pass": 0, "fail": 0, "skip": 0}
    for name, outcome, output in {"junit": from_junit, "go": from_go}[kind](path):
        counts[outcome] += 1
        if outcome != "pass" and counts["fail"] + counts["skip"] <= NAMES_MAX:
            print(f"  {outcome}: {name}", file=sys.stderr)
        if outcome == "fail" and counts["fail"] <= SHOWN_MAX:
            for line in telling(output):
                print(f"    {line}", file=sys.stderr)
    if counts["fail"] + counts["skip"] > NAMES_MAX:
        print(f"  and {counts['fail'] + counts['skip'] - NAMES_MAX} more", file=sys.stderr)
    if sum(counts.values()) == 0:
        print("  fail: no test ran", file=sys.stderr)
        counts["fail"] = 1
    print(counts["pass"], counts["fail"], counts["skip"])


main()
