#ifndef DK_SERVE_HTTP_H
#define DK_SERVE_HTTP_H

#include <dk/error.h>
#include <stddef.h>
#include <stdint.h>

struct dk_loop;
struct dk__http;
struct dk__http_request;

/*
 * A few pages by HTTP on the loop, for Prometheus, probes and people: GET and HEAD, no bodies. It is
 * libmicrohttpd's work; the library is loaded when the first server opens, for it brings GnuTLS and
 * more, and a program without the port shall not carry that.
 *
 * Thread: the loop's.
 * Bound:  DK__HTTP_CONNECTIONS_MAX connections, DK__HTTP_CONNECTION_BYTES_MAX of headers each; one
 *         that is idle for DK__HTTP_IDLE_S is closed.
 */
#define DK__HTTP_PLAIN "text/plain; charset=utf-8"

enum {
    DK__HTTP_CONNECTIONS_MAX = 32,
    DK__HTTP_CONNECTION_BYTES_MAX = 16 * 1024,
    DK__HTTP_IDLE_S = 15,
};

struct dk__http_page {
    const char *path;
    const char *help; /* one sentence, for who asks for a page that is not there */
    /* Ends with dk__http_answer, now or later: until then the request stays. */
    void (*run)(struct dk__http_request *request, void *context);
};

struct dk__http_config {
    struct dk_loop *loop;
    const char *address; /* numeric host */
    int port;
    const struct dk__http_page *pages; /* ended by a row without path */
    void *context;                     /* for their run */
};

/* Errors: DK_UNAVAILABLE when the library or the address is not to be had, DK_INVALID when the
 * address makes no sense; the words name address and option. */
enum dk_error dk__http_open(
    const struct dk__http_config *config, struct dk__http **ret_http, struct dk_fault *fault);
/* Whoever waits for an answer gets 503. Accepts NULL. */
void dk__http_close(struct dk__http *http);

/* A header of the request; NULL: absent. Valid until the answer. */
const char *dk__http_header(const struct dk__http_request *request, const char *name);

/* Gives the request away. `body` is malloc's, or NULL for want of memory: then it is 500; `type` and
 * the body's size are its own. */
void dk__http_answer(
    struct dk__http_request *request, unsigned status, const char *type, char *body, size_t size);

/* The same with a plain text, which is copied. */
void dk__http_answer_text(struct dk__http_request *request, unsigned status, const char *text);

#endif /* DK_SERVE_HTTP_H */
