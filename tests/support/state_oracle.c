/*
 * Compares what two readers make of the same bytes.
 */
#include "support/state_oracle.h"

#include "wire/nanopb/state.h"

#include <dapr/proto/components/v1/state.pb-c.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ORACLE(name) Dapr__Proto__Components__V1__##name

const ProtobufCMessageDescriptor *state_oracle_descriptor(enum state_message kind) {
    static const ProtobufCMessageDescriptor *const descriptors[STATE_MESSAGES] = {
        [STATE_INIT] = &dapr__proto__components__v1__init_request__descriptor,
        [STATE_GET] = &dapr__proto__components__v1__get_request__descriptor,
        [STATE_SET] = &dapr__proto__components__v1__set_request__descriptor,
        [STATE_DELETE] = &dapr__proto__components__v1__delete_request__descriptor,
        [STATE_BULK_GET] = &dapr__proto__components__v1__bulk_get_request__descriptor,
        [STATE_BULK_SET] = &dapr__proto__components__v1__bulk_set_request__descriptor,
        [STATE_BULK_DELETE] = &dapr__proto__components__v1__bulk_delete_request__descriptor,
        [STATE_TRANSACT] = &dapr__proto__components__v1__transactional_state_request__descriptor,
        [STATE_QUERY] = &dapr__proto__components__v1__query_request__descriptor,
    };
    return descriptors[kind];
}

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

static bool is_ignored(const ProtobufCMessageDescriptor *descriptor, uint64_t number) {
    return number == 2 && strncmp(descriptor->short_name, "Bulk", 4) == 0;
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

/* The wire type of the few kinds of field that the state messages have. */
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

/* The first difference found; NULL: none. */
struct comparison {
    const char *difference;
};

static void require(struct comparison *comparison, bool holds, const char *what) {
    if (!holds && comparison->difference == NULL) {
        comparison->difference = what;
    }
}

/* protobuf-c has the text up to its first NUL byte. */
static bool same_text(struct dk_bytes ours, const char *theirs) {
    const size_t size = strlen(theirs);
    return ours.data != NULL && size == (ours.size == 0 ? 0 : strnlen(ours.data, ours.size)) &&
           (size == 0 || memcmp(ours.data, theirs, size) == 0);
}

static bool same_bytes(struct dk_bytes ours, ProtobufCBinaryData theirs) {
    return ours.data != NULL &&
           dk_bytes_equal(ours, (struct dk_bytes){(const char *)theirs.data, theirs.len});
}

/* Absent and empty are one thing. */
static bool same_etag(struct dk_bytes ours, const ORACLE(Etag) * theirs) {
    if (theirs == NULL || theirs->value[0] == '\0') {
        return ours.data == NULL || (ours.size > 0 && ours.data[0] == '\0');
    }
    return same_text(ours, theirs->value);
}

static bool same_enum(int ours, int theirs) {
    return ours == (theirs < 0 || theirs > 2 ? 0 : theirs);
}

static bool has_nul(struct dk_bytes text) {
    return text.size > 0 && memchr(text.data, '\0', text.size) != NULL;
}

/* Every map<string, string> has the same struct with protobuf-c. */
typedef ORACLE(SetRequest__MetadataEntry) entry_message;

/* Ours keeps a repeated key once, with its last value, at its first place. */
static bool same_map(struct dk_pairs ours, size_t count, void *theirs) {
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
            if (distinct == ours.count || !same_text(ours.items[distinct].key, entries[i]->key) ||
                !same_text(ours.items[distinct].value, last)) {
                return false;
            }
            distinct++;
        }
    }
    return distinct == ours.count;
}

static void compare_get(
    struct comparison *c, const struct dk_get *ours, const ORACLE(GetRequest) * theirs) {
    require(c, same_text(ours->key, theirs->key), "get: key");
    require(c, same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "get: metadata");
    require(c, same_enum((int)ours->consistency, (int)theirs->consistency), "get: consistency");
}

static void compare_options(
    struct comparison *c,
    enum dk_concurrency concurrency,
    enum dk_consistency consistency,
    const ORACLE(StateOptions) * theirs) {
    require(
        c,
        same_enum((int)concurrency, theirs == NULL ? 0 : (int)theirs->concurrency),
        "options: concurrency");
    require(
        c,
        same_enum((int)consistency, theirs == NULL ? 0 : (int)theirs->consistency),
        "options: consistency");
}

static void compare_set(
    struct comparison *c, const struct dk_set *ours, const ORACLE(SetRequest) * theirs) {
    require(c, same_text(ours->key, theirs->key), "set: key");
    require(c, same_bytes(ours->value, theirs->value), "set: value");
    require(c, same_etag(ours->etag, theirs->etag), "set: etag");
    require(c, same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "set: metadata");
    require(c, same_text(ours->content_type, theirs->content_type), "set: content_type");
    compare_options(c, ours->concurrency, ours->consistency, theirs->options);
}

static void compare_delete(
    struct comparison *c, const struct dk_delete *ours, const ORACLE(DeleteRequest) * theirs) {
    require(c, same_text(ours->key, theirs->key), "delete: key");
    require(c, same_etag(ours->etag, theirs->etag), "delete: etag");
    require(c, same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "delete: metadata");
    compare_options(c, ours->concurrency, ours->consistency, theirs->options);
}

static void compare_transact(
    struct comparison *c,
    const struct dk_transact *ours,
    const ORACLE(TransactionalStateRequest) * theirs) {
    require(c, ours->count == theirs->n_operations, "transact: count");
    for (size_t i = 0; i < ours->count && c->difference == NULL; i++) {
        const struct dk_operation *operation = &ours->operations[i];
        const ORACLE(TransactionalStateOperation) *other = theirs->operations[i];
        const bool is_delete =
            other->request_case ==
            DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_OPERATION__REQUEST_DELETE;
        const bool is_set = other->request_case ==
                            DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_OPERATION__REQUEST_SET;
        require(c, is_delete || is_set, "transact: neither");
        require(c, operation->is_delete == is_delete, "transact: the member");
        if (c->difference == NULL && is_delete) {
            compare_delete(c, &operation->delete, other->delete_);
        } else if (c->difference == NULL) {
            compare_set(c, &operation->set, other->set);
        }
    }
    require(
        c, same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "transact: metadata");
}

/* The last entry is the one operator: any before it had the same name. */
static void compare_filter(
    struct comparison *c, const struct dk_query *ours, const ORACLE(Query) * theirs) {
    if (theirs == NULL || theirs->n_filter == 0) {
        require(c, ours->filter_operator.data == NULL, "query: no filter");
        return;
    }
    const ORACLE(Query__FilterEntry) *last = theirs->filter[theirs->n_filter - 1];
    static const ProtobufCBinaryData nothing = {0};
    require(c, same_text(ours->filter_operator, last->key), "query: operator");
    require(
        c,
        same_bytes(ours->filter_operand, last->value == NULL ? nothing : last->value->value),
        "query: operand");
}

static void compare_query(
    struct comparison *c, const struct dk_query *ours, const ORACLE(QueryRequest) * theirs) {
    const ORACLE(Query) *query = theirs->query;
    const ORACLE(Pagination) *pagination = query == NULL ? NULL : query->pagination;
    compare_filter(c, ours, query);
    require(c, ours->sort_count == (query == NULL ? 0 : query->n_sort), "query: count of sorts");
    for (size_t i = 0; i < ours->sort_count && c->difference == NULL; i++) {
        require(c, same_text(ours->sorts[i].key, query->sort[i]->key), "query: sort key");
        require(c, ours->sorts[i].descending == ((int)query->sort[i]->order == 1), "query: order");
    }
    require(c, ours->limit == (pagination == NULL ? 0 : pagination->limit), "query: limit");
    require(
        c,
        pagination == NULL ? ours->token.size == 0 : same_text(ours->token, pagination->token),
        "query: token");
    require(c, same_map(ours->metadata, theirs->n_metadata, theirs->metadata), "query: metadata");
}

/* ── both ───────────────────────────────────────────────────────────────────────────────────── */

union ours {
    struct dk_pairs init;
    struct dk_get get;
    struct dk_set set;
    struct dk_delete delete;
    struct dk_bulk_get bulk_get;
    struct dk_bulk_set bulk_set;
    struct dk_bulk_delete bulk_delete;
    struct dk_transact transact;
    struct dk_query query;
};

static enum dk_error read_ours(
    enum state_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    union ours *ret) {
    struct dk__arena *arena = &memory->arena;
    struct dk_fault *fault = &memory->fault;
    switch (kind) {
    case STATE_INIT:
        return dk__decode_init(message, arena, &ret->init, fault);
    case STATE_GET:
        return dk__decode_get(message, arena, &ret->get, fault);
    case STATE_SET:
        return dk__decode_set(message, arena, &ret->set, fault);
    case STATE_DELETE:
        return dk__decode_delete(message, arena, &ret->delete, fault);
    case STATE_BULK_GET:
        return dk__decode_bulk_get(message, arena, &ret->bulk_get, fault);
    case STATE_BULK_SET:
        return dk__decode_bulk_set(message, arena, &ret->bulk_set, fault);
    case STATE_BULK_DELETE:
        return dk__decode_bulk_delete(message, arena, &ret->bulk_delete, fault);
    case STATE_TRANSACT:
        return dk__decode_transact(message, arena, &ret->transact, fault);
    case STATE_QUERY:
        return dk__decode_query(message, arena, &ret->query, fault);
    case STATE_MESSAGES:
        break;
    }
    abort();
}

#define COMPARE_ALL(field, oracle_type, compare_one)                          \
    do {                                                                      \
        const ORACLE(oracle_type) *list = (const void *)theirs;               \
        require(c, ours->field.count == list->n_items, #field ": count");     \
        for (size_t i = 0; i < list->n_items && c->difference == NULL; i++) { \
            compare_one(c, &ours->field.items[i], list->items[i]);            \
        }                                                                     \
    } while (0)

static void compare(
    struct comparison *c,
    enum state_message kind,
    const union ours *ours,
    const ProtobufCMessage *theirs) {
    switch (kind) {
    case STATE_INIT: {
        const ORACLE(MetadataRequest) *metadata = ((const ORACLE(InitRequest) *)theirs)->metadata;
        require(
            c,
            metadata == NULL ? ours->init.count == 0
                             : same_map(ours->init, metadata->n_properties, metadata->properties),
            "init: properties");
        break;
    }
    case STATE_GET:
        compare_get(c, &ours->get, (const void *)theirs);
        break;
    case STATE_SET:
        compare_set(c, &ours->set, (const void *)theirs);
        break;
    case STATE_DELETE:
        compare_delete(c, &ours->delete, (const void *)theirs);
        break;
    case STATE_BULK_GET:
        COMPARE_ALL(bulk_get, BulkGetRequest, compare_get);
        break;
    case STATE_BULK_SET:
        COMPARE_ALL(bulk_set, BulkSetRequest, compare_set);
        break;
    case STATE_BULK_DELETE:
        COMPARE_ALL(bulk_delete, BulkDeleteRequest, compare_delete);
        break;
    case STATE_TRANSACT:
        compare_transact(c, &ours->transact, (const void *)theirs);
        break;
    case STATE_QUERY:
        compare_query(c, &ours->query, (const void *)theirs);
        break;
    case STATE_MESSAGES:
        abort();
    }
}

const char *state_oracle_read(
    enum state_message kind,
    struct dk_bytes message,
    struct codec_memory *memory,
    enum dk_error *ret_ours) {
    struct comparison comparison = {.difference = NULL};
    struct traits traits = {.merges = false};
    union ours ours;
    look(state_oracle_descriptor(kind), message, &traits);
    ProtobufCMessage *theirs = protobuf_c_message_unpack(
        state_oracle_descriptor(kind), NULL, message.size, (const uint8_t *)message.data);
    *ret_ours = read_ours(kind, message, memory, &ours);
    if (*ret_ours == DK_OK) {
        require(&comparison, theirs != NULL || traits.may_be_refused, "ours alone accepts it");
        if (theirs != NULL && !traits.merges) {
            compare(&comparison, kind, &ours, theirs);
        }
    } else {
        const bool is_malformed = strstr(memory->fault.text, "malformed") != NULL;
        require(
            &comparison,
            theirs == NULL || !is_malformed || traits.may_be_taken,
            "ours alone calls it malformed");
    }
    if (theirs != NULL) {
        protobuf_c_message_free_unpacked(theirs, NULL);
    }
    return comparison.difference;
}
