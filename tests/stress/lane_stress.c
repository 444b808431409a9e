/*
 * Four threads post to one loop, each its own numbered works. Every work arrives once, and those of
 * one poster in the order they were posted; the loop sleeps and is woken on the way.
 */
#include "core/loop.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { POSTERS = 4, WORKS = 100000 };

struct item {
    struct dk__work work;
    uint32_t poster, number;
};

static struct dk_loop *loop;
static struct item items[POSTERS][WORKS];
static uint32_t next_of[POSTERS];
static uint32_t arrived;

static void on_arrival(struct dk__work *work) {
    const struct item *item = (const struct item *)(const void *)work;
    if (item->number != next_of[item->poster]) {
        (void)fprintf(
            stderr,
            "poster %u: work %u where %u was due\n",
            item->poster,
            item->number,
            next_of[item->poster]);
        exit(EXIT_FAILURE);
    }
    next_of[item->poster]++;
    arrived++;
    if (arrived == POSTERS * WORKS) {
        dk__loop_stop(loop);
    }
}

static void *post_all(void *context) {
    struct item *mine = context;
    for (uint32_t i = 0; i < WORKS; i++) {
        dk__loop_post(loop, &mine[i].work);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[POSTERS];
    struct dk_fault fault = {0};
    if (dk__loop_new(&loop, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s\n", fault.text);
        return EXIT_FAILURE;
    }
    for (uint32_t i = 0; i < POSTERS; i++) {
        for (uint32_t k = 0; k < WORKS; k++) {
            items[i][k] = (struct item){{.on_arrival = on_arrival}, i, k};
        }
        if (pthread_create(&threads[i], NULL, post_all, items[i]) != 0) {
            (void)fprintf(stderr, "no thread\n");
            return EXIT_FAILURE;
        }
    }
    if (dk__loop_run(loop) != DK_OK) {
        (void)fprintf(stderr, "the loop failed\n");
        return EXIT_FAILURE;
    }
    for (uint32_t i = 0; i < POSTERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    dk__loop_free(loop);
    (void)printf("%u works arrived\n", arrived);
    return EXIT_SUCCESS;
}
