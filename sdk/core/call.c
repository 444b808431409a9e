/*
 * The functions of dk/reply.h and the answers of every block: each goes once through the table of
 * its reply.
 */
#include "core/call.h"

#include "core/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void dk__call_give(struct dk__call *call, enum dk__owner to) {
    /* Release pairs with the acquire in dk__call_arrive; nothing is touched afterwards. */
    atomic_store_explicit(&call->owner, to, memory_order_release);
}

void dk__call_arrive(struct dk__call *call, enum dk__owner at) {
    const enum dk__owner owner = atomic_load_explicit(&call->owner, memory_order_acquire);
    assert(owner == at);
    (void)owner;
    (void)at;
}

/* `words` of what failed, or NULL. */
static void give(struct dk_reply *reply, const char *words) {
    assert(!reply->is_given);
    reply->is_given = true;
    dk__reply_span_end(reply, words);
}

void dk_reply_ok(struct dk_reply *reply) {
    give(reply, NULL);
    reply->ops->ok(reply);
}

void dk_reply_fail(struct dk_reply *reply, enum dk_error error, const char *format, ...) {
    /* One character more than fits: so what is cut is cut by dk__utf8_clean, whole. */
    char raw[DK_FAULT_TEXT_BYTES_MAX + 4], text[DK_FAULT_TEXT_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    /* It travels as a proto3 string and in a header: one bad byte would cost daprd the stream. */
    (void)dk__utf8_clean(dk_bytes_of(raw), text, sizeof text);
    give(reply, text);
    reply->ops->fail(reply, error, text);
}

void dk_reply_fault(struct dk_reply *reply, const struct dk_fault *fault) {
    give(reply, fault->text);
    reply->ops->fail(reply, fault->error, fault->text);
}

void *dk_reply_take(struct dk_reply *reply, size_t size) {
    return dk__arena_take(&reply->call->arena, size);
}

int64_t dk_reply_deadline_us(const struct dk_reply *reply) {
    return reply->call->deadline_us;
}

int64_t dk_reply_patience_ms(const struct dk_reply *reply, int64_t now_us, int64_t wanted_ms) {
    enum { HEAD_START_MS = 300, US_PER_MS = 1000 };
    const int64_t deadline_us = dk_reply_deadline_us(reply);
    if (deadline_us == INT64_MAX) {
        return wanted_ms;
    }
    const int64_t left_ms = (deadline_us - now_us) / US_PER_MS;
    const int64_t room_ms =
        left_ms - HEAD_START_MS > HEAD_START_MS ? left_ms - HEAD_START_MS : left_ms / 2;
    const int64_t some_ms = room_ms > 1 ? room_ms : 1;
    return some_ms < wanted_ms ? some_ms : wanted_ms;
}

bool dk_reply_is_over(const struct dk_reply *reply) {
    return reply->call->is_over;
}

bool dk_reply_is_full(const struct dk_reply *reply) {
    return reply->is_full;
}

void dk_reply_item(struct dk_reply *reply, const struct dk_item *item) {
    assert(!reply->is_given && reply->ops->item != NULL);
    reply->ops->item(reply, item);
}

void dk_reply_token(struct dk_reply *reply, struct dk_bytes token) {
    assert(!reply->is_given && reply->ops->token != NULL);
    reply->ops->token(reply, token);
}

void dk_reply_row_mismatch(struct dk_reply *reply, int64_t expected, int64_t affected) {
    assert(reply->ops->row_mismatch != NULL);
    give(reply, "rows do not match");
    reply->ops->row_mismatch(reply, expected, affected);
}

void dk_reply_failed_entry(
    struct dk_reply *reply, struct dk_bytes entry_id, struct dk_bytes error) {
    assert(!reply->is_given && reply->ops->failed_entry != NULL);
    reply->ops->failed_entry(reply, entry_id, error);
}

void dk_reply_output(struct dk_reply *reply, const struct dk_output *output) {
    assert(!reply->is_given && reply->ops->output != NULL);
    reply->ops->output(reply, output);
}
