#ifndef DK_WIRE_GRPC_PROBE_H
#define DK_WIRE_GRPC_PROBE_H

#include <dk/error.h>
#include <dk/loop.h>
#include <stdbool.h>
#include <stddef.h>

struct dk__block;

/*
 * Whether the servers behind all open instances answer: each instance's Ping is asked at once, and
 * whoever has not answered by the deadline counts as not reachable.
 *
 *     add … add ─▶ run ─▶ (pings) ─▶ on_done, once: at once, later, or at the deadline
 *
 * A block without Ping has nothing to ask: its instances answer for themselves.
 *
 * Thread: the loop's. Owner: a probe is a member of its maker's structure; what waits for a backend
 *         lies on the heap and outlives it.
 * Bound:  DK__PROBE_ASKS_MAX instances; more are not asked and count as not reachable.
 */
enum {
    DK__PROBE_ASKS_MAX = 256,
    DK__PROBE_DEADLINE_US = 700 * 1000, /* a kubelet waits a second for the page */
    DK__PROBE_NAME_BYTES = 64,
    DK__PROBE_WORDS_BYTES = 160,
};

struct dk__probe_ask;

struct dk__probe_result {
    char kind[16];                       /* dk__service's */
    char instance[DK__PROBE_NAME_BYTES]; /* cut when it is longer */
    bool is_good;
    char words[DK__PROBE_WORDS_BYTES]; /* why not */
};

struct dk__probe {
    struct dk_loop *loop;                     /* set by the maker, as on_done */
    void (*on_done)(struct dk__probe *probe); /* results are there until dk__probe_clear */
    struct dk__probe_result *results;
    size_t count;

    struct dk__probe_ask *asks; /* private, as what follows: those that wait */
    size_t waiting, skipped;
    bool is_running;
    struct dk_timer deadline;
};

/* The open instances of a block. */
void dk__probe_add(struct dk__probe *probe, struct dk__block *block);
/* Asks. May call on_done before it returns. */
void dk__probe_run(struct dk__probe *probe);
/* Everything that was added is good. */
bool dk__probe_is_good(const struct dk__probe *probe);
/* Forgets everything; what waits is nobody's from now on and on_done does not come. */
void dk__probe_clear(struct dk__probe *probe);

#endif /* DK_WIRE_GRPC_PROBE_H */
