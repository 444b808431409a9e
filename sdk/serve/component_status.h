#ifndef DK_SERVE_COMPONENT_STATUS_H
#define DK_SERVE_COMPONENT_STATUS_H

#include "serve/life.h"
#include "serve/monitor.h"
#include "wire/grpc/probe.h"

struct dk__services;

enum { DK__STATUS_ROOMS_MAX = 16 };

/* One socket of a component program. */
struct dk__status_room {
    const char *path; /* of the socket */
    struct dk__services *services;
};

/*
 * What a component program says on /readyz and /statusz. Ready: it is not draining, every socket is
 * there, and the server behind each open instance has answered a Ping.
 *
 * Thread: the loop's. Owner: the program's, zeroed; it sets the first members before the monitor
 *         opens. What they point to outlives the monitor.
 */
struct dk__component_status {
    const struct dk__life *life;
    struct dk__status_room rooms[DK__STATUS_ROOMS_MAX];
    size_t room_count;

    struct dk__probe probe; /* private */
    struct dk__monitor *monitor;
};

/* dk__monitor_config's functions; the context is the status. */
void dk__component_status_check(void *context, struct dk__monitor *monitor);
void dk__component_status_write(void *context, FILE *output);
/* Before the monitor closes: a check under way ends without an outcome. Accepts a zeroed one. */
void dk__component_status_end(struct dk__component_status *status);

#endif /* DK_SERVE_COMPONENT_STATUS_H */
