#include "clients/kafka/kafka_topics.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct kafka_topics topics;
static struct dk_subscription first, second;

static enum dk_error add(
    struct dk_subscription *subscription, const char *one, const char *other, char *ret_text) {
    const struct dk_bytes names[] = {dk_bytes_of(one), dk_bytes_of(other)};
    struct dk_fault fault = {.error = DK_OK};
    const enum dk_error error =
        kafka_topics_add(&topics, subscription, names, other == NULL ? 1 : 2, &fault);
    if (ret_text != NULL) {
        (void)strcpy(ret_text, fault.text);
    }
    return error;
}

static const char *joint_list(void) {
    static char text[512];
    rd_kafka_topic_partition_list_t *list = kafka_topics_list(&topics);
    text[0] = '\0';
    for (int i = 0; i < list->cnt; i++) {
        (void)strcat(strcat(text, list->elems[i].topic), " ");
    }
    rd_kafka_topic_partition_list_destroy(list);
    return text;
}

Test(kafka_topics, join_the_lists_of_all_subscriptions) {
    cr_assert(eq(int, add(&first, "b", "a", NULL), DK_OK));
    cr_assert(eq(int, add(&second, "c", "b", NULL), DK_OK));

    cr_assert(eq(str, (char *)joint_list(), "a b c "));
    kafka_topics_remove(&topics, &first);
    cr_assert(eq(str, (char *)joint_list(), "b c "));
    kafka_topics_remove(&topics, &second);
    cr_assert(eq(str, (char *)joint_list(), ""));
    kafka_topics_close(&topics);
}

Test(kafka_topics, find_the_newest_subscription_of_a_topic) {
    cr_assert(eq(int, add(&first, "a", NULL, NULL), DK_OK));
    cr_assert(eq(int, add(&second, "a", NULL, NULL), DK_OK));

    cr_assert(eq(ptr, kafka_topics_find(&topics, "a"), &second));
    kafka_topics_remove(&topics, &second);
    cr_assert(eq(ptr, kafka_topics_find(&topics, "a"), &first));
    cr_assert(eq(ptr, kafka_topics_find(&topics, "ab"), NULL));
    kafka_topics_close(&topics);
}

Test(kafka_topics, prefer_a_name_to_an_expression) {
    cr_assert(eq(int, add(&first, "orders.eu", NULL, NULL), DK_OK));
    cr_assert(eq(int, add(&second, "^orders\\.(eu|us)$", "^orders\\.", NULL), DK_OK));

    cr_assert(eq(ptr, kafka_topics_find(&topics, "orders.eu"), &first));
    cr_assert(eq(ptr, kafka_topics_find(&topics, "orders.us"), &second));
    cr_assert(eq(ptr, kafka_topics_find(&topics, "my.orders.us"), NULL));
    cr_assert(eq(str, (char *)joint_list(), "^orders\\. ^orders\\.(eu|us)$ orders.eu "));
    kafka_topics_close(&topics);
}

Test(kafka_topics, leave_out_what_cannot_be_and_keep_the_rest) {
    char text[DK_FAULT_TEXT_BYTES_MAX];
    char long_name[251] = {0};
    memset(long_name, 'x', sizeof long_name - 1);

    cr_assert(eq(int, add(&first, "^a(", "good", text), DK_INVALID));
    cr_assert(ne(ptr, strstr(text, "topic: '^a(' is no expression: "), NULL));
    cr_assert(eq(int, add(&second, "no blanks", "", text), DK_INVALID));
    cr_assert(ne(ptr, strstr(text, "topic: 'no blanks' is no topic of Kafka"), NULL));
    cr_assert(eq(int, add(&second, long_name, "..", text), DK_INVALID));

    cr_assert(eq(str, (char *)joint_list(), "good "));
    kafka_topics_close(&topics);
}
