#include "support/http_client.h"

#include "core/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(bool is_so, const char *what) {
    if (!is_so) {
        (void)fprintf(stderr, "http_client: %s: %s\n", what, strerror(errno));
        abort();
    }
}

bool http_client_try(struct http_client *client, int port) {
    const struct sockaddr_in place = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *client = (struct http_client){.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    client->answer = calloc(1, HTTP_ANSWER_BYTES_MAX + 1);
    must(client->answer != NULL && client->descriptor >= 0, "no memory");
    return connect(client->descriptor, (const struct sockaddr *)&place, sizeof place) == 0 &&
           fcntl(client->descriptor, F_SETFL, O_NONBLOCK) == 0;
}

void http_client_connect(struct http_client *client, int port) {
    must(http_client_try(client, port), "no connection");
}

void http_client_begin(
    struct http_client *client,
    int port,
    const char *method,
    const char *path,
    const char *headers) {
    char request[1024];
    const int size = snprintf(
        request,
        sizeof request,
        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
        method,
        path,
        headers);
    http_client_connect(client, port);
    must(send(client->descriptor, request, (size_t)size, MSG_NOSIGNAL) == size, "not sent");
}

void http_client_read(struct http_client *client) {
    while (!client->is_done) {
        const ssize_t size = read(
            client->descriptor,
            client->answer + client->size,
            HTTP_ANSWER_BYTES_MAX - client->size);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        client->is_done = size <= 0;
        client->size += size > 0 ? (size_t)size : 0;
    }
}

bool http_client_wait(struct http_client *client, struct dk_loop *loop) {
    for (int i = 0; i < HTTP_WAIT_MS && !client->is_done; i++) {
        struct pollfd poll_one = {.fd = client->descriptor, .events = POLLIN};
        if (loop != NULL) {
            must(dk__loop_turn(loop, 1000) == DK_OK, "the loop failed");
        }
        (void)poll(&poll_one, 1, loop == NULL ? 1 : 0);
        http_client_read(client);
    }
    return client->is_done;
}

int http_client_status(const struct http_client *client) {
    int status = 0;
    return sscanf(client->answer, "HTTP/1.1 %d ", &status) == 1 ? status : 0;
}

const char *http_client_body(const struct http_client *client) {
    const char *end = strstr(client->answer, "\r\n\r\n");
    return end == NULL ? "" : end + 4;
}

void http_client_free(struct http_client *client) {
    if (client->descriptor >= 0) {
        (void)close(client->descriptor);
    }
    free(client->answer);
    *client = (struct http_client){.descriptor = -1};
}
