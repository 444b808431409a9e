#!/usr/bin/env python3
"""Writes a chart's values.schema.json and the table of values in its README from values.yaml.

    chart.py CHART [--check]      CHART is a folder with Chart.yaml; its in-tree subcharts are taken too

The comments above a value are the source: "# -- " and what follows until the key is its sentence. Further lines:

    # @schema {"enum": ["a", "b"]}   is merged into the value's schema
    # @free                          the value is Kubernetes' own or the user's; it is not looked into

A value without a sentence is an error, and so is one that nothing says the type of (null without @schema).
The README has the table between the lines <!-- values --> and <!-- /values -->; one without them is left alone.
--check writes nothing and fails when a file is not what would be written.
"""

import json
import pathlib
import sys

import yaml

OPEN, CLOSE = "<!-- values -->\n", "<!-- /values -->\n"
TYPES = {
    "tag:yaml.org,2002:bool": "boolean",
    "tag:yaml.org,2002:int": "integer",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:str": "string",
    "tag:yaml.org,2002:seq": "array",
    "tag:yaml.org,2002:map": "object",
}


class Fault(Exception):
    """What is wrong with a values.yaml, in words."""


class Comment:
    """The comment block directly above a line."""

    def __init__(self, lines, line):
        block = []
        while line > 0 and lines[line - 1].lstrip().startswith("#"):
            line -= 1
            block.insert(0, lines[line].strip())
        self.free = "# @free" in block
        self.schema = None
        words = []
        for text in block:
            if text.startswith("# @schema "):
                self.schema = json.loads(text[len("# @schema ") :])
            elif text.startswith("# -- "):
                words = [text[len("# -- ") :]]
            elif words and not text.startswith("# @"):
                words.append(text[1:].strip())
        self.sentence = " ".join(words)


class Values:
    """One values.yaml: its schema and its rows."""

    def __init__(self, chart, prefix=""):
        self.path = chart / "values.yaml"
        text = self.path.read_text()
        self.lines = text.splitlines()
        self.values = yaml.safe_load(text) or {}
        meta = yaml.safe_load((chart / "Chart.yaml").read_text())
        self.subcharts = [d.get("alias", d["name"]) for d in meta.get("dependencies", [])]
        self.rows = []
        root = yaml.compose(text)
        if root is None:
            raise Fault(f"{self.path}: is empty")
        properties = self.properties(root, self.values, prefix, top=True)
        for name in self.subcharts:
            properties.setdefault(name, {"type": "object"})
        # Helm gives both to every subchart, whatever it asks for.
        properties.setdefault("global", {"type": "object"})
        properties.setdefault("enabled", {"type": "boolean"})
        self.schema = {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": f"Values of the chart {meta['name']}",
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }

    def properties(self, node, values, path, top=False):
        found = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if top and key in self.subcharts:
                continue  # a schema of its own checks it; what we set here are its defaults
            found[key] = self.one(key_node, value_node, values[key], f"{path}{key}")
        return found

    def one(self, key_node, node, value, path):
        comment = Comment(self.lines, key_node.start_mark.line)
        kind = TYPES.get(node.tag)
        schema = {"type": kind} if kind else {}
        if kind == "object" and node.value and not comment.free:
            schema["properties"] = self.properties(node, value, path + ".")
            schema["additionalProperties"] = False
        else:
            if not comment.sentence:
                raise Fault(f"{self.path}:{key_node.start_mark.line + 1}: '{path}' has no sentence ('# -- …' above it)")
            self.rows.append((path, value, comment.sentence))
        if comment.sentence:
            schema["description"] = comment.sentence
        schema.update(comment.schema or {})
        if "type" not in schema and "enum" not in schema and "oneOf" not in schema:
            raise Fault(f"{self.path}: nothing says what '{path}' may be; add '# @schema {{\"type\": …}}'")
        if "enum" in schema and any(not isinstance(item, str) for item in schema["enum"]):
            schema.pop("type", None)
        return schema


def table(rows):
    lines = ["| value | default | what it says |\n", "|---|---|---|\n"]
    for path, value, sentence in rows:
        shown = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
        lines.append(f"| `{path}` | `{shown}` | {sentence.replace('|', '&#124;')} |\n")
    return "".join(lines)


def made(chart):
    """Each file that is written, and its text."""
    own = Values(chart)
    files = {chart / "values.schema.json": json.dumps(own.schema, indent=2, ensure_ascii=False) + "\n"}
    parts = [table(own.rows)]
    for name in own.subcharts:
        folder = chart / "charts" / name
        if not (folder / "values.yaml").exists():
            continue  # a library has no values
        sub = Values(folder, name + ".")
        files[folder / "values.schema.json"] = json.dumps(sub.schema, indent=2, ensure_ascii=False) + "\n"
        parts.append(f"\n### {name}\n\n{table(sub.rows)}")
    readme = chart / "README.md"
    text = readme.read_text() if readme.exists() else ""
    if OPEN in text and CLOSE in text:
        head, rest = text.split(OPEN, 1)
        tail = rest.split(CLOSE, 1)[1]
        files[readme] = head + OPEN + "\n" + "".join(parts) + "\n" + CLOSE + tail
    return files


def main(words):
    if not words or len(words) > 2 or (len(words) == 2 and words[1] != "--check"):
        print(__doc__, file=sys.stderr)
        return 2
    code = 0
    try:
        for path, text in made(pathlib.Path(words[0])).items():
            if path.exists() and path.read_text() == text:
                continue
            if len(words) == 2:
                print(f"{path}: differs from what values.yaml says; ./dev reference writes it anew", file=sys.stderr)
                code = 1
            else:
                path.write_text(text)
    except Fault as fault:
        print(f"chart: {fault}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
