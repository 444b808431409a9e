/*
 * Two processes change the same documents, two writers each; each has its publisher and its keeper,
 * side by side as its workers run them; and a clock ends leases, so that each is taken over while it
 * lives, fenced, and begins anew. The broker refuses a message now and then. Then both processes die,
 * and another takes over what is left. Counted: every version that was made is one that a
 * writer was told of (no update is lost, none made twice), each was published, and nothing else was.
 */
#include "document_peer.h"
#include "support/random.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEERS = 2, WRITERS = 4, ROUNDS = 80, IDS = 6, VERSIONS_MAX = WRITERS * ROUNDS + 1 };
enum { PUBLISHERS = PEERS, KEEPERS = PEERS, CLOCKS = 1, REFUSE_EACH = 40, LEASES_MAX = 12 };

static struct document_peer peers[PEERS];
static _Atomic(unsigned) writers_left = WRITERS;
static _Atomic(unsigned) made[IDS], unmade, takeovers;
/* Alone with the state: */
static unsigned told[IDS][VERSIONS_MAX + 2];
static unsigned messages;
static bool is_moody = true; /* the broker */

static uint64_t number_after(const char *text, const char *name) {
    const char *at = strstr(text, name);

    require(at != NULL, "an event has no %s: %s", name, text);
    return strtoull(at + strlen(name), NULL, 10);
}

static bool on_message(const char *topic, const struct dk_daprd_message *message) {
    char text[1024];

    require(strcmp(topic, "documents") == 0, "topic %s", topic);
    (void)snprintf(text, sizeof text, "%.*s", (int)message->data.size, message->data.data);
    const uint64_t id = number_after(text, "\"id\":\"d");
    const uint64_t version = number_after(text, "\"version\":\"");
    require(id < IDS && version <= VERSIONS_MAX, "d%" PRIu64 " version %" PRIu64, id, version);
    if (++messages % REFUSE_EACH == 0 && is_moody) {
        return false;
    }
    told[id][version]++;
    return true;
}

static void change_some(struct document_peer *peer, struct random *random) {
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t number = random_below(random, IDS);
        char id[16], text[32];
        (void)snprintf(id, sizeof id, "d%" PRIu64, number);
        (void)snprintf(text, sizeof text, "%" PRIx64, random_next(random));
        const enum dk_error error = document_peer_replace(peer, id, text);
        if (error == DK_OK) {
            (void)atomic_fetch_add(&made[number], 1);
        } else {
            require(
                error == DK_ETAG_MISMATCH || error == DK_INTERNAL, "replace: error %d", (int)error);
            (void)atomic_fetch_add(&unmade, 1);
        }
    }
    (void)atomic_fetch_sub(&writers_left, 1);
}

static void pass_time(void) {
    while (atomic_load(&writers_left) > 0 && atomic_load(&takeovers) < LEASES_MAX) {
        const size_t questions = 1000; /* so that writers are under way at any moment of it */
        shared_sidecar_enter();
        const size_t from = shared_sidecar.questions;
        fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);
        shared_sidecar_leave();
        (void)atomic_fetch_add(&takeovers, 1);
        for (size_t now = from; now < from + questions && atomic_load(&writers_left) > 0;) {
            shared_sidecar_enter();
            now = shared_sidecar.questions;
            shared_sidecar_leave();
        }
    }
}

static void run(size_t number) {
    struct random random = {.state = number};
    struct document_peer *peer = &peers[number % PEERS];

    if (number < WRITERS) {
        change_some(peer, &random);
    } else if (number == WRITERS + PUBLISHERS + KEEPERS) {
        pass_time();
    } else {
        while (atomic_load(&writers_left) > 0) {
            document_peer_task(
                peer,
                number < WRITERS + PUBLISHERS ? document_journal_publish : document_journal_keep);
        }
    }
}

static bool all_told(void) {
    for (unsigned i = 0; i < IDS; i++) {
        for (unsigned version = 1; version <= atomic_load(&made[i]) + 1; version++) {
            if (told[i][version] == 0) {
                return false;
            }
        }
    }
    return true;
}

static void expect(void) {
    for (unsigned i = 0; i < IDS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "d%u", i);
        const uint64_t version = document_peer_head(id).version;
        require(
            version == atomic_load(&made[i]) + 1,
            "%s has %" PRIu64 " versions, %u were made",
            id,
            version,
            atomic_load(&made[i]) + 1);
        require(told[i][version + 1] == 0, "%s: a version was told that was not made", id);
    }
    require(all_told(), "a version was not told");
}

int main(void) {
    struct document_peer heir;

    document_peers_begin();
    shared_sidecar.on_message = on_message;
    for (size_t i = 0; i < PEERS; i++) {
        document_peer_open(&peers[i]);
    }
    for (unsigned i = 0; i < IDS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "d%u", i);
        require(document_peer_create(&peers[i % PEERS], id, "first") == DK_OK, "%s", id);
    }

    threads_run(run, WRITERS + PUBLISHERS + KEEPERS + CLOCKS);

    for (size_t i = 0; i < PEERS; i++) { /* both are dead */
        document_peer_close(&peers[i]);
    }
    is_moody = false;
    document_peer_open(&heir);
    fake_sidecar_advance_s(DOCUMENT_JOURNAL_LEASE_S + 1);
    document_peer_task(&heir, document_journal_keep);
    expect();
    document_peer_close(&heir);
    fake_sidecar_reset();
    unsigned changes = 0;
    for (size_t i = 0; i < IDS; i++) {
        changes += atomic_load(&made[i]);
    }
    (void)printf(
        "%u changes made, %u not made, %u messages, leases ended %u times\n",
        changes,
        atomic_load(&unmade),
        messages,
        atomic_load(&takeovers));
    return EXIT_SUCCESS;
}
