/*
 * The state calls of the benchmarks, as daprd sends them: options are always there.
 */
#define _GNU_SOURCE /* memmem */
#include "bench/load/operation.h"

#include "bench/load/publish.h"
#include "bench/process.h"
#include "wire/nanopb/reader.h"

#include <dapr/proto/common/v1/common.pb-c.h>
#include <dapr/proto/components/v1/state.pb-c.h>
#include <dapr/proto/runtime/v1/state.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Dapr__Proto__Components__V1__SetRequest set_request;
typedef Dapr__Proto__Components__V1__GetRequest get_request;
typedef Dapr__Proto__Components__V1__MetadataRequest__PropertiesEntry property_entry;

#define STORE  "/dapr.proto.components.v1.StateStore/"
#define PUBSUB "/dapr.proto.components.v1.PubSub/"
#define DAPRD  "/dapr.proto.runtime.v1.Dapr/"

struct dk_bytes operation_pack(const ProtobufCMessage *message) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    char *bytes = malloc(size + 1);
    if (bytes == NULL) {
        fail("no memory for a request of %zu bytes", size);
    }
    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct dk_bytes){bytes, size};
}

static char *key_of(size_t i) {
    static char texts[OPERATION_KEYS][32];
    const size_t at = i % OPERATION_KEYS;
    (void)snprintf(texts[at], sizeof texts[0], "bench||key-%06zu", at);
    return texts[at];
}

/* The value of every key: so many bytes of one letter, filled once. */
static uint8_t *value_of(void) {
    static uint8_t value[OPERATION_VALUE_BYTES_MAX];
    if (value[0] == 0) {
        memset(value, 'v', sizeof value);
    }
    return value;
}

static set_request set_of(size_t i, size_t value_size) {
    static Dapr__Proto__Components__V1__StateOptions options =
        DAPR__PROTO__COMPONENTS__V1__STATE_OPTIONS__INIT;
    set_request set = DAPR__PROTO__COMPONENTS__V1__SET_REQUEST__INIT;
    set.key = key_of(i);
    set.value = (ProtobufCBinaryData){.data = value_of(), .len = value_size};
    set.options = &options;
    return set;
}

/* ── one request of each kind ───────────────────────────────────────────────────────────────── */

static struct dk_bytes make_ping(size_t i, size_t value_size) {
    Dapr__Proto__Components__V1__PingRequest ping = DAPR__PROTO__COMPONENTS__V1__PING_REQUEST__INIT;
    (void)i;
    (void)value_size;
    return operation_pack(&ping.base);
}

static struct dk_bytes make_set(size_t i, size_t value_size) {
    const set_request set = set_of(i, value_size);
    return operation_pack(&set.base);
}

static struct dk_bytes make_set_lived(size_t i, size_t value_size, const char *lifetime) {
    typedef Dapr__Proto__Components__V1__SetRequest__MetadataEntry metadata_entry;
    metadata_entry entry = DAPR__PROTO__COMPONENTS__V1__SET_REQUEST__METADATA_ENTRY__INIT;
    metadata_entry *entries[] = {&entry};
    set_request set = set_of(i, value_size);
    entry.key = (char *)(uintptr_t) "ttlInSeconds";
    entry.value = (char *)(uintptr_t)lifetime;
    set.n_metadata = 1;
    set.metadata = entries;
    return operation_pack(&set.base);
}

static struct dk_bytes make_set_ttl(size_t i, size_t value_size) {
    return make_set_lived(i, value_size, "3600");
}

static struct dk_bytes make_set_bad_ttl(size_t i, size_t value_size) {
    return make_set_lived(i, value_size, "soon");
}

static struct dk_bytes make_set_stale(size_t i, size_t value_size) {
    Dapr__Proto__Components__V1__Etag etag = DAPR__PROTO__COMPONENTS__V1__ETAG__INIT;
    set_request set = set_of(i, value_size);
    etag.value = (char *)(uintptr_t) "4000000000";
    set.etag = &etag;
    return operation_pack(&set.base);
}

static struct dk_bytes make_get(size_t i, size_t value_size) {
    get_request get = DAPR__PROTO__COMPONENTS__V1__GET_REQUEST__INIT;
    (void)value_size;
    get.key = key_of(i);
    return operation_pack(&get.base);
}

static struct dk_bytes make_delete(size_t i, size_t value_size) {
    Dapr__Proto__Components__V1__DeleteRequest delete =
        DAPR__PROTO__COMPONENTS__V1__DELETE_REQUEST__INIT;
    (void)value_size;
    delete.key = key_of(i);
    return operation_pack(&delete.base);
}

static struct dk_bytes make_bulk_get(size_t i, size_t value_size) {
    static get_request gets[OPERATION_BULK_ITEMS];
    static get_request *list[OPERATION_BULK_ITEMS];
    Dapr__Proto__Components__V1__BulkGetRequest bulk =
        DAPR__PROTO__COMPONENTS__V1__BULK_GET_REQUEST__INIT;
    (void)value_size;
    for (size_t k = 0; k < OPERATION_BULK_ITEMS; k++) {
        dapr__proto__components__v1__get_request__init(&gets[k]);
        gets[k].key = key_of(i + k);
        list[k] = &gets[k];
    }
    bulk.n_items = OPERATION_BULK_ITEMS;
    bulk.items = list;
    return operation_pack(&bulk.base);
}

static struct dk_bytes make_bulk_set(size_t i, size_t value_size) {
    static set_request sets[OPERATION_BULK_ITEMS];
    static set_request *list[OPERATION_BULK_ITEMS];
    Dapr__Proto__Components__V1__BulkSetRequest bulk =
        DAPR__PROTO__COMPONENTS__V1__BULK_SET_REQUEST__INIT;
    for (size_t k = 0; k < OPERATION_BULK_ITEMS; k++) {
        sets[k] = set_of(i + k, value_size);
        list[k] = &sets[k];
    }
    bulk.n_items = OPERATION_BULK_ITEMS;
    bulk.items = list;
    return operation_pack(&bulk.base);
}

static struct dk_bytes make_transact(size_t i, size_t value_size) {
    typedef Dapr__Proto__Components__V1__TransactionalStateOperation operation_message;
    static set_request sets[OPERATION_TRANSACT_ITEMS];
    static operation_message operations[OPERATION_TRANSACT_ITEMS];
    static operation_message *list[OPERATION_TRANSACT_ITEMS];
    Dapr__Proto__Components__V1__TransactionalStateRequest transact =
        DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_REQUEST__INIT;
    for (size_t k = 0; k < OPERATION_TRANSACT_ITEMS; k++) {
        sets[k] = set_of(i + k, value_size);
        dapr__proto__components__v1__transactional_state_operation__init(&operations[k]);
        operations[k].request_case =
            DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_OPERATION__REQUEST_SET;
        operations[k].set = &sets[k];
        list[k] = &operations[k];
    }
    transact.n_operations = OPERATION_TRANSACT_ITEMS;
    transact.operations = list;
    return operation_pack(&transact.base);
}

/* ── pub/sub ────────────────────────────────────────────────────────────────────────────────── */

static struct dk_bytes make_publish(size_t i, size_t value_size) {
    (void)i;
    return publish_request(value_of(), value_size);
}

static struct dk_bytes make_bulk_publish(size_t i, size_t value_size) {
    (void)i;
    return publish_bulk_request(value_of(), value_size);
}

/* ── through daprd, which puts its own prefix before a key and refuses one with "||" ───────────── */

static char store_name[] = "bench";

static char *plain_key_of(size_t i) {
    return strrchr(key_of(i), '|') + 1;
}

static struct dk_bytes make_daprd_save(size_t i, size_t value_size) {
    Dapr__Proto__Common__V1__StateItem item = DAPR__PROTO__COMMON__V1__STATE_ITEM__INIT;
    Dapr__Proto__Common__V1__StateItem *items[] = {&item};
    Dapr__Proto__Runtime__V1__SaveStateRequest save =
        DAPR__PROTO__RUNTIME__V1__SAVE_STATE_REQUEST__INIT;
    item.key = plain_key_of(i);
    item.value = (ProtobufCBinaryData){.data = value_of(), .len = value_size};
    save.store_name = store_name;
    save.n_states = 1;
    save.states = items;
    return operation_pack(&save.base);
}

static struct dk_bytes make_daprd_get(size_t i, size_t value_size) {
    Dapr__Proto__Runtime__V1__GetStateRequest get =
        DAPR__PROTO__RUNTIME__V1__GET_STATE_REQUEST__INIT;
    (void)value_size;
    get.store_name = store_name;
    get.key = plain_key_of(i);
    return operation_pack(&get.base);
}

static struct dk_bytes make_daprd_bulk_get(size_t i, size_t value_size) {
    Dapr__Proto__Runtime__V1__GetBulkStateRequest bulk =
        DAPR__PROTO__RUNTIME__V1__GET_BULK_STATE_REQUEST__INIT;
    char *keys[OPERATION_BULK_ITEMS];
    (void)value_size;
    for (size_t k = 0; k < OPERATION_BULK_ITEMS; k++) {
        keys[k] = plain_key_of(i + k);
    }
    bulk.store_name = store_name;
    bulk.n_keys = OPERATION_BULK_ITEMS;
    bulk.keys = keys;
    return operation_pack(&bulk.base);
}

/* ── to an application ──────────────────────────────────────────────────────────────────────── */

static struct dk_bytes make_invoke(size_t i, size_t value_size) {
    static char method[] = "repeat", type[] = "text/plain";
    Dapr__Proto__Common__V1__HTTPExtension extension = DAPR__PROTO__COMMON__V1__HTTPEXTENSION__INIT;
    Google__Protobuf__Any data = GOOGLE__PROTOBUF__ANY__INIT;
    Dapr__Proto__Common__V1__InvokeRequest invoke = DAPR__PROTO__COMMON__V1__INVOKE_REQUEST__INIT;
    (void)i;
    extension.verb = DAPR__PROTO__COMMON__V1__HTTPEXTENSION__VERB__POST;
    data.value = (ProtobufCBinaryData){.data = value_of(), .len = value_size};
    invoke.method = method;
    invoke.content_type = type;
    invoke.data = &data;
    invoke.http_extension = &extension;
    return operation_pack(&invoke.base);
}

enum { INVALID_ARGUMENT = 3, FAILED_PRECONDITION = 9 }; /* of gRPC's codes */

static const struct {
    const char *name, *path;
    struct dk_bytes (*make)(size_t i, size_t value_size);
    uint64_t calls_share;
    size_t values;
    int status;
} rows[OPERATION_KINDS] = {
    [OPERATION_PING] = {"Ping", STORE "Ping", make_ping, 1, 0},
    [OPERATION_SET] = {"Set", STORE "Set", make_set, 1, 0},
    [OPERATION_SET_ETAG] = {"Set+etag", STORE "Set", make_set, 1, 0},
    [OPERATION_SET_TTL] = {"Set+TTL", STORE "Set", make_set_ttl, 1, 0},
    [OPERATION_SET_STALE] =
        {"Set+stale etag", STORE "Set", make_set_stale, 1, 0, FAILED_PRECONDITION},
    [OPERATION_SET_BAD_TTL] =
        {"Set+bad TTL", STORE "Set", make_set_bad_ttl, 1, 0, INVALID_ARGUMENT},
    [OPERATION_GET] = {"Get", STORE "Get", make_get, 1, 1},
    [OPERATION_DELETE] = {"Delete", STORE "Delete", make_delete, 1, 0},
    [OPERATION_BULK_GET] = {"BulkGet100", STORE "BulkGet", make_bulk_get, 20, OPERATION_BULK_ITEMS},
    [OPERATION_BULK_SET] = {"BulkSet100", STORE "BulkSet", make_bulk_set, 20, 0},
    [OPERATION_TRANSACT] =
        {"Transact10",
         "/dapr.proto.components.v1.TransactionalStateStore/Transact",
         make_transact,
         4,
         0},
    [OPERATION_PUBLISH] = {"Publish", PUBSUB "Publish", make_publish, 1, 0},
    [OPERATION_BULK_PUBLISH] = {"BulkPublish100", PUBSUB "BulkPublish", make_bulk_publish, 20, 0},
    [OPERATION_PULL] = {"PullMessages", PUBSUB "PullMessages", NULL, 1, 0},
    [OPERATION_DAPRD_SAVE] = {"SaveState", DAPRD "SaveState", make_daprd_save, 2, 0},
    [OPERATION_DAPRD_GET] = {"GetState", DAPRD "GetState", make_daprd_get, 2, 1},
    [OPERATION_DAPRD_BULK_GET] =
        {"GetBulkState100", DAPRD "GetBulkState", make_daprd_bulk_get, 40, OPERATION_BULK_ITEMS},
    [OPERATION_INVOKE] =
        {"OnInvoke", "/dapr.proto.runtime.v1.AppCallback/OnInvoke", make_invoke, 1, 0},
};

const char *operation_name(enum operation_kind kind) {
    return rows[kind].name;
}

void operation_make(struct operation *operation, enum operation_kind kind, size_t value_size) {
    if (value_size == 0 || value_size > OPERATION_VALUE_BYTES_MAX) {
        fail("a value of %zu bytes; 1 to %d are possible", value_size, OPERATION_VALUE_BYTES_MAX);
    }
    *operation = (struct operation){
        .kind = kind,
        .name = rows[kind].name,
        .path = rows[kind].path,
        .calls_share = rows[kind].calls_share,
        .value_size = value_size,
        .values = rows[kind].values,
        .status = rows[kind].status,
    };
    for (size_t i = 0; rows[kind].make != NULL && i < OPERATION_KEYS; i++) {
        operation->requests[i] = rows[kind].make(i, value_size);
    }
}

void operation_free(struct operation *operation) {
    for (size_t i = 0; i < OPERATION_KEYS; i++) {
        free((void *)(uintptr_t)operation->requests[i].data);
    }
    free(operation->scratch);
    *operation = (struct operation){0};
}

/* Redis counts a key's writes from 1: before its n-th write in turn a key that was set once is at
 * version n. The etag joins the packed request as one more field, which may stand anywhere. */
static struct dk_bytes with_etag(struct operation *operation, struct dk_bytes request) {
    enum { ETAG_BYTES_MAX = 24 };
    char text[ETAG_BYTES_MAX];
    const size_t size = (size_t)snprintf(
        text, sizeof text, "%llu", (unsigned long long)(operation->next / OPERATION_KEYS + 1));
    const unsigned char head[] = {
        (3 << 3) | 2, (unsigned char)(size + 2), (1 << 3) | 2, (unsigned char)size};
    if (operation->scratch == NULL) {
        operation->scratch = malloc(OPERATION_VALUE_BYTES_MAX + 1024);
    }
    if (operation->scratch == NULL) {
        fail("no memory for a request");
    }
    memcpy(operation->scratch, request.data, request.size);
    memcpy(operation->scratch + request.size, head, sizeof head);
    memcpy(operation->scratch + request.size + sizeof head, text, size);
    return (struct dk_bytes){operation->scratch, request.size + sizeof head + size};
}

struct dk_bytes operation_next(struct operation *operation) {
    const struct dk_bytes request = operation->requests[operation->next % OPERATION_KEYS];
    const struct dk_bytes next =
        operation->kind == OPERATION_SET_ETAG ? with_etag(operation, request) : request;
    operation->next++;
    return next;
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

static bool is_value(const struct operation *operation, struct dk_bytes data) {
    return data.size == operation->value_size && memcmp(data.data, value_of(), data.size) == 0;
}

/* The bytes of field `number`; false when the message is malformed or has none. */
static bool find_field(struct dk_bytes message, uint32_t number, struct dk_bytes *ret) {
    struct dk__reader reader = dk__reader_of(message);
    while (reader.at < reader.end) {
        uint32_t at = 0;
        enum dk__wire wire = DK__WIRE_VARINT;
        if (!dk__read_tag(&reader, &at, &wire)) {
            return false;
        }
        if (at == number && wire == DK__WIRE_DELIMITED) {
            return dk__read_view(&reader, ret);
        }
        if (!dk__read_past(&reader, at, wire)) {
            return false;
        }
    }
    return false;
}

/* Every item of a BulkGetResponse holds the value, and there are as many as asked for. */
static bool bulk_is_right(const struct operation *operation, struct dk_bytes answer) {
    struct dk__reader reader = dk__reader_of(answer);
    size_t items = 0;
    while (reader.at < reader.end) {
        uint32_t number = 0;
        enum dk__wire wire = DK__WIRE_VARINT;
        struct dk_bytes item, data;
        if (!dk__read_tag(&reader, &number, &wire) || wire != DK__WIRE_DELIMITED ||
            !dk__read_view(&reader, &item) || !find_field(item, 2, &data) ||
            !is_value(operation, data)) {
            return false;
        }
        items++;
    }
    return items == operation->values;
}

bool operation_answer_is_right(const struct operation *operation, struct dk_bytes answer) {
    struct dk_bytes data;
    if (operation->kind == OPERATION_INVOKE) { /* the body, in whichever message */
        return memmem(answer.data, answer.size, value_of(), operation->value_size) != NULL;
    }
    if (operation->values > 1) {
        return bulk_is_right(operation, answer);
    }
    if (operation->values == 1) {
        return find_field(answer, 1, &data) && is_value(operation, data);
    }
    return answer.data != NULL || operation->status != 0;
}

struct dk_bytes operation_init_request(const struct dk_pair *properties, size_t count) {
    enum { PROPERTIES_MAX = 16 };
    property_entry entries[PROPERTIES_MAX];
    property_entry *list[PROPERTIES_MAX];
    Dapr__Proto__Components__V1__MetadataRequest metadata =
        DAPR__PROTO__COMPONENTS__V1__METADATA_REQUEST__INIT;
    Dapr__Proto__Components__V1__InitRequest init = DAPR__PROTO__COMPONENTS__V1__INIT_REQUEST__INIT;
    if (count > PROPERTIES_MAX) {
        fail("%zu properties; at most %d", count, PROPERTIES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        dapr__proto__components__v1__metadata_request__properties_entry__init(&entries[i]);
        entries[i].key = (char *)(uintptr_t)properties[i].key.data;
        entries[i].value = (char *)(uintptr_t)properties[i].value.data;
        list[i] = &entries[i];
    }
    metadata.n_properties = count;
    metadata.properties = list;
    init.metadata = &metadata;
    return operation_pack(&init.base);
}
