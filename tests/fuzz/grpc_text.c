/*
 * What gRPC writes into HTTP/2 headers: timeouts, base64, percent-encoding, whole header lists; and
 * the address of --listen. The first byte of an input chooses.
 *
 * Held: each against a second reading of the rule, or written and read again.
 */
#include "core/address.h"
#include "core/base64.h"
#include "core/utf8.h"
#include "wire/grpc/timeout.h"
#include "wire/h2/request.h"
#include "wire/h2/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_BYTES_MAX = 2048, ARENA_BYTES_MAX = 16 * 1024 };

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "grpc_text: %s\n", what);
        abort();
    }
}

static char *room(size_t size) {
    char *bytes = malloc(size == 0 ? 1 : size);
    require(bytes != NULL, "no memory");
    return bytes;
}

/* ── grpc-timeout ───────────────────────────────────────────────────────────────────────────── */

/* The rule read by the C library; −1: no timeout. */
static int64_t microseconds(struct dk_bytes text) {
    static const struct {
        char unit;
        int64_t us;
    } units[] = {{'u', 1}, {'m', 1000}, {'S', 1000000}, {'M', 60000000}, {'H', 3600000000}};
    char copy[16] = "", unit = '\0';
    long long count = 0;
    int used = 0;
    if (text.size > 9 || memchr(text.data, '\0', text.size) != NULL) {
        return -1;
    }
    memcpy(copy, text.data, text.size);
    if (strspn(copy, "0123456789") + 1 != text.size ||
        sscanf(copy, "%8lld%c%n", &count, &unit, &used) != 2 || (size_t)used != text.size) {
        return -1;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == unit) {
            return count * units[i].us;
        }
    }
    return unit == 'n' ? count / 1000 + (count % 1000 == 0 ? 0 : 1) : -1;
}

static void read_timeout(struct dk_bytes text) {
    int64_t us = -1;
    const bool is_good = dk__timeout_parse(text, &us);
    require(is_good == (us >= 0), "a timeout was refused and written, or neither");
    require(us == microseconds(text), "another timeout");
}

/* ── base64 ─────────────────────────────────────────────────────────────────────────────────── */

static void read_base64(struct dk_bytes text) {
    size_t size = 0;
    char *plain = room(text.size / 4 * 3 + 2);
    if (dk__base64_decode(text, plain, &size)) {
        size_t characters = text.size;
        while (characters > 0 && text.data[characters - 1] == '=') {
            characters--;
        }
        require(text.size - characters <= 2, "more padding than there is");
        require(dk__base64_size(size) == characters, "another size of base64");
        char *again = room(characters);
        dk__base64_encode((struct dk_bytes){plain, size}, again);
        /* The last character may carry bits that mean nothing. */
        const size_t exact = characters % 4 == 0 ? characters : characters - 1;
        require(memcmp(again, text.data, exact) == 0, "base64 that reads as something else");
        free(again);
    }
    free(plain);
}

/* Any bytes, with the padding that others write. */
static void write_base64(struct dk_bytes bytes) {
    const size_t characters = dk__base64_size(bytes.size);
    char *text = room(characters + 2), *plain = room(characters / 4 * 3 + 5);
    size_t padded = characters, size = 0;
    dk__base64_encode(bytes, text);
    while (padded % 4 != 0) {
        text[padded++] = '=';
    }
    const size_t ends[] = {characters, padded};
    for (size_t i = 0; i < 2; i++) {
        require(
            dk__base64_decode((struct dk_bytes){text, ends[i]}, plain, &size) &&
                dk_bytes_equal(bytes, (struct dk_bytes){plain, size}),
            "bytes are lost in base64");
    }
    free(text);
    free(plain);
}

/* ── percent-encoding ───────────────────────────────────────────────────────────────────────── */

static void write_percent(struct dk_bytes text) {
    const size_t size = dk__h2_percent_size(text);
    char *encoded = room(size), digits[3] = "";
    size_t at = 0;
    dk__h2_percent_encode(text, encoded);
    for (size_t i = 0; i < text.size; i++) {
        require(at < size && encoded[at] >= 0x20 && encoded[at] <= 0x7e, "an odd character");
        if (encoded[at] == '%') {
            require(at + 3 <= size, "half an escape");
            memcpy(digits, encoded + at + 1, 2);
            require(
                strtoul(digits, NULL, 16) == (unsigned char)text.data[i], "another byte escaped");
            at += 3;
        } else {
            require(encoded[at++] == text.data[i], "another byte");
        }
    }
    require(at == size, "more than was said");
    free(encoded);
}

/* The first byte is the bound. */
static void cut_percent(struct dk_bytes input) {
    if (input.size == 0) {
        return;
    }
    const size_t size_max = (unsigned char)input.data[0];
    const struct dk_bytes text = {.data = input.data + 1, .size = input.size - 1};
    const struct dk_bytes cut = dk__h2_percent_cut(text, size_max);
    require(cut.size <= text.size, "longer than before");
    require(dk__h2_percent_size(cut) <= size_max, "longer than it may be");
    if (dk__utf8_is_valid(text)) {
        size_t next = cut.size + 1;
        while (next < text.size && ((unsigned char)text.data[next] & 0xc0) == 0x80) {
            next++;
        }
        require(dk__utf8_is_valid(cut), "cut within a character");
        require(
            cut.size == text.size ||
                dk__h2_percent_size((struct dk_bytes){text.data, next}) > size_max,
            "one more character would have fitted");
    }
}

/* ── header lists ───────────────────────────────────────────────────────────────────────────── */

/* Up to the next byte `end`, which is gone. */
static struct dk_bytes take_until(struct dk_bytes *left, char end) {
    const char *at = left->size == 0 ? NULL : memchr(left->data, end, left->size);
    const size_t size = at == NULL ? left->size : (size_t)(at - left->data);
    const struct dk_bytes taken = {.data = left->data, .size = size};
    left->data += size + (at == NULL ? 0 : 1);
    left->size -= size + (at == NULL ? 0 : 1);
    return taken;
}

/* Lines of name=value. */
static void read_headers(struct dk_bytes lines) {
    struct dk__pool pool = {.kept_max = 8};
    struct dk__arena arena = {.pool = &pool, .bytes_max = ARENA_BYTES_MAX};
    struct dk__h2_request request = {.bytes = 0};
    size_t bytes = 0, values = 0;
    while (lines.size > 0) {
        struct dk_bytes value = take_until(&lines, '\n');
        const struct dk_bytes name = take_until(&value, '=');
        bytes += name.size + value.size + DK__H2_FIELD_OVERHEAD;
        values += 1;
        for (size_t i = 0; i < value.size; i++) {
            values += value.data[i] == ',' ? 1 : 0;
        }
        dk__h2_request_add(&request, &arena, HEADER_BYTES_MAX, name, value);
    }
    dk__h2_request_end(&request);

    require(request.bytes == bytes, "another size of the list");
    require(
        bytes <= HEADER_BYTES_MAX || request.fault != DK__H2_REQUEST_FINE, "no bound of headers");
    require(request.headers.others.count <= values, "more pairs than came");
    for (size_t i = 0; i < request.headers.others.count; i++) {
        const struct dk_pair *pair = &request.headers.others.items[i];
        char *copy = room(pair->key.size + pair->value.size); /* every byte can be read */
        memcpy(copy, pair->key.data, pair->key.size);
        memcpy(copy + pair->key.size, pair->value.data, pair->value.size);
        free(copy);
    }
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

/* ── addresses ──────────────────────────────────────────────────────────────────────────────── */

static void read_address(struct dk_bytes text) {
    struct dk__address address;
    struct dk_fault fault = {.error = DK_OK};
    char *copy = room(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (dk__address_parse(copy, &address, &fault) != DK_OK) {
        require(fault.error == DK_INVALID && fault.text[0] != '\0', "a fault without words");
    } else if (address.place.ss_family == AF_UNIX) {
        const struct sockaddr_un *place = (const struct sockaddr_un *)(const void *)&address.place;
        require(
            strncmp(copy, "unix:", 5) == 0 && strcmp(copy + 5, place->sun_path) == 0,
            "another path");
    } else {
        require(strrchr(copy, ':') != NULL, "an address without a port");
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const readers[])(struct dk_bytes) = {
        read_timeout,
        read_base64,
        write_base64,
        write_percent,
        cut_percent,
        read_headers,
        read_address,
    };
    if (size == 0) {
        return 0;
    }
    char *exact = room(size - 1);
    memcpy(exact, data + 1, size - 1);
    readers[data[0] % (sizeof readers / sizeof readers[0])]((struct dk_bytes){exact, size - 1});
    free(exact);
    return 0;
}
