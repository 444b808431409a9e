/* From Dapr's publish to Kafka's record, by the built-in's rules; no broker. */
#include "clients/kafka/kafka_message.h"

#include "core/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct dk__pool pool;
static struct dk__arena arena;
static struct kafka_record record;
static struct dk_fault fault;

static void begin(void) {
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 1 << 16};
    fault = (struct dk_fault){.error = DK_OK};
}

static void end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

TestSuite(kafka_message, .init = begin, .fini = end);

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static struct dk_pairs pairs_of(const char *const *words) {
    struct dk_pair *pairs = dk__arena_take(&arena, 16 * sizeof *pairs);
    size_t count = 0;
    for (; words[0] != NULL; words += 2) {
        pairs[count++] = (struct dk_pair){dk_bytes_of(words[0]), dk_bytes_of(words[1])};
    }
    return (struct dk_pairs){pairs, count};
}

#define PAIRS(...) pairs_of((const char *const[]){__VA_ARGS__, NULL})

static enum dk_error read_with(struct dk_bytes data, struct dk_pairs metadata) {
    const struct kafka_message message = {
        .topic = DK_BYTES("t"), .data = data, .metadata = metadata};
    return kafka_message_read(&message, NULL, take, &arena, &record, &fault);
}

static enum dk_error read_text(const char *data, struct dk_pairs metadata) {
    return read_with(dk_bytes_of(data), metadata);
}

static bool is_header(size_t i, const char *name, const char *value) {
    return i < record.header_count && dk_bytes_equal(record.headers[i].key, dk_bytes_of(name)) &&
           dk_bytes_equal(record.headers[i].value, dk_bytes_of(value));
}

Test(kafka_message, keeps_value_and_has_no_key_of_its_own) {
    cr_assert(eq(int, read_text("body", (struct dk_pairs){0}), DK_OK));

    cr_assert(dk_bytes_equal(record.topic, dk_bytes_of("t")));
    cr_assert(dk_bytes_equal(record.value, dk_bytes_of("body")));
    cr_assert(eq(ptr, (void *)record.key.data, NULL));
    cr_assert(eq(int, record.partition, KAFKA_PARTITION_ANY));
    cr_assert(eq(sz, record.header_count, 0));
}

Test(kafka_message, takes_the_partition_key_before_the_older_name) {
    cr_assert(eq(int, read_text("b", PAIRS("__key", "old")), DK_OK));
    cr_assert(dk_bytes_equal(record.key, dk_bytes_of("old")));

    cr_assert(eq(int, read_text("b", PAIRS("__key", "old", "partitionKey", "new")), DK_OK));
    cr_assert(dk_bytes_equal(record.key, dk_bytes_of("new")));

    cr_assert(eq(int, read_text("b", PAIRS("partitionKey", "")), DK_OK));
    cr_assert(ne(ptr, (void *)record.key.data, NULL), "an empty key is a key");
}

Test(kafka_message, makes_a_tombstone_of_null_alone) {
    cr_assert(eq(int, read_text("null", (struct dk_pairs){0}), DK_OK));
    cr_assert(eq(ptr, (void *)record.value.data, NULL));

    cr_assert(eq(int, read_text("null ", (struct dk_pairs){0}), DK_OK));
    cr_assert(eq(sz, record.value.size, 5));

    cr_assert(eq(int, read_text("", (struct dk_pairs){0}), DK_OK));
    cr_assert(ne(ptr, (void *)record.value.data, NULL), "an empty body is an empty value");
    cr_assert(eq(int, read_with((struct dk_bytes){0}, (struct dk_pairs){0}), DK_OK));
    cr_assert(ne(ptr, (void *)record.value.data, NULL));
}

Test(kafka_message, reads_a_partition_from_0_upwards) {
    cr_assert(eq(int, read_text("b", PAIRS("partitionNumber", "3")), DK_OK));
    cr_assert(eq(int, record.partition, 3));

    static const char *const wrong[] = {"-1", "x", "", "2147483648", "1.5"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin();
        cr_assert(eq(int, read_text("b", PAIRS("partitionNumber", wrong[i])), DK_INVALID));
        cr_assert(ne(ptr, strstr(fault.text, "partitionNumber: '"), NULL), "%s", fault.text);
        cr_assert(ne(ptr, strstr(fault.text, "is no number from 0 to 2147483647"), NULL));
        end();
    }
}

Test(kafka_message, makes_headers_of_all_metadata) {
    cr_assert(
        eq(int,
           read_text("b", PAIRS("a", "1", "partitionKey", "k", "rawPayload", "true", "e", "")),
           DK_OK));

    cr_assert(eq(sz, record.header_count, 4));
    cr_assert(is_header(0, "a", "1"));
    cr_assert(is_header(1, "partitionKey", "k"));
    cr_assert(is_header(2, "rawPayload", "true"));
    cr_assert(is_header(3, "e", ""));
}

Test(kafka_message, leaves_out_what_the_filter_matches) {
    struct kafka_header_filter *filter = NULL;
    const struct kafka_message message = {
        .data = DK_BYTES("b"), .metadata = PAIRS("a-secret", "1", "kept", "2", "__key", "k")};
    cr_assert(eq(int, kafka_header_filter_new("^a-|^__", &filter, &fault), DK_OK));

    const enum dk_error error = kafka_message_read(&message, filter, take, &arena, &record, &fault);

    kafka_header_filter_free(filter);
    cr_assert(eq(int, error, DK_OK));
    cr_assert(eq(sz, record.header_count, 1));
    cr_assert(is_header(0, "kept", "2"));
    cr_assert(dk_bytes_equal(record.key, dk_bytes_of("k")), "excluded from headers alone");
}

Test(kafka_message, lets_a_bulks_metadata_win_over_its_entries) {
    const struct kafka_message message = {
        .data = DK_BYTES("b"),
        .metadata = PAIRS("a", "request", "partitionKey", "k1"),
        .entry = PAIRS("a", "entry", "b", "entry", "partitionKey", "k2")};

    cr_assert(eq(int, kafka_message_read(&message, NULL, take, &arena, &record, &fault), DK_OK));

    cr_assert(eq(sz, record.header_count, 3));
    cr_assert(is_header(0, "a", "request"));
    cr_assert(is_header(1, "partitionKey", "k1"));
    cr_assert(is_header(2, "b", "entry"));
    cr_assert(dk_bytes_equal(record.key, dk_bytes_of("k1")));
}

Test(kafka_message, refuses_avro_and_unknown_schema_types) {
    cr_assert(eq(int, read_text("b", PAIRS("valueSchemaType", "none")), DK_OK));

    cr_assert(eq(int, read_text("b", PAIRS("valueSchemaType", "AVRO")), DK_UNSUPPORTED));
    cr_assert(ne(ptr, strstr(fault.text, "'Avro' is not supported; None is"), NULL));

    begin();
    cr_assert(eq(int, read_text("b", PAIRS("valueSchemaType", "Json")), DK_INVALID));
    cr_assert(ne(ptr, strstr(fault.text, "'Json' is not one of None, Avro"), NULL));
}

static void *take_nothing(void *context, size_t size) {
    (void)context;
    (void)size;
    return NULL;
}

Test(kafka_message, says_when_the_call_has_no_memory_left) {
    const struct kafka_message message = {.data = DK_BYTES("b"), .metadata = PAIRS("a", "1")};

    cr_assert(
        eq(int,
           kafka_message_read(&message, NULL, take_nothing, NULL, &record, &fault),
           DK_EXHAUSTED));
}
