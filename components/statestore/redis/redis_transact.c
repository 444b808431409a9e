/*
 * A transaction is one script: it checks every operation first and then applies all. Redis itself
 * has no rollback; this needs none.
 */
#include "statestore/redis/redis_call.h"
#include "statestore/redis/redis_operations.h"
#include "statestore/redis/redis_store.h"
#include "statestore/redis/redis_write.h"

#include "clients/redis/redis_words.h"

#include <stdio.h>

enum { HEAD_WORDS = 3, OPERATION_WORDS_MAX = 1 + 4 }; /* its key, and its arguments */

static struct dk_bytes key_of(const struct dk_operation *operation) {
    return operation->is_delete ? operation->remove.key : operation->set.key;
}

static void transact_on_answer(void *context, const struct redisReply *answer) {
    enum { KEY_SHOWN_BYTES_MAX = 100 };
    struct redis_call *call = context;
    const struct dk_transact *request = call->request;

    if (answer == NULL || answer->type != REDIS_REPLY_INTEGER) {
        if (!redis_call_goes_again(call, answer)) {
            redis_call_refuse(call, answer);
        }
        return;
    }
    const long long refused = answer->integer;
    if (refused < 1 || (size_t)refused > request->count) {
        redis_call_written(call);
        return;
    }
    const struct dk_bytes key = key_of(&request->operations[refused - 1]);
    dk_reply_fail(
        call->reply,
        DK_ETAG_MISMATCH,
        "redis: somebody else wrote '%.*s' first (operation %lld); nothing of the transaction was "
        "written",
        key.size < KEY_SHOWN_BYTES_MAX ? (int)key.size : KEY_SHOWN_BYTES_MAX,
        key.data,
        refused);
}

/* Appends one operation's arguments; the TTL's text goes to the arena, it outlives this function. */
static enum dk_error operation_words(
    struct redis_call *call,
    const struct dk_operation *operation,
    struct dk_bytes *words,
    size_t *count,
    struct dk_fault *fault) {
    static const struct dk_bytes by_set = DK_BYTES("s"), by_set_with_ttl = DK_BYTES("t"),
                                 by_delete = DK_BYTES("d");
    struct redis_write write = {.has_ttl = false};

    if (operation->is_delete) {
        words[(*count)++] = by_delete;
        words[(*count)++] = redis_expected_of_delete(&operation->remove);
        return DK_OK;
    }
    const enum dk_error error = redis_write_of_set(call->state, &operation->set, &write, fault);
    if (error != DK_OK) {
        return error;
    }
    words[(*count)++] = write.has_ttl ? by_set_with_ttl : by_set;
    words[(*count)++] = write.expected;
    words[(*count)++] = write.value;
    if (write.has_ttl) {
        char *text = dk_reply_take(call->reply, write.ttl.size);
        if (text == NULL) {
            return dk_fault_set(
                fault, DK_EXHAUSTED, "redis: the transaction's memory bound is reached");
        }
        memcpy(text, write.ttl.data, write.ttl.size);
        words[(*count)++] = (struct dk_bytes){text, write.ttl.size};
    }
    return DK_OK;
}

static void transact_run(struct redis_call *call) {
    const struct dk_transact *request = call->request;
    struct dk_fault fault = {.error = DK_OK};
    char number[REDIS_NUMBER_BYTES_MAX];
    struct dk_bytes *words = dk_reply_take(
        call->reply, (HEAD_WORDS + request->count * OPERATION_WORDS_MAX) * sizeof *words);

    if (words == NULL) {
        dk_reply_fail(
            call->reply, DK_EXHAUSTED, "redis: the transaction's memory bound is reached");
        return;
    }
    redis_call_name_script(call, REDIS_SCRIPT_TRANSACT, words);
    words[2] = redis_number_word(number, (long long)request->count);
    size_t count = HEAD_WORDS;
    for (size_t i = 0; i < request->count; i++) {
        words[count++] = key_of(&request->operations[i]);
    }
    for (size_t i = 0; i < request->count; i++) {
        if (operation_words(call, &request->operations[i], words, &count, &fault) != DK_OK) {
            dk_reply_fault(call->reply, &fault);
            return;
        }
    }
    redis_call_send(call, words, count, transact_on_answer);
}

void redis_transact(
    struct dk_instance *store, const struct dk_transact *request, struct dk_reply *reply) {
    if (request->count == 0) {
        dk_reply_ok(reply);
    } else if (request->count > REDIS_TRANSACTION_OPERATIONS_MAX) {
        dk_reply_fail(
            reply,
            DK_INVALID,
            "redis: a transaction of %zu operations is over the bound of %d",
            request->count,
            REDIS_TRANSACTION_OPERATIONS_MAX);
    } else {
        redis_call_start(store, request, reply, sizeof(struct redis_call), transact_run);
    }
}
