/*
 * Compares what two readers make of the same bytes.
 */
#include "support/wire_oracle.h"

#include <dapr/proto/components/v1/state.pb-c.h>
#include <stdint.h>
#include <string.h>

/* ── a third look at the bytes: which named differences may show ────────────────────────────── */

struct traits {
    bool may_be_refused; /* by protobuf-c alone */
    bool may_be_taken;   /* by protobuf-c alone */
    bool merges;         /* parts of one message */
};

/* Its size; 0: cut off or too long. */
static size_t varint(const uint8_t *at, const uint8_t *end, uint64_t *ret, struct traits *traits) {
    *ret = 0;
    for (size_t i = 0; i < 10 && at + i < end; i++) {
        *ret |= (uint64_t)(at[i] & 0x7F) << (7 * i);
        if (at[i] < 0x80) {
            traits->may_be_taken = traits->may_be_taken || (i == 9 && at[i] > 1);
            return i + 1;
        }
    }
    return 0;
}

/* Ours does not look into the options of bulk state requests. */
static bool is_ignored(const ProtobufCMessageDescriptor *descriptor, uint64_t number) {
    static const char *const with_options[] = {
        "BulkGetRequest", "BulkSetRequest", "BulkDeleteRequest"};
    for (size_t i = 0; i < sizeof with_options / sizeof with_options[0]; i++) {
        if (number == 2 && strcmp(descriptor->short_name, with_options[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a field that comes twice makes parts of one message. */
static bool is_part(const ProtobufCFieldDescriptor *field) {
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* NULL: nobody knows it. */
static const ProtobufCFieldDescriptor *field_of(
    const ProtobufCMessageDescriptor *descriptor, uint64_t number) {
    return number > UINT32_MAX
               ? NULL
               : protobuf_c_message_descriptor_get_field(descriptor, (unsigned)number);
}

/* The wire type of the few kinds of field that the messages have. */
static unsigned wire_of(const ProtobufCFieldDescriptor *field) {
    return field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_INT64 ? 0 : 2;
}

static void look(
    const ProtobufCMessageDescriptor *descriptor, struct dk_bytes message, struct traits *traits) {
    const uint8_t *at = (const uint8_t *)message.data, *end = at + message.size;
    unsigned seen = 0;
    while (at < end) {
        uint64_t tag = 0, value = 0;
        const size_t tag_size = varint(at, end, &tag, traits);
        at += tag_size;
        const uint64_t number = tag >> 3;
        if (tag_size == 0) {
            return;
        }
        if (tag > UINT32_MAX || number == 0) {
            traits->may_be_taken = true;
        }
        if (tag_size > 5 || (tag & 7) == 3) {
            traits->may_be_refused = true;
            return; /* protobuf-c goes no further, and refuses all of it */
        }
        const ProtobufCFieldDescriptor *field = field_of(descriptor, number);
        if (is_ignored(descriptor, number) || (field != NULL && (tag & 7) != wire_of(field))) {
            traits->may_be_refused = true; /* whatever it holds; what follows still counts */
            field = NULL;
        }
        if ((tag & 7) == 0) {
            at += varint(at, end, &value, traits);
        } else if ((tag & 7) == 1) {
            at += 8;
        } else if ((tag & 7) == 5) {
            at += 4;
        } else {
            const size_t size = varint(at, end, &value, traits);
            at += size;
            if (size > 5) {
                traits->may_be_refused = true;
            }
            if (size == 0 || value > (uint64_t)(end - at)) {
                return;
            }
            if (field != NULL && is_part(field)) {
                traits->merges = traits->merges || (seen >> number & 1U) != 0;
                seen |= 1U << number;
            }
            if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
                look(field->descriptor, (struct dk_bytes){(const char *)at, (size_t)value}, traits);
            }
            at += value;
        }
    }
}

/* ── one against the other ──────────────────────────────────────────────────────────────────── */

void oracle_require(struct oracle_comparison *comparison, bool holds, const char *what) {
    if (!holds && comparison->difference == NULL) {
        comparison->difference = what;
    }
}

/* protobuf-c has the text up to its first NUL byte. */
bool oracle_same_text(struct dk_bytes ours, const char *theirs) {
    const size_t size = strlen(theirs);
    return ours.data != NULL && size == (ours.size == 0 ? 0 : strnlen(ours.data, ours.size)) &&
           (size == 0 || memcmp(ours.data, theirs, size) == 0);
}

bool oracle_same_bytes(struct dk_bytes ours, ProtobufCBinaryData theirs) {
    return ours.data != NULL &&
           dk_bytes_equal(ours, (struct dk_bytes){(const char *)theirs.data, theirs.len});
}

static bool has_nul(struct dk_bytes text) {
    return text.size > 0 && memchr(text.data, '\0', text.size) != NULL;
}

/* Every map<string, string> has the same struct with protobuf-c. */
typedef Dapr__Proto__Components__V1__SetRequest__MetadataEntry entry_message;

/* Ours keeps a repeated key once, with its last value, at its first place. */
bool oracle_same_map(struct dk_pairs ours, size_t count, void *theirs) {
    entry_message *const *entries = theirs;
    size_t distinct = 0;
    for (size_t i = 0; i < ours.count; i++) {
        if (has_nul(ours.items[i].key)) {
            return true; /* protobuf-c may have made one key of two */
        }
    }
    for (size_t i = 0; i < count; i++) {
        bool is_first = true;
        const char *last = entries[i]->value;
        for (size_t k = 0; k < count; k++) {
            const bool is_same = strcmp(entries[k]->key, entries[i]->key) == 0;
            is_first = is_first && !(is_same && k < i);
            last = is_same ? entries[k]->value : last;
        }
        if (is_first) {
            if (distinct == ours.count ||
                !oracle_same_text(ours.items[distinct].key, entries[i]->key) ||
                !oracle_same_text(ours.items[distinct].value, last)) {
                return false;
            }
            distinct++;
        }
    }
    return distinct == ours.count;
}

/* ── both ───────────────────────────────────────────────────────────────────────────────────── */

const char *oracle_read(
    const struct oracle *oracle,
    struct dk_bytes message,
    struct codec_memory *memory,
    void *ours,
    enum dk_error *ret_ours) {
    struct oracle_comparison comparison = {.difference = NULL};
    struct traits traits = {.merges = false};
    look(oracle->descriptor, message, &traits);
    ProtobufCMessage *theirs = protobuf_c_message_unpack(
        oracle->descriptor, NULL, message.size, (const uint8_t *)message.data);
    *ret_ours = oracle->decode(message, memory, ours);
    if (*ret_ours == DK_OK) {
        oracle_require(
            &comparison, theirs != NULL || traits.may_be_refused, "ours alone accepts it");
        if (theirs != NULL && !traits.merges) {
            oracle->compare(&comparison, ours, theirs);
        }
    } else {
        const bool is_malformed = strstr(memory->fault.text, "malformed") != NULL;
        oracle_require(
            &comparison,
            theirs == NULL || !is_malformed || traits.may_be_taken,
            "ours alone calls it malformed");
    }
    if (theirs != NULL) {
        protobuf_c_message_free_unpacked(theirs, NULL);
    }
    return comparison.difference;
}
