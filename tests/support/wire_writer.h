#ifndef TESTS_SUPPORT_WIRE_WRITER_H
#define TESTS_SUPPORT_WIRE_WRITER_H

#include <dk/bytes.h>
#include <stdint.h>

/*
 * Writes protobuf's wire format field by field, so that a test can say what no encoder would:
 * fields twice, out of order, empty, unknown or wrong. Zeroed is an empty message.
 *
 * Bound: WIRE_BYTES_MAX; a test that writes more is ended.
 */
enum { WIRE_BYTES_MAX = 2 << 20 };

struct wire {
    size_t size;
    char bytes[WIRE_BYTES_MAX];
};

void wire_clear(struct wire *wire);
void wire_raw(struct wire *wire, struct dk_bytes bytes);
void wire_varint(struct wire *wire, uint64_t value);
void wire_number(struct wire *wire, uint32_t field, uint64_t value);
void wire_bytes(struct wire *wire, uint32_t field, struct dk_bytes bytes);
void wire_text(struct wire *wire, uint32_t field, const char *text);
void wire_message(struct wire *wire, uint32_t field, const struct wire *message);
/* A message with the texts 1 and 2: an entry of a map. */
void wire_entry(struct wire *wire, uint32_t field, const char *key, const char *value);

struct dk_bytes wire_view(const struct wire *wire);

#endif /* TESTS_SUPPORT_WIRE_WRITER_H */
