#ifndef DK_CORE_ROSTER_H
#define DK_CORE_ROSTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct dk__task;

/*
 * Who of the workers is awake, which tasks wait, run, and go back: what workers.c does under its mutex.
 *
 * As many workers are busy as there are cores, so that none is switched for another. One whose task waits for
 * something else stands aside: it is awake and not counted, and its core is free for the next.
 *
 * Thread: with the mutex held, all but dk__sleeper_wake. Owner: a task lies in one of three lists.
 */
struct dk__sleeper { /* a member of each worker, first */
    struct dk__sleeper *next;
    bool is_asleep;
    pthread_cond_t woken;
};

enum { DK__ROSTER_BACK_MAX = 32 }; /* that go back before the loop hears of it all the same */

struct dk__roster {
    uint32_t cores;
    struct dk__task *first, **end; /* that wait, oldest first */
    struct dk__task *running;
    struct dk__task *back, **back_end; /* for the loop, oldest first */
    struct dk__sleeper *asleep;        /* the last one first: its stack is warm */
    uint32_t waiting_count, running_count, back_count;
    uint32_t busy_count; /* awake, and not standing aside */
    uint32_t looks;      /* how often the loop has looked */
    bool has_news;       /* the loop is being told; it takes that back when it hears */
    bool is_prompt; /* the loop does not look by itself: it is told of each task that goes back */
};

/* `awake` workers will each go to sleep by themselves. */
void dk__roster_init(struct dk__roster *roster, uint32_t cores, uint32_t awake);

/* ── workers ────────────────────────────────────────────────────────────────────────────────── */

/* It sleeps until somebody has taken it out. */
void dk__roster_sleep(
    struct dk__roster *roster, struct dk__sleeper *sleeper, pthread_mutex_t *mutex);
/* One to be woken by dk__sleeper_wake. NULL: all are awake. */
struct dk__sleeper *dk__roster_rouse(struct dk__roster *roster);
/* The same, when a task waits and a core is free. */
struct dk__sleeper *dk__roster_rouse_helper(struct dk__roster *roster);
/* Best when the mutex has been left, or its first step would be to wait for that. Accepts NULL. */
void dk__sleeper_wake(struct dk__sleeper *sleeper);

/* ── tasks ──────────────────────────────────────────────────────────────────────────────────── */

void dk__roster_add(struct dk__roster *roster, struct dk__task *task);
/* The oldest that waits, which runs from now on. NULL: none waits. */
struct dk__task *dk__roster_begin(struct dk__roster *roster);
/* It has run. True: the loop is to be told, and now. */
bool dk__roster_end(struct dk__roster *roster, struct dk__task *task);
/* A running task waits for something else. Twice is once. */
void dk__roster_stand_aside(struct dk__roster *roster, struct dk__task *task);
/* Sends back who waits, and tells it and who runs that they are over. */
void dk__roster_stop(struct dk__roster *roster);
/* Whether somebody has to tell the loop, and will. */
bool dk__roster_tell(struct dk__roster *roster);
/* All that go back, oldest first, linked by next. */
struct dk__task *dk__roster_take_back(struct dk__roster *roster);

/* The loop looks: who has run since it looked last stands aside, and those that do let as many more begin, so that
 * their number doubles until no task waits. True: some still wait. */
bool dk__roster_look(struct dk__roster *roster);

#endif /* DK_CORE_ROSTER_H */
