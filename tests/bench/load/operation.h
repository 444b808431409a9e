#ifndef TESTS_BENCH_LOAD_OPERATION_H
#define TESTS_BENCH_LOAD_OPERATION_H

#include <dk/bytes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A kind of state call under load: its path, its requests over OPERATION_KEYS keys in turn, and
 * what a right answer is. Requests are packed before the clock runs.
 *
 * Owner: operation_make gives it, operation_free takes it. What cannot be made ends the benchmark.
 */
enum {
    OPERATION_KEYS = 1000,
    OPERATION_BULK_ITEMS = 100,
    OPERATION_TRANSACT_ITEMS = 10,
    OPERATION_VALUE_BYTES_MAX = 65536,
};

enum operation_kind {
    OPERATION_PING,
    OPERATION_SET,
    OPERATION_SET_ETAG, /* each with the etag of the write before it */
    OPERATION_SET_TTL,
    OPERATION_SET_STALE,   /* with an etag of nobody's: refused */
    OPERATION_SET_BAD_TTL, /* with a lifetime that is none: refused */
    OPERATION_GET,
    OPERATION_DELETE,
    OPERATION_BULK_GET,
    OPERATION_BULK_SET,
    OPERATION_TRANSACT,
    OPERATION_PUBLISH,
    OPERATION_BULK_PUBLISH,
    OPERATION_PULL, /* a stream, which is no call: only its name */
    /* The same through daprd's API. */
    OPERATION_DAPRD_SAVE,
    OPERATION_DAPRD_GET,
    OPERATION_DAPRD_BULK_GET,
    OPERATION_INVOKE, /* daprd's, of an application: POST /repeat, which gives the body back */
    OPERATION_KINDS,
};

struct ProtobufCMessage;

struct operation {
    enum operation_kind kind;
    const char *name;
    const char *path;
    uint64_t calls_share; /* of the ordinary number of calls: 1/n */
    size_t value_size;
    size_t values; /* in a right answer */
    int status;    /* of a right answer, in gRPC's words */
    uint64_t next; /* the number of the next request */
    struct dk_bytes requests[OPERATION_KEYS];
    char *scratch; /* OPERATION_SET_ETAG: where a request is made anew for each call */
};

void operation_make(struct operation *operation, enum operation_kind kind, size_t value_size);
void operation_free(struct operation *operation);
/* The next request; valid until the following call. */
struct dk_bytes operation_next(struct operation *operation);
bool operation_answer_is_right(const struct operation *operation, struct dk_bytes answer);

/* The name that the tables show. */
const char *operation_name(enum operation_kind kind);

/* A message in bytes; the caller frees its data. */
struct dk_bytes operation_pack(const struct ProtobufCMessage *message);
/* A packed InitRequest; the caller frees its data. */
struct dk_bytes operation_init_request(const struct dk_pair *properties, size_t count);

#endif /* TESTS_BENCH_LOAD_OPERATION_H */
