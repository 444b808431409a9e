"""perf script … | flame.py TITLE SVG: a flame graph, and on the standard output what took most of the time.

Reads the stacks that `perf script -F comm,ip,sym,dso` prints, a sample a paragraph, innermost function first. The
picture stands alone: each box is a function, as wide as its share of the samples, above who called it; its name and
share show when the pointer rests on it. The table counts a function once for a sample, however often it is on the
stack.
"""

import collections
import html
import re
import sys

WIDTH, ROW, NARROWEST = 1200, 17, 0.4  # pixels
LETTER = 6.6
TOLD = 10  # rows of the table
FRAME = re.compile(r"^\s+[0-9a-f]+ (.*) \((.*)\)$")


def library_of(path):
    if path.startswith("[kernel") or path.startswith("["):
        return "kernel" if path.startswith("[kernel") else path.strip("[]")
    return re.sub(r"\.so.*$", "", path.rsplit("/", 1)[-1])


def samples(lines):
    """Yields stacks as (function, library), outermost first."""
    stack = []
    for line in lines:
        if not line.strip():
            if stack:
                yield stack[::-1]
            stack = []
            continue
        frame = FRAME.match(line)
        if frame:
            name = re.sub(r"\+0x[0-9a-f]+$", "", frame.group(1))
            library = library_of(frame.group(2))
            stack.append((library if name == "[unknown]" else name, library))
    if stack:
        yield stack[::-1]


class Box:
    """A function as called by the one below it."""

    def __init__(self):
        self.count, self.above = 0, {}

    def add(self, stack):
        box = self
        box.count += 1
        for frame in stack:
            box = box.above.setdefault(frame, Box())
            box.count += 1

    def height(self):
        return 1 + max((box.height() for box in self.above.values()), default=0)


def colour(library):
    if library == "kernel":
        return "#c9b8e8"
    if library.startswith("dk-"):
        return "#f4a259"
    return {"libnghttp2": "#8cb369", "libc": "#9fc5e8", "librdkafka": "#e06c75", "libgrpc": "#e5c07b"}.get(library, "#d0d0d0")


def draw(box, left, level, scale, total, top, out):
    for (name, library), above in sorted(box.above.items()):
        width = above.count * scale
        if width >= NARROWEST:
            y = top - (level + 1) * ROW
            text = html.escape(name[: max(0, int((width - 4) / LETTER))])
            tip = html.escape(f"{name} ({library}): {100 * above.count / total:.1f} %")
            out.append(
                f'<g><title>{tip}</title><rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" '
                f'fill="{colour(library)}"/>' + (f'<text x="{left + 2:.1f}" y="{y + 12}">{text}</text>' if len(text) > 2 else "") + "</g>"
            )
            draw(above, left, level + 1, scale, total, top, out)
        left += width


def picture(title, root):
    height = (root.height() + 2) * ROW
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/><text x="4" y="13">{html.escape(title)}, {root.count} samples</text>',
    ]
    draw(root, 0, 0, WIDTH / root.count, root.count, height, out)
    return "\n".join([*out, "</svg>\n"])


def table(title, stacks):
    total, itself, within, libraries = len(stacks), collections.Counter(), collections.Counter(), collections.Counter()
    for stack in stacks:
        itself[stack[-1]] += 1
        libraries[stack[-1][1]] += 1
        within.update(set(stack))

    def percent(count):
        return f"{100 * count / total:.1f} %"

    where = ", ".join(f"{name} {percent(count)}" for name, count in libraries.most_common(6))
    rows = [f"{title}, {total} samples: {where}", "", "| function | of | itself | with what it calls |", "|---|---|---|---|"]
    for (name, library), count in itself.most_common(TOLD):
        rows.append(f"| {name} | {library} | {percent(count)} | {percent(within[name, library])} |")
    return "\n".join(rows)


def main():
    if len(sys.argv) != 3:
        sys.exit("flame: wants TITLE and the path of the SVG")
    title, path = sys.argv[1:]
    stacks = list(samples(sys.stdin))
    if not stacks:
        sys.exit(f"flame: {title}: perf has taken no sample")
    root = Box()
    for stack in stacks:
        root.add(stack)
    with open(path, "w", encoding="utf-8") as file:
        file.write(picture(title, root))
    print(table(title, stacks) + "\n")


if __name__ == "__main__":
    main()
