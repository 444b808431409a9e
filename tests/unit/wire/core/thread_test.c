/*
 * No thread to be had: the linker gives this program pthread_create by our hand, so that our own
 * calls of it fail; gRPC's library keeps the real one.
 */
#include "core/loop.h"
#include "wire/core/channel.h"
#include "wire/grpc/transport.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

static bool is_barren;

int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context);

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context) {
    return is_barren ? EAGAIN : __real_pthread_create(thread, attributes, run, context);
}

Test(core_thread, missing_is_a_clean_error_of_channels) {
    struct dk__channels *channels = NULL;
    struct dk_fault fault = {0};
    is_barren = true;

    cr_assert(eq(int, dk__channels_new(&channels, &fault), DK_EXHAUSTED));

    cr_assert(ne(ptr, strstr(fault.text, "no thread for its queue"), NULL), "%s", fault.text);
    is_barren = false;
    cr_assert(eq(int, dk__channels_new(&channels, NULL), DK_OK), "and nothing was left behind");
    dk__channels_free(channels);
}

Test(core_thread, missing_is_a_clean_error_of_a_listener) {
    struct dk_loop *loop = NULL;
    struct dk__server server;
    struct dk__listener *listener = NULL;
    struct dk_fault fault = {0};
    cr_assert(eq(int, dk__loop_new(&loop, NULL), DK_OK));
    cr_assert(eq(int, dk__server_init(&server, loop, &dk__limits_default), DK_OK));
    is_barren = true;

    cr_assert(eq(
        int, dk__transport_core.listen(&server, "127.0.0.1:0", &listener, &fault), DK_EXHAUSTED));

    cr_assert(ne(ptr, strstr(fault.text, "no thread for its queue"), NULL), "%s", fault.text);
    is_barren = false;
    cr_assert(eq(int, dk__transport_core.listen(&server, "127.0.0.1:0", &listener, &fault), DK_OK));
    dk__transport_core.close(listener);
    dk__server_clear(&server);
    dk__loop_free(loop);
}
