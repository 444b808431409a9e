/*
 * BulkSet and BulkDelete: the single writes of all items in one pipeline, a window ahead of the
 * answers. What can be written is written; the one status that daprd understands names the worst
 * trouble: first what is worth a retry, then a stale etag, then a bad request.
 */
#include "clients/redis/redis_error.h"
#include "statestore/redis/redis_operations.h"
#include "statestore/redis/redis_write.h"

#include <string.h>

enum { WINDOW = 1024 }; /* items in flight for one call */

enum rank { GOOD, INVALID, REFUSED, FAILED };

struct bulk_write;

/* Where one item's answer arrives: it knows its item, also when it is a second try's. */
struct bulk_item {
    struct bulk_write *call;
};

struct bulk_write {
    struct redis_call base;
    struct bulk_item *items;
    size_t count, sent, awaited, written;
    enum rank rank;        /* of the worst trouble */
    struct dk_fault worst; /* its first words */
    enum dk_error (*send_item)(struct bulk_write *call, size_t index, struct dk_fault *fault);
};

static void bulk_write_pump(struct bulk_write *call);

static void bulk_write_note(struct bulk_write *call, enum rank rank, const struct dk_fault *fault) {
    if (rank > call->rank) {
        call->rank = rank;
        call->worst = *fault;
    }
}

static void bulk_write_finish(struct bulk_write *call) {
    if (call->rank == GOOD) {
        redis_call_written(&call->base);
        return;
    }
    dk_reply_fail(
        call->base.reply,
        call->worst.error,
        "redis: %zu of %zu items were written; %s",
        call->written,
        call->count,
        call->worst.text);
}

static void bulk_write_note_answer(struct bulk_write *call, const struct redisReply *answer) {
    struct dk_fault fault;

    fault.error = DK_OK;
    fault.text[0] = '\0';
    if (answer == NULL) {
        (void)dk_fault_set(
            &fault,
            DK_UNAVAILABLE,
            "redis: connection lost before the answer; more may have been written: %s",
            redis_link_trouble(call->base.link));
    } else if (answer->type == REDIS_REPLY_INTEGER) {
        call->written++;
        return;
    } else if (answer->type == REDIS_REPLY_NIL) {
        (void)dk_fault_set(&fault, DK_ETAG_MISMATCH, "redis: somebody else wrote an item first");
    } else if (answer->type == REDIS_REPLY_ERROR) {
        (void)redis_fault_of(answer, &fault);
    } else {
        (void)dk_fault_set(&fault, DK_INTERNAL, "redis: an answer of an unexpected type");
    }
    bulk_write_note(call, fault.error == DK_ETAG_MISMATCH ? REFUSED : FAILED, &fault);
}

/* The script is unknown, so nothing ran: this item goes again, with the text. All items behind it
 * come back the same way, in their order. */
static bool bulk_write_goes_again(struct bulk_write *call, const struct bulk_item *item) {
    const size_t index = (size_t)(item - call->items);
    struct dk_fault fault = {.error = DK_OK};

    call->base.is_script_unknown = true;
    const bool is_sent = call->send_item(call, index, &fault) == DK_OK;
    call->base.is_script_unknown = false;
    call->awaited += is_sent;
    return is_sent;
}

static void bulk_write_on_answer(void *context, const struct redisReply *answer) {
    struct bulk_item *item = context;
    struct bulk_write *call = item->call;

    call->awaited--;
    if (redis_reply_is(answer, "NOSCRIPT") && bulk_write_goes_again(call, item)) {
        return;
    }
    bulk_write_note_answer(call, answer);
    bulk_write_pump(call);
}

static enum dk_error bulk_write_send(
    struct bulk_write *call, size_t index, const struct dk_bytes *words, size_t count) {
    return redis_link_send(
        call->base.link, words, count, bulk_write_on_answer, &call->items[index]);
}

/* An item that could not be sent. True: the pipeline stops here until answers come. */
static bool bulk_write_stops(
    struct bulk_write *call, enum dk_error error, const struct dk_fault *fault) {
    struct dk_fault own;

    if (error == DK_INVALID || error == DK_ETAG_INVALID) {
        bulk_write_note(call, INVALID, fault);
        return false;
    }
    if (call->awaited > 0) {
        return true;
    }
    own.error = DK_OK;
    own.text[0] = '\0';
    (void)dk_fault_set(
        &own,
        error,
        "%s",
        error == DK_UNAVAILABLE ? redis_link_trouble(call->base.link)
                                : "redis: inflightMax reached");
    bulk_write_note(call, FAILED, &own);
    call->sent = call->count;
    return true;
}

/* Sends as far as the window and the link allow; answers when nothing is left. */
static void bulk_write_pump(struct bulk_write *call) {
    struct dk_fault fault;
    bool stops = false;

    if (call->rank == FAILED && call->worst.error == DK_UNAVAILABLE) {
        call->sent = call->count; /* no use in asking on: daprd sends all of it again */
    }
    if (dk_reply_is_over(call->base.reply) && call->sent < call->count) {
        fault.error = DK_OK;
        fault.text[0] = '\0';
        (void)dk_fault_set(&fault, DK_CANCELLED, "redis: nobody waits for the answer any more");
        bulk_write_note(call, FAILED, &fault);
        call->sent = call->count;
    }
    while (!stops && call->sent < call->count && call->awaited < WINDOW) {
        fault.error = DK_OK;
        fault.text[0] = '\0';
        const enum dk_error error = call->send_item(call, call->sent, &fault);
        if (error == DK_UNAVAILABLE && call->sent == 0) {
            redis_call_wait(&call->base); /* nothing went out yet: the call can wait as one */
            return;
        }
        stops = error != DK_OK && bulk_write_stops(call, error, &fault);
        call->awaited += error == DK_OK;
        call->sent += !stops;
    }
    if (call->awaited == 0 && call->sent >= call->count) {
        bulk_write_finish(call);
    }
}

static enum dk_error set_send_item(struct bulk_write *call, size_t index, struct dk_fault *fault) {
    const struct dk_bulk_set *request = call->base.request;
    const struct dk_set *item = &request->items[index];
    struct redis_write write = {.has_ttl = false};
    struct dk_bytes words[REDIS_WRITE_WORDS_MAX];

    const enum dk_error error = redis_write_of_set(call->base.state, item, &write, fault);
    if (error != DK_OK) {
        return error;
    }
    return bulk_write_send(
        call, index, words, redis_set_words(&call->base, item->key, &write, words));
}

static enum dk_error delete_send_item(
    struct bulk_write *call, size_t index, struct dk_fault *fault) {
    const struct dk_bulk_delete *request = call->base.request;
    const struct dk_delete *item = &request->items[index];
    struct dk_bytes words[REDIS_WRITE_WORDS_MAX];

    (void)fault;
    return bulk_write_send(
        call,
        index,
        words,
        redis_delete_words(&call->base, item->key, redis_expected_of_delete(item), words));
}

/* Gives the call its items; false at the arena's bound, the reply is then failed. */
static bool bulk_write_take_items(struct bulk_write *call) {
    if (call->items != NULL) {
        return true; /* it waited for the link, and runs again */
    }
    call->items = dk_reply_take(call->base.reply, call->count * sizeof *call->items);
    if (call->items == NULL) {
        dk_reply_fail(call->base.reply, DK_EXHAUSTED, "redis: the call's memory bound is reached");
        return false;
    }
    for (size_t i = 0; i < call->count; i++) {
        call->items[i].call = call;
    }
    return true;
}

static const struct dk_bytes command = DK_BYTES("EVALSHA");

static void bulk_set_run(struct redis_call *base) {
    struct bulk_write *call = (struct bulk_write *)(void *)base;
    const struct dk_bulk_set *request = base->request;

    redis_call_trace(base, command, request->count);
    call->count = request->count;
    call->send_item = set_send_item;
    if (bulk_write_take_items(call)) {
        bulk_write_pump(call);
    }
}

static void bulk_delete_run(struct redis_call *base) {
    struct bulk_write *call = (struct bulk_write *)(void *)base;
    const struct dk_bulk_delete *request = base->request;

    redis_call_trace(base, command, request->count);
    call->count = request->count;
    call->send_item = delete_send_item;
    if (bulk_write_take_items(call)) {
        bulk_write_pump(call);
    }
}

void redis_bulk_set(
    struct dk_instance *store, const struct dk_bulk_set *request, struct dk_reply *reply) {
    bool is_strong = false;
    for (size_t i = 0; i < request->count && !is_strong; i++) {
        is_strong = request->items[i].consistency == DK_STRONG;
    }
    redis_call_start_write(
        store, request, reply, is_strong, sizeof(struct bulk_write), bulk_set_run);
}

void redis_bulk_delete(
    struct dk_instance *store, const struct dk_bulk_delete *request, struct dk_reply *reply) {
    bool is_strong = false;
    for (size_t i = 0; i < request->count && !is_strong; i++) {
        is_strong = request->items[i].consistency == DK_STRONG;
    }
    redis_call_start_write(
        store, request, reply, is_strong, sizeof(struct bulk_write), bulk_delete_run);
}
