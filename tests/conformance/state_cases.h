#ifndef TESTS_CONFORMANCE_STATE_CASES_H
#define TESTS_CONFORMANCE_STATE_CASES_H

#include "support/store_rig.h"

/*
 * What every state store does, whoever it is: one row per store, one function per case. A new
 * backend adds a row in state_test.c and is held to all of it.
 *
 * Each case starts with an empty store whose instance "a" is open.
 */
struct store_row {
    const char *name;
    const struct dk_state_backend *backend;
    /* Makes what the store needs and gives the properties of an instance, `other` for a second one
     * that must be apart from the first. NULL-terminated name, value, …; valid until end. */
    const char *const *(*properties)(bool other);
    void (*begin)(void); /* an empty server, or nothing */
    void (*end)(void);
    /* Where stores may differ, as Dapr's built-ins do: */
    bool keeps_ttl_when_omitted;  /* a write without ttlInSeconds leaves the old lifetime */
    bool creates_with_stale_etag; /* an etag on a missing key creates it */
    bool first_write_is_sticky;   /* once first-write, an update without etag is refused */
};

struct state_case {
    const char *name; /* a sentence about any store */
    void (*run)(struct store_rig *rig, const struct store_row *row);
};

/* Ended by a row without name. */
extern const struct state_case state_cases[];

#endif /* TESTS_CONFORMANCE_STATE_CASES_H */
