/* Init and Ping: whether the brokers answer, and in whose words they do not. */
#include "support/kafka_mock.h"
#include "support/kafka_rig.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sys/socket.h>
#include <unistd.h>

static struct kafka_mock mock;
static struct kafka_rig rig;

static void end(void) {
    kafka_rig_close(&rig);
    kafka_mock_stop(&mock);
}

TestSuite(kafka_init, .fini = end);

#define OPEN(...) kafka_rig_open(&rig, (const char *const[]){__VA_ARGS__, NULL})

Test(kafka_init, ends_well_once_a_broker_answers) {
    kafka_mock_start(&mock, 1);

    const struct kafka_rig_call *call = OPEN("brokers", mock.brokers, "authType", "none");

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(int, kafka_rig_wait(kafka_rig_ping(&rig))->error, DK_OK));
}

Test(kafka_init, needs_one_broker_of_several) {
    char brokers[128];
    kafka_mock_start(&mock, 1);
    (void)snprintf(brokers, sizeof brokers, "127.0.0.1:1,%s", mock.brokers);

    const struct kafka_rig_call *call = OPEN("brokers", brokers, "authType", "none");

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
}

Test(kafka_init, says_what_refuses_and_soon) {
    const int64_t begin_ms = dk_clock_ms();

    const struct kafka_rig_call *call = OPEN("brokers", "127.0.0.1:1", "authType", "none");

    cr_assert(eq(int, call->error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(call->text, "no broker answers"), NULL), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "127.0.0.1:1"), NULL), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "Connection refused"), NULL), "%s", call->text);
    cr_assert(lt(i64, dk_clock_ms() - begin_ms, 10000), "not only after dialTimeout");
}

Test(kafka_init, gives_up_on_silence_after_its_time) {
    /* A listener that takes connections and never speaks. */
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char brokers[32];
    cr_assert(eq(int, bind(listener, (struct sockaddr *)&address, sizeof address), 0));
    cr_assert(eq(int, listen(listener, 8), 0));
    cr_assert(eq(int, getsockname(listener, (struct sockaddr *)&address, &size), 0));
    (void)snprintf(brokers, sizeof brokers, "127.0.0.1:%d", ntohs(address.sin_port));

    const struct kafka_rig_call *call =
        OPEN("brokers", brokers, "authType", "none", "metadataTimeout", "700ms");

    cr_assert(eq(int, call->error, DK_UNAVAILABLE), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, "no broker answers"), NULL), "%s", call->text);
    (void)close(listener);
}

Test(kafka_init, refuses_settings_that_make_no_sense) {
    const struct kafka_rig_call *call =
        OPEN("brokers", "b:1", "authType", "none", "excludeHeaderMetaRegex", "(");
    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(ne(ptr, strstr(call->text, "excludeHeaderMetaRegex: '('"), NULL), "%s", call->text);
}

Test(kafka_init, refuses_what_librdkafka_refuses) {
    const struct kafka_rig_call *call =
        OPEN("brokers", "b:1", "authType", "none", "librdkafka.linger.ms", "soon");
    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(ne(ptr, strstr(call->text, "librdkafka.linger.ms: "), NULL), "%s", call->text);
}

Test(kafka_init, answers_a_ping_during_an_outage_in_words) {
    kafka_mock_start(&mock, 1);
    const struct kafka_rig_call *call =
        OPEN("brokers", mock.brokers, "authType", "none", "metadataTimeout", "1500ms");
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(int, rd_kafka_mock_broker_set_down(mock.cluster, 1), 0));

    const struct kafka_rig_call *ping = kafka_rig_wait(kafka_rig_ping(&rig));

    cr_assert(eq(int, ping->error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(ping->text, "no broker answers: "), NULL), "%s", ping->text);

    cr_assert(eq(int, rd_kafka_mock_broker_set_up(mock.cluster, 1), 0));
    enum dk_error error = DK_UNAVAILABLE;
    for (int i = 0; i < 10 && error != DK_OK; i++) {
        error = kafka_rig_wait(kafka_rig_ping(&rig))->error;
    }
    cr_assert(eq(int, error, DK_OK), "it finds the broker again");
}

Test(kafka_init, answers_what_waits_when_it_is_closed) {
    kafka_mock_start(&mock, 1);
    const struct kafka_rig_call *call = OPEN("brokers", mock.brokers, "authType", "none");
    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    cr_assert(eq(int, rd_kafka_mock_broker_set_down(mock.cluster, 1), 0));
    const struct kafka_rig_call *publish =
        kafka_rig_publish(&rig, "t", (struct dk_bytes)DK_BYTES("x"), NULL);

    kafka_rig_close_broker(&rig);

    cr_assert(publish->is_done);
    cr_assert(eq(int, publish->error, DK_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(publish->text, "the component is closed"), NULL));
}
