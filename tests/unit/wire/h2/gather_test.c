/* What is added leaves in its order, however little the link takes at a time. */
#include "wire/h2/gather.h"

#include "wire/h2/link.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct dk__h2_gather gather;
static struct dk__h2_link link_under_test;
static int peer;

static void start(void) {
    int ends[2];
    cr_assert(eq(int, socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0));
    cr_assert(eq(int, fcntl(ends[0], F_SETFL, O_NONBLOCK), 0));
    link_under_test = (struct dk__h2_link){.descriptor = ends[0], .is_open = true};
    peer = ends[1];
}

static void end(void) {
    (void)close(link_under_test.descriptor);
    (void)close(peer);
}

TestSuite(h2_gather, .init = start, .fini = end);

static struct dk_bytes text(const char *bytes) {
    return (struct dk_bytes){bytes, strlen(bytes)};
}

static void peer_reads(const char *wanted) {
    char got[64];
    const ssize_t size = read(peer, got, sizeof got);
    cr_assert(eq(sz, (size_t)size, strlen(wanted)));
    cr_assert(eq(int, memcmp(got, wanted, (size_t)size), 0));
}

Test(h2_gather, writes_frames_and_data_in_their_order) {
    char frame[] = "frame;";
    cr_assert(dk__h2_gather_frame(&gather, text(frame)));
    memset(frame, 'x', sizeof frame); /* it was copied */
    cr_assert(dk__h2_gather_data(&gather, text("head;"), text("prefix;"), text("data;")));
    cr_assert(dk__h2_gather_data(&gather, text("h;"), text(""), text("")));

    cr_assert(eq(int, dk__h2_gather_write(&gather, &link_under_test), 1));

    peer_reads("frame;head;prefix;data;h;");
    cr_assert(eq(sz, gather.count, 0));
}

Test(h2_gather, is_full_with_room_for_one_more_frame) {
    static char large[DK__H2_GATHER_FRAME_BYTES_MAX];
    size_t added = 0;

    while (dk__h2_gather_data(&gather, text("head"), text("p"), text("data"))) {
        added++;
    }

    cr_assert(ge(sz, added, DK__H2_GATHER_PARTS / 2 - 2));
    cr_assert(dk__h2_gather_frame(&gather, (struct dk_bytes){large, sizeof large}));
}

Test(h2_gather, goes_on_where_a_full_link_stopped) {
    enum { PIECE = 100000, PIECES = 20 };
    static char data[PIECE], got[PIECE];
    size_t read_bytes = 0, writes = 0;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (char)(i % 251);
    }
    for (int i = 0; i < PIECES; i++) {
        cr_assert(
            dk__h2_gather_data(&gather, text(""), text(""), (struct dk_bytes){data, sizeof data}));
    }

    int result = 0;
    do {
        result = dk__h2_gather_write(&gather, &link_under_test);
        cr_assert(ge(int, result, 0));
        writes++;
        ssize_t size = 0;
        while ((size = recv(peer, got, sizeof got, MSG_DONTWAIT)) > 0) {
            for (ssize_t i = 0; i < size; i++) {
                cr_assert(eq(int, got[i], data[(read_bytes + (size_t)i) % PIECE]));
            }
            read_bytes += (size_t)size;
        }
    } while (result == 0);

    cr_assert(gt(sz, writes, 1));
    cr_assert(eq(sz, read_bytes, (size_t)PIECE * PIECES));
}

Test(h2_gather, says_that_the_connection_is_over) {
    (void)shutdown(peer, SHUT_RDWR);
    (void)close(peer);
    cr_assert(dk__h2_gather_frame(&gather, text("frame")));

    cr_assert(eq(int, dk__h2_gather_write(&gather, &link_under_test), -1));

    dk__h2_gather_reset(&gather);
    cr_assert(eq(int, dk__h2_gather_write(&gather, &link_under_test), 1));
}
