/*
 * Header lists of ours, on the loop's thread. What repeats is static and lands in HPACK's table,
 * so that a usual answer takes three bytes of headers; texts that differ are kept out of it.
 */
#include "wire/h2/answer.h"

#include "core/base64.h"
#include "wire/h2/connection.h"
#include "wire/h2/session.h"
#include "wire/h2/stream.h"
#include "wire/h2/text.h"

#include <nghttp2/nghttp2.h>

enum {
    CODES = DK__CODE_UNAUTHENTICATED + 1,
    STATUS_FIELDS = 3, /* grpc-status, grpc-message, grpc-status-details-bin */
    LIST_FIELDS = 3 + 2 * DK__H2_FIELDS_MAX + STATUS_FIELDS,
};

struct list {
    size_t count;
    nghttp2_nv fields[LIST_FIELDS];
};

static const char *const code_texts[CODES] = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};

/* nghttp2 takes pointers to what it does not change. */
static uint8_t *octets(const char *text) {
    union {
        const char *in;
        uint8_t *out;
    } pointer = {.in = text};
    return pointer.out;
}

static void list_add(
    struct list *list, const char *name, struct dk_bytes value, unsigned further_flags) {
    list->fields[list->count] = (nghttp2_nv){
        .name = octets(name),
        .value = octets(value.data),
        .namelen = strlen(name),
        .valuelen = value.size,
        .flags =
            (uint8_t)(NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE | further_flags),
    };
    list->count++;
}

static void list_add_fields(struct list *list, const struct dk__h2_field *field) {
    for (; field != NULL; field = field->next) {
        list->fields[list->count] = (nghttp2_nv){
            .name = octets(field->name.data),
            .value = octets(field->value.data),
            .namelen = field->name.size,
            .valuelen = field->value.size,
            .flags = NGHTTP2_NV_FLAG_NO_COPY_VALUE, /* the name is put into lower case */
        };
        list->count++;
    }
}

static void list_add_head(struct list *list, const char *http_status) {
    list_add(list, ":status", dk_bytes_of(http_status), 0);
    list_add(list, "content-type", dk_bytes_of("application/grpc"), 0);
}

static void list_add_status(struct list *list, const struct dk__status *status) {
    list_add(list, "grpc-status", dk_bytes_of(code_texts[status->code]), 0);
    if (status->message.size > 0) {
        list_add(list, "grpc-message", status->message, NGHTTP2_NV_FLAG_NO_INDEX);
    }
    if (status->details.size > 0) {
        list_add(list, "grpc-status-details-bin", status->details, NGHTTP2_NV_FLAG_NO_INDEX);
    }
}

/* nghttp2 asks for DATA: says how much of rpc.out may leave; the callback for NO_COPY moves it. */
static ssize_t answer_on_read(
    nghttp2_session *session,
    int32_t stream_id,
    uint8_t *buffer, /* NOLINT(readability-non-const-parameter): nghttp2's type */
    size_t size_max,
    uint32_t *flags,
    nghttp2_data_source *source,
    void *context) {
    struct dk__h2_stream *stream = source->ptr;
    const size_t bytes = stream->rpc.out.bytes;
    const size_t size = bytes < size_max ? bytes : size_max;
    (void)session, (void)stream_id, (void)buffer, (void)context;

    if (size == 0 && stream->is_begun && !stream->rpc.is_finished) {
        stream->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size == bytes && stream->refusal != NULL) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (size == bytes && stream->rpc.is_finished) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        dk__h2_answer_trailers(stream);
    }
    return (ssize_t)size;
}

static void answer_submit(
    struct dk__h2_stream *stream, const struct list *list, const nghttp2_data_provider *data) {
    stream->is_answer_started = true;
    if (nghttp2_submit_response(
            stream->connection->session, stream->id, list->fields, list->count, data) != 0) {
        dk__h2_session_reset(stream, NGHTTP2_INTERNAL_ERROR);
    }
}

void dk__h2_answer_start(struct dk__h2_stream *stream) {
    const nghttp2_data_provider data = {.source.ptr = stream, .read_callback = answer_on_read};
    struct list list = {.count = 0};
    list_add_head(&list, "200");
    list_add_fields(&list, stream->headers);
    answer_submit(stream, &list, &data);
}

void dk__h2_answer_only(struct dk__h2_stream *stream) {
    struct list list = {.count = 0};
    list_add_head(&list, "200");
    list_add_fields(&list, stream->headers);
    list_add_status(&list, &stream->status);
    list_add_fields(&list, stream->trailers);
    answer_submit(stream, &list, NULL);
}

void dk__h2_answer_refuse(struct dk__h2_stream *stream, const struct dk__h2_refusal *refusal) {
    const nghttp2_data_provider data = {.source.ptr = stream, .read_callback = answer_on_read};
    const struct dk_bytes text = dk_bytes_of(refusal->text);
    struct list list = {.count = 0};

    stream->rpc.out.bytes_max = text.size;
    if (dk__chain_append_bytes(&stream->rpc.out, text)) { /* without memory the status must do */
        stream->waiting_bytes = text.size;
        stream->connection->waiting_bytes += text.size;
    }
    list_add(&list, ":status", dk_bytes_of(refusal->http_status), 0);
    list_add(&list, "content-type", dk_bytes_of("text/plain"), 0);
    if (strcmp(refusal->http_status, "405") == 0) {
        list_add(&list, "allow", dk_bytes_of("POST"), 0);
    }
    answer_submit(stream, &list, &data);
}

void dk__h2_answer_trailers(struct dk__h2_stream *stream) {
    struct list list = {.count = 0};
    list_add_status(&list, &stream->status);
    list_add_fields(&list, stream->trailers);
    if (nghttp2_submit_trailer(stream->connection->session, stream->id, list.fields, list.count) !=
        0) {
        dk__h2_session_reset(stream, NGHTTP2_INTERNAL_ERROR);
    }
}

void dk__h2_answer_keep_status(struct dk__h2_stream *stream, const struct dk__status *status) {
    struct dk__arena *arena = &stream->rpc.call.arena;
    const struct dk_bytes text = dk__h2_percent_cut(status->message, DK__H2_MESSAGE_BYTES_MAX);

    stream->status = (struct dk__status){.code = status->code};
    /* An RPC that failed because its arena is full must still be able to say so. */
    arena->bytes_max += DK__H2_MESSAGE_BYTES_MAX + DK__H2_DETAILS_BYTES_MAX;
    if (text.size > 0) {
        const size_t size = dk__h2_percent_size(text);
        char *target = dk__arena_take_bytes(arena, size);
        if (target != NULL) { /* without memory the code goes without its words */
            dk__h2_percent_encode(text, target);
            stream->status.message = (struct dk_bytes){.data = target, .size = size};
        }
    }
    const size_t size = dk__base64_size(status->details.size);
    if (size > 0 && size <= DK__H2_DETAILS_BYTES_MAX) {
        char *target = dk__arena_take_bytes(arena, size);
        if (target != NULL) {
            dk__base64_encode(status->details, target);
            stream->status.details = (struct dk_bytes){.data = target, .size = size};
        }
    }
}
