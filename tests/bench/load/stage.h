#ifndef TESTS_BENCH_LOAD_STAGE_H
#define TESTS_BENCH_LOAD_STAGE_H

#include "bench/load/drive.h"
#include "bench/process.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Where a benchmark of the state block plays: Redis and the components share one core, the load
 * comes from the other.
 *
 *     this program ══ Unix socket ══▶ component ──▶ redis-server
 *       core 1                          core 0         core 0
 *
 * Thread: the benchmark's. What cannot be set up ends the benchmark with words.
 */
enum { STAGE_SERVERS_CORE = 0, STAGE_LOAD_CORE = 1 };
enum { STAGE_SPIN_US = 60 }; /* as long as Redis takes to answer one call */

struct stage {
    char folder[64];
    char redis_host[32];
    struct process redis;
};

/* Pins this program, and what it starts without a core, to one. */
void stage_pin(int core);
/* A folder and all that is in it. */
void stage_remove_folder(const char *folder);
/* Pins this program to its core, makes a folder, starts Redis without persistence. */
void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
/* Forgets every key. */
void stage_flush(struct stage *stage);

/* A component under load. */
struct subject {
    const char *name; /* for the tables */
    struct process process;
    struct process sidecar; /* the daprd before it, where there is one */
    struct drive drive;
    int64_t first_answer_us; /* from exec to the answer of Init */
    int64_t idle_rss_kib;
};

/* Starts a program of ours from $DK_BIN on a socket of its own, connects and initialises it.
 * `spin_us` over 0 lets it poll before it sleeps. */
void subject_open(
    struct subject *subject, struct stage *stage, const char *program, int64_t spin_us);
/* The same on the socket `name`, with further words before the program ("env", "A=b") and behind it; each list
 * ends with NULL. */
void subject_open_with(
    struct subject *subject,
    struct stage *stage,
    const char *program,
    const char *name,
    const char *const *before,
    const char *const *behind);
/* The same with the Go peer of $DK_PEER. */
void subject_open_peer(struct subject *subject, struct stage *stage);

/* What daprd has its state in Redis by. */
enum stage_store {
    STAGE_OURS,     /* dk-redis beside it, a pluggable component */
    STAGE_SPINNING, /* the same, with STAGE_SPIN_US */
    STAGE_GO,       /* the Go peer beside it */
    STAGE_BUILT_IN,
};
/* A daprd of its own before Redis, $DAPRD or, for the built-in, $DAPRD_COMPARE. The calls go to its gRPC API. */
void subject_open_daprd(struct subject *subject, struct stage *stage, enum stage_store store);

/* CPU time of all its processes, in µs; their resident memory, in KiB. */
int64_t subject_cpu_us(const struct subject *subject);
int64_t subject_rss_kib(const struct subject *subject);
/* Ends it; its log stays until the stage closes. */
void subject_close(struct subject *subject);

/* One line of JSON that names machine, kernel and layout. */
void stage_print_machine(void);
/* The same with another server than Redis. */
void stage_print_pinned(const char *server_name);
/* The same for another layout, in words. */
void stage_print_layout(const char *layout);

#endif /* TESTS_BENCH_LOAD_STAGE_H */
