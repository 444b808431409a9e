#ifndef TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTS_SUPPORT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct dk_loop;

/*
 * One HTTP request on a connection of its own, as a prober makes it, to 127.0.0.1.
 *
 * Thread: the test's. Owner: the test's structure. Without a connection or memory it aborts.
 * Bound:  HTTP_WAIT_MS for an answer, HTTP_ANSWER_BYTES_MAX of it.
 */
enum { HTTP_WAIT_MS = 20000, HTTP_ANSWER_BYTES_MAX = 4 << 20 };

struct http_client {
    int descriptor; /* −1: closed */
    char *answer;   /* as it came, NUL-terminated */
    size_t size;
    bool is_done; /* the peer has closed: all is there */
};

/* Connects and says nothing; false when nobody listens. */
bool http_client_try(struct http_client *client, int port);
/* The same, and it must be possible. */
void http_client_connect(struct http_client *client, int port);
/* Connects and sends; `headers` are whole lines, each with its "\r\n", or "". */
void http_client_begin(
    struct http_client *client,
    int port,
    const char *method,
    const char *path,
    const char *headers);
/* Takes what has come, without waiting. */
void http_client_read(struct http_client *client);
/* Until the answer is whole; turns the loop of a server in this process, NULL: it is elsewhere. */
bool http_client_wait(struct http_client *client, struct dk_loop *loop);
/* The status of a whole answer; 0 when there is none. */
int http_client_status(const struct http_client *client);
/* What follows the headers. */
const char *http_client_body(const struct http_client *client);
void http_client_free(struct http_client *client);

#endif /* TESTS_SUPPORT_HTTP_CLIENT_H */
