#!/usr/bin/env python3
"""Writes the C table behind server reflection from a FileDescriptorSet.

descriptors.py SET OUTPUT.c NAME: `const struct dk_descriptors NAME`, every file with its serialised FileDescriptorProto and its imports,
and every symbol it defines. Reads the few descriptor fields it needs itself, so that nothing but
Python is needed. Source of the numbers: google/protobuf/descriptor.proto.
"""
import sys

# What an application imports and does not write: its comments show nowhere.
OTHERS = ("dapr/", "google/", "grpc/")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, bytes) of every length-delimited field; the others are skipped."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 2:
            size, at = varint(data, at)
            yield tag >> 3, data[at:at + size]
            at += size
        elif kind == 0:
            _, at = varint(data, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} in a descriptor")


def named(data, number):
    return [value.decode() for field, value in fields(data) if field == number]


def message_symbols(data, scope, path):
    """(symbol, path) of a DescriptorProto: name 1, field 2, nested_type 3, enum_type 4, oneof_decl 8."""
    name = scope + named(data, 1)[0]
    yield name, path
    counts = {}
    for number, value in fields(data):
        here = path + (number, counts.get(number, 0))
        counts[number] = counts.get(number, 0) + 1
        if number in (2, 8, 4):
            yield name + "." + named(value, 1)[0], here
        elif number == 3:
            yield from message_symbols(value, name + ".", here)


def file_symbols(data):
    """A FileDescriptorProto: package 2, message_type 4, enum_type 5, service 6 (method 2)."""
    package = "".join(named(data, 2))
    scope = package + "." if package else ""
    counts = {}
    for number, value in fields(data):
        here = (number, counts.get(number, 0))
        counts[number] = counts.get(number, 0) + 1
        if number == 4:
            yield from message_symbols(value, scope, here)
        elif number == 5:
            yield scope + named(value, 1)[0], here
        elif number == 6:
            service = scope + named(value, 1)[0]
            yield service, here
            methods = [inner for kind, inner in fields(value) if kind == 2]
            for i, method in enumerate(methods):
                yield service + "." + named(method, 1)[0], here + (2, i)


def comments(data):
    """Path to text: source_code_info 9, location 1: path 1, leading_comments 3, trailing_comments 4."""
    found = {}
    for number, info in fields(data):
        for kind, location in fields(info) if number == 9 else ():
            if kind != 1:
                continue
            path, texts = (), []
            for field, value in fields(location):
                if field == 1:
                    at, numbers = 0, []
                    while at < len(value):
                        each, at = varint(value, at)
                        numbers.append(each)
                    path = tuple(numbers)
                elif field in (3, 4):
                    texts.append(" ".join(value.decode().split()))
            if texts:
                found[path] = " ".join(texts)
    return found


def without_source(data):
    """The same message without its source_code_info, which is the last field that protoc writes but syntax."""
    kept = bytearray()
    at = 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        if tag & 7 == 2:
            size, at = varint(data, at)
            at += size
        elif tag & 7 == 0:
            _, at = varint(data, at)
        else:
            at += 8 if tag & 7 == 1 else 4
        if tag >> 3 != 9:
            kept += data[start:at]
    return bytes(kept)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(data):
    rows = [data[i:i + 20] for i in range(0, len(data), 20)]
    return "\n".join("    " + "".join(f"{byte}," for byte in row) for row in rows)


def main():
    source, target, name = sys.argv[1:]
    with open(source, "rb") as stream:
        files = [value for number, value in fields(stream.read()) if number == 1]
    names = [named(data, 1)[0] for data in files]
    index = {name: i for i, name in enumerate(names)}
    symbols = []
    for i, data in enumerate(files):
        texts = {} if names[i].startswith(OTHERS) else comments(data)
        symbols += [(symbol, i, texts.get(path)) for symbol, path in file_symbols(data)]
    symbols.sort(key=lambda symbol: symbol[0])
    files = [without_source(data) for data in files]
    with open(target, "w", encoding="utf-8") as out:
        out.write('/* Made by descriptors.py. */\n#include <dk/descriptors.h>\n\n')
        for i, data in enumerate(files):
            out.write(f"static const unsigned char bytes_{i}[] = {{\n{literal(data)}\n}};\n")
        out.write(f"static const struct dk__file_descriptor files[{len(files)}];\n")
        for i, data in enumerate(files):
            imports = [index[name] for name in named(data, 3)]
            if imports:
                out.write(f"static const struct dk__file_descriptor *const imports_{i}[] = {{")
                out.write("".join(f"&files[{k}]," for k in imports) + "};\n")
        out.write(f"static const struct dk__file_descriptor files[{len(files)}] = {{\n")
        for i, data in enumerate(files):
            count = len(named(data, 3))
            imports = f"imports_{i}" if count else "0"
            out.write(f'    {{"{names[i]}", {{(const char *)bytes_{i}, sizeof bytes_{i}}}, {imports}, {count}}},\n')
        out.write("};\n")
        out.write("static const struct dk__descriptor_symbol symbols[] = {\n")
        for symbol, i, text in symbols:
            out.write(f'    {{"{symbol}", &files[{i}], {quoted(text) if text else 0}}},\n')
        out.write("};\n")
        out.write(f"extern const struct dk_descriptors {name};\n")
        out.write(f"const struct dk_descriptors {name} = {{files, {len(files)}, symbols, {len(symbols)}}};\n")


main()
