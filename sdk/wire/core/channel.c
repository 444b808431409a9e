/*
 * Channels: settings checked and handed to gRPC, the list of living calls, the end.
 *
 * Any thread; a channel's mutex guards what its calls share.
 */
#include "wire/core/channel.h"

#include "wire/core/argument.h"
#include "wire/core/client.h"
#include "wire/core/credentials.h"

#include <assert.h>
#include <grpc/grpc_security.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MS_MAX = 24 * 60 * 60 * 1000 };

const struct dk__channel_config dk__channel_config_default = {
    .request_bytes_max = 4U << 20,
    .answer_bytes_max = 4U << 20,
    .header_bytes_max = 64U << 10,
    .calls_max = 1024,
    .keepalive_timeout_ms = 5000,
    .reconnect_ms_min = DK__RECONNECT_MS_MIN,
    .reconnect_ms_max = 5000,
};

gpr_timespec dk__core_time(int64_t deadline_us) {
    if (deadline_us == INT64_MAX) {
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    }
    return (gpr_timespec){
        .tv_sec = deadline_us / 1000000,
        .tv_nsec = (int32_t)(deadline_us % 1000000) * 1000,
        .clock_type = GPR_CLOCK_MONOTONIC,
    };
}

/* ── channels ───────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__channels_new(struct dk__channels **ret_channels, struct dk_fault *fault) {
    struct dk__channels *channels = calloc(1, sizeof *channels);
    if (channels == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "grpc: no memory for channels");
    }
    const enum dk_error error = dk__core_queue_open(&channels->queue, fault);
    if (error != DK_OK) {
        free(channels);
        return error;
    }
    *ret_channels = channels;
    return DK_OK;
}

void dk__channels_free(struct dk__channels *channels) {
    if (channels == NULL) {
        return;
    }
    /* Acquire pairs with the release of the last channel's end. */
    assert(atomic_load_explicit(&channels->channel_count, memory_order_acquire) == 0);
    dk__core_queue_close(&channels->queue);
    free(channels);
}

/* ── settings ───────────────────────────────────────────────────────────────────────────────── */

static bool number_check(
    const char *name, int64_t value, int64_t min, int64_t max, struct dk_fault *fault) {
    if (value >= min && value <= max) {
        return true;
    }
    (void)dk_fault_set(
        fault,
        DK_INVALID,
        "channel: %s: %" PRId64 " is outside %" PRId64 " … %" PRId64,
        name,
        value,
        min,
        max);
    return false;
}

/* Names every fault. */
static bool config_check(const struct dk__channel_config *config, struct dk_fault *fault) {
    bool is_good = true;
    if (config->target == NULL || config->target[0] == '\0') {
        (void)dk_fault_set(fault, DK_INVALID, "channel: the target is missing");
        is_good = false;
    }
    const struct {
        const char *name;
        int64_t value, min, max;
    } numbers[] = {
        {"request_bytes_max", (int64_t)config->request_bytes_max, 1, INT_MAX},
        {"answer_bytes_max", (int64_t)config->answer_bytes_max, 1, INT_MAX},
        {"header_bytes_max", (int64_t)config->header_bytes_max, 1024, INT_MAX},
        {"calls_max", config->calls_max, 1, INT_MAX},
        {"keepalive_ms",
         config->keepalive_ms,
         config->keepalive_ms == 0 ? 0 : DK__KEEPALIVE_MS_MIN,
         MS_MAX},
        {"keepalive_timeout_ms", config->keepalive_timeout_ms, 1, MS_MAX},
        {"reconnect_ms_min", config->reconnect_ms_min, DK__RECONNECT_MS_MIN, MS_MAX},
        {"reconnect_ms_max", config->reconnect_ms_max, config->reconnect_ms_min, MS_MAX},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        is_good &=
            number_check(numbers[i].name, numbers[i].value, numbers[i].min, numbers[i].max, fault);
    }
    return is_good;
}

static grpc_channel *core_channel_new(
    const struct dk__channel_config *config, grpc_channel_credentials *credentials) {
    grpc_arg arguments[16];
    size_t count = 0;
    arguments[count++] =
        dk__core_argument(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, (int64_t)config->request_bytes_max);
    arguments[count++] =
        dk__core_argument(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int64_t)config->answer_bytes_max);
    arguments[count++] =
        dk__core_argument(GRPC_ARG_MAX_METADATA_SIZE, (int64_t)config->header_bytes_max);
    arguments[count++] =
        dk__core_argument(DK__CORE_ARG_ABSOLUTE_METADATA, (int64_t)config->header_bytes_max);
    arguments[count++] =
        dk__core_argument(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, config->reconnect_ms_min);
    arguments[count++] =
        dk__core_argument(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, config->reconnect_ms_max);
    /* Each channel its own connections: closing one ends what it opened, and nothing else. */
    arguments[count++] = dk__core_argument(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments[count++] = dk__core_argument(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    if (config->keepalive_ms > 0) {
        arguments[count++] = dk__core_argument(GRPC_ARG_KEEPALIVE_TIME_MS, config->keepalive_ms);
        arguments[count++] =
            dk__core_argument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, config->keepalive_timeout_ms);
        /* A stream may be silent for hours: C core would stop after its second PING. */
        arguments[count++] = dk__core_argument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    }
    if (config->tls != NULL && config->tls->server_name != NULL) {
        arguments[count++] = (grpc_arg){
            .type = GRPC_ARG_STRING,
            .key = (char *)(uintptr_t)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
            .value.string = (char *)(uintptr_t)config->tls->server_name};
    }
    assert(count <= sizeof arguments / sizeof arguments[0]);
    const grpc_channel_args list = {count, arguments};
    return grpc_channel_create(config->target, credentials, &list);
}

/* ── a channel ──────────────────────────────────────────────────────────────────────────────── */

static void channel_end(struct dk__channel *channel) {
    struct dk__channels *channels = channel->channels;
    (void)pthread_mutex_destroy(&channel->mutex);
    free(channel->target);
    free(channel);
    /* Release pairs with the acquire in dk__channels_free. */
    atomic_fetch_sub_explicit(&channels->channel_count, 1, memory_order_release);
}

enum dk_error dk__channel_new(
    struct dk__channels *channels,
    const struct dk__channel_config *config,
    struct dk__channel **ret_channel,
    struct dk_fault *fault) {
    grpc_channel_credentials *credentials = NULL;
    if (!config_check(config, fault)) {
        return DK_INVALID;
    }
    const enum dk_error error = dk__channel_credentials(config->tls, &credentials, fault);
    if (error != DK_OK) {
        return error;
    }
    struct dk__channel *channel = calloc(1, sizeof *channel);
    char *target = strdup(config->target);
    if (channel == NULL || target == NULL) {
        grpc_channel_credentials_release(credentials);
        free(channel);
        free(target);
        return dk_fault_set(fault, DK_EXHAUSTED, "'%s': no memory for a channel", config->target);
    }
    channel->channels = channels;
    channel->target = target;
    channel->calls_max = config->calls_max;
    channel->header_bytes_max = config->header_bytes_max;
    (void)pthread_mutex_init(&channel->mutex, NULL);
    (void)atomic_fetch_add_explicit(&channels->channel_count, 1, memory_order_relaxed);
    channel->core = core_channel_new(config, credentials);
    grpc_channel_credentials_release(credentials);
    if (!grpc_channel_support_connectivity_watcher(channel->core)) {
        /* gRPC makes a channel of any target; of a bad one a lame one, which never connects. */
        dk__channel_free(channel);
        return dk_fault_set(
            fault, DK_INVALID, "channel: '%s' is no target of gRPC's", config->target);
    }
    *ret_channel = channel;
    return DK_OK;
}

static enum dk_error ready_fail(
    const struct dk__channel *channel, grpc_connectivity_state state, struct dk_fault *fault) {
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
        return dk_fault_set(fault, DK_UNAVAILABLE, "'%s': cannot connect", channel->target);
    }
    return dk_fault_set(
        fault, DK_TIMEOUT, "'%s': was still connecting at the deadline", channel->target);
}

enum dk_error dk__channel_wait_ready(
    struct dk__channel *channel, int64_t deadline_us, struct dk_fault *fault) {
    struct dk__core_wait changed = {0};
    enum dk_error error = DK_OK;
    dk__core_wait_init(&changed);
    for (bool is_late = false;;) {
        (void)pthread_mutex_lock(&channel->mutex);
        if (channel->core == NULL) {
            (void)pthread_mutex_unlock(&channel->mutex);
            error =
                dk_fault_set(fault, DK_CANCELLED, "'%s': the channel is closed", channel->target);
            break;
        }
        const grpc_connectivity_state state =
            grpc_channel_check_connectivity_state(channel->core, 1);
        const bool is_over = is_late || state == GRPC_CHANNEL_READY;
        if (!is_over) {
            dk__core_wait_begin(&changed);
            grpc_channel_watch_connectivity_state(
                channel->core,
                state,
                dk__core_time(deadline_us),
                channel->channels->queue.core,
                &changed.event);
        }
        (void)pthread_mutex_unlock(&channel->mutex);
        if (is_over) {
            if (state != GRPC_CHANNEL_READY) {
                error = ready_fail(channel, state, fault);
            }
            break;
        }
        is_late = !dk__core_wait_for(&changed);
    }
    dk__core_wait_destroy(&changed);
    return error;
}

bool dk__channel_is_ready(struct dk__channel *channel) {
    (void)pthread_mutex_lock(&channel->mutex);
    const bool is_ready = channel->core != NULL && grpc_channel_check_connectivity_state(
                                                       channel->core, 1) == GRPC_CHANNEL_READY;
    (void)pthread_mutex_unlock(&channel->mutex);
    return is_ready;
}

void dk__channel_close(struct dk__channel *channel) {
    (void)pthread_mutex_lock(&channel->mutex);
    if (channel->core != NULL) {
        for (struct dk__client_call *call = channel->calls; call != NULL; call = call->next) {
            (void)grpc_call_cancel_with_status(
                call->core, GRPC_STATUS_UNAVAILABLE, "the channel was closed", NULL);
        }
        /* Its calls keep what they need; whoever waits for ready sees it end. */
        grpc_channel_destroy(channel->core);
        channel->core = NULL;
    }
    (void)pthread_mutex_unlock(&channel->mutex);
}

void dk__channel_free(struct dk__channel *channel) {
    if (channel == NULL) {
        return;
    }
    dk__channel_close(channel);
    (void)pthread_mutex_lock(&channel->mutex);
    channel->is_let_go = true;
    const bool is_last = channel->call_count == 0;
    (void)pthread_mutex_unlock(&channel->mutex);
    if (is_last) {
        channel_end(channel);
    }
}

uint32_t dk__channel_calls(struct dk__channel *channel) {
    (void)pthread_mutex_lock(&channel->mutex);
    const uint32_t count = channel->call_count;
    (void)pthread_mutex_unlock(&channel->mutex);
    return count;
}

/* ── its calls ──────────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__channel_join(
    struct dk__channel *channel,
    struct dk__client_call *call,
    const struct dk__client_request *request,
    struct dk_fault *fault) {
    const grpc_slice path = grpc_slice_from_copied_string(request->path);
    enum dk_error error = DK_OK;
    (void)pthread_mutex_lock(&channel->mutex);
    if (channel->core == NULL) {
        error = dk_fault_set(fault, DK_CANCELLED, "'%s': the channel is closed", channel->target);
    } else if (channel->call_count == channel->calls_max) {
        error = dk_fault_set(
            fault,
            DK_EXHAUSTED,
            "'%s': calls_max, %" PRIu32 ", is reached",
            channel->target,
            channel->calls_max);
    } else {
        call->core = grpc_channel_create_call(
            channel->core,
            NULL,
            GRPC_PROPAGATE_DEFAULTS,
            channel->channels->queue.core,
            path,
            NULL,
            dk__core_time(request->deadline_us),
            NULL);
        call->next = channel->calls;
        if (call->next != NULL) {
            call->next->previous = call;
        }
        channel->calls = call;
        channel->call_count++;
    }
    (void)pthread_mutex_unlock(&channel->mutex);
    grpc_slice_unref(path);
    return error;
}

void dk__channel_leave(struct dk__channel *channel, struct dk__client_call *call) {
    (void)pthread_mutex_lock(&channel->mutex);
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        channel->calls = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    channel->call_count--;
    const bool is_last = channel->is_let_go && channel->call_count == 0;
    (void)pthread_mutex_unlock(&channel->mutex);
    if (is_last) {
        channel_end(channel);
    }
}
