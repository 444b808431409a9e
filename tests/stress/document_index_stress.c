/*
 * Three threads change heads and tell of it; four others, of two processes, bring what was told to the
 * index, two at a time with different batches, so that they take turns within a process and lose to each
 * other between processes; a reader lists all the while. At the end no update is lost: the index is
 * what the heads say. The reader never sees an id twice or out of order.
 */
#include "document/methods.h"
#include "document_peer.h"
#include "support/random.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGERS = 3, INDEXERS = 4, READERS = 1, ROUNDS = 250, IDS = 60, BATCH_MAX = 5 };
enum { EVENTS_MAX = CHANGERS * ROUNDS };

static struct document_peer peers[2];
static uint64_t versions[IDS], births; /* alone with the state */

/* What was told and not yet handled; an event that is wanted again is put back. */
static struct {
    pthread_mutex_t mutex;
    unsigned ids[EVENTS_MAX];
    size_t count;
    unsigned told_left; /* changers that still work */
    unsigned handling;  /* events that an indexer has */
} events = {.mutex = PTHREAD_MUTEX_INITIALIZER, .told_left = CHANGERS};

static _Atomic(unsigned) again, lists;

static void event_put(unsigned id) {
    (void)pthread_mutex_lock(&events.mutex);
    require(events.count < EVENTS_MAX, "too many events");
    events.ids[events.count++] = id;
    (void)pthread_mutex_unlock(&events.mutex);
}

/* Some events, newest and oldest mixed; false: there will be none. */
static bool events_take(struct random *random, unsigned *ret_ids, size_t *ret_count) {
    (void)pthread_mutex_lock(&events.mutex);
    const bool is_over = events.told_left == 0 && events.count == 0 && events.handling == 0;
    const size_t wanted = 1 + random_below(random, BATCH_MAX);
    for (*ret_count = 0; *ret_count < wanted && events.count > 0; (*ret_count)++) {
        const size_t at = random_below(random, events.count);
        ret_ids[*ret_count] = events.ids[at];
        events.ids[at] = events.ids[--events.count];
    }
    events.handling += (unsigned)*ret_count;
    (void)pthread_mutex_unlock(&events.mutex);
    return !is_over;
}

static void events_end(size_t count) {
    (void)pthread_mutex_lock(&events.mutex);
    events.handling -= (unsigned)count;
    (void)pthread_mutex_unlock(&events.mutex);
}

static void id_of(unsigned number, char ret_id[16]) {
    (void)snprintf(ret_id, 16, "d%03u", number);
}

static void change_one(struct random *random) {
    static const char *const tags[] = {"red", "green", "red,green", "blue", NULL};
    static const char *const languages[] = {"en", "de", NULL};
    const unsigned number = (unsigned)random_below(random, IDS);
    static char birth_ids[IDS][32];
    char id[16];
    id_of(number, id);
    shared_sidecar_enter();
    const bool is_gone = versions[number] > 0 && random_below(random, 10) == 0;
    if (versions[number] == 0) { /* nobody who comes anew has the birth of one that was there */
        (void)snprintf(birth_ids[number], sizeof birth_ids[number], "birth%" PRIu64, ++births);
    }
    versions[number] = is_gone ? 0 : versions[number] + 1;
    rig_put_head(&(struct rig_head){
        .id = id,
        .version = versions[number],
        .birth = birth_ids[number],
        .tags = tags[random_below(random, 5)],
        .language = languages[random_below(random, 3)],
        .deleted = random_below(random, 8) == 0,
        .size = random_below(random, 100)});
    shared_sidecar_leave();
    event_put(number);
}

static void handle_some(struct document_peer *peer, struct random *random) {
    unsigned numbers[BATCH_MAX];
    size_t count = 0;
    while (events_take(random, numbers, &count)) {
        struct dk_call *call = document_peer_call(peer);
        struct dk_event batch[BATCH_MAX];
        enum dk_verdict verdicts[BATCH_MAX] = {DK_VERDICT_DONE};
        for (size_t i = 0; i < count; i++) {
            char id[16];
            id_of(numbers[i], id);
            batch[i] = rig_event(call, id, 1);
        }
        index_handle_events(&peer->index, call, batch, count, verdicts);
        for (size_t i = 0; i < count; i++) {
            require(verdicts[i] != DK_VERDICT_DROP, "an event was dropped");
            if (verdicts[i] == DK_VERDICT_RETRY) {
                (void)atomic_fetch_add(&again, 1);
                event_put(numbers[i]);
            }
        }
        events_end(count);
        fake_call_free(call);
    }
}

static bool is_quiet(void) {
    (void)pthread_mutex_lock(&events.mutex);
    const bool quiet = events.told_left == 0 && events.count == 0 && events.handling == 0;
    (void)pthread_mutex_unlock(&events.mutex);
    return quiet;
}

static void list_all(struct document_peer *peer) {
    while (!is_quiet()) {
        char last[64] = "", cursor[512] = "";
        do {
            struct dk_call *call = document_peer_call(peer);
            DaprKit__Document__V1__ListRequest request;
            DaprKit__Document__V1__ListAnswer answer;
            dapr_kit__document__v1__list_request__init(&request);
            dapr_kit__document__v1__list_answer__init(&answer);
            request.cursor = cursor;
            request.limit = 7;
            require(
                documents_list(call, &request.base, &answer.base) == DK_OK,
                "list: %s",
                fake_call_text(call));
            for (size_t i = 0; i < answer.n_documents; i++) {
                const char *id = answer.documents[i]->id;
                require(strcmp(last, id) < 0, "'%s' comes after '%s'", id, last);
                (void)snprintf(last, sizeof last, "%s", id);
            }
            (void)snprintf(cursor, sizeof cursor, "%s", answer.next_cursor);
            fake_call_free(call);
        } while (cursor[0] != '\0');
        (void)atomic_fetch_add(&lists, 1);
    }
}

static void run(size_t number) {
    struct random random = {.state = number};
    if (number < CHANGERS) {
        for (int i = 0; i < ROUNDS; i++) {
            change_one(&random);
        }
        (void)pthread_mutex_lock(&events.mutex);
        events.told_left--;
        (void)pthread_mutex_unlock(&events.mutex);
    } else if (number < CHANGERS + INDEXERS) {
        handle_some(&peers[number % 2], &random);
    } else {
        list_all(&peers[0]);
    }
}

int main(void) {
    document_peers_begin();
    document_peer_open(&peers[0]);
    document_peer_open(&peers[1]);

    threads_run(run, CHANGERS + INDEXERS + READERS);

    rig_expect_index();
    document_peer_close(&peers[0]);
    document_peer_close(&peers[1]);
    fake_sidecar_reset();
    (void)printf(
        "%d changes, %u events came again, %u lists\n",
        EVENTS_MAX,
        atomic_load(&again),
        atomic_load(&lists));
    return EXIT_SUCCESS;
}
