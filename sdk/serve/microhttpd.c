/*
 * libmicrohttpd without being linked to it: loaded, it costs a process 2.7 MB of memory, most of it
 * GnuTLS, which a component without --metrics-port must not pay.
 */
#include "serve/microhttpd.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* Debian's soname since 0.9.66; its header does not name it. */
#define LIBRARY "libmicrohttpd.so.12"

static struct dk__microhttpd functions;
static bool is_loaded;

/* POSIX gives functions as object pointers; copying says so without a cast that C forbids. */
static bool find(void *library, const char *name, void *target) {
    void *const found = dlsym(library, name);
    memcpy(target, &found, sizeof found);
    return found != NULL;
}

static bool find_all(void *library) {
    const struct {
        const char *name;
        void *target;
    } rows[] = {
        {"MHD_start_daemon", (void *)&functions.start_daemon},
        {"MHD_stop_daemon", (void *)&functions.stop_daemon},
        {"MHD_get_daemon_info", (void *)&functions.get_daemon_info},
        {"MHD_run", (void *)&functions.run},
        {"MHD_get_timeout", (void *)&functions.get_timeout},
        {"MHD_lookup_connection_value", (void *)&functions.lookup_connection_value},
        {"MHD_suspend_connection", (void *)&functions.suspend_connection},
        {"MHD_resume_connection", (void *)&functions.resume_connection},
        {"MHD_create_response_from_buffer", (void *)&functions.create_response_from_buffer},
        {"MHD_add_response_header", (void *)&functions.add_response_header},
        {"MHD_queue_response", (void *)&functions.queue_response},
        {"MHD_destroy_response", (void *)&functions.destroy_response},
    };
    bool are_there = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        are_there &= find(library, rows[i].name, rows[i].target);
    }
    return are_there;
}

enum dk_error dk__microhttpd_load(
    const struct dk__microhttpd **ret_functions, struct dk_fault *fault) {
    if (!is_loaded) {
        void *const library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL || !find_all(library)) {
            /* NOLINTNEXTLINE(concurrency-mt-unsafe): on main, alone */
            const char *const words = dlerror();
            return dk_fault_set(
                fault,
                DK_UNAVAILABLE,
                "metrics-port: %s cannot be loaded (%s); install libmicrohttpd12, or give no "
                "--metrics-port",
                LIBRARY,
                words == NULL ? "a function is missing" : words);
        }
        is_loaded = true;
    }
    *ret_functions = &functions;
    return DK_OK;
}
