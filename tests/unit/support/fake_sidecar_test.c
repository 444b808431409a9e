/* The fake keeps the promises of dk/daprd.h, or what stands on it proves nothing. */
#include "support/fake_sidecar.h"

#include "dapr_kit/document/v1/events.pb-c.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct dk_call *call;

static void set_up(void) {
    fake_sidecar_reset();
    call = fake_call_new(NULL);
}

static void tear_down(void) {
    fake_call_free(call);
}

TestSuite(fake_sidecar, .init = set_up, .fini = tear_down);

static struct dk_state_item item_of(const char *key, const char *value) {
    return (struct dk_state_item){.key = dk_bytes_of(key), .value = dk_bytes_of(value)};
}

static enum dk_error save(struct dk_state_item item) {
    return dk_daprd_save(call, "statestore", &item, 1);
}

static struct dk_state_item got(const char *key) {
    struct dk_state_item item = {0};

    cr_assert(eq(int, dk_daprd_get(call, "statestore", dk_bytes_of(key), &item), DK_OK));
    return item;
}

static bool holds(const char *key, const char *value) {
    return dk_bytes_equal(fake_sidecar_value(key), dk_bytes_of(value));
}

Test(fake_sidecar, counts_writes_in_the_etag) {
    cr_assert(eq(int, save(item_of("a", "1")), DK_OK));
    cr_assert(eq(int, save(item_of("a", "2")), DK_OK));

    const struct dk_state_item item = got("a");

    cr_assert(dk_bytes_equal(item.value, dk_bytes_of("2")));
    cr_assert(dk_bytes_equal(item.etag, dk_bytes_of("2")));
}

Test(fake_sidecar, has_no_value_for_a_key_that_is_not_there) {
    cr_assert(eq(ptr, (void *)got("a").value.data, NULL));
}

Test(fake_sidecar, refuses_a_stale_etag_and_a_first_write_that_is_not_the_first) {
    struct dk_state_item stale = item_of("a", "2"), first = item_of("a", "3");
    stale.etag = dk_bytes_of("7");
    first.concurrency = DK_FIRST_WRITE;
    save(item_of("a", "1"));

    cr_assert(eq(int, save(stale), DK_ETAG_MISMATCH));
    cr_assert(eq(int, save(first), DK_ETAG_MISMATCH));
    cr_assert(holds("a", "1"));
}

Test(fake_sidecar, forgets_a_value_when_its_time_is_over) {
    struct dk_pair ttl = {.key = DK_BYTES("ttlInSeconds"), .value = DK_BYTES("10")};
    struct dk_state_item item = item_of("a", "1");
    item.metadata = (struct dk_pairs){.items = &ttl, .count = 1};
    save(item);

    fake_sidecar_advance_s(9);
    cr_assert(eq(i64, fake_sidecar_ttl_s("a"), 1));
    fake_sidecar_advance_s(1);

    cr_assert(eq(ptr, (void *)got("a").value.data, NULL));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
}

Test(fake_sidecar, applies_all_of_a_transaction_or_nothing) {
    struct dk_state_step steps[] = {{.item = item_of("a", "1")}, {.item = item_of("b", "1")}};
    steps[1].item.etag = dk_bytes_of("7");

    cr_assert(eq(int, dk_daprd_transact(call, "statestore", steps, 2), DK_INTERNAL));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));
    cr_assert(eq(sz, fake_sidecar.events.count, 0));

    steps[1].item.etag = (struct dk_bytes){0};
    cr_assert(eq(int, dk_daprd_transact(call, "statestore", steps, 2), DK_OK));
    cr_assert(eq(sz, fake_sidecar_key_count(), 2));
    cr_assert(eq(sz, fake_sidecar.events.count, 2));
}

Test(fake_sidecar, publishes_a_projection_in_place_of_the_value) {
    struct dk_pair words[] = {
        {.key = DK_BYTES("outbox.projection"), .value = DK_BYTES("true")},
        {.key = DK_BYTES("contentType"), .value = DK_BYTES("application/json")},
    };
    struct dk_state_step steps[] = {{.item = item_of("a", "{}")}, {.item = item_of("a", "1")}};
    steps[0].item.metadata = (struct dk_pairs){.items = words, .count = 2};

    cr_assert(eq(int, dk_daprd_transact(call, "statestore", steps, 2), DK_OK));

    cr_assert(holds("a", "1"));
    cr_assert(eq(sz, fake_sidecar.events.count, 1));
    cr_assert(dk_bytes_equal(fake_sidecar.events.items[0].data, dk_bytes_of("{}")));
    cr_assert(
        dk_bytes_equal(fake_sidecar.events.items[0].content_type, dk_bytes_of("application/json")));
}

Test(fake_sidecar, fails_before_and_after_an_effect) {
    fake_sidecar_fail("save", 1, DK_UNAVAILABLE, FAKE_BEFORE, false);
    cr_assert(eq(int, save(item_of("a", "1")), DK_UNAVAILABLE));
    cr_assert(eq(sz, fake_sidecar_key_count(), 0));

    fake_sidecar_fail("save", 1, DK_UNAVAILABLE, FAKE_AFTER, false);
    cr_assert(eq(int, save(item_of("a", "1")), DK_UNAVAILABLE));
    cr_assert(fake_sidecar_has_failed());
    cr_assert(holds("a", "1"));
    cr_assert(eq(int, save(item_of("a", "2")), DK_OK));
}

Test(fake_sidecar, stays_away_until_it_is_healed) {
    struct dk_state_item item;

    fake_sidecar_fail(NULL, 2, DK_UNAVAILABLE, FAKE_BEFORE, true);
    cr_assert(eq(int, save(item_of("a", "1")), DK_OK));
    cr_assert(eq(int, save(item_of("a", "2")), DK_UNAVAILABLE));
    cr_assert(eq(int, dk_daprd_get(call, "statestore", item.key, &item), DK_UNAVAILABLE));

    fake_sidecar_heal();
    cr_assert(holds("a", "1"));
    cr_assert(eq(int, save(item_of("a", "2")), DK_OK));
}

static void write_between(void *context, const char *function, struct dk_bytes key) {
    (void)key;
    if (strcmp(function, "transact") == 0 && context != NULL) {
        fake_sidecar_put("a", dk_bytes_of(context));
        fake_sidecar.hook_context = NULL;
    }
}

Test(fake_sidecar, lets_a_test_write_in_between) {
    struct dk_state_step step = {.item = item_of("a", "mine")};
    save(item_of("a", "1"));
    step.item.etag = got("a").etag;
    fake_sidecar.hook = write_between;
    fake_sidecar.hook_context = "theirs";

    cr_assert(eq(int, dk_daprd_transact(call, "statestore", &step, 1), DK_INTERNAL));
    cr_assert(holds("a", "theirs"));
}

Test(fake_sidecar, records_what_is_published_and_what_goes_to_bindings) {
    const struct dk_daprd_message message = {
        .data = DK_BYTES("x"), .content_type = DK_BYTES("text/plain")};

    cr_assert(eq(int, dk_daprd_publish(call, "pubsub", "documents", &message), DK_OK));
    cr_assert(eq(int, dk_daprd_invoke_binding(call, "export", "create", &message, NULL), DK_OK));

    cr_assert(eq(str, (char *)fake_sidecar.published.items[0].topic, "documents"));
    cr_assert(eq(str, (char *)fake_sidecar.bindings.items[0].operation, "create"));
}

Test(fake_sidecar, writes_and_reads_messages_as_the_program_does) {
    DaprKit__Document__V1__DocumentChanged event = DAPR_KIT__DOCUMENT__V1__DOCUMENT_CHANGED__INIT;
    ProtobufCMessage *back = NULL;
    event.id = "d1";
    event.version = 7;

    const struct dk_bytes json = dk_call_write_json(call, &event.base);

    cr_assert(dk_bytes_equal(json, dk_bytes_of("{\"id\":\"d1\",\"version\":\"7\"}")));
    cr_assert(
        eq(int,
           dk_call_unpack(call, event.base.descriptor, dk_call_pack(call, &event.base), &back),
           DK_OK));
    cr_assert(eq(str, ((DaprKit__Document__V1__DocumentChanged *)back)->id, "d1"));
    cr_assert(
        eq(int,
           dk_call_read_json(call, event.base.descriptor, dk_bytes_of("{\"idd\":1}"), &back),
           DK_INVALID));
    cr_assert(ne(ptr, strstr(fake_call_text(call), "idd"), NULL));
}

Test(fake_sidecar, has_more_memory_for_a_while) {
    for (size_t i = 0; i < 4; i++) {
        const struct dk_call_memory memory = dk_call_memory_begin(call);
        cr_assert(ne(ptr, dk_call_take(call, FAKE_CALL_ARENA_BYTES_MAX / 2), NULL));
        dk_call_memory_end(call, memory);
    }
}
