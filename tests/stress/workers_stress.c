/*
 * Tasks go from a loop to eight workers and back, many times each, writing memory that the loop
 * reads; some wait for something else, some take long. Whoever is refused goes again later. At the end the workers stop while tasks are away: each
 * still comes back exactly once.
 */
#include "core/loop.h"
#include "core/workers.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    THREADS = 8,
    QUEUE = 16,
    TASKS = 64,
    ROUNDS = 100000,
    ARENA_BYTES = 16384,
    WAIT_EACH = 7,
    LONG_EACH = 1000,
    LONG_NS = 2000000,
};

struct round {
    struct dk__task task; /* first */
    uint64_t question, *answer;
    bool is_away;
};

static struct dk_loop *loop;
static struct dk__workers *workers;
static struct round rounds[TASKS];
static uint64_t given, returned, unrun, refused;
static bool is_stopping;

static void die(const char *what) {
    (void)fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

static void run(struct dk__task *task) {
    struct round *round = (struct round *)(void *)task;
    if (round->question % WAIT_EACH == 0) {
        dk__task_wait(task);
    }
    if (round->question % LONG_EACH == 0) { /* until the loop has looked */
        const struct timespec pause = {.tv_nsec = LONG_NS};
        (void)nanosleep(&pause, NULL);
    }
    round->answer = dk__arena_take(&task->call.arena, sizeof *round->answer);
    if (round->answer != NULL) {
        *round->answer = round->question * 3;
    }
}

static void give(struct round *round);

static void on_return(struct dk__task *task) {
    struct round *round = (struct round *)(void *)task;
    if (task->was_run && (round->answer == NULL || *round->answer != round->question * 3)) {
        die("an answer is not what the worker wrote");
    }
    dk__task_reset(task);
    round->is_away = false;
    returned++;
    unrun += task->was_run ? 0 : 1;
    for (int i = 0; i < TASKS && !is_stopping; i++) {
        if (!rounds[i].is_away) {
            give(&rounds[i]);
        }
    }
    if (returned >= ROUNDS) {
        dk__loop_stop(loop);
    }
}

static void give(struct round *round) {
    dk__task_init(&round->task, ARENA_BYTES, INT64_MAX);
    round->task.run = run;
    round->task.on_return = on_return;
    round->question = given;
    const enum dk_error error = dk__workers_give(workers, &round->task);
    if (error == DK_OK) {
        round->is_away = true;
        given++;
    } else if (error == DK_EXHAUSTED) {
        refused++;
    } else {
        die("refused for another reason than its bound");
    }
}

int main(void) {
    struct dk_fault fault = {0};
    if (dk__loop_new(&loop, &fault) != DK_OK ||
        dk__workers_new(loop, THREADS, QUEUE, &workers, &fault) != DK_OK) {
        die(fault.text);
    }
    for (int i = 0; i < TASKS; i++) {
        give(&rounds[i]);
    }
    if (dk__loop_run(loop) != DK_OK) {
        die("the loop failed");
    }
    is_stopping = true;
    dk__workers_free(workers);
    dk__loop_free(loop);
    if (given != returned || refused == 0) {
        die("a task was lost, or the bound was never met");
    }
    (void)printf(
        "%llu tasks returned, %llu of them without a run; %llu were refused\n",
        (unsigned long long)returned,
        (unsigned long long)unrun,
        (unsigned long long)refused);
    return EXIT_SUCCESS;
}
