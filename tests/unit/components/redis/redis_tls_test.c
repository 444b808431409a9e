/*
 * TLS: who is trusted, who is let in, and what a user reads when it does not work.
 */
#include "clients/redis/redis_tls.h"

#include "clients/redis/redis_config.h"
#include "support/certificates.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct redis_server server;
static struct redis_rig rig;
static struct certificate authority, stranger, own, client;
static char folder[64], tls_port[16], tls_host[64], names[4][96];

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
    for (int i = 0; i < 4; i++) {
        (void)remove(names[i]);
    }
    (void)remove(folder);
}

TestSuite(redis_tls, .fini = end);

/* A server whose TLS port shows a certificate for `hosts`; `wants_client`: it asks for one. */
static void start(const char *hosts, bool is_expired, bool wants_client) {
    certificate_make_authority(&authority, "authority");
    certificate_make_authority(&stranger, "stranger");
    certificate_make(&own, &authority, hosts, is_expired);
    certificate_make(&client, &authority, "DNS:client", false);
    (void)snprintf(folder, sizeof folder, "/tmp/dk-certificates-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    certificate_write(&authority, folder, "authority");
    certificate_write(&own, folder, "own");
    static const char *const files[] = {"own.crt", "own.key", "authority.crt", "authority.key"};
    for (int i = 0; i < 4; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s/%s", folder, files[i]);
    }
    (void)snprintf(tls_port, sizeof tls_port, "%d", redis_server_free_port());
    (void)snprintf(tls_host, sizeof tls_host, "127.0.0.1:%s", tls_port);
    redis_server_start(
        &server,
        (const char *const[]){
            "--tls-port",
            tls_port,
            "--tls-cert-file",
            names[0],
            "--tls-key-file",
            names[1],
            "--tls-ca-cert-file",
            names[2],
            "--tls-auth-clients",
            wants_client ? "yes" : "no",
            NULL});
}

#define OPEN(...) \
    redis_rig_open(&rig, (const char *const[]){"enableTLS", "true", "redisHost", __VA_ARGS__, NULL})

static void assert_refused(const struct redis_rig_call *call, const char *words) {
    cr_assert(eq(int, call->error, DK_UNAVAILABLE), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, words), NULL), "%s", call->text);
}

static void assert_well(const struct redis_rig_call *call) {
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "value"));
}

Test(redis_tls, trusts_an_authority_of_the_user) {
    start("IP:127.0.0.1", false, false);

    assert_well(OPEN(tls_host, "caCert", authority.certificate));
}

Test(redis_tls, checks_a_name_where_a_name_was_given) {
    start("DNS:localhost", false, false);
    (void)snprintf(tls_host, sizeof tls_host, "localhost:%s", tls_port);

    assert_well(OPEN(tls_host, "caCert", authority.certificate));
}

Test(redis_tls, carries_much_both_ways) {
    start("IP:127.0.0.1", false, false);
    cr_assert(eq(int, OPEN(tls_host, "caCert", authority.certificate)->error, DK_OK));
    const size_t size = (size_t)5 << 20;
    char *value = malloc(size);
    for (size_t i = 0; i < size; i++) {
        value[i] = (char)(i * 31);
    }
    const struct dk_set request = {.key = DK_BYTES("big"), .value = {value, size}};

    cr_assert(eq(int, redis_rig_wait(redis_rig_set(&rig, request))->error, DK_OK));

    const struct redis_rig_call *got =
        redis_rig_wait(redis_rig_get(&rig, (struct dk_get){.key = request.key}));
    cr_assert(eq(sz, got->items[0].data.size, size));
    cr_assert(eq(int, memcmp(got->items[0].data.data, value, size), 0));
    free(value);
}

Test(redis_tls, carries_many_small_answers) {
    start("IP:127.0.0.1", false, false);
    cr_assert(eq(int, OPEN(tls_host, "caCert", authority.certificate)->error, DK_OK));
    enum { COUNT = 2000 };
    static struct redis_rig_call *calls[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        calls[i] = redis_rig_set(
            &rig, (struct dk_set){.key = DK_BYTES("key"), .value = DK_BYTES("value")});
    }

    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK), "%s", calls[i]->text);
    }

    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "2000"));
}

Test(redis_tls, says_that_the_authority_is_unknown) {
    start("IP:127.0.0.1", false, false);

    assert_refused(
        OPEN(tls_host, "caCert", stranger.certificate), "signed by an unknown authority");
}

Test(redis_tls, does_not_trust_a_private_authority_by_the_systems_list) {
    start("IP:127.0.0.1", false, false);

    assert_refused(OPEN(tls_host), "signed by an unknown authority");
}

Test(redis_tls, says_that_the_certificate_has_expired) {
    start("IP:127.0.0.1", true, false);

    assert_refused(
        OPEN(tls_host, "caCert", authority.certificate),
        "the certificate of '127.0.0.1' has expired");
}

Test(redis_tls, says_that_the_certificate_is_for_another_host) {
    start("DNS:elsewhere.example,IP:127.0.0.9", false, false);

    assert_refused(OPEN(tls_host, "caCert", authority.certificate), "is for another host");
}

Test(redis_tls, checks_nothing_when_told_so) {
    start("DNS:elsewhere.example", true, false);

    assert_well(OPEN(tls_host, "insecureSkipTLSVerify", "true"));
}

Test(redis_tls, says_that_a_client_certificate_is_wanted) {
    start("IP:127.0.0.1", false, true);

    assert_refused(
        OPEN(tls_host, "caCert", authority.certificate),
        "the server wants a client certificate (clientCert, clientKey)");
}

Test(redis_tls, shows_its_client_certificate) {
    start("IP:127.0.0.1", false, true);

    assert_well(OPEN(
        tls_host,
        "caCert",
        authority.certificate,
        "clientCert",
        client.certificate,
        "clientKey",
        client.key));
}

Test(redis_tls, says_that_its_client_certificate_is_refused) {
    start("IP:127.0.0.1", false, true);
    certificate_make(&client, &stranger, "DNS:client", false);

    assert_refused(
        OPEN(
            tls_host,
            "caCert",
            authority.certificate,
            "clientCert",
            client.certificate,
            "clientKey",
            client.key),
        "the server refuses our client certificate");
}

Test(redis_tls, says_that_a_plain_port_speaks_no_tls) {
    start("IP:127.0.0.1", false, false);

    assert_refused(
        OPEN(server.host, "dialTimeout", "400"),
        "does not answer the TLS handshake: is it a plain port (enableTLS)?");
}

Test(redis_tls, says_that_a_tls_port_wants_tls) {
    start("IP:127.0.0.1", false, false);

    assert_refused(
        redis_rig_open(&rig, (const char *const[]){"redisHost", tls_host, NULL}),
        "is it a TLS port (enableTLS)?");
}

Test(redis_tls, comes_back_after_the_server_did) {
    start("IP:127.0.0.1", false, false);
    cr_assert(
        eq(int,
           OPEN(tls_host, "caCert", authority.certificate, "redisMaxRetryInterval", "20")->error,
           DK_OK));
    redis_server_kill(&server);
    cr_assert(eq(int, redis_rig_put(&rig, "key", "lost"), DK_UNAVAILABLE));

    redis_server_again(&server);

    cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));
}

/* What the rows can check is told by the rows; what they cannot, all together, here. */
Test(redis_tls, names_faults_of_hosts_and_of_certificates_together) {
    const struct redis_rig_call *call = OPEN(
        "a:1,b:2", "redisUsername", "u", "caCert", "no PEM", "clientCert", "x", "clientKey", "y");

    cr_assert(eq(int, call->error, DK_INVALID), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "redisHost: 'a:1,b:2' names several hosts"), NULL));
    cr_assert(ne(ptr, strstr(call->text, "redisUsername: "), NULL), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "caCert: "), NULL), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "clientCert: "), NULL), "%s", call->text);
}

static enum dk_error context_with(const char *cert, const char *key, const char *ca, char *words) {
    const struct redis_config config = {.client_cert = cert, .client_key = key, .ca_cert = ca};
    struct redis_tls_context *context = NULL;
    struct dk_fault fault = {0};
    const enum dk_error error = redis_tls_context_new(&config, &context, &fault);
    redis_tls_context_free(context);
    (void)snprintf(words, 256, "%s", fault.text);
    return error;
}

Test(redis_tls_context, names_the_text_that_is_no_pem, .fini = NULL) {
    char words[256];
    certificate_make_authority(&authority, "authority");
    certificate_make(&client, &authority, "DNS:client", false);

    cr_assert(eq(int, context_with("x", client.key, NULL, words), DK_INVALID));
    cr_assert(eq(int, strncmp(words, "clientCert: ", 12), 0), "%s", words);

    cr_assert(eq(int, context_with(client.certificate, "secret", NULL, words), DK_INVALID));
    cr_assert(eq(int, strncmp(words, "clientKey: ", 11), 0), "%s", words);
    cr_assert(eq(ptr, strstr(words, "secret"), NULL), "%s", words);

    cr_assert(eq(int, context_with(client.certificate, authority.key, NULL, words), DK_INVALID));
    cr_assert(eq(int, strncmp(words, "clientKey: ", 11), 0), "%s", words);

    cr_assert(eq(int, context_with(NULL, NULL, "-----BEGIN nothing", words), DK_INVALID));
    cr_assert(eq(int, strncmp(words, "caCert: ", 8), 0), "%s", words);

    cr_assert(eq(int, context_with("x", NULL, NULL, words), DK_OK)); /* one alone is none */
}
