#ifndef TESTS_INTEROP_CLIENT_CASES_H
#define TESTS_INTEROP_CLIENT_CASES_H

#include <stdbool.h>

struct dk__channel;

/*
 * gRPC's interoperability cases, asked by our client.
 *
 * Thread: any that may wait; one case at a time. What differs from what the case wants is written
 * to standard error. Source: grpc/grpc doc/interop-test-descriptions.md.
 */
struct interop_probe {
    struct dk__channel *channel;
    bool has_failed;
};

struct interop_case {
    const char *name;
    void (*run)(struct interop_probe *probe);
};

/* Ended by a row without a name. */
extern const struct interop_case interop_cases[];

#endif /* TESTS_INTEROP_CLIENT_CASES_H */
