#ifndef DK_TRACE_H
#define DK_TRACE_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dk_call;
struct dk_reply;

/*
 * A span: a stretch of work that an operator sees in a trace, such as one command to a server.
 *
 *     begin, a child of the call's span ─▶ text, number, event, fail … ─▶ end
 *
 * Most calls are not recorded: begin then gives NULL, and every function here takes NULL and does
 * nothing, so that nobody asks first.
 *
 * Thread: the call's: the loop's in a backend, the handler's worker in an application.
 * Owner:  the call's memory. A span ends before its call does: before the reply is given away, before
 *         the handler returns. A reply's first span that is not ended by then ends with it, failed
 *         where the reply fails; any other is never seen.
 * Bound:  an attribute or event that no longer fits is left out and counted; texts are cut at
 *         DK_SPAN_TEXT_BYTES_MAX. Finished spans wait in a queue of --trace-queue-max; when it is
 *         full they are dropped and counted, the call does not wait.
 */
struct dk_span;

enum {
    DK_SPAN_TEXT_BYTES_MAX = 256, /* of one value */
    DK_TRACEPARENT_BYTES = 56,    /* with its NUL */
};

/* OpenTelemetry's kinds, with its numbers. */
enum dk_span_kind {
    DK_SPAN_INTERNAL = 1, /* within this process */
    DK_SPAN_SERVER = 2,   /* somebody asked, here it is answered */
    DK_SPAN_CLIENT = 3,   /* a question to a server, with its answer */
    DK_SPAN_PRODUCER = 4, /* a message on its way to a broker */
    DK_SPAN_CONSUMER = 5, /* a message that came from one */
};

/* A child of what is going on in the call; `name` is copied. */
struct dk_span *dk_reply_span_begin(
    struct dk_reply *reply, enum dk_span_kind kind, struct dk_bytes name);
struct dk_span *dk_call_span_begin(
    struct dk_call *call, enum dk_span_kind kind, struct dk_bytes name);

/*
 * What several calls have in common, such as commands that leave in one write: a child of the span of
 * the call that begins it; every other call joins, and its own span links to the common one. Each of
 * them says how long it then took until its answer ("dapr.backend.duration_us"), and leaves with its
 * reply. The common span ends when all have left and dk_span_end was called, by whoever began it; it has
 * failed when all of them did, else it counts those that did ("dapr.calls.failed").
 *
 * Thread: the loop's, for all of them.
 * Errors: NULL, and false: the call is not recorded, its reply has a span, or there is no memory.
 */
struct dk_span *dk_reply_span_begin_common(
    struct dk_reply *reply, enum dk_span_kind kind, struct dk_bytes name);
bool dk_reply_span_join(struct dk_reply *reply, struct dk_span *common);
/* The reply's span, its own or a common one, ends for it before the reply is given; the next that is begun or joined
 * takes its place. Without one nothing happens. */
void dk_reply_span_leave(struct dk_reply *reply);

/* Another name than at its beginning, for what is costly to write or known later; copied. */
void dk_span_name(struct dk_span *span, struct dk_bytes name);
/* An attribute. `key` is a literal of OpenTelemetry's semantic conventions ("db.system.name"); the
 * value is copied, UTF-8, no secret. */
void dk_span_text(struct dk_span *span, const char *key, struct dk_bytes value);
void dk_span_number(struct dk_span *span, const char *key, int64_t value);
/* Something that happened now; `name` is a literal, `message` is copied and may be absent. */
void dk_span_event(struct dk_span *span, const char *name, struct dk_bytes message);
/* It went wrong; the words are copied. The last call counts. */
void dk_span_fail(struct dk_span *span, struct dk_bytes words);
/* Ends the span now and gives it to the exporter. The pointer is dead. */
void dk_span_end(struct dk_span *span);

/* The context for whoever continues: of the span, or without one of the call, which may be unsampled.
 * W3C's traceparent, NUL-terminated. False: there is no trace. */
bool dk_reply_traceparent(
    const struct dk_reply *reply, const struct dk_span *span, char target[DK_TRACEPARENT_BYTES]);

#ifdef __cplusplus
}
#endif

#endif /* DK_TRACE_H */
