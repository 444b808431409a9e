#ifndef DK_WIRE_DAPRD_CLIENT_H
#define DK_WIRE_DAPRD_CLIENT_H

#include "wire/core/channel.h"
#include "wire/daprd/daprd.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Within this room. Between new and free only the flags change. */
struct dk__daprd {
    struct dk__daprd_settings settings;
    char *token; /* NULL: none */
    struct dk__channels *channels;
    struct dk__channel *channel;
    _Atomic(bool) is_closed;
    _Atomic(bool) has_old_bulk; /* it knows BulkPublishEventAlpha1 alone; found when first asked */
};

/* CLOCK_MONOTONIC's microseconds. */
int64_t dk__daprd_now_us(void);

#endif /* DK_WIRE_DAPRD_CLIENT_H */
