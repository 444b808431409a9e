#ifndef TESTS_SUPPORT_H2_SCRIPT_H
#define TESTS_SUPPORT_H2_SCRIPT_H

#include <dk/bytes.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The client's side of a connection as bytes: frames of HTTP/2 with headers that need no HPACK
 * state, written by hand, and a script that chooses among them. Any bytes are a script, so that a
 * fuzzer spends its luck on the order of frames and not on their spelling.
 *
 * Shape of a script: steps of one byte that chooses, and the bytes that the step wants; what is
 * missing at the end is 0.
 *
 * Thread: any. Pure. Bound: a step writes at most H2_STEP_BYTES_MAX; whoever writes frames by hand
 * gives room enough, H2_FRAME_BYTES and the payload.
 */
enum {
    H2_FRAME_BYTES = 9,
    H2_STEP_BYTES_MAX = 32 * 1024,
    H2_HEADERS_BYTES_MAX = 512, /* of h2_write_request, frame and all */
};

/* Frame types and flags. Source: RFC 9113, section 6. */
enum { H2_DATA = 0, H2_HEADERS = 1, H2_RST_STREAM = 3, H2_SETTINGS = 4, H2_PING = 6 };
enum { H2_END_STREAM = 1, H2_END_HEADERS = 4 };

/* Each writes at `target` and returns how many bytes. */
size_t h2_write_frame(
    uint8_t *target, unsigned type, unsigned flags, uint32_t stream, struct dk_bytes payload);
/* The preface and an empty SETTINGS. */
size_t h2_write_preface(uint8_t *target);
/* A gRPC request's header list; `name` of up to 100 bytes with its value is one more field, data
 * NULL for none. */
size_t h2_write_request(
    uint8_t *target,
    unsigned flags,
    uint32_t stream,
    const char *path,
    struct dk_bytes name,
    struct dk_bytes value);
/* DATA with one message and its prefix. */
size_t h2_write_message(uint8_t *target, unsigned flags, uint32_t stream, struct dk_bytes message);

enum h2_step {
    H2_STEP_END,     /* of the script */
    H2_STEP_BYTES,   /* were written */
    H2_STEP_TURN,    /* the server shall see what was written */
    H2_STEP_RELEASE, /* the server shall answer what it holds */
};

struct h2_script {
    struct dk_bytes left;
    const char *const *paths; /* to call, ended by NULL */
    uint32_t newest;          /* stream id; 0: none was opened */
};

enum h2_step h2_script_next(struct h2_script *script, uint8_t *target, size_t *ret_size);

#endif /* TESTS_SUPPORT_H2_SCRIPT_H */
