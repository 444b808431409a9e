#ifndef DK_SERVE_MONITOR_H
#define DK_SERVE_MONITOR_H

#include <dk/error.h>
#include <stdbool.h>
#include <stdio.h>

struct dk_loop;
struct dk__monitor;

/*
 * What a program shows of itself by HTTP, when it has --metrics-port:
 *
 *     /metrics   for Prometheus          /healthz   it lives: the loop turns
 *     /statusz   for people              /readyz    it can do its work; 503 and why, if not
 *
 * Thread: the loop's. Bound: as dk__http's.
 */
struct dk__monitor_config {
    struct dk_loop *loop;
    const char *program;
    const char *address; /* numeric host */
    int port;
    /* Whether the program can do its work: ends with dk__monitor_ready, now or later. Not called
     * again before. */
    void (*check)(void *context, struct dk__monitor *monitor);
    /* The program's own part of /statusz. */
    void (*write_status)(void *context, FILE *output);
    void *context;
};

/* Errors: as dk__http_open. */
enum dk_error dk__monitor_open(
    const struct dk__monitor_config *config,
    struct dk__monitor **ret_monitor,
    struct dk_fault *fault);
/* A check that is under way must have ended, or never call dk__monitor_ready. Accepts NULL. */
void dk__monitor_close(struct dk__monitor *monitor);

/* The outcome of a check; `words` are lines, read before this returns. */
void dk__monitor_ready(struct dk__monitor *monitor, bool is_ready, const char *words);

#endif /* DK_SERVE_MONITOR_H */
