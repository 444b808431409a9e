/*
 * The thread reads what was written before it began and writes its answer before it pokes the
 * descriptor; the loop reads the answer after that poke, or after the thread has been joined. In
 * between they share one flag, under a lock.
 */
#include "clients/kafka/kafka_question.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS_MIN = 10, PAUSE_MS_MAX = 160 };

struct kafka_question {
    struct dk_loop *loop;
    struct dk_watch watch;
    kafka_metadata_fn *on_metadata;
    void *context;
    pthread_t thread;
    bool is_running;

    rd_kafka_t *client; /* the thread's, until it has ended */
    char *topic;
    bool is_for_subscription;
    int64_t timeout_ms;
    struct kafka_metadata answer;
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool is_given_up; /* under the lock */
};

static int64_t now_ms(void) {
    enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static bool is_there(const struct rd_kafka_metadata *found, const char *topic) {
    for (int i = 0; i < found->topic_cnt; i++) {
        if (strcmp(found->topics[i].topic, topic) == 0) {
            return found->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                   found->topics[i].partition_cnt > 0;
        }
    }
    return false;
}

/* Expressions miss nothing. */
static rd_kafka_resp_err_t subscription_check(
    rd_kafka_t *client, const struct rd_kafka_metadata *found) {
    rd_kafka_topic_partition_list_t *wanted = NULL;
    rd_kafka_resp_err_t error = rd_kafka_subscription(client, &wanted);
    for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < wanted->cnt; i++) {
        const char *topic = wanted->elems[i].topic;
        if (topic[0] != '^' && !is_there(found, topic)) {
            error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        }
    }
    if (wanted != NULL) {
        rd_kafka_topic_partition_list_destroy(wanted);
    }
    return error;
}

static struct kafka_metadata question_step(
    const struct kafka_question *question, rd_kafka_topic_t *topic, int64_t step_ms) {
    const struct rd_kafka_metadata *found = NULL;
    struct kafka_metadata answer = {.error = RD_KAFKA_RESP_ERR_NO_ERROR};

    answer.error = rd_kafka_metadata(
        question->client, question->is_for_subscription ? 1 : 0, topic, &found, (int)step_ms);
    if (answer.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (question->is_for_subscription) {
            answer.error = subscription_check(question->client, found);
        } else if (topic != NULL && found->topic_cnt == 1) {
            answer.error = found->topics[0].err;
            answer.partition_count = found->topics[0].partition_cnt;
        }
        rd_kafka_metadata_destroy(found);
    }
    return answer;
}

/* No broker yet, or one that did not answer within a step. */
static bool is_worth_a_step(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

/* A topic that brokers have just begun to create. */
static bool is_worth_a_pause(const struct kafka_question *question, rd_kafka_resp_err_t error) {
    return question->topic != NULL && (error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                                       error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

/* True when it is to end; waits for that, `pause_ms` at most. */
static bool question_pause(struct kafka_question *question, int64_t pause_ms) {
    enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += pause_ms / MS_PER_S;
    until.tv_nsec += pause_ms % MS_PER_S * NS_PER_MS;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= NS_PER_S;
    }
    (void)pthread_mutex_lock(&question->lock);
    int code = 0;
    while (!question->is_given_up && pause_ms > 0 && code == 0) {
        code = pthread_cond_timedwait(&question->end, &question->lock, &until);
    }
    const bool is_given_up = question->is_given_up;
    (void)pthread_mutex_unlock(&question->lock);
    return is_given_up;
}

static int64_t twice(int64_t value, int64_t most) {
    return value * 2 < most ? value * 2 : most;
}

static void *question_main(void *context) {
    struct kafka_question *question = context;
    const int64_t end_ms = now_ms() + question->timeout_ms;
    int64_t step_ms = KAFKA_QUESTION_STEP_MS_MIN, pause_ms = PAUSE_MS_MIN;
    rd_kafka_topic_t *topic = question->topic == NULL
                                  ? NULL
                                  : rd_kafka_topic_new(question->client, question->topic, NULL);

    for (;;) {
        const int64_t left_ms = end_ms - now_ms();
        question->answer = question_step(
            question,
            topic,
            left_ms < 1         ? 1
            : left_ms < step_ms ? left_ms
                                : step_ms);
        const bool is_pause = is_worth_a_pause(question, question->answer.error);
        if ((!is_pause && !is_worth_a_step(question->answer.error)) || left_ms <= step_ms ||
            question_pause(question, is_pause ? pause_ms : 0)) {
            break;
        }
        step_ms = twice(step_ms, KAFKA_QUESTION_STEP_MS_MAX);
        pause_ms = twice(pause_ms, PAUSE_MS_MAX);
    }
    if (topic != NULL) {
        rd_kafka_topic_destroy(topic);
    }
    const uint64_t one = 1;
    const ssize_t written = write(question->watch.descriptor, &one, sizeof one);
    (void)written;
    return NULL;
}

/* Reading joins: the poke is the thread's last act. */
static void question_join(struct kafka_question *question) {
    if (question->is_running) {
        question->is_running = false;
        (void)pthread_join(question->thread, NULL);
    }
}

static void question_on_ready(struct dk_watch *watch, unsigned ready) {
    struct kafka_question *question =
        (struct kafka_question *)(void *)((char *)watch - offsetof(struct kafka_question, watch));
    (void)ready;
    (void)dk_watch_set(question->loop, watch, 0);
    question_join(question);
    const struct kafka_metadata answer = question->answer;
    question->on_metadata(question->context, &answer);
}

static int thread_start(struct kafka_question *question) {
    sigset_t all, before;
    (void)sigfillset(&all); /* signals are the loop's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&question->thread, NULL, question_main, question);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    question->is_running = code == 0;
    return code;
}

static enum dk_error ask(
    struct dk_loop *loop,
    rd_kafka_t *client,
    const char *topic,
    bool is_for_subscription,
    int64_t timeout_ms,
    kafka_metadata_fn *on_metadata,
    void *context,
    struct kafka_question **ret_question,
    struct dk_fault *fault) {
    struct kafka_question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no memory to ask the brokers");
    }
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&question->end, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&question->lock, NULL);
    question->loop = loop;
    question->client = client;
    question->is_for_subscription = is_for_subscription;
    question->timeout_ms = timeout_ms;
    question->on_metadata = on_metadata;
    question->context = context;
    question->watch = (struct dk_watch){
        .on_ready = question_on_ready,
        .descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    if (topic != NULL) {
        question->topic = strdup(topic);
    }
    if ((topic != NULL && question->topic == NULL) || question->watch.descriptor < 0 ||
        dk_watch_set(loop, &question->watch, DK_READABLE) != DK_OK || thread_start(question) != 0) {
        kafka_question_drop(question);
        return dk_fault_set(fault, DK_EXHAUSTED, "kafka: no descriptor or thread to ask brokers");
    }
    *ret_question = question;
    return DK_OK;
}

enum dk_error kafka_question_ask(
    struct dk_loop *loop,
    rd_kafka_t *client,
    const char *topic,
    int64_t timeout_ms,
    kafka_metadata_fn *on_metadata,
    void *context,
    struct kafka_question **ret_question,
    struct dk_fault *fault) {
    return ask(loop, client, topic, false, timeout_ms, on_metadata, context, ret_question, fault);
}

enum dk_error kafka_question_ask_subscription(
    struct dk_loop *loop,
    rd_kafka_t *client,
    int64_t timeout_ms,
    kafka_metadata_fn *on_metadata,
    void *context,
    struct kafka_question **ret_question,
    struct dk_fault *fault) {
    return ask(loop, client, NULL, true, timeout_ms, on_metadata, context, ret_question, fault);
}

void kafka_question_give_up(struct kafka_question *question) {
    (void)pthread_mutex_lock(&question->lock);
    question->is_given_up = true;
    (void)pthread_cond_signal(&question->end);
    (void)pthread_mutex_unlock(&question->lock);
}

void kafka_question_drop(struct kafka_question *question) {
    if (question == NULL) {
        return;
    }
    kafka_question_give_up(question);
    question_join(question);
    if (question->watch.descriptor >= 0) {
        (void)dk_watch_set(question->loop, &question->watch, 0);
        (void)close(question->watch.descriptor);
    }
    (void)pthread_cond_destroy(&question->end);
    (void)pthread_mutex_destroy(&question->lock);
    free(question->topic);
    free(question);
}
