/*
 * libmicrohttpd without being linked to it: loaded, it costs a process 2.7 MB of memory, most of it
 * GnuTLS, which a component without --metrics-port must not pay.
 */
#include "serve/microhttpd.h"

#include "core/library.h"

#include <stdbool.h>

/* Debian's soname since 0.9.66; its header does not name it. */
#define LIBRARY "libmicrohttpd.so.12"

static struct dk__microhttpd functions;
static bool is_loaded;

static const char *find_all(void) {
    const struct dk__symbol symbols[] = {
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
    return dk__library_load(LIBRARY, symbols, sizeof symbols / sizeof symbols[0]);
}

enum dk_error dk__microhttpd_load(
    const struct dk__microhttpd **ret_functions, struct dk_fault *fault) {
    if (!is_loaded) {
        const char *const words = find_all();
        if (words != NULL) {
            return dk_fault_set(
                fault,
                DK_UNAVAILABLE,
                "metrics-port: %s cannot be loaded (%s); install libmicrohttpd12, or give no "
                "--metrics-port",
                LIBRARY,
                words);
        }
        is_loaded = true;
    }
    *ret_functions = &functions;
    return DK_OK;
}
