/* What librdkafka's codes mean to a caller. */
#include "clients/kafka/kafka_error.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(kafka_error, tells_the_callers_mistakes_from_outages) {
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR_NO_ERROR), DK_OK));
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), DK_INVALID));
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), DK_DENIED));
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR__QUEUE_FULL), DK_EXHAUSTED));
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR__TRANSPORT), DK_UNAVAILABLE));
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS), DK_UNAVAILABLE));
    cr_assert(eq(int, kafka_error_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), DK_UNAVAILABLE));
}

Test(kafka_error, explains_scram_to_those_whom_it_fails) {
    cr_assert(eq(str, (char *)kafka_error_login_hint("SCRAM-SHA-512", 0x020601ff), ""));
    cr_assert(eq(str, (char *)kafka_error_login_hint("PLAIN", 0x020002ff), ""));
    cr_assert(eq(str, (char *)kafka_error_login_hint(NULL, 0x020002ff), ""));
    cr_assert(
        ne(ptr, strstr(kafka_error_login_hint("SCRAM-SHA-256", 0x020002ff), "Kafka 4"), NULL));
}

static const char *words_of(const char *words, size_t size) {
    static char text[KAFKA_ERROR_WORDS_MAX];
    cr_assert(eq(ptr, (char *)kafka_error_words(words, text, size), text));
    return text;
}

Test(kafka_error, says_the_names_that_the_user_has_set) {
    cr_assert(
        eq(str,
           (char *)words_of("verify that ssl.ca.location is right (ssl.key.pem too)", 512),
           "verify that caCert is right (clientKey too)"));
    cr_assert(eq(str, (char *)words_of("nothing of ours: ssl.ca", 512), "nothing of ours: ssl.ca"));
    cr_assert(eq(str, (char *)words_of("", 512), ""));
}

Test(kafka_error, cuts_words_at_their_room) {
    cr_assert(eq(str, (char *)words_of("ssl.ca.pem", 4), "caC"));
    cr_assert(eq(str, (char *)words_of("ssl.ca.pem", 1), ""));
    cr_assert(eq(str, (char *)words_of("abcdef", 4), "abc"));
}
