/*
 * Maps of properties through a table with every type. An input is lines of name=value.
 *
 * Held: a map is read the same twice; what is accepted keeps its bounds and, written out and read
 * again, is the same; a fault is UTF-8 and does not tell a secret.
 */
#include "core/arena.h"
#include "core/utf8.h"

#include <dk/option.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAIRS_MAX = 64, TEXT_BYTES_MAX = 300, ARENA_BYTES_MAX = 1 << 20 };

struct config {
    const char *host, *secret;
    bool tls;
    int64_t db, port, pin;
    int64_t timeout_ms, lease_ms;
    int kind;
};

#define AT(member, ctype) DK_FIELD(struct config, member, ctype)

static const char *const kinds[] = {"node", "cluster", "sentinel", NULL};
static const char *const aliases[] = {"host", "server", NULL};

/* clang-format off */
static const struct dk_option options[] = {
    {"redisHost", DK_TEXT, AT(host, const char *), NULL, 1, TEXT_BYTES_MAX, DK_REQUIRED, "h", aliases},
    {"password", DK_TEXT, AT(secret, const char *), NULL, 0, TEXT_BYTES_MAX, DK_SECRET, "h"},
    {"enableTLS", DK_BOOL, AT(tls, bool), "false", 0, 0, 0, "h"},
    {"redisDB", DK_INT, AT(db, int64_t), "0", 0, 15, 0, "h"},
    {"port", DK_INT, AT(port, int64_t), "6379", 1, 65535, 0, "h"},
    {"pin", DK_INT, AT(pin, int64_t), "1", 1, 9999, DK_SECRET, "h"},
    {"readTimeout", DK_DURATION_MS, AT(timeout_ms, int64_t), "5s", 1, 60000, 0, "h",
     .sentinel = "-1", .sentinel_value = -1},
    {"ttl", DK_DURATION_S, AT(lease_ms, int64_t), "60", 0, 0, 0, "h"},
    {"redisType", DK_ENUM, AT(kind, int), "node", 0, 0, 0, "h", .words = kinds},
    DK_OPTION_END,
};
/* clang-format on */

static void hold(bool truth, const char *what) {
    if (!truth) {
        (void)fprintf(stderr, "options: %s\n", what);
        abort();
    }
}

static void *take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static struct dk_bytes view(const uint8_t *data, size_t size) {
    return (struct dk_bytes){.data = (const char *)data, .size = size};
}

static size_t pairs_read(struct dk_bytes input, struct dk_pair *pairs) {
    size_t count = 0;
    while (input.size > 0 && count < PAIRS_MAX) {
        const char *const newline = memchr(input.data, '\n', input.size);
        const size_t used = newline == NULL ? input.size : (size_t)(newline - input.data);
        const char *const equals = memchr(input.data, '=', used);
        const size_t key = equals == NULL ? used : (size_t)(equals - input.data);
        pairs[count].key = (struct dk_bytes){.data = input.data, .size = key};
        pairs[count].value = (struct dk_bytes){
            .data = input.data + (equals == NULL ? used : key + 1),
            .size = equals == NULL ? 0 : used - key - 1};
        count++;
        input.data += newline == NULL ? used : used + 1;
        input.size -= newline == NULL ? used : used + 1;
    }
    return count;
}

static bool is_same_text(const char *left, const char *right) {
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

static bool is_same(const struct config *left, const struct config *right) {
    return is_same_text(left->host, right->host) && is_same_text(left->secret, right->secret) &&
           left->tls == right->tls && left->db == right->db && left->port == right->port &&
           left->pin == right->pin && left->timeout_ms == right->timeout_ms &&
           left->lease_ms == right->lease_ms && left->kind == right->kind;
}

static void hold_bounds(const struct config *config) {
    hold(config->db >= 0 && config->db <= 15, "a number outside its bounds");
    hold(config->port >= 1 && config->port <= 65535, "a port outside its bounds");
    hold(
        config->timeout_ms == -1 || (config->timeout_ms >= 1 && config->timeout_ms <= 60000),
        "a timeout outside its bounds");
    hold(config->lease_ms <= INT64_MAX / 1000000, "a lease that no timer takes");
    hold(config->lease_ms >= -(INT64_MAX / 1000000), "a lease that no timer takes");
    hold(config->kind >= 0 && config->kind <= 2, "a kind that is none");
    hold(
        config->host != NULL && strlen(config->host) <= TEXT_BYTES_MAX,
        "a text outside its bounds");
}

static void hold_round_trip(const struct config *config, struct dk__arena *arena) {
    char db[24], port[24], pin[24], timeout[24], lease[24];
    (void)snprintf(db, sizeof db, "%" PRId64, config->db);
    (void)snprintf(port, sizeof port, "%" PRId64, config->port);
    (void)snprintf(pin, sizeof pin, "%" PRId64, config->pin);
    (void)snprintf(timeout, sizeof timeout, "%" PRId64 "ms", config->timeout_ms);
    (void)snprintf(lease, sizeof lease, "%" PRId64 "ms", config->lease_ms);
    const struct dk_pair pairs[] = {
        {DK_BYTES("HOST"), dk_bytes_of(config->host)},
        {DK_BYTES("Password"), dk_bytes_of(config->secret)},
        {DK_BYTES("enableTLS"), dk_bytes_of(config->tls ? "T" : "F")},
        {DK_BYTES("redisDB"), dk_bytes_of(db)},
        {DK_BYTES("port"), dk_bytes_of(port)},
        {DK_BYTES("pin"), dk_bytes_of(pin)},
        {DK_BYTES("readTimeout"), dk_bytes_of(config->timeout_ms == -1 ? "-1" : timeout)},
        {DK_BYTES("ttl"), dk_bytes_of(lease)},
        {DK_BYTES("redisType"), dk_bytes_of(kinds[config->kind])},
    };
    struct config again = {0};
    struct dk_fault fault = {0};
    const enum dk_error error = dk_options_parse(
        options,
        (struct dk_pairs){.items = pairs, .count = sizeof pairs / sizeof pairs[0]},
        &again,
        take,
        arena,
        &fault);
    hold(error == DK_OK, fault.text);
    hold(is_same(config, &again), "what was accepted is another when written out");
}

/* Told for certain only when the secret stands nowhere else in the map or the table's words. */
static void hold_secret(struct dk_pairs pairs, const struct dk_fault *fault) {
    const struct dk_bytes secret = dk_pairs_find(pairs, dk_bytes_of("pin"));
    char text[TEXT_BYTES_MAX + 8];
    if (secret.size < 12 || secret.size >= sizeof text) {
        return;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)secret.size, secret.data);
    if (strlen(text) < 12) {
        return; /* it holds a NUL byte */
    }
    struct config config = {0};
    struct dk_fault other = {0};
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = ARENA_BYTES_MAX};
    struct dk_pair without[PAIRS_MAX];
    for (size_t i = 0; i < pairs.count; i++) {
        without[i] = pairs.items[i];
        if (dk_bytes_equal(without[i].key, dk_bytes_of("pin"))) {
            without[i].value.size = 0;
        }
    }
    (void)dk_options_parse(
        options,
        (struct dk_pairs){.items = without, .count = pairs.count},
        &config,
        take,
        &arena,
        &other);
    if (strstr(other.text, text) == NULL) {
        hold(strstr(fault->text, text) == NULL, "a fault tells the secret");
    }
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dk_pair items[PAIRS_MAX];
    const struct dk_pairs pairs = {.items = items, .count = pairs_read(view(data, size), items)};
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = ARENA_BYTES_MAX};
    struct config configs[2] = {{0}, {0}};
    struct dk_fault faults[2] = {{0}, {0}};
    enum dk_error errors[2];

    for (int i = 0; i < 2; i++) {
        errors[i] = dk_options_parse(options, pairs, &configs[i], take, &arena, &faults[i]);
    }

    hold(errors[0] == errors[1], "read twice, judged twice");
    hold(strcmp(faults[0].text, faults[1].text) == 0, "read twice, told twice");
    hold((errors[0] == DK_OK) == (faults[0].text[0] == '\0'), "a fault without words");
    hold(dk__utf8_is_valid(dk_bytes_of(faults[0].text)), "words that are no UTF-8");
    if (errors[0] == DK_OK) {
        hold(is_same(&configs[0], &configs[1]), "read twice, understood twice");
        hold_bounds(&configs[0]);
        hold_round_trip(&configs[0], &arena);
    }
    hold_secret(pairs, &faults[0]);
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
    return 0;
}
