#include "support/kafka_reader.h"

#include "core/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct dk__pool pool;
static struct dk__arena arena = {.pool = &pool, .bytes_max = 8 << 20};

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

enum dk_error kafka_reader_read(
    struct kafka_reader *reader, const struct dk_option *options, const char *const *properties) {
    struct dk_pair *pairs = dk__arena_take(&arena, KAFKA_READER_PAIRS_MAX * sizeof *pairs);
    size_t count = 0;

    cr_assert(ne(ptr, pairs, NULL));
    *reader = (struct kafka_reader){.fault = {.error = DK_OK}};
    for (; properties[0] != NULL; properties += 2) {
        cr_assert(lt(sz, count, KAFKA_READER_PAIRS_MAX));
        pairs[count++] = (struct dk_pair){dk_bytes_of(properties[0]), dk_bytes_of(properties[1])};
    }
    reader->properties = (struct dk_pairs){pairs, count};
    const enum dk_error error = dk_options_parse(
        options, reader->properties, &reader->config, take, &arena, &reader->fault);
    return error != DK_OK
               ? error
               : kafka_settings_make(
                     &reader->config, reader->properties, &reader->settings, &reader->fault);
}

bool kafka_reader_says(const struct kafka_reader *reader, const char *words) {
    return strstr(reader->fault.text, words) != NULL;
}

void kafka_reader_end(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}
