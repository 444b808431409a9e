/*
 * The messages of an output binding: the request through its table, the answer straight into the
 * chain.
 */
#include "wire/nanopb/binding.h"

#include "wire/nanopb/binding_shapes.h"
#include "wire/nanopb/writer.h"

DK__DECODE(dk__decode_invoke, dk__shape_invoke, dk_invoke)

bool dk__encode_output(struct dk__chain *out, const struct dk_output *output) {
    const size_t size = dk__field_size(1, output->data) + dk__pairs_size(output->metadata) +
                        dk__field_size(3, output->content_type);
    char *place = dk__chain_append(out, size);
    if (place == NULL) {
        return false;
    }
    pb_ostream_t stream = pb_ostream_from_buffer((pb_byte_t *)place, size);
    dk__put_field(&stream, 1, output->data);
    dk__put_pairs(&stream, 2, output->metadata);
    dk__put_field(&stream, 3, output->content_type);
    return true;
}
