/* The output half of bindings.kafka. */
#include "bindings/kafka/kafka_output.h"

#include "support/kafka_mock.h"
#include "support/kafka_rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct kafka_mock mock;
static struct kafka_rig rig;
static struct kafka_mock_record record;
static struct dk_invoke request;

static void end(void) {
    kafka_rig_close(&rig);
    kafka_mock_stop(&mock);
}

TestSuite(kafka_output, .fini = end);

#define START(...)          \
    kafka_rig_start(        \
        &rig,               \
        &kafka_output.base, \
        (const char *const[]){"brokers", mock.brokers, "authType", "none", __VA_ARGS__, NULL})

static const struct kafka_rig_call *invoke(void) {
    struct kafka_rig_call *call = kafka_rig_call_new(&rig);
    kafka_output.invoke(rig.broker, &request, &call->reply);
    return kafka_rig_wait(call);
}

Test(kafka_output, writes_to_its_topic_as_publish_does) {
    const struct dk_pair metadata[] = {
        {DK_BYTES("partitionKey"), DK_BYTES("k")}, {DK_BYTES("a"), DK_BYTES("1")}};
    kafka_mock_start(&mock, 1);
    kafka_mock_create(&mock, "t", 1);
    cr_assert(eq(int, START("publishTopic", "t")->error, DK_OK));
    request = (struct dk_invoke){
        .operation = DK_BYTES("create"), .data = DK_BYTES("body"), .metadata = {metadata, 2}};

    const struct kafka_rig_call *call = invoke();

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
    kafka_mock_read(&mock, "t", 0, 0, &record);
    cr_assert(eq(str, record.key, "k"));
    cr_assert(eq(str, record.value, "body"));
    cr_assert(eq(str, record.headers, "partitionKey=k;a=1;"));
}

Test(kafka_output, opens_without_a_topic_and_says_so_when_it_is_to_write) {
    kafka_mock_start(&mock, 1);
    cr_assert(eq(int, START("topics", "t")->error, DK_OK), "a binding that only reads");
    request = (struct dk_invoke){.operation = DK_BYTES("create"), .data = DK_BYTES("body")};

    const struct kafka_rig_call *call = invoke();

    cr_assert(eq(int, call->error, DK_INVALID));
    cr_assert(ne(ptr, strstr(call->text, "publishTopic: is missing"), NULL), "%s", call->text);
}

Test(kafka_output, does_create_alone) {
    cr_assert(eq(str, (char *)kafka_output.operations[0].name, "create"));
    cr_assert(eq(ptr, (void *)kafka_output.operations[1].name, NULL));
    kafka_mock_start(&mock, 1);
    cr_assert(eq(int, START("publishTopic", "t")->error, DK_OK));
    struct kafka_rig_call *ping = kafka_rig_call_new(&rig);

    kafka_output.ping(rig.broker, &ping->reply);

    cr_assert(eq(int, kafka_rig_wait(ping)->error, DK_OK));
}
