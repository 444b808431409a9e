/*
 * Four writers make and change the same few documents of a tenant that has room for some of them, and
 * a fifth thread brings their events to the index, late. After each write the documents and bytes
 * that stand in the state are counted: never more than the limits. At the end all that was claimed has
 * been settled: the room that is left can be used to the last document, and no further.
 */
#include "document_peer.h"
#include "support/random.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRITERS = 4,
    ROUNDS = 400,
    IDS = 14, /* that somebody wants */
    DOCUMENTS_MAX = 9,
    TEXT_MAX = 60,
    BYTES_MAX = 300,
    FILLERS = 1000, /* ids that nobody has had before the end */
};

static struct document_peer peer;
static _Atomic(unsigned) writers_left = WRITERS;
static _Atomic(unsigned) made, refused, lost;

struct sum {
    uint64_t documents, bytes;
};

static struct sum sum_heads(size_t ids) {
    struct sum sum = {0};
    for (size_t i = 0; i < ids; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "d%zu", i);
        const struct document_peer_head head = document_peer_head(id);
        sum.documents += head.version > 0;
        sum.bytes += head.size;
    }
    return sum;
}

static void limits_hold(void) {
    const struct sum sum = sum_heads(IDS);
    require(
        sum.documents <= DOCUMENTS_MAX && sum.bytes <= BYTES_MAX,
        "%" PRIu64 " of %d documents, %" PRIu64 " of %d bytes",
        sum.documents,
        DOCUMENTS_MAX,
        sum.bytes,
        BYTES_MAX);
}

static void write_some(struct random *random) {
    char id[32], text[TEXT_MAX + 1];
    const size_t size = 1 + random_below(random, TEXT_MAX);
    (void)snprintf(id, sizeof id, "d%" PRIu64, random_below(random, IDS));
    memset(text, (int)('a' + random_below(random, 26)), size);
    text[size] = '\0';
    const enum dk_error error = random_below(random, 3) == 0
                                    ? document_peer_create(&peer, id, text)
                                    : document_peer_replace(&peer, id, text);
    switch ((int)error) {
    case DK_OK:
        (void)atomic_fetch_add(&made, 1);
        break;
    case DK_EXHAUSTED:
        (void)atomic_fetch_add(&refused, 1);
        break;
    case DK_ETAG_MISMATCH:
    case DK_NOT_FOUND:
        (void)atomic_fetch_add(&lost, 1);
        break;
    default:
        require(false, "a write ended with error %d", (int)error);
    }
}

/* Brings a document to the index, now and then, in no order. */
static void index_some(struct random *random) {
    char id[32];
    (void)snprintf(id, sizeof id, "d%" PRIu64, random_below(random, IDS));
    require(document_peer_refresh(&peer, id) == DK_OK, "the index of '%s'", id);
    document_peer_task(&peer, document_journal_publish);
}

static void run(size_t number) {
    struct random random = {.state = number};
    if (number == WRITERS) {
        while (atomic_load(&writers_left) > 0) {
            index_some(&random);
        }
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        write_some(&random);
    }
    (void)atomic_fetch_sub(&writers_left, 1);
}

static bool take(const char *topic, const struct dk_daprd_message *message) {
    (void)topic;
    (void)message;
    return true;
}

/* Shrinks all to a byte, so that documents are what is short; then makes as many as go in. */
static uint64_t fill_up(void) {
    uint64_t count = sum_heads(IDS).documents;
    for (size_t i = 0; i < IDS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "d%zu", i);
        if (document_peer_head(id).version > 0) {
            require(document_peer_replace(&peer, id, "x") == DK_OK, "'%s' does not shrink", id);
        }
        require(document_peer_refresh(&peer, id) == DK_OK, "the index of '%s'", id);
    }
    for (int i = 0; i < FILLERS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "filler%d", i);
        count += document_peer_create(&peer, id, "x") == DK_OK;
    }
    return count;
}

int main(void) {
    document_peers_begin();
    document_peer_open(&peer);
    peer.service.config.quota_documents = DOCUMENTS_MAX;
    peer.service.config.quota_bytes = BYTES_MAX;
    shared_sidecar.on_write = limits_hold;
    shared_sidecar.on_message = take;

    threads_run(run, WRITERS + 1);

    require(atomic_load(&made) > 0 && atomic_load(&refused) > 0, "limits were never met");
    const uint64_t count = fill_up();
    require(count == DOCUMENTS_MAX, "%" PRIu64 " of %d documents go in", count, DOCUMENTS_MAX);
    document_peer_close(&peer);
    fake_sidecar_reset();
    (void)printf(
        "made %u, refused %u, lost to another %u\n",
        atomic_load(&made),
        atomic_load(&refused),
        atomic_load(&lost));
    return EXIT_SUCCESS;
}
