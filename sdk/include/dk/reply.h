#ifndef DK_REPLY_H
#define DK_REPLY_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The one answer that a call is waiting for. A backend function receives a reply and gives it away
 * exactly once, at once or in a later turn: dk_reply_ok or dk_reply_fail. Until then the request and everything in it
 * stay valid; afterwards they belong to nobody the backend knows.
 *
 * dk_reply_* never calls back into the backend. What an answer points to is encoded before the
 * function returns, so it may point into a client library's own memory.
 *
 * Thread: the loop's. Giving a reply twice is a programming error and asserted.
 * Bound:  an answer larger than the transport's reply_bytes_max (4 MiB, daprd's receive limit)
 *         fails that call alone with DK_TOO_LARGE.
 */
struct dk_reply;

/* The call succeeded; with what dk_reply_item and its kin have added before. */
void dk_reply_ok(struct dk_reply *reply);

/* The call failed. What was added before is dropped. The text reaches the user: subject first,
 * foreign strings in single quotes, no secrets. */
void dk_reply_fail(struct dk_reply *reply, enum dk_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* dk_reply_fail with a fault's error and words. */
void dk_reply_fault(struct dk_reply *reply, const struct dk_fault *fault);

/* Memory that ends with the call: zeroed, aligned for anything. NULL when the call's
 * arena_bytes_max is reached; answer DK_EXHAUSTED then. */
void *dk_reply_take(struct dk_reply *reply, size_t size);

/* µs of monotonic time (dk_loop_now_us) after which nobody waits; INT64_MAX when there is none. */
int64_t dk_reply_deadline_us(const struct dk_reply *reply);

/* How long to try, at most `wanted_ms`, so that the words of what went wrong reach the caller before
 * its time is up: an end 300 ms before the deadline, or half of a short rest; 1 and more. */
int64_t dk_reply_patience_ms(const struct dk_reply *reply, int64_t now_us, int64_t wanted_ms);

/* True once the caller has gone away or its deadline has passed. The reply must still be given
 * away; it is then only a release. Work that has not begun may be left out. */
bool dk_reply_is_over(const struct dk_reply *reply);

/* True once the answer can only fail, because what was added has outgrown its bound: what would be
 * added now is dropped. The reply must still be given away; dk_reply_ok then fails it with words. */
bool dk_reply_is_full(const struct dk_reply *reply);

#ifdef __cplusplus
}
#endif

#endif /* DK_REPLY_H */
