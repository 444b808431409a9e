/*
 * A verdict out of librdkafka's single errors.
 */
#include "clients/kafka/kafka_health.h"

#include "clients/kafka/kafka_error.h"

#include <dk/log.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Brokers that all refuse are given as long as the built-in gives them: they may be starting. */
enum { PATIENCE_US = 1000000 };

struct kafka_ask {
    struct kafka_health *health;
    struct kafka_question *question;
    struct dk_timer patience;
    kafka_answer_fn *on_answer;
    void *context;
    struct kafka_ask *next;
};

static void ask_free(struct kafka_ask *ask) {
    struct kafka_health *health = ask->health;
    struct kafka_ask **at = &health->asks;
    while (*at != ask) {
        at = &(*at)->next;
    }
    *at = ask->next;
    health->ask_count--;
    dk_timer_stop(health->loop, &ask->patience);
    kafka_question_drop(ask->question);
    free(ask);
}

static void ask_fault(
    const struct kafka_ask *ask, rd_kafka_resp_err_t error, struct dk_fault *fault) {
    const struct kafka_health *health = ask->health;
    const bool is_told = health->trouble[0] != '\0';
    if (kafka_error_is_login(health->code)) {
        (void)dk_fault_set(
            fault,
            DK_DENIED,
            "kafka: the brokers refuse the login: %s%s",
            health->trouble,
            kafka_error_login_hint(health->mechanism, rd_kafka_version()));
        return;
    }
    (void)dk_fault_set(
        fault,
        DK_UNAVAILABLE,
        "kafka: no broker answers: %s",
        is_told ? health->trouble : rd_kafka_err2str(error));
}

static void ask_answer(struct kafka_ask *ask, const struct dk_fault *fault) {
    kafka_answer_fn *on_answer = ask->on_answer;
    void *context = ask->context;
    ask_free(ask);
    on_answer(context, fault);
}

static void ask_on_metadata(void *context, const struct kafka_metadata *metadata) {
    struct kafka_ask *ask = context;
    struct dk_fault fault = {.error = DK_OK};

    if (metadata->error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_health_mend(ask->health);
    } else {
        ask_fault(ask, metadata->error, &fault);
    }
    ask_answer(ask, &fault);
}

static bool is_hopeless(const struct kafka_health *health) {
    return health->is_all_down || kafka_error_is_login(health->code);
}

static void ask_on_patience(struct dk_timer *timer) {
    struct kafka_ask *ask =
        (struct kafka_ask *)(void *)((char *)timer - offsetof(struct kafka_ask, patience));
    if (is_hopeless(ask->health) && ask->question != NULL) {
        kafka_question_give_up(ask->question);
    }
}

/* A refused login ends an ask at once; brokers that are down when its patience is over. */
static void give_up_hopeless(struct kafka_health *health) {
    for (struct kafka_ask *ask = health->asks; ask != NULL; ask = ask->next) {
        const bool is_patient = ask->patience.heap_at != 0;
        if (ask->question != NULL &&
            (kafka_error_is_login(health->code) || (health->is_all_down && !is_patient))) {
            kafka_question_give_up(ask->question);
        }
    }
}

void kafka_health_note(struct kafka_health *health, rd_kafka_event_t *event) {
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    char text[KAFKA_ERROR_WORDS_MAX];
    const char *words = kafka_error_words(rd_kafka_event_error_string(event), text, sizeof text);

    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        health->is_all_down = true; /* what brought them down was told before */
        if (health->trouble[0] == '\0') {
            (void)snprintf(health->trouble, sizeof health->trouble, "%s", words);
        }
    } else {
        health->code = code;
        (void)snprintf(health->trouble, sizeof health->trouble, "%s", words);
    }
    dk_log(DK_LOG_WARN, "kafka", words, "code=%s", rd_kafka_err2name(code));
    give_up_hopeless(health);
}

void kafka_health_mend(struct kafka_health *health) {
    health->code = RD_KAFKA_RESP_ERR_NO_ERROR;
    health->is_all_down = false;
    health->trouble[0] = '\0';
}

const char *kafka_health_trouble(const struct kafka_health *health) {
    return health->trouble;
}

enum dk_error kafka_health_ask(
    struct kafka_health *health,
    rd_kafka_t *client,
    int64_t timeout_ms,
    kafka_answer_fn *on_answer,
    void *context,
    struct dk_fault *fault) {
    if (health->ask_count == KAFKA_ASKS_MAX) {
        return dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "kafka: the brokers are being asked %d times already",
            KAFKA_ASKS_MAX);
    }
    struct kafka_ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory to ask the brokers");
    }
    ask->health = health;
    ask->patience.on_due = ask_on_patience;
    ask->on_answer = on_answer;
    ask->context = context;
    ask->next = health->asks;
    health->asks = ask;
    health->ask_count++;
    if (kafka_question_ask(
            health->loop, client, NULL, timeout_ms, ask_on_metadata, ask, &ask->question, fault) !=
            DK_OK ||
        dk_timer_set(health->loop, &ask->patience, PATIENCE_US) != DK_OK) {
        ask_free(ask);
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: the brokers cannot be asked");
    }
    return DK_OK;
}

void kafka_health_hush(struct kafka_health *health) {
    for (struct kafka_ask *ask = health->asks; ask != NULL; ask = ask->next) {
        kafka_question_drop(ask->question);
        ask->question = NULL;
    }
}

void kafka_health_fail(struct kafka_health *health, const char *words) {
    struct dk_fault fault = {.error = DK_OK};
    struct kafka_ask *next = NULL;
    (void)dk_fault_set(&fault, DK_UNAVAILABLE, "kafka: %s", words);
    for (struct kafka_ask *ask = health->asks; ask != NULL; ask = next) {
        next = ask->next;
        ask_answer(ask, &fault);
    }
}

void kafka_health_end(struct kafka_health *health) {
    struct kafka_ask *next = NULL;
    for (struct kafka_ask *ask = health->asks; ask != NULL; ask = next) {
        next = ask->next;
        ask_free(ask);
    }
}
