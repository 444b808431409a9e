/*
 * Host names asked for by the hundred, half of them forgotten at once, on a loop that ends while
 * resolvers are still at work: what a thread and the loop share has no race and no leak.
 */
#include "clients/redis/redis_names.h"

#include "core/loop.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 200, AT_ONCE = 8 };

struct question {
    struct redis_names *names;
    bool is_answered;
};

static void on_found(void *context, const struct addrinfo *found, int code) {
    struct question *question = context;
    if (found == NULL || code != 0) {
        (void)fprintf(stderr, "localhost: %s\n", gai_strerror(code));
        exit(1);
    }
    question->is_answered = true;
}

static bool ask(struct dk_loop *loop, struct question *question) {
    struct dk_fault fault = {0};
    question->is_answered = false;
    /* Forgotten resolvers still count: at the bound the round goes on with fewer. */
    return redis_names_ask(loop, "localhost", 1, on_found, question, &question->names, &fault) ==
           DK_OK;
}

static size_t round_of(struct dk_loop *loop) {
    struct question kept[AT_ONCE];
    size_t count = 0;
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct question forgotten;
        if (ask(loop, &forgotten)) {
            redis_names_drop(forgotten.names);
        }
        count += ask(loop, &kept[count]);
    }
    for (size_t i = 0; i < count; i++) {
        while (!kept[i].is_answered) {
            (void)dk__loop_turn(loop, -1);
        }
        redis_names_drop(kept[i].names);
    }
    return count;
}

int main(void) {
    struct dk_fault fault = {0};
    size_t answered = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct dk_loop *loop = NULL;
        struct question late;
        if (dk__loop_new(&loop, &fault) != DK_OK) {
            return 1;
        }
        answered += round_of(loop);
        if (ask(loop, &late)) {
            redis_names_drop(late.names);
        }
        dk__loop_free(loop);
    }
    (void)printf("%zu names answered\n", answered);
    return answered > 0 ? 0 : 1;
}
