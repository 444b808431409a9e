#include "clients/kafka/kafka_delivery.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static struct kafka_delivery delivery;
static struct dk_message message;

static void make(const struct kafka_delivery_rules *rules, struct kafka_view view) {
    view.topic = "orders";
    cr_assert(eq(int, kafka_delivery_make(&delivery, rules, &view, &message), DK_OK));
}

/* The last value of a name, as a reader of the protocol's map sees it. "(none)" when absent. */
static const char *value_of(const char *name) {
    static char text[4096];
    (void)snprintf(text, sizeof text, "(none)");
    for (size_t i = 0; i < message.metadata.count; i++) {
        const struct dk_pair pair = message.metadata.items[i];
        if (dk_bytes_equal(pair.key, dk_bytes_of(name))) {
            cr_assert(lt(sz, pair.value.size, sizeof text));
            memcpy(text, pair.value.data, pair.value.size);
            text[pair.value.size] = '\0';
        }
    }
    return text;
}

static rd_kafka_headers_t *header(
    rd_kafka_headers_t *headers, const char *name, const char *value, size_t size) {
    headers = headers == NULL ? rd_kafka_headers_new(4) : headers;
    cr_assert(eq(int, rd_kafka_header_add(headers, name, -1, value, (ssize_t)size), 0));
    return headers;
}

static const struct kafka_delivery_rules plain = {.is_escaped = false};

Test(kafka_delivery, says_where_a_record_was) {
    make(
        &plain,
        (struct kafka_view){
            .partition = 3,
            .offset = INT64_MAX,
            .timestamp_ms = 1700000000123,
            .key = DK_BYTES("k 1"),
            .value = DK_BYTES("{}")});

    cr_assert(eq(str, (char *)value_of("__topic"), "orders"));
    cr_assert(eq(str, (char *)value_of("__partition"), "3"));
    cr_assert(eq(str, (char *)value_of("__offset"), "9223372036854775807"));
    cr_assert(eq(str, (char *)value_of("__timestamp"), "1700000000123"));
    cr_assert(eq(str, (char *)value_of("__key"), "k 1"));
    cr_assert(dk_bytes_equal(message.data, (struct dk_bytes)DK_BYTES("{}")));
    cr_assert(eq(ptr, (void *)message.content_type.data, NULL));
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, keeps_null_and_empty_apart) {
    make(&plain, (struct kafka_view){.timestamp_ms = -1});
    cr_assert(dk_bytes_equal(message.data, (struct dk_bytes)DK_BYTES("null")));
    cr_assert(eq(str, (char *)value_of("__key"), "(none)"));
    cr_assert(eq(str, (char *)value_of("__timestamp"), "(none)"));

    make(&plain, (struct kafka_view){.key = DK_BYTES(""), .value = DK_BYTES("")});
    cr_assert(eq(sz, message.data.size, 0));
    cr_assert(ne(ptr, (void *)message.data.data, NULL));
    cr_assert(eq(str, (char *)value_of("__key"), ""));
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, carries_headers_and_the_last_of_a_name) {
    rd_kafka_headers_t *headers = header(NULL, "traceparent", "00-ab", 5);
    headers = header(headers, "Tenant", "one", 3);
    headers = header(headers, "Tenant", "two \xC3\xA9", 6);
    headers = header(headers, "empty", NULL, 0);

    make(&plain, (struct kafka_view){.headers = headers});

    cr_assert(eq(str, (char *)value_of("traceparent"), "00-ab"));
    cr_assert(eq(str, (char *)value_of("Tenant"), "two \xC3\xA9"));
    cr_assert(eq(str, (char *)value_of("empty"), ""));
    rd_kafka_headers_destroy(headers);
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, lets_no_header_lie_about_where_a_record_was) {
    rd_kafka_headers_t *headers = header(NULL, "__offset", "99", 2);
    headers = header(headers, "__TOPIC", "payments", 8);
    headers = header(headers, "__key", "forged", 6);
    headers = header(headers, "\x01_offset", "98", 2); /* "__offset" once it is made harmless */

    make(&plain, (struct kafka_view){.offset = 7, .headers = headers});

    cr_assert(eq(str, (char *)value_of("__offset"), "7"));
    cr_assert(eq(str, (char *)value_of("__TOPIC"), "(none)"));
    cr_assert(eq(str, (char *)value_of("__key"), "(none)"));
    rd_kafka_headers_destroy(headers);
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, makes_harmless_what_would_break_a_stream) {
    rd_kafka_headers_t *headers = header(NULL, "bytes", "\xFF a", 3);
    headers = header(headers, "line", "a\nb", 3);
    headers = header(headers, "n\xC3\xA4me x", "v", 1);
    headers = header(headers, "", "nameless", 8);

    make(&plain, (struct kafka_view){.key = {"\x00\x01\xFE", 3}, .headers = headers});

    cr_assert(eq(str, (char *)value_of("bytes"), "%FF+a"));
    cr_assert(eq(str, (char *)value_of("line"), "a%0Ab"));
    cr_assert(eq(str, (char *)value_of("n__me_x"), "v"));
    cr_assert(eq(str, (char *)value_of("_"), "nameless"));
    cr_assert(eq(str, (char *)value_of("__key"), "%00%01%FE"));
    rd_kafka_headers_destroy(headers);
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, escapes_all_values_when_told_to) {
    const struct kafka_delivery_rules escaped = {.is_escaped = true};
    rd_kafka_headers_t *headers = header(NULL, "h", "a b&c=\xC3\xA9~-_.", 12);

    make(&escaped, (struct kafka_view){.key = DK_BYTES("k/1"), .headers = headers});

    cr_assert(eq(str, (char *)value_of("h"), "a+b%26c%3D%C3%A9~-_."));
    cr_assert(eq(str, (char *)value_of("__key"), "k%2F1"));
    cr_assert(eq(str, (char *)value_of("__topic"), "orders"));
    rd_kafka_headers_destroy(headers);
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, leaves_out_what_the_filter_names) {
    struct dk_fault fault = {.error = DK_OK};
    struct kafka_header_filter *filter = NULL;
    cr_assert(eq(int, kafka_header_filter_new("^x-", &filter, &fault), DK_OK));
    const struct kafka_delivery_rules filtered = {.filter = filter};
    rd_kafka_headers_t *headers = header(NULL, "x-secret", "1", 1);
    headers = header(headers, "not-x-secret", "2", 1);

    make(&filtered, (struct kafka_view){.headers = headers});

    cr_assert(eq(str, (char *)value_of("x-secret"), "(none)"));
    cr_assert(eq(str, (char *)value_of("not-x-secret"), "2"));
    rd_kafka_headers_destroy(headers);
    kafka_header_filter_free(filter);
    kafka_delivery_close(&delivery);
}

Test(kafka_delivery, has_room_for_ever_larger_records) {
    enum { LARGE = 100000 };
    char *bytes = malloc(LARGE);
    memset(bytes, 0xFF, LARGE);

    for (size_t size = 1; size < LARGE; size = size * 3 + 1) {
        rd_kafka_headers_t *headers = NULL;
        for (size_t i = 0; i < size / 1000 + 1; i++) {
            headers = header(headers, "same", bytes, size / 100);
        }
        make(&plain, (struct kafka_view){.key = {bytes, size}, .headers = headers});
        cr_assert(eq(sz, message.metadata.count, size / 1000 + 1 + 5));
        cr_assert(eq(sz, message.metadata.items[4].value.size, size * 3));
        rd_kafka_headers_destroy(headers);
    }
    free(bytes);
    kafka_delivery_close(&delivery);
}
