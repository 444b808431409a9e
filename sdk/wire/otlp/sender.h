#ifndef DK_WIRE_OTLP_SENDER_H
#define DK_WIRE_OTLP_SENDER_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

struct dk__otlp_settings;

/*
 * Who carries requests to the collector: wire/h2's client in component programs, gRPC C core in
 * applications.
 *
 * Thread: send from one at a time, that may wait; cancel from any.
 */
enum { DK__OTLP_WORDS_BYTES = 256 };

struct dk__otlp_answer {
    int code;         /* gRPC's; UNAVAILABLE when nobody answers */
    bool may_pass;    /* sending again may help. Source: OTLP, "Failures" */
    int64_t wait_ms;  /* not sooner than this, the collector says; 0: it does not say */
    int64_t rejected; /* code OK: spans that the collector did not take */
    char words[DK__OTLP_WORDS_BYTES];
};

struct dk__otlp_sender {
    const struct dk__otlp_sender_ops *ops;
};

struct dk__otlp_sender_ops {
    /* Sends and waits, `wait_ms` at most. */
    void (*send)(
        struct dk__otlp_sender *sender,
        struct dk_bytes request,
        int64_t wait_ms,
        struct dk__otlp_answer *ret_answer);
    /* Ends a send under way, and every later one at once. */
    void (*cancel)(struct dk__otlp_sender *sender);
    void (*free)(struct dk__otlp_sender *sender);
};

/* A sender to settings' endpoint; it connects when it sends. The settings live longer.
 * Errors: DK_INVALID for files that are no certificates, DK_EXHAUSTED. */
typedef enum dk_error dk__otlp_sender_new_fn(
    const struct dk__otlp_settings *settings,
    struct dk__otlp_sender **ret_sender,
    struct dk_fault *fault);
dk__otlp_sender_new_fn dk__otlp_h2_sender_new, dk__otlp_core_sender_new;

/* ── for senders ────────────────────────────────────────────────────────────────────────────── */

extern const char dk__otlp_path[]; /* of TraceService.Export */

/* What a collector answered: a gRPC status with its details (a google.rpc.Status, or absent), and, when it is
 * OK, its message. */
void dk__otlp_answer_set(
    struct dk__otlp_answer *answer,
    int code,
    struct dk_bytes words,
    struct dk_bytes details,
    struct dk_bytes message);
/* What was said instead of an answer, by us. */
void dk__otlp_answer_fail(struct dk__otlp_answer *answer, const struct dk_fault *fault);

#endif /* DK_WIRE_OTLP_SENDER_H */
