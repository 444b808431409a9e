/*
 * An item of state as protobuf-c has it.
 */
#include "wire/pbc/daprd_state_item.h"

static Dapr__Proto__Common__V1__StateOptions__StateConcurrency concurrency_of(
    enum dk_concurrency concurrency) {
    switch (concurrency) {
    case DK_CONCURRENCY_UNSPECIFIED:
        break;
    case DK_FIRST_WRITE:
        return DAPR__PROTO__COMMON__V1__STATE_OPTIONS__STATE_CONCURRENCY__CONCURRENCY_FIRST_WRITE;
    case DK_LAST_WRITE:
        return DAPR__PROTO__COMMON__V1__STATE_OPTIONS__STATE_CONCURRENCY__CONCURRENCY_LAST_WRITE;
    }
    return DAPR__PROTO__COMMON__V1__STATE_OPTIONS__STATE_CONCURRENCY__CONCURRENCY_UNSPECIFIED;
}

static Dapr__Proto__Common__V1__StateOptions__StateConsistency consistency_of(
    enum dk_consistency consistency) {
    switch (consistency) {
    case DK_CONSISTENCY_UNSPECIFIED:
        break;
    case DK_EVENTUAL:
        return DAPR__PROTO__COMMON__V1__STATE_OPTIONS__STATE_CONSISTENCY__CONSISTENCY_EVENTUAL;
    case DK_STRONG:
        return DAPR__PROTO__COMMON__V1__STATE_OPTIONS__STATE_CONSISTENCY__CONSISTENCY_STRONG;
    }
    return DAPR__PROTO__COMMON__V1__STATE_OPTIONS__STATE_CONSISTENCY__CONSISTENCY_UNSPECIFIED;
}

bool dk__daprd_etag_write(
    const struct dk__pbc_writing *writing,
    struct dk_bytes etag,
    Dapr__Proto__Common__V1__Etag **ret_etag) {
    if (etag.data == NULL) {
        *ret_etag = NULL;
        return true;
    }
    Dapr__Proto__Common__V1__Etag *message = dk__pbc_take(writing, sizeof *message);
    if (message == NULL) {
        return false;
    }
    dapr__proto__common__v1__etag__init(message);
    message->value = dk__pbc_text(writing, "etag", etag);
    *ret_etag = message;
    return message->value != NULL;
}

bool dk__daprd_options_write(
    const struct dk__pbc_writing *writing,
    const struct dk_state_item *item,
    Dapr__Proto__Common__V1__StateOptions **ret_options) {
    if (item->concurrency == DK_CONCURRENCY_UNSPECIFIED &&
        item->consistency == DK_CONSISTENCY_UNSPECIFIED) {
        *ret_options = NULL;
        return true;
    }
    Dapr__Proto__Common__V1__StateOptions *options = dk__pbc_take(writing, sizeof *options);
    if (options == NULL) {
        return false;
    }
    dapr__proto__common__v1__state_options__init(options);
    options->concurrency = concurrency_of(item->concurrency);
    options->consistency = consistency_of(item->consistency);
    *ret_options = options;
    return true;
}

Dapr__Proto__Common__V1__StateItem *dk__daprd_item_write(
    const struct dk__pbc_writing *writing, const struct dk_state_item *item, bool has_value) {
    Dapr__Proto__Common__V1__StateItem *message = dk__pbc_take(writing, sizeof *message);
    if (message == NULL) {
        return NULL;
    }
    dapr__proto__common__v1__state_item__init(message);
    message->key = dk__pbc_name(writing, "key", item->key);
    if (message->key == NULL || !dk__daprd_etag_write(writing, item->etag, &message->etag) ||
        !dk__daprd_options_write(writing, item, &message->options)) {
        return NULL;
    }
    const struct dk_pairs metadata = dk__pbc_traced(writing, item->metadata);
    message->n_metadata = metadata.count;
    message->metadata = dk__pbc_map(
        writing,
        &dapr__proto__common__v1__state_item__metadata_entry__descriptor,
        "metadata",
        metadata);
    if (message->metadata == NULL) {
        return NULL;
    }
    if (has_value) {
        message->value = dk__pbc_binary(item->value);
    }
    return message;
}
