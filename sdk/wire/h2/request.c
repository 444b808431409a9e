/*
 * Which request header goes where. Names arrive in lower case, HTTP/2 has no other and nghttp2
 * checks; pseudo-headers arrive once and first, it checks that too.
 */
#include "wire/h2/request.h"

#include "core/base64.h"

/* Where a field of that name lands; NULL: among the others. */
static struct dk_bytes *field_of(struct dk__h2_request *request, struct dk_bytes name) {
    static const struct dk_bytes path = DK_BYTES(":path"), method = DK_BYTES(":method"),
                                 content_type = DK_BYTES("content-type"),
                                 timeout = DK_BYTES("grpc-timeout"),
                                 encoding = DK_BYTES("grpc-encoding"),
                                 instance = DK_BYTES("x-component-instance");
    switch (name.size) { /* the length tells most of them apart */
    case 5:
        return dk_bytes_equal(name, path) ? &request->headers.path : NULL;
    case 7:
        return dk_bytes_equal(name, method) ? &request->method : NULL;
    case 12:
        if (dk_bytes_equal(name, timeout)) {
            return &request->headers.timeout;
        }
        return dk_bytes_equal(name, content_type) ? &request->headers.content_type : NULL;
    case 13:
        return dk_bytes_equal(name, encoding) ? &request->headers.encoding : NULL;
    case 20:
        return dk_bytes_equal(name, instance) ? &request->headers.instance : NULL;
    default:
        return NULL;
    }
}

/* What HTTP/2 or this transport needs and no method asks for. */
static bool is_dropped(struct dk_bytes name) {
    static const struct dk_bytes trailers = DK_BYTES("te"),
                                 accepted = DK_BYTES("grpc-accept-encoding");
    return (name.size > 0 && name.data[0] == ':') || dk_bytes_equal(name, trailers) ||
           dk_bytes_equal(name, accepted);
}

static bool is_binary(struct dk_bytes name) {
    return name.size > 4 && memcmp(name.data + name.size - 4, "-bin", 4) == 0;
}

static struct dk_bytes copy_bytes(struct dk__arena *arena, struct dk_bytes bytes) {
    char *copy = dk__arena_take_bytes(arena, bytes.size);
    if (copy == NULL) {
        return (struct dk_bytes){.data = NULL, .size = 0};
    }
    memcpy(copy, bytes.data, bytes.size);
    return (struct dk_bytes){.data = copy, .size = bytes.size};
}

static bool pairs_grow(struct dk__h2_request *request, struct dk__arena *arena) {
    const size_t capacity = request->pair_capacity * 2;
    struct dk_pair *pairs = dk__arena_take(arena, capacity * sizeof *pairs);
    if (pairs == NULL) {
        return false;
    }
    memcpy(pairs, request->pairs, request->pair_count * sizeof *pairs);
    request->pairs = pairs;
    request->pair_capacity = capacity;
    return true;
}

static void pair_add(
    struct dk__h2_request *request,
    struct dk__arena *arena,
    struct dk_bytes key,
    struct dk_bytes value) {
    if (request->pairs == NULL) {
        request->pairs = request->first;
        request->pair_capacity = DK__H2_PAIRS_FIRST;
    }
    if (key.data == NULL || value.data == NULL ||
        (request->pair_count == request->pair_capacity && !pairs_grow(request, arena))) {
        request->fault = DK__H2_REQUEST_TOO_LARGE;
        return;
    }
    request->pairs[request->pair_count] = (struct dk_pair){.key = key, .value = value};
    request->pair_count++;
}

/* A list of values of one key may arrive joined by commas, which base64 does not use. */
static void binary_add(
    struct dk__h2_request *request,
    struct dk__arena *arena,
    struct dk_bytes key,
    struct dk_bytes value) {
    while (request->fault == DK__H2_REQUEST_FINE) {
        const char *comma = value.size == 0 ? NULL : memchr(value.data, ',', value.size);
        const size_t size = comma == NULL ? value.size : (size_t)(comma - value.data);
        char *target = dk__arena_take_bytes(arena, size / 4 * 3 + 3);
        struct dk_bytes plain = {.data = target, .size = 0};
        if (target != NULL &&
            !dk__base64_decode(
                (struct dk_bytes){.data = value.data, .size = size}, target, &plain.size)) {
            request->fault = DK__H2_REQUEST_BAD_BINARY;
            return;
        }
        pair_add(request, arena, key, plain);
        if (comma == NULL) {
            return;
        }
        value = (struct dk_bytes){.data = comma + 1, .size = value.size - size - 1};
        while (value.size > 0 && value.data[0] == ' ') {
            value.data++;
            value.size--;
        }
    }
}

void dk__h2_request_add(
    struct dk__h2_request *request,
    struct dk__arena *arena,
    size_t header_bytes_max,
    struct dk_bytes name,
    struct dk_bytes value) {
    request->bytes += name.size + value.size + DK__H2_FIELD_OVERHEAD;
    if (request->bytes > header_bytes_max) {
        request->fault = DK__H2_REQUEST_TOO_LARGE;
    }
    if (request->fault != DK__H2_REQUEST_FINE) {
        return;
    }
    struct dk_bytes *field = field_of(request, name);
    if (field != NULL) {
        *field = copy_bytes(arena, value);
        if (field->data == NULL) {
            request->fault = DK__H2_REQUEST_TOO_LARGE;
        }
    } else if (!is_dropped(name)) {
        const struct dk_bytes key = copy_bytes(arena, name);
        if (is_binary(name)) {
            binary_add(request, arena, key, value);
        } else {
            pair_add(request, arena, key, copy_bytes(arena, value));
        }
    }
}

void dk__h2_request_end(struct dk__h2_request *request) {
    request->headers.others =
        (struct dk_pairs){.items = request->pairs, .count = request->pair_count};
}
