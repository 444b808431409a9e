/*
 * Bounds and their use, on the loop's thread.
 */
#include "serve/door_status.h"

#include "wire/grpc/transport.h"

#include <inttypes.h>
#include <stddef.h>

static void write_listener(const struct dk__door *door, size_t at, FILE *output) {
    const struct dk__limits *const limits = &door->server.limits;
    const struct dk__listener_counts counts = door->transports[at]->counts(door->listeners[at]);
    (void)fprintf(
        output,
        "\nbounds and their use, %s by transport %s\n",
        door->labels[at],
        door->transports[at]->name);
    (void)fprintf(
        output,
        "  connections            %" PRIu32 " of %" PRIu32 " (connections-max)\n"
        "  calls under way        %" PRIu32 ", each connection at most %" PRIu32 " (calls-max)\n",
        counts.connections,
        limits->connections_max,
        counts.streams,
        limits->calls_max);
}

void dk__door_status_write(const struct dk__life *life, FILE *output) {
    for (const struct dk__door *door = life->doors; door != NULL; door = door->next) {
        for (size_t i = 0; i < DK__DOOR_ADDRESSES_MAX && door->listeners[i] != NULL; i++) {
            write_listener(door, i, output);
        }
        if (door->listeners[0] != NULL) {
            const struct dk__limits *const limits = &door->server.limits;
            (void)fprintf(
                output,
                "  one request            %zu bytes (request-bytes-max)\n"
                "  one answer             %zu bytes (reply-bytes-max)\n"
                "  memory of one call     %zu bytes (arena-bytes-max)\n"
                "  unwritten of a peer    %zu bytes (outbox-bytes-max)\n",
                limits->request_bytes_max,
                limits->reply_bytes_max,
                limits->arena_bytes_max,
                limits->outbox_bytes_max);
        }
    }
}
