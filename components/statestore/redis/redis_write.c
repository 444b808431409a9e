/*
 * Set and delete, each one EVALSHA.
 */
#include "statestore/redis/redis_write.h"

#include "clients/redis/redis_words.h"
#include "statestore/redis/redis_operations.h"

static const struct dk_bytes none = DK_BYTES("0"), unmarked = DK_BYTES("1");
static const struct dk_bytes one_key = DK_BYTES("1");

enum { KEY_SHOWN_BYTES_MAX = 100 };

static int shown(struct dk_bytes key) {
    return key.size < KEY_SHOWN_BYTES_MAX ? (int)key.size : KEY_SHOWN_BYTES_MAX;
}

static enum dk_error ttl_of_set(
    const struct redis_state *state,
    const struct dk_set *request,
    struct redis_write *write,
    struct dk_fault *fault) {
    int64_t ttl_s = state->settings.config->ttl_s;
    bool is_given = false;
    const enum dk_error error = dk_ttl_parse(request->metadata, &is_given, &ttl_s, fault);

    if (error != DK_OK) {
        return error;
    }
    write->has_ttl = ttl_s != REDIS_TTL_NONE;
    if (write->has_ttl) {
        write->ttl = redis_number_word(write->ttl_text, ttl_s);
    }
    return DK_OK;
}

enum dk_error redis_write_of_set(
    const struct redis_state *state,
    const struct dk_set *request,
    struct redis_write *write,
    struct dk_fault *fault) {
    int64_t version = 0;

    write->value = request->value;
    write->mark = request->concurrency == DK_FIRST_WRITE ? none : unmarked;
    write->expected = none;
    if (request->etag.size > 0 && request->concurrency != DK_LAST_WRITE) {
        if (!dk_integer_parse(request->etag, &version)) {
            return dk_fault_set(
                fault,
                DK_ETAG_INVALID,
                "redis: the etag '%.*s' of '%.*s' is no integer",
                shown(request->etag),
                request->etag.data,
                shown(request->key),
                request->key.data);
        }
        write->expected = request->etag;
    }
    return ttl_of_set(state, request, write, fault);
}

struct dk_bytes redis_expected_of_delete(const struct dk_delete *request) {
    return request->etag.size > 0 ? request->etag : none;
}

size_t redis_set_words(
    const struct redis_call *call,
    struct dk_bytes key,
    const struct redis_write *write,
    struct dk_bytes *words) {
    redis_call_name_script(call, REDIS_SCRIPT_SET, words);
    words[2] = one_key;
    words[3] = key;
    words[4] = write->expected;
    words[5] = write->value;
    words[6] = write->mark;
    words[7] = write->ttl;
    return write->has_ttl ? 8 : 7;
}

size_t redis_delete_words(
    const struct redis_call *call,
    struct dk_bytes key,
    struct dk_bytes expected,
    struct dk_bytes *words) {
    redis_call_name_script(call, REDIS_SCRIPT_DELETE, words);
    words[2] = one_key;
    words[3] = key;
    words[4] = expected;
    return 5;
}

/* The answer of both scripts; only a refusal by the script's own condition is a mismatch. */
static void write_arrive(
    struct redis_call *call, const struct redisReply *answer, struct dk_bytes key) {
    if (answer != NULL && answer->type == REDIS_REPLY_INTEGER) {
        redis_call_written(call);
    } else if (answer != NULL && answer->type == REDIS_REPLY_NIL) {
        dk_reply_fail(
            call->reply,
            DK_ETAG_MISMATCH,
            "redis: somebody else wrote '%.*s' first",
            shown(key),
            key.data);
    } else if (!redis_call_goes_again(call, answer)) {
        redis_call_refuse(call, answer);
    }
}

static void set_on_answer(void *context, const struct redisReply *answer) {
    struct redis_call *call = context;
    const struct dk_set *request = call->request;
    write_arrive(call, answer, request->key);
}

static void set_run(struct redis_call *call) {
    const struct dk_set *request = call->request;
    struct redis_write write = {.has_ttl = false};
    struct dk_bytes words[REDIS_WRITE_WORDS_MAX];
    struct dk_fault fault;

    fault.error = DK_OK;
    fault.text[0] = '\0';
    if (redis_write_of_set(call->state, request, &write, &fault) != DK_OK) {
        dk_reply_fault(call->reply, &fault);
        return;
    }
    const size_t count = redis_set_words(call, request->key, &write, words);
    redis_call_send(call, words, count, set_on_answer);
}

void redis_set(struct dk_instance *store, const struct dk_set *request, struct dk_reply *reply) {
    redis_call_start_write(
        store,
        request,
        reply,
        request->consistency == DK_STRONG,
        sizeof(struct redis_call),
        set_run);
}

static void delete_on_answer(void *context, const struct redisReply *answer) {
    struct redis_call *call = context;
    const struct dk_delete *request = call->request;
    write_arrive(call, answer, request->key);
}

static void delete_run(struct redis_call *call) {
    const struct dk_delete *request = call->request;
    struct dk_bytes words[REDIS_WRITE_WORDS_MAX];
    const size_t count =
        redis_delete_words(call, request->key, redis_expected_of_delete(request), words);
    redis_call_send(call, words, count, delete_on_answer);
}

void redis_delete(
    struct dk_instance *store, const struct dk_delete *request, struct dk_reply *reply) {
    redis_call_start_write(
        store,
        request,
        reply,
        request->consistency == DK_STRONG,
        sizeof(struct redis_call),
        delete_run);
}
