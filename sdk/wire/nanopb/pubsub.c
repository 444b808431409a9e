/*
 * The publish messages: requests through the tables, answers straight into the chain.
 */
#include "wire/nanopb/pubsub.h"

#include "wire/nanopb/pubsub_shapes.h"
#include "wire/nanopb/writer.h"

DK__DECODE(dk__decode_publish, dk__shape_publish, dk_publish)
DK__DECODE(dk__decode_bulk_publish, dk__shape_bulk_publish, dk_bulk_publish)

bool dk__encode_failed_entry(
    struct dk__chain *out, struct dk_bytes entry_id, struct dk_bytes error) {
    const size_t inner = dk__field_size(1, entry_id) + dk__field_size(2, error);
    const size_t size = dk__delimited_size(inner);
    struct dk__place place = {dk__chain_append(out, size)};
    if (place.at == NULL) {
        return false;
    }
    dk__put_begin(&place, 1, inner);
    dk__put_field(&place, 1, entry_id);
    dk__put_field(&place, 2, error);
    return true;
}
