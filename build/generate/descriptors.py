#!/usr/bin/env python3
"""Writes the C table behind server reflection from a FileDescriptorSet.

descriptors.py SET OUTPUT.c NAME: `const struct dk_descriptors NAME`, every file with its serialised FileDescriptorProto and its imports,
and every symbol it defines. Reads the few descriptor fields it needs itself, so that nothing but
Python is needed. Source of the numbers: google/protobuf/descriptor.proto.
"""
import sys


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


def message_symbols(data, scope):
    """A DescriptorProto: name 1, field 2, nested_type 3, enum_type 4, oneof_decl 8."""
    name = scope + named(data, 1)[0]
    yield name
    for number, value in fields(data):
        if number in (2, 8):
            yield name + "." + named(value, 1)[0]
        elif number == 3:
            yield from message_symbols(value, name + ".")
        elif number == 4:
            yield name + "." + named(value, 1)[0]


def file_symbols(data):
    """A FileDescriptorProto: package 2, message_type 4, enum_type 5, service 6 (method 2)."""
    package = "".join(named(data, 2))
    scope = package + "." if package else ""
    for number, value in fields(data):
        if number == 4:
            yield from message_symbols(value, scope)
        elif number == 5:
            yield scope + named(value, 1)[0]
        elif number == 6:
            service = scope + named(value, 1)[0]
            yield service
            for inner, method in fields(value):
                if inner == 2:
                    yield service + "." + named(method, 1)[0]


def literal(data):
    rows = [data[i:i + 20] for i in range(0, len(data), 20)]
    return "\n".join("    " + "".join(f"{byte}," for byte in row) for row in rows)


def main():
    source, target, name = sys.argv[1:]
    with open(source, "rb") as stream:
        files = [value for number, value in fields(stream.read()) if number == 1]
    names = [named(data, 1)[0] for data in files]
    index = {name: i for i, name in enumerate(names)}
    symbols = sorted((symbol, i) for i, data in enumerate(files) for symbol in file_symbols(data))
    with open(target, "w", encoding="utf-8") as out:
        out.write('/* Made by build/generate/descriptors.py. */\n#include "wire/pbc/descriptors.h"\n\n')
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
        for symbol, i in symbols:
            out.write(f'    {{"{symbol}", &files[{i}]}},\n')
        out.write("};\n")
        out.write(f"extern const struct dk_descriptors {name};\n")
        out.write(f"const struct dk_descriptors {name} = {{files, {len(files)}, symbols, {len(symbols)}}};\n")


main()
