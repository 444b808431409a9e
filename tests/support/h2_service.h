#ifndef TESTS_SUPPORT_H2_SERVICE_H
#define TESTS_SUPPORT_H2_SERVICE_H

#include "wire/grpc/server.h"

#include <stdbool.h>

struct dk__listener;

/*
 * What a server needs to be played with: the service "h2.Service", and a look at its bounds.
 *
 *     Echo    answers at once             Later  when h2_service_release is called
 *     Talk    a stream that echoes        Never  then too, but only when nobody waits any more
 *
 * Thread: the loop's. One for the process.
 * Bound: H2_HELD_MAX calls are held; one more is answered at once.
 */
enum { H2_HELD_MAX = 8192 };

extern const struct dk__service h2_service;

/* What a slow backend does now and then; `all`: Never is answered, too. */
void h2_service_release(bool all);

/* The first bound of wire/h2 that a listener has broken; NULL: none. */
const char *h2_service_broken_bound(const struct dk__listener *listener);
/* What is left of a listener whose peers have all gone and whose backend holds nothing; NULL: all
 * is as it was at its birth. */
const char *h2_service_left(const struct dk__listener *listener);

#endif /* TESTS_SUPPORT_H2_SERVICE_H */
