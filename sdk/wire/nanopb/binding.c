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
    struct dk__place place = {dk__chain_append(out, size)};
    if (place.at == NULL) {
        return false;
    }
    dk__put_field(&place, 1, output->data);
    dk__put_pairs(&place, 2, output->metadata);
    dk__put_field(&place, 3, output->content_type);
    return true;
}
