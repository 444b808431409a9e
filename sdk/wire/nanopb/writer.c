/*
 * Fields into places that were measured for them.
 */
#include "wire/nanopb/writer.h"

void dk__put_field(pb_ostream_t *stream, uint32_t number, struct dk_bytes bytes) {
    if (number != 0 && bytes.size > 0) {
        (void)pb_encode_tag(stream, PB_WT_STRING, number);
        (void)pb_encode_string(stream, (const pb_byte_t *)bytes.data, bytes.size);
    }
}

void dk__put_begin(pb_ostream_t *stream, uint32_t number, size_t size) {
    (void)pb_encode_tag(stream, PB_WT_STRING, number);
    (void)pb_encode_varint(stream, size);
}

static size_t entry_size(const struct dk_pair *pair) {
    return dk__field_size(1, pair->key) + dk__field_size(2, pair->value);
}

size_t dk__pairs_size(struct dk_pairs pairs) {
    size_t size = 0;
    for (size_t i = 0; i < pairs.count; i++) {
        size += dk__delimited_size(entry_size(&pairs.items[i]));
    }
    return size;
}

void dk__put_pairs(pb_ostream_t *stream, uint32_t number, struct dk_pairs pairs) {
    for (size_t i = 0; i < pairs.count; i++) {
        dk__put_begin(stream, number, entry_size(&pairs.items[i]));
        dk__put_field(stream, 1, pairs.items[i].key);
        dk__put_field(stream, 2, pairs.items[i].value);
    }
}

bool dk__write_text(struct dk__chain *out, uint32_t number, struct dk_bytes text) {
    const size_t size = dk__field_size(number, text);
    char *place = dk__chain_append(out, size);
    if (place == NULL) {
        return false;
    }
    pb_ostream_t stream = pb_ostream_from_buffer((pb_byte_t *)place, size);
    dk__put_field(&stream, number, text);
    return true;
}
