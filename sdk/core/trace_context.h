#ifndef DK_CORE_TRACE_CONTEXT_H
#define DK_CORE_TRACE_CONTEXT_H

#include <dk/bytes.h>
#include <dk/trace.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Which trace something belongs to, and which span of it: what travels between processes.
 *
 * Pure; thread: any. Source: W3C Trace Context; OpenCensus' BinaryEncoding for grpc-trace-bin.
 */
enum {
    DK__TRACE_ID_BYTES = 16,
    DK__SPAN_ID_BYTES = 8,
    DK__TRACE_SAMPLED = 1, /* the one flag that is passed on */
    DK__TRACE_BINARY_BYTES = 29,
    DK__TRACE_ID_TEXT_BYTES = 2 * DK__TRACE_ID_BYTES + 1, /* with NUL */
    DK__SPAN_ID_TEXT_BYTES = 2 * DK__SPAN_ID_BYTES + 1,
};

struct dk__trace_context {
    unsigned char trace_id[DK__TRACE_ID_BYTES];
    unsigned char span_id[DK__SPAN_ID_BYTES];
    unsigned char flags;
    bool is_set; /* false: no trace, the rest is zero */
};

/*
 * "00-<32 hex>-<16 hex>-<2 hex>", lower case. False, and nothing is written: another shape, version
 * ff, an id of zeros. A version after 00 may be followed by "-…", which is not read.
 */
bool dk__trace_parse_text(struct dk_bytes traceparent, struct dk__trace_context *ret_context);
/* 29 bytes: version 0, fields 0, 1 and 2 in this order. False as above. */
bool dk__trace_parse_binary(struct dk_bytes binary, struct dk__trace_context *ret_context);

/* The context that the metadata of a call names: grpc-trace-bin before traceparent, as daprd reads
 * them; of each the first. False: none that is valid. */
bool dk__trace_find(struct dk_pairs metadata, struct dk__trace_context *ret_context);

/* The context that a cloud event in JSON names: the last "traceparent" member within its last
 * DK__TRACE_EVENT_BYTES_MAX bytes, where daprd, which sorts members, has it after "data". */
enum { DK__TRACE_EVENT_BYTES_MAX = 1024 };
bool dk__trace_find_event(struct dk_bytes event, struct dk__trace_context *ret_context);

/* NUL-terminated. The context is set. */
void dk__trace_write_text(
    const struct dk__trace_context *context, char target[DK_TRACEPARENT_BYTES]);
void dk__trace_write_binary(
    const struct dk__trace_context *context, char target[DK__TRACE_BINARY_BYTES]);
/* The ids alone, as a log line has them; NUL-terminated. */
void dk__trace_write_ids(
    const struct dk__trace_context *context,
    char trace_id[DK__TRACE_ID_TEXT_BYTES],
    char span_id[DK__SPAN_ID_TEXT_BYTES]);

#endif /* DK_CORE_TRACE_CONTEXT_H */
