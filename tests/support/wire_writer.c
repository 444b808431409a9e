/*
 * Fields on the wire, by hand.
 */
#include "support/wire_writer.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, DELIMITED = 2 };

void wire_clear(struct wire *wire) {
    wire->size = 0;
}

void wire_raw(struct wire *wire, struct dk_bytes bytes) {
    if (bytes.size > sizeof wire->bytes - wire->size) {
        abort();
    }
    if (bytes.size > 0) {
        memcpy(wire->bytes + wire->size, bytes.data, bytes.size);
    }
    wire->size += bytes.size;
}

void wire_varint(struct wire *wire, uint64_t value) {
    char byte = 0;
    do {
        byte = (char)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        value >>= 7;
        wire_raw(wire, (struct dk_bytes){&byte, 1});
    } while (value > 0);
}

void wire_number(struct wire *wire, uint32_t field, uint64_t value) {
    wire_varint(wire, (uint64_t)field << 3 | VARINT);
    wire_varint(wire, value);
}

void wire_bytes(struct wire *wire, uint32_t field, struct dk_bytes bytes) {
    wire_varint(wire, (uint64_t)field << 3 | DELIMITED);
    wire_varint(wire, bytes.size);
    wire_raw(wire, bytes);
}

void wire_text(struct wire *wire, uint32_t field, const char *text) {
    wire_bytes(wire, field, dk_bytes_of(text));
}

void wire_message(struct wire *wire, uint32_t field, const struct wire *message) {
    wire_bytes(wire, field, wire_view(message));
}

static size_t varint_size(size_t value) {
    return value < 0x80 ? 1 : 1 + varint_size(value >> 7);
}

void wire_entry(struct wire *wire, uint32_t field, const char *key, const char *value) {
    const size_t key_size = strlen(key), value_size = strlen(value);
    wire_varint(wire, (uint64_t)field << 3 | DELIMITED);
    wire_varint(wire, 2 + varint_size(key_size) + key_size + varint_size(value_size) + value_size);
    wire_text(wire, 1, key);
    wire_text(wire, 2, value);
}

struct dk_bytes wire_view(const struct wire *wire) {
    return (struct dk_bytes){wire->bytes, wire->size};
}
