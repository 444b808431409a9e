#include "wire/h2/request.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

enum { HEADERS_MAX = 4096 };

static struct dk__pool pool;
static struct dk__arena arena;
static struct dk__h2_request request;

static void open(void) {
    pool = (struct dk__pool){.kept_max = 16};
    arena = (struct dk__arena){.pool = &pool, .bytes_max = 1 << 20};
    request = (struct dk__h2_request){.bytes = 0};
}

static void close(void) {
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
}

static void add(const char *name, const char *value) {
    dk__h2_request_add(&request, &arena, HEADERS_MAX, dk_bytes_of(name), dk_bytes_of(value));
}

static bool is(struct dk_bytes bytes, const char *text) {
    return bytes.data != NULL && dk_bytes_equal(bytes, dk_bytes_of(text));
}

TestSuite(h2_request, .init = open, .fini = close);

Test(h2_request, puts_each_header_in_its_place) {
    add(":method", "POST");
    add(":scheme", "http");
    add(":path", "/a.B/C");
    add(":authority", "localhost");
    add("te", "trailers");
    add("content-type", "application/grpc");
    add("grpc-timeout", "5S");
    add("grpc-encoding", "identity");
    add("grpc-accept-encoding", "identity,gzip");
    add("x-component-instance", "one");
    add("user-agent", "t");
    dk__h2_request_end(&request);

    cr_assert(eq(int, request.fault, DK__H2_REQUEST_FINE));
    cr_assert(is(request.method, "POST"));
    cr_assert(is(request.headers.path, "/a.B/C"));
    cr_assert(is(request.headers.content_type, "application/grpc"));
    cr_assert(is(request.headers.timeout, "5S"));
    cr_assert(is(request.headers.encoding, "identity"));
    cr_assert(is(request.headers.instance, "one"));
    cr_assert(eq(sz, request.headers.others.count, 1));
    cr_assert(is(request.headers.others.items[0].key, "user-agent"));
}

Test(h2_request, names_of_equal_length_are_not_mistaken) {
    add("paths", "1");                /* as long as :path */
    add("xmethod", "2");              /* :method */
    add("grpc-timeouu", "3");         /* grpc-timeout, content-type */
    add("grpc-encodinh", "4");        /* grpc-encoding */
    add("x-component-instancf", "5"); /* x-component-instance */
    dk__h2_request_end(&request);

    cr_assert(eq(ptr, (void *)request.headers.path.data, NULL));
    cr_assert(eq(sz, request.headers.others.count, 5));
}

Test(h2_request, an_empty_value_is_present) {
    add("x-component-instance", "");
    add("x-empty", "");
    dk__h2_request_end(&request);

    cr_assert(is(request.headers.instance, ""));
    cr_assert(is(dk_pairs_find(request.headers.others, dk_bytes_of("x-empty")), ""));
}

Test(h2_request, keeps_more_pairs_than_fit_at_first) {
    char name[16], value[16];
    for (int i = 0; i < 5 * DK__H2_PAIRS_FIRST; i++) {
        (void)snprintf(name, sizeof name, "x-%d", i);
        (void)snprintf(value, sizeof value, "v%d", i);
        add(name, value);
    }
    dk__h2_request_end(&request);

    cr_assert(eq(sz, request.headers.others.count, 5 * DK__H2_PAIRS_FIRST));
    for (int i = 0; i < 5 * DK__H2_PAIRS_FIRST; i++) {
        (void)snprintf(value, sizeof value, "v%d", i);
        cr_assert(is(request.headers.others.items[i].value, value));
    }
}

Test(h2_request, a_list_is_full_at_exactly_its_bound) {
    char value[HEADERS_MAX];
    memset(value, 'v', sizeof value);
    value[HEADERS_MAX - DK__H2_FIELD_OVERHEAD - 1] = '\0';

    add("x", value);
    cr_assert(eq(sz, request.bytes, HEADERS_MAX));
    cr_assert(eq(int, request.fault, DK__H2_REQUEST_FINE));

    add("", "");
    cr_assert(eq(int, request.fault, DK__H2_REQUEST_TOO_LARGE));
}

Test(h2_request, what_does_not_fit_into_the_arena_is_too_large) {
    arena.bytes_max = 64;

    add("x-a", "0123456789012345678901234567890123456789012345678901234567890123");

    cr_assert(eq(int, request.fault, DK__H2_REQUEST_TOO_LARGE));
}

Test(h2_request, binary_values_are_decoded) {
    add("x-a-bin", "AAEC/w==");
    add("x-b-bin", "AAEC/w");
    add("x-c-bin", "");
    dk__h2_request_end(&request);

    const struct dk_pair *pairs = request.headers.others.items;
    const struct dk_bytes plain = DK_BYTES("\0\1\2\xff");
    cr_assert(eq(sz, request.headers.others.count, 3));
    cr_assert(dk_bytes_equal(pairs[0].value, plain));
    cr_assert(dk_bytes_equal(pairs[1].value, plain));
    cr_assert(is(pairs[2].value, ""));
}

Test(h2_request, joined_binary_values_are_taken_apart) {
    add("x-bin", "Zm9v, YmFy,,Zg==");
    dk__h2_request_end(&request);

    const struct dk_pair *pairs = request.headers.others.items;
    cr_assert(eq(sz, request.headers.others.count, 4));
    cr_assert(is(pairs[0].value, "foo"));
    cr_assert(is(pairs[1].value, "bar"));
    cr_assert(is(pairs[2].value, ""));
    cr_assert(is(pairs[3].value, "f"));
}

Test(h2_request, a_binary_value_that_is_none_is_a_fault) {
    add("x-bin", "Zm9v,?");

    cr_assert(eq(int, request.fault, DK__H2_REQUEST_BAD_BINARY));
}
