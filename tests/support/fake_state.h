#ifndef TESTS_SUPPORT_FAKE_STATE_H
#define TESTS_SUPPORT_FAKE_STATE_H

#include <dk/state.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A state backend without a store: every call waits in a list until the test answers it, in any
 * order; closing a store answers its waiting calls DK_UNAVAILABLE, as the contract wants.
 *
 * Thread: the test's. One list for the process: fake_state_reset before each test.
 */
enum { FAKE_STATE_CALLS_MAX = 64 };

struct fake_state_call {
    const char *function; /* "open", "get", … */
    struct dk_instance *store;
    char instance[64];      /* its name, for after the store has gone */
    const void *request;    /* valid until the reply is given */
    struct dk_reply *reply; /* NULL once it was given */
};

struct fake_state {
    struct fake_state_call calls[FAKE_STATE_CALLS_MAX];
    size_t count; /* calls seen, answered or not */
    unsigned opens, closes;
    bool opens_at_once; /* open answers ok by itself; true after reset */
};
extern struct fake_state fake_state;

/* The whole vtable; a test copies it and takes functions away. */
extern const struct dk_state_backend fake_state_backend;

void fake_state_reset(void);
/* The newest call; the test fails when it is not `function`. */
struct fake_state_call *fake_state_last(const char *function);
/* Take the reply out of the list, for dk_reply_*. */
struct dk_reply *fake_state_take(struct fake_state_call *call);

#endif /* TESTS_SUPPORT_FAKE_STATE_H */
