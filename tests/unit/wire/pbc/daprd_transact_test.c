#include "support/codec_memory.h"
#include "wire/pbc/daprd_state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dapr/proto/runtime/v1/state.pb-c.h>

static struct codec_memory memory;
static struct dk__pbc_writing writing;

static void setup(void) {
    codec_memory_begin(&memory);
    writing = (struct dk__pbc_writing){.arena = &memory.arena, .fault = &memory.fault};
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(daprd_transact, .init = setup, .fini = teardown);

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static struct dk_state_step upsert(const char *key, const char *value) {
    return (struct dk_state_step){.item = {.key = dk_bytes_of(key), .value = dk_bytes_of(value)}};
}

static struct dk_state_step removal(const char *key) {
    return (struct dk_state_step){
        .item = {.key = dk_bytes_of(key), .value = B("not read")}, .is_delete = true};
}

static struct dk_state_step projection(const char *key, const char *value) {
    static const struct dk_pair pairs[] = {
        {DK_BYTES("contentType"), DK_BYTES("application/json")},
        {DK_BYTES("outbox.projection"), DK_BYTES("TRUE")}};
    struct dk_state_step step = upsert(key, value);
    step.item.metadata = (struct dk_pairs){pairs, 2};
    return step;
}

/* "upsert a=1, delete b=": what travels, in its order. */
static const char *sent(const struct dk_state_step *steps, size_t count) {
    static char text[512];
    size_t size = 0;
    const struct dk_bytes bytes = dk__encode_daprd_transact(&writing, "store", steps, count);
    cr_assert(ne(ptr, (void *)bytes.data, NULL), "%s", memory.fault.text);
    Dapr__Proto__Runtime__V1__ExecuteStateTransactionRequest *request =
        dapr__proto__runtime__v1__execute_state_transaction_request__unpack(
            NULL, bytes.size, (const uint8_t *)bytes.data);
    cr_assert(eq(str, request->storename, "store"));
    text[0] = '\0';
    for (size_t i = 0; i < request->n_operations; i++) {
        const Dapr__Proto__Common__V1__StateItem *item = request->operations[i]->request;
        size += (size_t)snprintf(
            text + size,
            sizeof text - size,
            "%s%s %s=%.*s",
            i == 0 ? "" : ", ",
            request->operations[i]->operationtype,
            item->key,
            (int)item->value.len,
            (const char *)item->value.data);
    }
    dapr__proto__runtime__v1__execute_state_transaction_request__free_unpacked(request, NULL);
    return text;
}

Test(daprd_transact, steps_keep_their_order) {
    const struct dk_state_step steps[] = {upsert("b", "1"), removal("c"), upsert("a", "2")};

    cr_assert(eq(str, (char *)sent(steps, 3), "upsert b=1, delete c=, upsert a=2"));
}

Test(daprd_transact, a_projection_goes_directly_before_its_upsert) {
    const struct dk_state_step behind[] = {
        upsert("a", "1"), projection("a", "A"), upsert("b", "2"), projection("b", "B")};
    const struct dk_state_step together[] = {
        projection("a", "A"),
        projection("b", "B"),
        removal("c"),
        upsert("a", "1"),
        upsert("b", "2")};

    cr_assert(eq(str, (char *)sent(behind, 4), "upsert a=A, upsert a=1, upsert b=B, upsert b=2"));
    cr_assert(
        eq(str,
           (char *)sent(together, 5),
           "delete c=, upsert a=A, upsert a=1, upsert b=B, upsert b=2"));
}

Test(daprd_transact, the_last_of_several_projections_counts_for_every_upsert_of_the_key) {
    const struct dk_state_step steps[] = {
        projection("a", "A"), upsert("a", "1"), projection("a", "AA"), upsert("a", "2")};

    cr_assert(eq(str, (char *)sent(steps, 4), "upsert a=AA, upsert a=1, upsert a=2"));
}

Test(daprd_transact, a_projection_without_an_upsert_is_refused) {
    const struct dk_state_step steps[] = {projection("a", "A"), removal("a"), upsert("b", "1")};

    const struct dk_bytes bytes = dk__encode_daprd_transact(&writing, "store", steps, 3);

    cr_assert(eq(ptr, (void *)bytes.data, NULL));
    cr_assert(eq(int, memory.fault.error, DK_INVALID));
    cr_assert(ne(ptr, strstr(memory.fault.text, "key: 'a' has an outbox.projection"), NULL));
}

Test(daprd_transact, metadata_that_says_false_is_no_projection) {
    static const struct dk_pair pairs[] = {{DK_BYTES("outbox.projection"), DK_BYTES("false")}};
    struct dk_state_step steps[] = {upsert("b", "1"), upsert("a", "2")};
    steps[1].item.metadata = (struct dk_pairs){pairs, 1};

    cr_assert(eq(str, (char *)sent(steps, 2), "upsert b=1, upsert a=2"));
}

Test(daprd_transact, a_key_that_is_no_text_is_refused) {
    const struct dk_state_step steps[] = {upsert("a", "1"), upsert("\xff", "2")};

    const struct dk_bytes bytes = dk__encode_daprd_transact(&writing, "store", steps, 2);

    cr_assert(eq(ptr, (void *)bytes.data, NULL));
    cr_assert(eq(int, memory.fault.error, DK_INVALID));
}
