/*
 * Lines of partitions, first come first served. On the loop's thread.
 */
#include "clients/kafka/kafka_schedule.h"

#include <stdlib.h>

static struct kafka_partition *ready_pop(struct kafka_reader *reader) {
    struct kafka_partition *partition = reader->oldest;
    if (partition != NULL) {
        reader->oldest = partition->next_ready;
        if (reader->oldest == NULL) {
            reader->newest = &reader->oldest;
        }
        partition->is_ready = false;
    }
    return partition;
}

static void ready_push(struct kafka_partition *partition) {
    struct kafka_reader *reader = partition->subscription->context;
    partition->is_ready = true;
    partition->next_ready = NULL;
    *reader->newest = partition;
    reader->newest = &partition->next_ready;
}

/* False when there is more to do than a turn's share. */
static bool serve(struct kafka_reader *reader) {
    uint32_t budget = KAFKA_SCHEDULE_RECORDS_MAX;
    for (;;) {
        struct kafka_partition *partition = ready_pop(reader);
        if (partition == NULL) {
            return true;
        }
        const enum kafka_pump state = kafka_partition_pump(partition, &budget);
        partition->is_dry = state == KAFKA_PUMP_DRY;
        if (state == KAFKA_PUMP_STARVED || state == KAFKA_PUMP_MORE) {
            /* It keeps standing in line, behind the others: credit or the next turn will come. */
            if (!partition->is_ready) {
                ready_push(partition);
            }
            return state == KAFKA_PUMP_STARVED;
        }
    }
}

static void run(struct kafka_schedule *schedule) {
    bool is_done = true;
    for (struct kafka_reader *reader = schedule->readers; reader != NULL && !schedule->is_held;
         reader = reader->next) {
        is_done = serve(reader) && is_done;
    }
    schedule->on_served(schedule);
    /* What became ready meanwhile was served, or waits for credit or for the next turn. */
    dk_defer_stop(schedule->loop, &schedule->run);
    if (!is_done) {
        (void)dk_timer_set(schedule->loop, &schedule->again, 0);
    }
}

static void on_turn_end(struct dk_deferred *deferred) {
    run((struct kafka_schedule *)(void *)((char *)deferred - offsetof(struct kafka_schedule, run)));
}

static void on_again(struct dk_timer *timer) {
    run((struct kafka_schedule *)(void *)((char *)timer - offsetof(struct kafka_schedule, again)));
}

void kafka_schedule_open(struct kafka_schedule *schedule) {
    schedule->run.on_turn_end = on_turn_end;
    schedule->again.on_due = on_again;
}

void kafka_schedule_close(struct kafka_schedule *schedule) {
    dk_defer_stop(schedule->loop, &schedule->run);
    dk_timer_stop(schedule->loop, &schedule->again);
    while (schedule->readers != NULL) {
        struct kafka_reader *reader = schedule->readers;
        schedule->readers = reader->next;
        free(reader);
    }
}

enum dk_error kafka_schedule_add(
    struct kafka_schedule *schedule, struct dk_subscription *subscription) {
    struct kafka_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return DK_EXHAUSTED;
    }
    *reader = (struct kafka_reader){.next = schedule->readers, .subscription = subscription};
    reader->newest = &reader->oldest;
    schedule->readers = reader;
    subscription->context = reader;
    return DK_OK;
}

void kafka_schedule_remove(struct kafka_schedule *schedule, struct dk_subscription *subscription) {
    for (struct kafka_reader **link = &schedule->readers; *link != NULL; link = &(*link)->next) {
        struct kafka_reader *reader = *link;
        if (reader->subscription == subscription) {
            *link = reader->next;
            subscription->context = NULL;
            free(reader);
            return;
        }
    }
}

void kafka_schedule_ready(struct kafka_schedule *schedule, struct kafka_partition *partition) {
    if (!partition->is_dirty) {
        partition->is_dirty = true;
        partition->next_dirty = schedule->dirty;
        schedule->dirty = partition;
    }
    if (!partition->is_ready && partition->subscription != NULL) {
        ready_push(partition);
    }
    dk_defer(schedule->loop, &schedule->run);
}

void kafka_schedule_soon(struct kafka_schedule *schedule) {
    dk_defer(schedule->loop, &schedule->run);
}

void kafka_schedule_empty(struct kafka_schedule *schedule) {
    for (struct kafka_reader *reader = schedule->readers; reader != NULL; reader = reader->next) {
        while (ready_pop(reader) != NULL) {
        }
    }
}

struct kafka_partition *kafka_schedule_take_dirty(struct kafka_schedule *schedule) {
    struct kafka_partition *partition = schedule->dirty;
    if (partition != NULL) {
        schedule->dirty = partition->next_dirty;
        partition->is_dirty = false;
    }
    return partition;
}
