/* Channels: their settings, connecting, closing. */
#include "rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct dk_bytes hello = DK_BYTES("hello");

/* ── settings ───────────────────────────────────────────────────────────────────────────────── */

static void assert_config_refused(const struct dk__channel_config *config, const char *words) {
    struct dk__channels *channels = NULL;
    struct dk__channel *channel = NULL;
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__channels_new(&channels, NULL), DK_OK));

    cr_assert(eq(int, dk__channel_new(channels, config, &channel, &fault), DK_INVALID));

    cr_assert(ne(ptr, strstr(fault.text, words), NULL), "%s", fault.text);
    cr_assert(eq(ptr, channel, NULL));
    dk__channels_free(channels);
}

Test(core_channel, names_every_setting_outside_its_bounds) {
    struct dk__channel_config config = dk__channel_config_default;
    config.keepalive_ms = 9999;
    config.calls_max = 0;
    config.reconnect_ms_min = 99;

    assert_config_refused(
        &config,
        "channel: the target is missing; "
        "channel: calls_max: 0 is outside 1 … 2147483647; "
        "channel: keepalive_ms: 9999 is outside 10000 … 86400000; "
        "channel: reconnect_ms_min: 99 is outside 100 … 86400000");
}

Test(core_channel, refuses_a_target_that_makes_no_sense) {
    struct dk__channel_config config = dk__channel_config_default;
    char path[256] = "unix:/";
    memset(path + strlen(path), 'p', sizeof path - strlen(path) - 1);
    path[sizeof path - 1] = '\0';
    config.target = path; /* longer than the kernel's sun_path */
    assert_config_refused(&config, "is no target of gRPC's");
    config.target = "ipv4:nowhere";
    assert_config_refused(&config, "channel: 'ipv4:nowhere' is no target of gRPC's");
}

static void assert_tls_refused(struct dk__channel_tls tls, const char *words) {
    struct dk__channel_config config = dk__channel_config_default;
    config.target = "127.0.0.1:1";
    config.tls = &tls;
    assert_config_refused(&config, words);
}

Test(core_channel, says_which_file_is_wrong) {
    char folder[] = "/tmp/dk-channel-XXXXXX", empty[64], words[128];
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    (void)snprintf(empty, sizeof empty, "%s/empty", folder);
    FILE *file = fopen(empty, "we");
    cr_assert(ne(ptr, file, NULL));
    (void)fclose(file);

    assert_tls_refused(
        (struct dk__channel_tls){.ca_path = "/nowhere/ca"}, "tls: '/nowhere/ca': No such file");
    assert_tls_refused((struct dk__channel_tls){.ca_path = folder}, "Is a directory");
    (void)snprintf(words, sizeof words, "tls: '%s' holds no PEM CERTIFICATE", empty);
    assert_tls_refused((struct dk__channel_tls){.ca_path = empty}, words);
    assert_tls_refused(
        (struct dk__channel_tls){.certificate_path = "a.crt"}, "tls: 'a.crt' needs its key");
    assert_tls_refused(
        (struct dk__channel_tls){.key_path = "a.key"}, "tls: 'a.key' needs its certificate");

    (void)unlink(empty);
    (void)rmdir(folder);
}

/* ── connecting ─────────────────────────────────────────────────────────────────────────────── */

static void assert_echoes(void) {
    struct dk__client_call *call = rig_call("/test.T/Echo");
    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);
    cr_assert(
        eq(int, answer->status.code, DK__CODE_OK),
        "%.*s",
        (int)answer->status.message.size,
        answer->status.message.data);
    dk__client_call_free(call);
}

static void ready(void) {
    rig_connect(NULL);
    cr_assert(eq(int, dk__channel_wait_ready(rig.channel, rig_in_ms(RIG_WAIT_MS), NULL), DK_OK));
    assert_echoes();
}

Test(core_channel, is_ready_when_the_server_is_there) {
    each_transport(ready);
}

static void by_dns(struct dk__channel_config *config) {
    static char target[160];
    (void)snprintf(target, sizeof target, "dns:///localhost%s", strrchr(rig.address, ':'));
    config->target = target;
}

Test(core_channel, finds_its_server_by_name_and_by_address) {
    const struct dk__transport *const transports[] = {&dk__transport_h2, &dk__transport_core};
    for (size_t i = 0; i < 2; i++) {
        rig_open(transports[i], true, NULL);
        rig_connect(NULL);
        assert_echoes();
        dk__channel_free(rig.channel);
        rig_connect(by_dns);
        assert_echoes();
        rig_close();
    }
}

static void elsewhere(struct dk__channel_config *config) {
    config->target = "unix:/nowhere/at/all";
}

/* A short deadline may find the first try still under way: then again. */
static void assert_cannot_connect(void) {
    const int64_t end_us = rig_in_ms(RIG_WAIT_MS);
    struct dk_fault fault;
    enum dk_error error = DK_TIMEOUT;
    while (error == DK_TIMEOUT && rig_in_ms(0) < end_us) {
        fault = (struct dk_fault){0};
        error = dk__channel_wait_ready(rig.channel, rig_in_ms(50), &fault);
    }
    cr_assert(eq(int, error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(fault.text, "': cannot connect"), NULL), "%s", fault.text);
}

Test(core_channel, says_unavailable_when_nobody_is_there) {
    rig_open(&dk__transport_h2, false, NULL);
    rig_connect(elsewhere);

    assert_cannot_connect();
    struct dk__client_call *call = rig_call("/test.T/Echo");
    cr_assert(
        eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_UNAVAILABLE),
        "a call fails at once");

    dk__client_call_free(call);
    rig_close();
}

/* The server moves away and comes back: the socket's file is what a client sees of it. */
Test(core_channel, connects_when_the_server_comes) {
    char away[160];
    struct dk__client_call *call = NULL;
    rig_open(&dk__transport_h2, false, NULL);
    (void)snprintf(away, sizeof away, "%s-away", rig.address + strlen("unix:"));
    cr_assert(eq(int, rename(rig.address + strlen("unix:"), away), 0));
    rig_connect(NULL);
    assert_cannot_connect();
    const struct dk__client_request request = {
        .path = "/test.T/Echo", .deadline_us = rig_in_ms(RIG_WAIT_MS), .waits_for_ready = true};
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &call, NULL), DK_OK));

    cr_assert(eq(int, rename(away, rig.address + strlen("unix:")), 0));

    cr_assert(eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_OK));
    cr_assert(eq(int, dk__channel_wait_ready(rig.channel, rig_in_ms(0), NULL), DK_OK));
    dk__client_call_free(call);
    rig_close();
}

/* ── closing ────────────────────────────────────────────────────────────────────────────────── */

static void *close_when_held(void *context) {
    (void)context;
    rig_await_held(1);
    dk__channel_close(rig.channel);
    return NULL;
}

static void closing(void) {
    const struct dk__client_request request = {.path = "/test.T/Echo", .deadline_us = INT64_MAX};
    struct dk__client_call *refused = NULL;
    struct dk_fault fault = {0};
    pthread_t other;
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Hold");
    cr_assert(eq(int, pthread_create(&other, NULL, close_when_held, NULL), 0));

    const struct dk__client_answer *answer = dk__client_call_unary(call, hello);

    cr_assert(eq(int, answer->status.code, DK__CODE_UNAVAILABLE));
    cr_assert(dk_bytes_equal(
        answer->status.message, (struct dk_bytes)DK_BYTES("the channel was closed")));
    (void)pthread_join(other, NULL);
    cr_assert(eq(int, dk__client_call_new(rig.channel, &request, &refused, &fault), DK_CANCELLED));
    cr_assert(ne(ptr, strstr(fault.text, "the channel is closed"), NULL));
    dk__client_call_free(call);
}

Test(core_channel, ends_its_calls_when_it_is_closed) {
    each_transport(closing);
}

static void *close_channel(void *context) {
    (void)context;
    dk__channel_close(rig.channel);
    return NULL;
}

Test(core_channel, wakes_who_waits_for_ready_when_it_is_closed) {
    pthread_t other;
    rig_open(&dk__transport_h2, false, NULL);
    rig_connect(elsewhere);
    assert_cannot_connect();
    cr_assert(eq(int, pthread_create(&other, NULL, close_channel, NULL), 0));

    cr_assert(eq(int, dk__channel_wait_ready(rig.channel, INT64_MAX, NULL), DK_CANCELLED));

    (void)pthread_join(other, NULL);
    rig_close();
}

Test(core_channel, keeps_its_memory_for_calls_that_outlive_it) {
    rig_open(&dk__transport_h2, false, NULL);
    rig_connect(NULL);
    struct dk__client_call *call = rig_call("/test.T/Echo");
    dk__channel_free(rig.channel);
    rig.channel = NULL;

    cr_assert(eq(int, dk__client_call_unary(call, hello)->status.code, DK__CODE_UNAVAILABLE));

    dk__client_call_free(call);
    rig_close();
}
