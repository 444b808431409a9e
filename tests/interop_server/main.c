/*
 * dk-interop: serves gRPC's interoperability cases over a transport of choice.
 *
 *     dk-interop --transport h2|core --listen host:port|unix:/path
 *
 * Prints "listening on ADDRESS" when it answers, ends with 0 after SIGTERM or SIGINT.
 */
#include "core/loop.h"
#include "interop_service.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"
#include "wire/pbc/descriptors.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const struct dk__transport *const transports[] = {
    &dk__transport_h2,
#ifdef DK_INTEROP_CORE
    &dk__transport_core,
#endif
};

static const struct dk__transport *transport_named(const char *name) {
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
        if (strcmp(transports[i]->name, name) == 0) {
            return transports[i];
        }
    }
    return NULL;
}

static void on_signal(void *context, int number) {
    (void)number;
    dk__loop_stop(context);
}

/* "host:0" with the port that was found for it; a Unix address as it is. */
static void print_address(const char *address, int port) {
    const char *colon = strrchr(address, ':');
    if (port == 0 || colon == NULL) {
        (void)printf("listening on %s\n", address);
    } else {
        (void)printf("listening on %.*s:%d\n", (int)(colon - address), address, port);
    }
    (void)fflush(stdout);
}

static enum dk_error serve(
    const struct dk__transport *transport,
    struct dk_loop *loop,
    struct dk__server *server,
    const char *address,
    struct dk_fault *fault) {
    struct dk__listener *listener = NULL;
    if (transport->listen(server, address, &listener, fault) != DK_OK) {
        return fault->error;
    }
    print_address(address, transport->port(listener));
    const enum dk_error error = dk__loop_run(loop);
    transport->close(listener);
    return error == DK_OK ? DK_OK : dk_fault_set(fault, error, "the event loop failed");
}

static enum dk_error run(
    const struct dk__transport *transport, const char *address, struct dk_fault *fault) {
    struct dk_loop *loop = NULL;
    struct dk__server server = {0};
    sigset_t stop;
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);

    if (dk__loop_new(&loop, fault) == DK_OK &&
        dk__loop_on_signal(loop, &stop, on_signal, loop, fault) == DK_OK) {
        if (dk__server_init(&server, loop, &dk__limits_default) != DK_OK ||
            dk__reflection_add(&server, &dk__component_protos) != DK_OK ||
            dk__health_add(&server) != DK_OK ||
            dk__server_add(&server, &interop_service) != DK_OK) {
            (void)dk_fault_set(fault, DK_EXHAUSTED, "no memory to serve");
        } else {
            (void)serve(transport, loop, &server, address, fault);
        }
    }
    dk__server_clear(&server);
    dk__loop_free(loop);
    return fault->error;
}

int main(int argc, char **argv) {
    const struct dk__transport *transport = &dk__transport_h2;
    const char *address = NULL;
    struct dk_fault fault = {0};

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--transport") == 0) {
            transport = transport_named(argv[i + 1]);
        } else if (i + 1 < argc && strcmp(argv[i], "--listen") == 0) {
            address = argv[i + 1];
        } else {
            transport = NULL;
            break;
        }
    }
    if (transport == NULL || address == NULL) {
        (void)fprintf(
            stderr,
            "usage: %s [--transport h2|core] --listen host:port|unix:/path\n"
            "(core only in builds that have it)\n",
            argv[0]);
        return EXIT_USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (run(transport, address, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s: %s\n", argv[0], fault.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
