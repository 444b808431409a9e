/*
 * BulkGet as one pipeline: PTTL and HGETALL of each key, a window of keys ahead of the answers,
 * which are encoded as they come, in order.
 *
 *     ├ encoded ┤ in flight ┤ not sent yet ┤
 *     0      next        sent          count
 *
 * When the order breaks (the connection was lost, a key is no hash and must be read by GET, the
 * link is full), the pipeline is cut: what is in flight is let pass, and it starts again at `next`.
 */
#include "statestore/redis/redis_call.h"
#include "statestore/redis/redis_item.h"
#include "statestore/redis/redis_operations.h"

enum {
    WINDOW_MIN = 8,
    WINDOW_FIRST = 64,              /* nobody knows yet how large the values are */
    WINDOW_MAX = 512,               /* keys in flight for one call */
    WINDOW_BYTES = 4 * 1024 * 1024, /* aimed at; as much as daprd takes in one answer */
};

struct bulk_get {
    struct redis_call base;
    size_t next, sent;
    size_t awaited; /* answers in flight */
    size_t bytes;   /* of the values encoded */
    int64_t ttl_ms; /* of the key at `next` */
    bool is_cut, is_lost;
    bool is_other;   /* the key at `next` is no hash */
    bool has_others; /* then keys go one by one: others are likely, and each cuts */
};

static void bulk_get_pump(struct bulk_get *call);

/* After a cut, when nothing is in flight any more. */
static void bulk_get_resume(struct bulk_get *call) {
    call->is_cut = false;
    call->sent = call->next;
    if (call->is_lost) {
        call->is_lost = false;
        call->is_other = false; /* what it is by then will show */
        redis_call_lost_read(&call->base);
        return;
    }
    bulk_get_pump(call);
}

/* The answer for the key at `next`. */
static void bulk_get_take(struct bulk_get *call, const struct redisReply *answer) {
    const struct dk_bulk_get *request = call->base.request;
    struct dk_item item = {.expires_ms = 0};
    struct dk_fault fault;

    fault.error = DK_OK;
    fault.text[0] = '\0';
    if (redis_item_is_other(answer) && !call->is_other) {
        call->is_other = true;
        call->has_others = true;
        call->is_cut = true;
        return;
    }
    if (redis_item_read(answer, call->ttl_ms, &item, &fault) != DK_OK) {
        item.error = dk_bytes_of(fault.text);
    }
    item.key = request->items[call->next].key;
    dk_reply_item(call->base.reply, &item);
    call->bytes += item.data.size;
    call->is_other = false;
    call->next++;
}

static void bulk_get_arrive(struct bulk_get *call, const struct redisReply *answer) {
    call->awaited--;
    if (answer == NULL) {
        call->is_cut = true;
        call->is_lost = true;
    }
}

static void bulk_get_on_ttl(void *context, const struct redisReply *answer) {
    struct bulk_get *call = context;
    bulk_get_arrive(call, answer);
    if (!call->is_cut) {
        call->ttl_ms = answer->type == REDIS_REPLY_INTEGER ? answer->integer : -1;
    } else if (call->awaited == 0) {
        bulk_get_resume(call);
    }
}

static void bulk_get_on_value(void *context, const struct redisReply *answer) {
    struct bulk_get *call = context;
    bulk_get_arrive(call, answer);
    if (!call->is_cut) {
        bulk_get_take(call, answer);
    }
    if (!call->is_cut) {
        bulk_get_pump(call);
    } else if (call->awaited == 0) {
        bulk_get_resume(call);
    }
}

static enum dk_error bulk_get_send(struct bulk_get *call, struct dk_bytes key) {
    struct redis_link *link = call->base.link;
    const struct dk_bytes ttl_words[] = {DK_BYTES("PTTL"), key};
    const struct dk_bytes hash_words[] = {DK_BYTES("HGETALL"), key};
    const struct dk_bytes other_words[] = {DK_BYTES("GET"), key};

    if (redis_link_is_ready(link) && redis_link_room(link) < 2) {
        return DK_EXHAUSTED; /* not one of the two without the other */
    }
    enum dk_error error = redis_link_send(link, ttl_words, 2, bulk_get_on_ttl, call);
    if (error != DK_OK) {
        return error;
    }
    call->awaited++;
    error = redis_link_send(
        link, call->is_other ? other_words : hash_words, 2, bulk_get_on_value, call);
    if (error != DK_OK) {
        call->is_cut = true; /* half a key is in flight: no room for bytes */
        return error;
    }
    call->awaited++;
    return DK_OK;
}

/* Keys in flight: other calls' answers come behind theirs, so large values get a small window. */
static size_t bulk_get_window(const struct bulk_get *call) {
    if (call->has_others) {
        return 1;
    }
    if (call->next == 0) {
        return WINDOW_FIRST;
    }
    const size_t keys = WINDOW_BYTES / (call->bytes / call->next + 1);
    return keys < WINDOW_MIN ? WINDOW_MIN : keys > WINDOW_MAX ? WINDOW_MAX : keys;
}

/* Sends as far as the window and the link allow; answers when all keys are encoded, or when it is
 * known that their answer cannot be sent. */
static void bulk_get_pump(struct bulk_get *call) {
    const struct dk_bulk_get *request = call->base.request;
    const size_t window = bulk_get_window(call);
    const bool is_over = dk_reply_is_over(call->base.reply);
    const bool is_full = dk_reply_is_full(call->base.reply);

    if (call->next == request->count || (call->awaited == 0 && is_full)) {
        dk_reply_ok(call->base.reply);
        return;
    }
    if (call->awaited == 0 && is_over) {
        dk_reply_fail(
            call->base.reply, DK_CANCELLED, "redis: nobody waits for the answer any more");
        return;
    }
    while (!call->is_cut && !is_over && !is_full && call->sent < request->count &&
           call->sent - call->next < window) {
        const enum dk_error error = bulk_get_send(call, request->items[call->sent].key);
        if (error == DK_OK) {
            call->sent++;
        } else if (call->awaited > 0) {
            break; /* the answers in flight bring us back */
        } else if (error == DK_UNAVAILABLE) {
            redis_call_wait(&call->base);
            return;
        } else {
            dk_reply_fail(call->base.reply, error, "redis: inflightMax reached");
            return;
        }
    }
}

static void bulk_get_run(struct redis_call *base) {
    static const struct dk_bytes command = DK_BYTES("HGETALL");
    struct bulk_get *call = (struct bulk_get *)(void *)base;
    const struct dk_bulk_get *request = base->request;
    redis_call_trace(base, command, 2 * request->count);
    call->sent = call->next;
    bulk_get_pump(call);
}

void redis_bulk_get(
    struct dk_instance *store, const struct dk_bulk_get *request, struct dk_reply *reply) {
    redis_call_start(store, request, reply, sizeof(struct bulk_get), bulk_get_run);
}
