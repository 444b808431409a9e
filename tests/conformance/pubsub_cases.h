#ifndef TESTS_CONFORMANCE_PUBSUB_CASES_H
#define TESTS_CONFORMANCE_PUBSUB_CASES_H

#include "support/broker_rig.h"

/*
 * What every broker does, whoever it is: one row per broker, one function per case. A new backend
 * adds a row in pubsub_test.c and is held to all of it.
 *
 * Each case starts with topics that nobody has used, and with an open instance "a" of a consumer
 * group; refused messages come again soon.
 */
struct broker_row {
    const char *name;
    const struct dk_pubsub_backend *backend;
    /* Makes what the broker needs and gives the properties of an instance of that group.
     * NULL-terminated name, value, …; valid until end. */
    const char *const *(*properties)(const char *group);
    void (*begin)(void); /* an empty server, or nothing */
    void (*end)(void);
    /* Where brokers may differ: */
    bool waits_for_ack; /* one message of a subscription at a time: order before speed */
};

struct pubsub_case {
    const char *name; /* a sentence about any broker */
    void (*run)(struct broker_rig *rig, const struct broker_row *row);
};

/* Ended by a row without name. */
extern const struct pubsub_case pubsub_cases[];

#endif /* TESTS_CONFORMANCE_PUBSUB_CASES_H */
