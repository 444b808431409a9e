/*
 * A transaction, its projections put where Dapr 1.18 finds all of them: docs/outbox.md tells why.
 */
#include "wire/pbc/daprd_state.h"
#include "wire/pbc/daprd_state_item.h"

#include <dapr/proto/runtime/v1/state.pb-c.h>
#include <strings.h>

typedef Dapr__Proto__Runtime__V1__TransactionalStateOperation operation;

static const struct dk_bytes absent = {0};

/* The words that daprd takes for true. */
static bool is_truthy(struct dk_bytes text) {
    static const char *const words[] = {"y", "yes", "true", "t", "on", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text.size == strlen(words[i]) && strncasecmp(text.data, words[i], text.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_projection(const struct dk_state_step *step) {
    static const struct dk_bytes name = DK_BYTES("outbox.projection");
    return !step->is_delete && is_truthy(dk_pairs_find(step->item.metadata, name));
}

struct order {
    const struct dk_state_step *steps;
    const struct dk_state_step **sent; /* in the order of the wire */
    size_t count, sent_count;
    bool *is_told; /* projections that were placed */
};

/* Puts the last projection of a key before its first upsert. */
static void projection_place(struct order *order, struct dk_bytes key) {
    const struct dk_state_step *last = NULL;
    for (size_t i = 0; i < order->count; i++) {
        const struct dk_state_step *step = &order->steps[i];
        if (is_projection(step) && dk_bytes_equal(step->item.key, key)) {
            last = order->is_told[i] ? NULL : step;
            order->is_told[i] = true;
        }
    }
    if (last != NULL) {
        order->sent[order->sent_count++] = last;
    }
}

static enum dk_error steps_order(struct order *order, struct dk_fault *fault) {
    for (size_t i = 0; i < order->count; i++) {
        const struct dk_state_step *step = &order->steps[i];
        if (is_projection(step)) {
            continue;
        }
        if (!step->is_delete) {
            projection_place(order, step->item.key);
        }
        order->sent[order->sent_count++] = step;
    }
    for (size_t i = 0; i < order->count; i++) {
        const struct dk_state_step *step = &order->steps[i];
        if (is_projection(step) && !order->is_told[i]) {
            return dk_fault_set(
                fault,
                DK_INVALID,
                "key: '%.*s' has an outbox.projection, but is not upserted",
                (int)step->item.key.size,
                step->item.key.data);
        }
    }
    return DK_OK;
}

/* NULL: noted. */
static operation *step_write(
    const struct dk__pbc_writing *writing, const struct dk_state_step *step) {
    static char upsert[] = "upsert", removal[] = "delete";
    operation *message = dk__pbc_take(writing, sizeof *message);
    if (message == NULL) {
        return NULL;
    }
    dapr__proto__runtime__v1__transactional_state_operation__init(message);
    message->operationtype = step->is_delete ? removal : upsert;
    message->request = dk__daprd_item_write(writing, &step->item, !step->is_delete);
    return message->request == NULL ? NULL : message;
}

struct dk_bytes dk__encode_daprd_transact(
    const struct dk__pbc_writing *writing,
    const char *store,
    const struct dk_state_step *steps,
    size_t count) {
    Dapr__Proto__Runtime__V1__ExecuteStateTransactionRequest request =
        DAPR__PROTO__RUNTIME__V1__EXECUTE_STATE_TRANSACTION_REQUEST__INIT;
    struct order order = {.steps = steps, .count = count};
    request.storename = dk__pbc_name(writing, "store", dk_bytes_of(store));
    order.sent =
        request.storename == NULL ? NULL : dk__pbc_take(writing, count * sizeof(*order.sent));
    order.is_told =
        order.sent == NULL ? NULL : dk__pbc_take(writing, count * sizeof *order.is_told);
    if (order.is_told == NULL || steps_order(&order, writing->fault) != DK_OK) {
        return absent;
    }
    request.operations = dk__pbc_take(writing, order.sent_count * sizeof(*request.operations));
    if (request.operations == NULL) {
        return absent;
    }
    for (size_t i = 0; i < order.sent_count; i++) {
        request.operations[i] = step_write(writing, order.sent[i]);
        if (request.operations[i] == NULL) {
            return absent;
        }
    }
    request.n_operations = order.sent_count;
    const struct dk_pairs metadata = dk__pbc_traced(writing, (struct dk_pairs){0});
    request.n_metadata = metadata.count;
    request.metadata = dk__pbc_map(
        writing,
        &dapr__proto__runtime__v1__execute_state_transaction_request__metadata_entry__descriptor,
        "metadata",
        metadata);
    return request.metadata == NULL ? absent : dk__pbc_write(writing, &request.base);
}
