#ifndef DK_WIRE_PBC_DESCRIPTORS_H
#define DK_WIRE_PBC_DESCRIPTORS_H

#include <dk/bytes.h>
#include <dk/descriptors.h>

/* What components speak, and what AppCallback does; health, reflection and the details of errors
 * are in both. */
extern const struct dk_descriptors dk__component_protos;
extern const struct dk_descriptors dk__callback_protos;

/* NULL when there is none. A symbol may begin with a dot. */
const struct dk__file_descriptor *dk__descriptor_of_file(
    const struct dk_descriptors *descriptors, struct dk_bytes name);
const struct dk__file_descriptor *dk__descriptor_of_symbol(
    const struct dk_descriptors *descriptors, struct dk_bytes name);

/* The comment of a symbol, for an OpenAPI page: a dk__comment_fn of `descriptors`. NULL: none. */
const char *dk__descriptor_comment(const void *descriptors, const char *symbol);

#endif /* DK_WIRE_PBC_DESCRIPTORS_H */
