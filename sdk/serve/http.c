/*
 * Pages by HTTP, on the loop's thread. libmicrohttpd has no thread here: its epoll descriptor is
 * watched by our loop, and it runs when that is readable or its own time-out is due.
 *
 *     loop ─ readable, due ─▶ pump: MHD_run ─▶ on_request ─▶ page->run ─▶ dk__http_answer
 *                               ▲                  │ no answer yet: the connection rests  │
 *                               └── deferred ◀─────┴────────────── resume ◀───────────────┘
 */
#include "serve/http.h"

#include "core/address.h"
#include "core/system_error.h"
#include "serve/microhttpd.h"

#include <assert.h>
#include <dk/loop.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESS_BYTES_MAX = 128, BACKLOG = 64 };

struct dk__http_request {
    struct dk__http *http;
    struct dk__http_request *next, **at; /* those that wait for an answer */
    struct MHD_Connection *connection;
    const struct dk__http_page *page; /* NULL: there is none */
    struct MHD_Response *response;    /* NULL: not answered, or handed over */
    unsigned status;
    bool is_begun, is_answered, is_suspended;
};

struct dk__http {
    struct dk__http_config config;
    const struct dk__microhttpd *mhd;
    struct MHD_Daemon *daemon;
    struct dk_watch watch;
    struct dk_timer timer;
    struct dk_deferred again;
    struct dk__http_request *waiting;
};

/* ── the loop's side ────────────────────────────────────────────────────────────────────────── */

static void pump(struct dk__http *http) {
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    (void)http->mhd->run(http->daemon);
    if (http->mhd->get_timeout(http->daemon, &timeout_ms) == MHD_YES) {
        /* Without room for a timer an idle connection stays longer; the next request comes anyway. */
        (void)dk_timer_set(http->config.loop, &http->timer, (int64_t)timeout_ms * 1000);
    } else {
        dk_timer_stop(http->config.loop, &http->timer);
    }
}

static void on_ready(struct dk_watch *watch, unsigned ready) {
    (void)ready;
    pump((struct dk__http *)(void *)((char *)watch - offsetof(struct dk__http, watch)));
}

static void on_due(struct dk_timer *timer) {
    pump((struct dk__http *)(void *)((char *)timer - offsetof(struct dk__http, timer)));
}

static void on_again(struct dk_deferred *again) {
    pump((struct dk__http *)(void *)((char *)again - offsetof(struct dk__http, again)));
}

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

static const struct dk__http_page *page_find(const struct dk__http *http, const char *path) {
    for (const struct dk__http_page *page = http->config.pages; page->path != NULL; page++) {
        if (strcmp(page->path, path) == 0) {
            return page;
        }
    }
    return NULL;
}

static void request_unlink(struct dk__http_request *request) {
    if (request->at != NULL) {
        *request->at = request->next;
        if (request->next != NULL) {
            request->next->at = request->at;
        }
        request->at = NULL;
    }
}

static struct dk__http_request *request_new(
    struct dk__http *http, struct MHD_Connection *connection, const char *path) {
    struct dk__http_request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->http = http;
        request->connection = connection;
        request->page = page_find(http, path);
        request->next = http->waiting;
        request->at = &http->waiting;
        if (request->next != NULL) {
            request->next->at = &request->next;
        }
        http->waiting = request;
    }
    return request;
}

/* What there is, for who asked for what is not. */
static void answer_not_found(struct dk__http_request *request) {
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);
    if (output != NULL) {
        (void)fputs("There is no such page. There are:\n", output);
        for (const struct dk__http_page *page = request->http->config.pages; page->path != NULL;
             page++) {
            (void)fprintf(output, "  %-10s %s\n", page->path, page->help);
        }
        (void)fclose(output);
    }
    dk__http_answer(request, MHD_HTTP_NOT_FOUND, DK__HTTP_PLAIN, text, size);
}

static void answer_bad_method(struct dk__http_request *request) {
    dk__http_answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD are allowed.\n");
    if (request->response != NULL) {
        (void)request->http->mhd->add_response_header(
            request->response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
}

static enum MHD_Result request_send(struct dk__http_request *request) {
    const struct dk__microhttpd *const mhd = request->http->mhd;
    if (request->response == NULL) {
        return MHD_NO; /* no memory for an answer: the connection ends */
    }
    const enum MHD_Result result =
        mhd->queue_response(request->connection, request->status, request->response);
    mhd->destroy_response(request->response);
    request->response = NULL;
    return result;
}

/* Called with the headers, with pieces of a body, and once more when a resting request goes on. */
static enum MHD_Result on_request(
    void *context,
    struct MHD_Connection *connection,
    const char *path,
    const char *method,
    const char *version,
    const char *body,
    size_t *body_size,
    void **ret_request) {
    struct dk__http *const http = context;
    struct dk__http_request *request = *ret_request;
    (void)version;
    (void)body;
    if (request == NULL) {
        request = request_new(http, connection, path);
        *ret_request = request;
        if (request == NULL) {
            return MHD_NO;
        }
        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
            answer_bad_method(request);
            return request_send(request);
        }
        return MHD_YES;
    }
    *body_size = 0;
    if (!request->is_begun) {
        request->is_begun = true;
        if (request->page == NULL) {
            answer_not_found(request);
        } else {
            request->page->run(request, http->config.context);
        }
    }
    if (request->is_answered) {
        return request_send(request);
    }
    request->is_suspended = true;
    http->mhd->suspend_connection(connection);
    return MHD_YES;
}

static void on_completed(
    void *context,
    struct MHD_Connection *connection,
    void **request_at,
    enum MHD_RequestTerminationCode how) {
    struct dk__http_request *const request = *request_at;
    (void)context;
    (void)connection;
    (void)how;
    if (request == NULL) {
        return;
    }
    assert(request->is_answered || !request->is_begun); /* a page that has it gives it away */
    request_unlink(request);
    if (request->response != NULL) {
        request->http->mhd->destroy_response(request->response);
    }
    free(request);
    *request_at = NULL;
}

/* At its bound the library stops watching for new connections, and begins again only when it runs
 * after one of them has gone. */
static void on_connection(
    void *context,
    struct MHD_Connection *connection,
    void **connection_context,
    enum MHD_ConnectionNotificationCode what) {
    struct dk__http *const http = context;
    (void)connection;
    (void)connection_context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        dk_defer(http->config.loop, &http->again);
    }
}

const char *dk__http_header(const struct dk__http_request *request, const char *name) {
    return request->http->mhd->lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void dk__http_answer(
    struct dk__http_request *request, unsigned status, const char *type, char *body, size_t size) {
    static const char no_memory[] = "no memory for the page\n";
    const struct dk__microhttpd *const mhd = request->http->mhd;
    assert(!request->is_answered);
    request->is_answered = true;
    request_unlink(request);
    if (body == NULL) {
        request->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        request->response = mhd->create_response_from_buffer(
            sizeof no_memory - 1, (void *)(uintptr_t)no_memory, MHD_RESPMEM_PERSISTENT);
    } else {
        request->status = status;
        request->response = mhd->create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
        if (request->response == NULL) {
            free(body);
        }
    }
    if (request->response != NULL) {
        (void)mhd->add_response_header(
            request->response, MHD_HTTP_HEADER_CONTENT_TYPE, body == NULL ? DK__HTTP_PLAIN : type);
    }
    if (request->is_suspended) {
        request->is_suspended = false;
        mhd->resume_connection(request->connection);
        dk_defer(request->http->config.loop, &request->http->again);
    }
}

void dk__http_answer_text(struct dk__http_request *request, unsigned status, const char *text) {
    char *const copy = strdup(text);
    dk__http_answer(request, status, DK__HTTP_PLAIN, copy, strlen(text));
}

/* ── open and close ─────────────────────────────────────────────────────────────────────────── */

/* A listening socket; −1 with the fault set. */
static int listen_at(const struct dk__http_config *config, struct dk_fault *fault) {
    const bool is_bare_v6 = strchr(config->address, ':') != NULL && config->address[0] != '[';
    char text[ADDRESS_BYTES_MAX];
    struct dk__address address;
    struct dk_fault wrong = {0};
    const int yes = 1;
    (void)snprintf(
        text, sizeof text, is_bare_v6 ? "[%s]:%d" : "%s:%d", config->address, config->port);
    if (dk__address_parse(text, &address, &wrong) != DK_OK) {
        (void)dk_fault_set(fault, DK_INVALID, "metrics-listen-address: %s", wrong.text);
        return -1;
    }
    const int descriptor = socket(address.place.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 &&
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(descriptor, (const struct sockaddr *)&address.place, address.size) == 0 &&
        listen(descriptor, BACKLOG) == 0) {
        return descriptor;
    }
    const int error = errno;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    char words[DK__SYSTEM_ERROR_BYTES];
    (void)dk_fault_set(
        fault,
        DK_UNAVAILABLE,
        "metrics-port: %s cannot be listened on: %s; give another --metrics-port, or another "
        "--metrics-listen-address",
        text,
        dk__system_error(error, words));
    return -1;
}

static enum dk_error daemon_start(struct dk__http *http, int listener, struct dk_fault *fault) {
    /* Without MHD_USE_INTERNAL_POLLING_THREAD: it runs when we say so. */
    http->daemon = http->mhd->start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
        0,
        NULL,
        NULL,
        on_request,
        http,
        MHD_OPTION_LISTEN_SOCKET,
        listener,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)DK__HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)DK__HTTP_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)DK__HTTP_CONNECTION_BYTES_MAX,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
        1,
        MHD_OPTION_NOTIFY_COMPLETED,
        on_completed,
        http,
        MHD_OPTION_NOTIFY_CONNECTION,
        on_connection,
        http,
        MHD_OPTION_END);
    const union MHD_DaemonInfo *const info =
        http->daemon == NULL ? NULL
                             : http->mhd->get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        return dk_fault_set(
            fault, DK_UNAVAILABLE, "metrics-port: libmicrohttpd does not start without a thread");
    }
    http->watch = (struct dk_watch){.on_ready = on_ready, .descriptor = info->epoll_fd};
    http->timer.on_due = on_due;
    http->again.on_turn_end = on_again;
    if (dk_watch_set(http->config.loop, &http->watch, DK_READABLE) != DK_OK) {
        return dk_fault_set(fault, DK_EXHAUSTED, "metrics-port: no room for a watch");
    }
    return DK_OK;
}

enum dk_error dk__http_open(
    const struct dk__http_config *config, struct dk__http **ret_http, struct dk_fault *fault) {
    struct dk__http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "metrics-port: no memory");
    }
    http->config = *config;
    if (dk__microhttpd_load(&http->mhd, fault) != DK_OK) {
        free(http);
        return fault->error;
    }
    const int listener = listen_at(config, fault);
    if (listener < 0) {
        free(http);
        return fault->error;
    }
    if (daemon_start(http, listener, fault) != DK_OK) {
        if (http->daemon == NULL) {
            (void)close(listener);
        }
        dk__http_close(http);
        return fault->error;
    }
    *ret_http = http;
    return DK_OK;
}

void dk__http_close(struct dk__http *http) {
    if (http == NULL) {
        return;
    }
    if (http->daemon != NULL) {
        while (http->waiting != NULL) {
            http->waiting->is_begun = true;
            dk__http_answer_text(
                http->waiting, MHD_HTTP_SERVICE_UNAVAILABLE, "the program is stopping\n");
        }
        (void)http->mhd->run(http->daemon); /* what was resumed is sent, as far as it goes */
        (void)dk_watch_set(http->config.loop, &http->watch, 0);
        dk_timer_stop(http->config.loop, &http->timer);
        http->mhd->stop_daemon(http->daemon); /* closes the listening socket too */
        dk_defer_stop(http->config.loop, &http->again);
    }
    free(http);
}
