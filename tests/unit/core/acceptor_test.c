#include "core/acceptor.h"

#include "core/loop.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct dk_loop *loop;
static int taken[8];
static uint32_t taken_count;

static bool on_accept(struct dk__acceptor *acceptor, int descriptor) {
    (void)acceptor;
    taken[taken_count++] = descriptor;
    return true;
}

static struct dk__acceptor acceptor_make(void) {
    return (struct dk__acceptor){
        .loop = loop,
        .scope = "test",
        .connections_max = 2,
        .connection_count = &taken_count,
        .on_accept = on_accept,
    };
}

static void setup(void) {
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    taken_count = 0;
}

static void teardown(void) {
    while (taken_count > 0) {
        (void)close(taken[--taken_count]);
    }
    dk__loop_free(loop);
}

TestSuite(acceptor, .init = setup, .fini = teardown);

static int dial(int port) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(descriptor, (const struct sockaddr *)&place, sizeof place) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

static void turn_all(void) {
    for (int i = 0; i < 5; i++) {
        cr_assert(eq(int, dk__loop_turn(loop, 0), DK_OK));
    }
}

Test(acceptor, takes_no_more_than_there_is_room_for) {
    struct dk__acceptor acceptor = acceptor_make();
    int peers[3];
    cr_assert(eq(int, dk__acceptor_open(&acceptor, "127.0.0.1:0", NULL), DK_OK));
    for (int i = 0; i < 3; i++) {
        peers[i] = dial(acceptor.port);
        cr_assert(ge(int, peers[i], 0), "the third waits in the backlog");
    }
    turn_all();
    cr_assert(eq(u32, taken_count, 2));

    (void)close(taken[--taken_count]);
    dk__acceptor_resume(&acceptor);
    turn_all();

    cr_assert(eq(u32, taken_count, 2));
    cr_assert(eq(u64, acceptor.accepted, 3));
    for (int i = 0; i < 3; i++) {
        (void)close(peers[i]);
    }
    dk__acceptor_close(&acceptor);
}

Test(acceptor, says_why_an_address_cannot_be_had) {
    struct dk__acceptor first = acceptor_make(), second = acceptor_make();
    char address[32], words[96];
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__acceptor_open(&first, "127.0.0.1:0", NULL), DK_OK));
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", first.port);
    (void)snprintf(words, sizeof words, "listen: '%s': Address already in use", address);

    cr_assert(eq(int, dk__acceptor_open(&second, address, &fault), DK_UNAVAILABLE));

    cr_assert(eq(str, fault.text, words));
    dk__acceptor_close(&second); /* harmless */
    dk__acceptor_close(&first);
}

Test(acceptor, refuses_who_comes_after_its_end) {
    struct dk__acceptor acceptor = acceptor_make();
    cr_assert(eq(int, dk__acceptor_open(&acceptor, "127.0.0.1:0", NULL), DK_OK));
    const int port = acceptor.port;

    dk__acceptor_close(&acceptor);
    dk__acceptor_resume(&acceptor);

    cr_assert(eq(int, dial(port), -1));
}
