/*
 * Calls, tenants and names of the document service. What comes from outside and goes into a key is
 * checked here, so that no name leaves its place.
 */
#include "document/scope.h"

#include "document/hash.h"

#include <openssl/rand.h>
#include <string.h>
#include <time.h>

enum { ID_RANDOM_BYTES = 16 };

#define AT(field, ctype) DK_FIELD(struct document_config, field, ctype)

static const char *const events_words[] = {"journal", "outbox", NULL};

/* clang-format off */
const struct dk_option document_options[] = {
    {"state-store", DK_TEXT, AT(store, const char *), "statestore", 1, 128, 0,
     "State store component; it must have transactions."},
    {"events", DK_ENUM, AT(events, int), "journal", 0, 0, 0,
     "Who publishes changes: the service from its journal, at once, or Dapr's outbox of the state store.",
     NULL, events_words},
    {"export-binding", DK_TEXT, AT(export_binding, const char *), "export", 1, 128, 0,
     "Output binding component that Export writes to."},
    {"retention", DK_DURATION_MS, AT(retention_ms, int64_t), "720h", 3600000, INT64_C(315360000000), 0,
     "How long a deleted document can be restored."},
    {"versions-max", DK_INT, AT(versions_max, int64_t), "100", 1, 10000, 0,
     "Versions of a document that are kept, the newest among them."},
    {"index-store", DK_TEXT, AT(index_store, const char *), "statestore", 1, 128, 0,
     "State store component of the index; the same as state-store, or one of the same store and "
     "keyPrefix without its outbox."},
    {"quota-documents", DK_INT, AT(quota_documents, int64_t), "1000000", 1, 1000000, 0,
     "Documents of one tenant, deleted ones too until they are purged."},
    {"quota-bytes", DK_INT, AT(quota_bytes, int64_t), "1099511627776", 1, INT64_C(1125899906842624), 0,
     "Bytes of one tenant's newest contents, each document's by itself."},
    {"session-ttl", DK_DURATION_MS, AT(session_ttl_ms, int64_t), "1h", 1000, INT64_C(2592000000), 0,
     "How long a session lives from the last look on, if its caller names no time."},
    DK_OPTION_END,
};
/* clang-format on */

enum dk_error document_no_memory(struct dk_call *call) {
    return dk_call_fail(
        call, DK_EXHAUSTED, "document: the call's memory (arena-bytes-max) is used up");
}

static bool is_letter_or_digit(char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
           (letter >= '0' && letter <= '9');
}

static bool is_name(struct dk_bytes name, size_t bytes_max) {
    if (name.size == 0 || name.size > bytes_max || !is_letter_or_digit(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        const char letter = name.data[i];
        if (!is_letter_or_digit(letter) && (letter == '\0' || strchr("._~-", letter) == NULL)) {
            return false;
        }
        if (letter == '.' && name.data[i - 1] == '.') {
            return false;
        }
    }
    return true;
}

enum dk_error document_scope_of(
    struct dk_call *call, struct dk_bytes tenant, struct document_scope *ret_scope) {
    const struct document_service *service = dk_call_app(call);

    if (!is_name(tenant, DOCUMENT_TENANT_BYTES_MAX)) {
        return dk_call_fail(
            call,
            DK_INVALID,
            "tenant: '%.*s' is none; 1 to %d of A-Z a-z 0-9 . _ ~ - are wanted, a letter or digit "
            "first, no '..'",
            (int)(tenant.size > 80 ? 80 : tenant.size),
            tenant.size == 0 ? "" : tenant.data,
            DOCUMENT_TENANT_BYTES_MAX);
    }
    const char *copy = dk_call_format(call, "%.*s", (int)tenant.size, tenant.data);
    if (copy == NULL) {
        return document_no_memory(call);
    }
    *ret_scope = (struct document_scope){.call = call, .config = &service->config, .tenant = copy};
    return DK_OK;
}

enum dk_error document_scope_open(struct dk_call *call, struct document_scope *ret_scope) {
    const struct dk_bytes given = dk_call_header(call, (struct dk_bytes)DK_BYTES("dk-tenant"));

    return document_scope_of(
        call, given.data == NULL ? (struct dk_bytes)DK_BYTES("default") : given, ret_scope);
}

enum dk_error document_id_check(struct dk_call *call, const char *what, const char *id) {
    if (is_name(dk_bytes_of(id), DOCUMENT_ID_BYTES_MAX)) {
        return DK_OK;
    }
    return dk_call_fail(
        call,
        DK_INVALID,
        "%s: '%.150s' is no id; 1 to %d of A-Z a-z 0-9 . _ ~ - are wanted, a letter or digit "
        "first, "
        "no '..'",
        what,
        id,
        DOCUMENT_ID_BYTES_MAX);
}

char *document_id_make(struct dk_call *call) {
    unsigned char bytes[ID_RANDOM_BYTES];
    char *id = dk_call_take(call, 2 * sizeof bytes + 1);

    if (id == NULL) {
        (void)document_no_memory(call);
        return NULL;
    }
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        (void)dk_call_fail(call, DK_INTERNAL, "document: the system has no random bytes");
        return NULL;
    }
    document_hex(bytes, sizeof bytes, id);
    return id;
}

pb_timestamp *document_time(struct dk_call *call, int64_t later_ms) {
    struct timespec now;
    pb_timestamp *time = dk_call_take(call, sizeof *time);

    if (time == NULL) {
        (void)document_no_memory(call);
        return NULL;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now); /* fails for unknown clocks alone */
    google__protobuf__timestamp__init(time);
    time->seconds = now.tv_sec + later_ms / 1000;
    time->nanos = (int32_t)now.tv_nsec;
    return time;
}

bool document_time_is_over(const pb_timestamp *time) {
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return time != NULL && (time->seconds < now.tv_sec ||
                            (time->seconds == now.tv_sec && time->nanos <= (int32_t)now.tv_nsec));
}

/* daprd puts "dapr-" before headers that HTTP knows. */
static struct dk_bytes header_of(const struct dk_call *call, const char *name) {
    char with_prefix[32] = "dapr-";

    strncat(with_prefix, name, sizeof with_prefix - sizeof "dapr-");
    const struct dk_bytes value = dk_call_header(call, dk_bytes_of(with_prefix));
    return value.data != NULL ? value : dk_call_header(call, dk_bytes_of(name));
}

const char *document_condition(struct dk_call *call, const char *field, const char *header) {
    if (field[0] != '\0') {
        return field;
    }
    struct dk_bytes value = header_of(call, header);
    if (value.size > 2 && memcmp(value.data, "W/", 2) == 0) {
        value.data += 2;
        value.size -= 2;
    }
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"') {
        value.data++;
        value.size -= 2;
    }
    if (value.size == 0 || dk_bytes_equal(value, (struct dk_bytes)DK_BYTES("*"))) {
        return "";
    }
    const char *text = dk_call_format(call, "%.*s", (int)value.size, value.data);
    return text == NULL ? "" : text;
}
