/*
 * Look-ups in the tables that build/cmake/descriptors.py makes.
 */
#include "wire/pbc/descriptors.h"

#include <string.h>

/* −1, 0, 1 as a name sorts before, at or behind a table's. */
static int compare(struct dk_bytes name, const char *entry) {
    const size_t size = strlen(entry);
    const int order = memcmp(name.data, entry, name.size < size ? name.size : size);
    return order != 0 ? order : (name.size > size) - (name.size < size);
}

const struct dk__file_descriptor *dk__descriptor_of_file(
    const struct dk_descriptors *descriptors, struct dk_bytes name) {
    for (size_t i = 0; i < descriptors->file_count; i++) {
        if (dk_bytes_equal(name, dk_bytes_of(descriptors->files[i].name))) {
            return &descriptors->files[i];
        }
    }
    return NULL;
}

static const struct dk__descriptor_symbol *symbol_of(
    const struct dk_descriptors *descriptors, struct dk_bytes name) {
    size_t low = 0, high = descriptors->symbol_count;
    if (name.size > 0 && name.data[0] == '.') {
        name = (struct dk_bytes){.data = name.data + 1, .size = name.size - 1};
    }
    while (name.size > 0 && low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(name, descriptors->symbols[middle].name);
        if (order == 0) {
            return &descriptors->symbols[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct dk__file_descriptor *dk__descriptor_of_symbol(
    const struct dk_descriptors *descriptors, struct dk_bytes name) {
    const struct dk__descriptor_symbol *symbol = symbol_of(descriptors, name);
    return symbol == NULL ? NULL : symbol->file;
}

const char *dk__descriptor_comment(const void *descriptors, const char *symbol) {
    const struct dk__descriptor_symbol *found = symbol_of(descriptors, dk_bytes_of(symbol));
    return found == NULL ? NULL : found->comment;
}
