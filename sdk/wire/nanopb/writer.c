/*
 * Fields into places that were measured for them.
 */
#include "wire/nanopb/writer.h"

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

void dk__put_pairs(struct dk__place *place, uint32_t number, struct dk_pairs pairs) {
    for (size_t i = 0; i < pairs.count; i++) {
        dk__put_begin(place, number, entry_size(&pairs.items[i]));
        dk__put_field(place, 1, pairs.items[i].key);
        dk__put_field(place, 2, pairs.items[i].value);
    }
}

bool dk__write_text(struct dk__chain *out, uint32_t number, struct dk_bytes text) {
    const size_t size = dk__field_size(number, text);
    struct dk__place place = {dk__chain_append(out, size)};
    if (place.at == NULL) {
        return false;
    }
    dk__put_field(&place, number, text);
    return true;
}
