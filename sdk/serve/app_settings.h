#ifndef DK_SERVE_APP_SETTINGS_H
#define DK_SERVE_APP_SETTINGS_H

#include "serve/settings.h"

struct dk_app;

/*
 * What an application's program is told from outside: the command line first, then the
 * environment, then defaults. Three tables: what components have too (settings.h), what is below,
 * and the application's own.
 */
struct dk__app_settings {
    struct dk__settings base; /* first: dk__settings_shared lands here */
    int64_t port;             /* 0: none */
    const char *address;      /* a numeric host */
    const char *unix_socket;  /* an absolute path; NULL: none */
    const char *tls_certificate, *tls_key, *tls_client_ca; /* paths; NULL: none */
    struct dk_bytes token; /* APP_API_TOKEN; absent: none. It is no option: others see a command
                              line */
    int64_t handlers_max, handler_queue_max, handler_ms;
    void *own; /* config_size bytes of the application; NULL when that is 0 */
};

/*
 * Reads command line and environment.
 *
 * Owner:  texts and `own` lie in the arena, the token in the environment. `settings` is zeroed
 *         before.
 * Errors: DK_INVALID with every fault in one text; DK_EXHAUSTED without memory. Thread: main.
 */
enum dk_error dk__app_settings_read(
    const struct dk_app *app,
    int argc,
    char **argv,
    struct dk__arena *arena,
    struct dk__app_settings *settings,
    struct dk_fault *fault);

/* The text of --help. */
void dk__app_settings_help(const struct dk_app *app, FILE *output);

#endif /* DK_SERVE_APP_SETTINGS_H */
