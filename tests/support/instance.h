#ifndef TESTS_SUPPORT_INSTANCE_H
#define TESTS_SUPPORT_INSTANCE_H

#include "core/call.h"
#include "core/loop.h"

#include <dk/instance.h>

/*
 * What the rigs of all backends do alike: an instance on a loop of the test's own, calls with memory as
 * in a transport, and turns until something is so.
 *
 * Thread: the test's, which is the loop's. What cannot be had fails the test.
 */

/* Properties are name, value, …, NULL. Parses them into a configuration and begins the backend's open;
 * the reply holds the faults of both.
 * Owner: views lie in `memory`; the caller frees the instance and its configuration, after the
 * backend's close. */
struct dk_instance *instance_open(
    const struct dk_backend *backend,
    struct dk_loop *loop,
    struct dk__arena *memory,
    const char *const *properties,
    struct dk_reply *reply,
    void **ret_config);

/* A call without a deadline and its reply. Whoever takes the reply resets the call's arena. */
void instance_call_begin(
    struct dk_loop *loop,
    struct dk__call *call,
    struct dk_reply *reply,
    const struct dk__reply_ops *ops);

/* Turns the loop; the test fails after wait_ms. */
void instance_until(
    struct dk_loop *loop, int64_t wait_ms, bool (*is_so)(void *context), void *context);

#endif /* TESTS_SUPPORT_INSTANCE_H */
