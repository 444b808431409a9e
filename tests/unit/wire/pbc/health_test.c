#include "support/codec_memory.h"
#include "wire/pbc/health.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <grpc/health/v1/health.pb-c.h>
#include <string.h>

static struct codec_memory memory;

static void setup(void) {
    codec_memory_begin(&memory);
}

static void teardown(void) {
    codec_memory_end(&memory);
}

TestSuite(health_messages, .init = setup, .fini = teardown);

static enum dk_error decode(struct dk_bytes message, struct dk_bytes *ret_service) {
    return dk__decode_health_request(message, &memory.arena, ret_service, &memory.fault);
}

static bool says(const char *words) {
    return strstr(memory.fault.text, words) != NULL;
}

Test(health_messages, an_empty_request_asks_for_the_whole_server) {
    struct dk_bytes service = DK_BYTES("untouched");

    cr_assert(eq(int, decode((struct dk_bytes)DK_BYTES(""), &service), DK_OK));

    cr_assert(eq(sz, service.size, 0));
    cr_assert(ne(ptr, (void *)service.data, NULL));
}

Test(health_messages, a_request_names_its_service) {
    struct dk_bytes service;

    cr_assert(
        eq(int,
           decode(
               (struct dk_bytes)DK_BYTES("\x0a\x03"
                                         "a.B"),
               &service),
           DK_OK));

    cr_assert(dk_bytes_equal(service, dk_bytes_of("a.B")));
}

/* The length of an empty text is a zero byte, and so may be parts of unknown fields. */
Test(health_messages, a_zero_byte_outside_of_a_text_is_none_in_it) {
    static const struct dk_bytes messages[] = {
        DK_BYTES("\x0a\x00"),
        DK_BYTES("\x0a\x00\x0a\x00"),
        DK_BYTES("\x10\x00\x0a\x00"),
        DK_BYTES("\x12\x02\x00\x00\x0a\x00"),
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct dk_bytes service;
        cr_expect(eq(int, decode(messages[i], &service), DK_OK), "%zu: %s", i, memory.fault.text);
    }
}

Test(health_messages, a_service_with_a_zero_byte_is_refused) {
    struct dk_bytes service;

    cr_assert(
        eq(int,
           decode(
               (struct dk_bytes)DK_BYTES("\x0a\x03"
                                         "a\0B"),
               &service),
           DK_INVALID));

    cr_assert(says("service"));
    cr_assert(says("NUL"));
}

/* The last one wins, yet nobody should have sent the first. */
Test(health_messages, a_zero_byte_is_refused_in_a_text_that_another_replaces) {
    struct dk_bytes service;

    cr_assert(
        eq(int,
           decode(
               (struct dk_bytes)DK_BYTES("\x0a\x03"
                                         "a\0B"
                                         "\x0a\x03"
                                         "a.B"),
               &service),
           DK_INVALID));
}

Test(health_messages, a_service_that_is_no_utf8_is_refused) {
    struct dk_bytes service;

    cr_assert(
        eq(int,
           decode(
               (struct dk_bytes)DK_BYTES("\x0a\x02"
                                         "a\xFF"),
               &service),
           DK_INVALID));

    cr_assert(says("service"));
    cr_assert(says("UTF-8"));
}

Test(health_messages, a_request_that_is_cut_off_is_refused) {
    struct dk_bytes service;

    cr_assert(
        eq(int,
           decode(
               (struct dk_bytes)DK_BYTES("\x0a\x03"
                                         "a."),
               &service),
           DK_INVALID));
    cr_assert(eq(int, decode((struct dk_bytes)DK_BYTES("\x0a"), &service), DK_INVALID));
}

Test(health_messages, a_full_arena_is_no_fault_of_the_request) {
    struct dk_bytes service;
    memory.arena.bytes_max = 16;

    cr_assert(
        eq(int,
           decode(
               (struct dk_bytes)DK_BYTES("\x0a\x03"
                                         "a.B"),
               &service),
           DK_EXHAUSTED));
}

Test(health_messages, every_state_comes_back) {
    for (int health = DK__HEALTH_UNKNOWN; health <= DK__HEALTH_SERVICE_UNKNOWN; health++) {
        dk__chain_reset(&memory.chain);
        cr_assert(dk__encode_health(&memory.chain, (enum dk__health)health));
        const struct dk_bytes bytes = codec_memory_written(&memory);

        Grpc__Health__V1__HealthCheckResponse *response =
            grpc__health__v1__health_check_response__unpack(
                NULL, bytes.size, (const uint8_t *)bytes.data);

        cr_assert(ne(ptr, response, NULL));
        cr_expect(eq(int, (int)response->status, health));
        grpc__health__v1__health_check_response__free_unpacked(response, NULL);
    }
}

Test(health_messages, entries_in_a_row_are_one_list) {
    cr_assert(dk__encode_health_entry(&memory.chain, dk_bytes_of("a.B"), DK__HEALTH_SERVING));
    cr_assert(dk__encode_health_entry(&memory.chain, dk_bytes_of(""), DK__HEALTH_NOT_SERVING));
    const struct dk_bytes bytes = codec_memory_written(&memory);

    Grpc__Health__V1__HealthListResponse *list = grpc__health__v1__health_list_response__unpack(
        NULL, bytes.size, (const uint8_t *)bytes.data);

    cr_assert(ne(ptr, list, NULL));
    cr_assert(eq(sz, list->n_statuses, 2));
    cr_expect(eq(str, list->statuses[0]->key, "a.B"));
    cr_expect(eq(int, (int)list->statuses[0]->value->status, DK__HEALTH_SERVING));
    cr_expect(eq(str, list->statuses[1]->key, ""));
    cr_expect(eq(int, (int)list->statuses[1]->value->status, DK__HEALTH_NOT_SERVING));
    grpc__health__v1__health_list_response__free_unpacked(list, NULL);
}

Test(health_messages, an_answer_over_the_chains_bound_changes_nothing) {
    memory.chain.bytes_max = 1;

    cr_assert(not(dk__encode_health(&memory.chain, DK__HEALTH_SERVING)));
    cr_assert(not(dk__encode_health_entry(&memory.chain, dk_bytes_of("a.B"), DK__HEALTH_SERVING)));

    cr_assert(eq(sz, memory.chain.bytes, 0));
}

Test(health_messages, a_name_is_refused_rather_than_cut) {
    static char name[256];
    memset(name, 'n', sizeof name);

    cr_assert(dk__encode_health_entry(
        &memory.chain, (struct dk_bytes){name, sizeof name - 1}, DK__HEALTH_SERVING));
    const size_t bytes = memory.chain.bytes;
    cr_assert(not(dk__encode_health_entry(
        &memory.chain, (struct dk_bytes){name, sizeof name}, DK__HEALTH_SERVING)));

    cr_assert(eq(sz, memory.chain.bytes, bytes));
}
