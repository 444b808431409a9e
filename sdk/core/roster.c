/*
 * Three lists and the count of who is busy, under the mutex of workers.c:
 *
 *     add ─▶ waiting ─▶ begin ─▶ running ─▶ end ─▶ back ─▶ take_back
 */
#include "core/roster.h"

#include "core/workers.h"

#include <stddef.h>

void dk__roster_init(struct dk__roster *roster, uint32_t cores, uint32_t awake) {
    *roster = (struct dk__roster){.cores = cores, .busy_count = awake};
    roster->end = &roster->first;
    roster->back_end = &roster->back;
}

/* ── workers ────────────────────────────────────────────────────────────────────────────────── */

void dk__roster_sleep(
    struct dk__roster *roster, struct dk__sleeper *sleeper, pthread_mutex_t *mutex) {
    sleeper->next = roster->asleep;
    roster->asleep = sleeper;
    sleeper->is_asleep = true;
    roster->busy_count--;
    while (sleeper->is_asleep) {
        (void)pthread_cond_wait(&sleeper->woken, mutex);
    }
}

struct dk__sleeper *dk__roster_rouse(struct dk__roster *roster) {
    struct dk__sleeper *sleeper = roster->asleep;
    if (sleeper != NULL) {
        roster->asleep = sleeper->next;
        sleeper->is_asleep = false;
        roster->busy_count++;
    }
    return sleeper;
}

struct dk__sleeper *dk__roster_rouse_helper(struct dk__roster *roster) {
    return roster->waiting_count > 0 && roster->busy_count < roster->cores
               ? dk__roster_rouse(roster)
               : NULL;
}

void dk__sleeper_wake(struct dk__sleeper *sleeper) {
    if (sleeper != NULL) {
        (void)pthread_cond_signal(&sleeper->woken);
    }
}

/* ── tasks ──────────────────────────────────────────────────────────────────────────────────── */

void dk__roster_add(struct dk__roster *roster, struct dk__task *task) {
    task->next = NULL;
    *roster->end = task;
    roster->end = &task->next;
    roster->waiting_count++;
    dk__call_give(&task->call, DK__OWNER_WORKER);
}

static struct dk__task *take_first(struct dk__roster *roster) {
    struct dk__task *task = roster->first;
    if (task == NULL) {
        return NULL;
    }
    roster->first = task->next;
    if (roster->first == NULL) {
        roster->end = &roster->first;
    }
    roster->waiting_count--;
    return task;
}

struct dk__task *dk__roster_begin(struct dk__roster *roster) {
    struct dk__task *task = take_first(roster);
    if (task == NULL) {
        return NULL;
    }
    task->looks = roster->looks;
    task->next = roster->running;
    task->at = &roster->running;
    if (task->next != NULL) {
        task->next->at = &task->next;
    }
    roster->running = task;
    roster->running_count++;
    return task;
}

static void go_back(struct dk__roster *roster, struct dk__task *task) {
    task->next = NULL;
    *roster->back_end = task;
    roster->back_end = &task->next;
    roster->back_count++;
    dk__call_give(&task->call, DK__OWNER_LOOP);
}

bool dk__roster_end(struct dk__roster *roster, struct dk__task *task) {
    *task->at = task->next;
    if (task->next != NULL) {
        task->next->at = task->at;
    }
    roster->running_count--;
    roster->busy_count += task->is_aside ? 1 : 0;
    go_back(roster, task);
    return (roster->waiting_count == 0 || roster->is_prompt ||
            roster->back_count >= DK__ROSTER_BACK_MAX) &&
           dk__roster_tell(roster);
}

void dk__roster_stand_aside(struct dk__roster *roster, struct dk__task *task) {
    if (!task->is_aside) {
        task->is_aside = true;
        roster->busy_count--;
    }
}

void dk__roster_stop(struct dk__roster *roster) {
    struct dk__task *waiting = NULL;
    /* A running task is in the list until its worker holds the mutex: it cannot go meanwhile. */
    for (struct dk__task *task = roster->running; task != NULL; task = task->next) {
        task->call.is_over = true;
    }
    while ((waiting = take_first(roster)) != NULL) {
        waiting->call.is_over = true;
        go_back(roster, waiting);
    }
}

bool dk__roster_tell(struct dk__roster *roster) {
    if (roster->has_news || roster->back == NULL) {
        return false;
    }
    roster->has_news = true;
    return true;
}

struct dk__task *dk__roster_take_back(struct dk__roster *roster) {
    struct dk__task *back = roster->back;
    roster->back = NULL;
    roster->back_end = &roster->back;
    roster->back_count = 0;
    return back;
}

bool dk__roster_look(struct dk__roster *roster) {
    uint32_t aside_count = 0;
    for (struct dk__task *task = roster->running; task != NULL; task = task->next) {
        if (task->looks != roster->looks) {
            dk__roster_stand_aside(roster, task);
        }
        aside_count += task->is_aside ? 1 : 0;
    }
    roster->looks++;
    const uint32_t awake_max = roster->cores + aside_count;
    for (uint32_t begun = 0; begun < roster->waiting_count && roster->busy_count < awake_max;
         begun++) {
        struct dk__sleeper *sleeper = dk__roster_rouse(roster);
        if (sleeper == NULL) {
            break;
        }
        dk__sleeper_wake(sleeper); /* with the mutex: rare, and several at once */
    }
    return roster->waiting_count > 0;
}
