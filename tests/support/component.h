#ifndef TESTS_SUPPORT_COMPONENT_H
#define TESTS_SUPPORT_COMPONENT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A component program as its users start it, from the folder of programs of this build
 * (DK_PROGRAMS): sockets and output in a folder of its own under /tmp. It dies with the test.
 *
 * Thread: the test's. Owner: the test's structure; component_stop gives all back.
 * Bound: what does not happen within COMPONENT_WAIT_MS fails the test.
 */
enum { COMPONENT_WAIT_MS = 20000, COMPONENT_OPTIONS_MAX = 16 };

struct component {
    char folder[64];
    char socket[128];  /* the path of its socket */
    char address[136]; /* "unix:…", for h2_client_new */
    pid_t process;
};

/* Starts it and waits until its socket is there; `options` are name, value, …, NULL, or NULL. */
void component_start(struct component *component, const char *program, const char *const *options);
/* The same in two steps: its folder and the names in it; then the program, without waiting. */
void component_prepare(struct component *component, const char *program);
void component_run(struct component *component, const char *program, const char *const *options);

void component_signal(struct component *component, int signal);
/* Waits for its end: the exit code, or minus the signal that ended it. */
int component_wait(struct component *component);
bool component_is_running(struct component *component);
/* Whether its socket's file is there. */
bool component_has_socket(void *component);
/* Whether it has printed these words by now. */
bool component_said(const struct component *component, const char *words);
/* Waits until a condition on it holds: looks every few ms. */
void component_await(struct component *component, bool (*is_true)(void *component));

/* Ends it by SIGTERM, wants exit code 0, and removes the folder. One that has ended is fine. */
void component_stop(struct component *component);

#endif /* TESTS_SUPPORT_COMPONENT_H */
