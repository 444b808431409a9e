/* The connections of a listener of gRPC's: how many, and for how long. */
#include "rig.h"

#include "core/loop.h"
#include "wire/core/listener.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct dk_bytes hello = DK_BYTES("hello");

static struct dk__channel *channel_new(void) {
    struct dk__channel_config config = dk__channel_config_default;
    struct dk__channel *channel = NULL;
    config.target = rig.address;
    cr_assert(eq(int, dk__channel_new(rig.channels, &config, &channel, NULL), DK_OK));
    return channel;
}

static void bounded(bool is_tcp) {
    struct dk__limits limits = dk__limits_default;
    struct dk__channel *channels[3];
    limits.connections_max = 2;
    rig_open(&dk__transport_core, is_tcp, &limits);
    for (int i = 0; i < 3; i++) {
        channels[i] = channel_new();
    }
    for (int i = 0; i < 2; i++) {
        cr_assert(
            eq(int, dk__channel_wait_ready(channels[i], rig_in_ms(RIG_WAIT_MS), NULL), DK_OK));
    }
    cr_assert(
        eq(int, dk__channel_wait_ready(channels[2], rig_in_ms(200), NULL), DK_TIMEOUT),
        "the third waits in the backlog");

    dk__channel_free(channels[0]);

    cr_assert(eq(int, dk__channel_wait_ready(channels[2], rig_in_ms(RIG_WAIT_MS), NULL), DK_OK));
    rig.channel = channels[2];
    struct dk__client_call *call = rig_call("/test.T/Echo");
    cr_assert(eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_OK));
    dk__client_call_free(call);
    dk__channel_free(channels[1]);
    rig_close();
}

Test(core_connection, waits_in_the_backlog_beyond_connections_max) {
    bounded(false);
    bounded(true);
}

static int dial(const char *path) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
    cr_assert(eq(int, connect(descriptor, (const struct sockaddr *)&place, sizeof place), 0));
    return descriptor;
}

/* On one loop and one thread: nobody has to wait ten seconds. */
Test(core_connection, of_a_silent_peer_is_ended) {
    char folder[] = "/tmp/dk-core-XXXXXX", address[64], byte;
    struct dk_loop *loop = NULL;
    struct dk__server server;
    struct dk__listener *listener = NULL;
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    (void)snprintf(address, sizeof address, "unix:%s/s", folder);
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    cr_assert(eq(int, dk__server_init(&server, loop, &dk__limits_default), DK_OK));
    cr_assert(eq(int, dk__transport_core.listen(&server, address, &listener, NULL), DK_OK));
    listener->handshake_us = 1000;
    const int silent = dial(address + strlen("unix:"));
    const int gone = dial(address + strlen("unix:"));
    (void)close(gone);

    while (listener->acceptor.accepted < 2 || listener->connection_count > 0) {
        cr_assert(eq(int, dk__loop_turn(loop, 100000), DK_OK));
    }

    cr_assert(eq(int, (int)recv(silent, &byte, 1, 0), 0), "closed from there");
    (void)close(silent);
    dk__transport_core.close(listener);
    dk__server_clear(&server);
    dk__loop_free(loop);
    (void)unlink(address + strlen("unix:"));
    (void)rmdir(folder);
}

/* Not HTTP/2 at all: gRPC ends it, and it is counted out. */
Test(core_connection, that_speaks_something_else_makes_room_again) {
    struct dk__limits limits = dk__limits_default;
    limits.connections_max = 1;
    rig_open(&dk__transport_core, false, &limits);
    const int rude = dial(rig.address + strlen("unix:"));
    cr_assert(eq(int, (int)write(rude, "GET / HTTP/1.1\r\n\r\n", 18), 18));
    rig_connect(NULL);

    cr_assert(eq(int, dk__channel_wait_ready(rig.channel, rig_in_ms(RIG_WAIT_MS), NULL), DK_OK));

    (void)close(rude);
    rig_close();
}
