#ifndef DK_WIRE_DAPRD_CLIENT_H
#define DK_WIRE_DAPRD_CLIENT_H

#include "wire/core/channel.h"
#include "wire/daprd/daprd.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Within this room. Nothing but is_closed changes between new and free. */
struct dk__daprd {
    struct dk__daprd_settings settings;
    char *token; /* NULL: none */
    struct dk__channels *channels;
    struct dk__channel *channel;
    _Atomic(bool) is_closed;
};

#endif /* DK_WIRE_DAPRD_CLIENT_H */
