/*
 * The window of a subscription, on the loop's thread: slots are its places, credit is what is left
 * of them while nothing else forbids to send.
 *
 * A backend is called last in each function: it may deliver at once, and what it sees is settled.
 */
#include "core/subscription.h"

#include "core/decimal.h"
#include "core/subscription_metrics.h"
#include "core/subscription_spans.h"

#include <assert.h>

static struct dk__subscription *inside(struct dk_subscription *subscription) {
    return (struct dk__subscription *)(void *)subscription;
}

static bool is_silent(const struct dk__subscription *subscription) {
    return subscription->slots == NULL || subscription->is_paused || subscription->is_draining ||
           subscription->is_closing;
}

uint32_t dk_subscription_credit(const struct dk_subscription *subscription) {
    const struct dk__subscription *self =
        (const struct dk__subscription *)(const void *)subscription;
    if (is_silent(self) || !self->ops->can_send(self)) {
        return 0;
    }
    return self->window_max - dk__slots_used(self->slots);
}

enum dk_error dk_deliver(
    struct dk_subscription *subscription,
    const struct dk_message *message,
    void *token,
    struct dk_fault *fault) {
    struct dk__subscription *self = inside(subscription);
    char text[DK__DECIMAL_BYTES_MAX], *const end = text + sizeof text;
    assert(token != NULL);
    if (dk_subscription_credit(subscription) == 0) {
        return dk_fault_set(fault, DK_EXHAUSTED, "the subscription has no credit");
    }
    const uint64_t ticket = dk__slots_put(self->slots, token);
    const char *const digits = dk__decimal(ticket, end);
    const struct dk_bytes id = {.data = digits, .size = (size_t)(end - digits)};
    const enum dk_error error = self->ops->send(self, id, message, fault);
    if (error != DK_OK) {
        (void)dk__slots_take(self->slots, ticket);
        return error;
    }
    self->counts.delivered++;
    dk__subscription_metrics_delivered(self->metrics, ticket, message->is_again);
    struct dk__span_memory *memory = dk__subscription_spans_room(self->spans, ticket);
    if (memory != NULL) {
        dk__subscription_spans_delivered(
            self->spans, ticket, self->ops->trace(self, message, memory));
    }
    return DK_OK;
}

/* The ticket of an id; 0, which no message has, for any text that is not as we write it. */
static uint64_t ticket_of(struct dk_bytes id) {
    enum { DIGITS_SAFE = DK__DECIMAL_BYTES_MAX - 1 }; /* so many never pass UINT64_MAX */
    uint64_t ticket = 0;
    if (id.size == 0 || id.data[0] == '0') {
        return 0;
    }
    for (size_t i = 0; i < id.size; i++) {
        const unsigned digit = (unsigned)(unsigned char)id.data[i] - '0';
        if (digit > 9 || (i >= DIGITS_SAFE && ticket > (UINT64_MAX - digit) / 10)) {
            return 0;
        }
        ticket = ticket * 10 + digit;
    }
    return ticket;
}

static void tell(
    struct dk__subscription *self,
    uint64_t ticket,
    void *token,
    enum dk_outcome outcome,
    struct dk_bytes bytes) {
    struct dk_settlement settlement = {.token = token, .outcome = outcome};
    switch (outcome) {
    case DK_HANDLED:
        self->counts.handled++;
        settlement.response = bytes;
        break;
    case DK_REFUSED:
        self->counts.refused++;
        settlement.error = bytes;
        break;
    case DK_ABANDONED:
        self->counts.abandoned++;
        break;
    }
    dk__subscription_metrics_settled(self->metrics, ticket, outcome);
    dk__subscription_spans_settled(self->spans, ticket, outcome, bytes);
    self->source->settle(self->base.instance, &self->base, &settlement);
}

bool dk__subscription_settle(
    struct dk__subscription *subscription,
    struct dk_bytes id,
    enum dk_outcome outcome,
    struct dk_bytes bytes) {
    const uint64_t ticket = ticket_of(id);
    void *token = subscription->slots == NULL ? NULL : dk__slots_take(subscription->slots, ticket);
    if (token == NULL) {
        subscription->counts.stale++;
        dk__subscription_metrics_stale(subscription->metrics);
        return false;
    }
    tell(subscription, ticket, token, outcome, bytes);
    return true;
}

void dk__subscription_writable(struct dk__subscription *subscription) {
    if (dk_subscription_credit(&subscription->base) > 0) {
        subscription->source->on_credit(subscription->base.instance, &subscription->base);
    }
}

void dk__subscription_pause(struct dk__subscription *subscription, bool is_paused) {
    const bool was_paused = subscription->is_paused;
    subscription->is_paused = is_paused;
    if (was_paused && !is_paused) {
        dk__subscription_writable(subscription);
    }
}

void dk__subscription_drain(struct dk__subscription *subscription) {
    subscription->is_draining = true;
}

uint32_t dk__subscription_outstanding(const struct dk__subscription *subscription) {
    return subscription->slots == NULL ? 0 : dk__slots_used(subscription->slots);
}

enum dk_error dk__subscription_open(struct dk__subscription *subscription, uint32_t window_max) {
    assert(window_max > 0 && window_max <= DK__WINDOW_MAX);
    subscription->slots = dk__slots_new(window_max);
    if (subscription->slots == NULL) {
        return DK_EXHAUSTED;
    }
    subscription->window_max = window_max;
    subscription->metrics = dk__subscription_metrics_new(subscription, window_max);
    subscription->spans = subscription->is_traced ? dk__subscription_spans_new(window_max) : NULL;
    subscription->source->subscribe(subscription->base.instance, &subscription->base);
    return DK_OK;
}

void dk__subscription_close(struct dk__subscription *subscription) {
    if (subscription->slots == NULL || subscription->is_closing) {
        return;
    }
    subscription->is_closing = true; /* what is abandoned goes out no more */
    for (;;) {
        void *token = dk__slots_take_any(subscription->slots);
        if (token == NULL) {
            break;
        }
        tell(subscription, 0, token, DK_ABANDONED, (struct dk_bytes){0});
    }
    subscription->source->unsubscribe(subscription->base.instance, &subscription->base);
    dk__subscription_metrics_free(subscription->metrics);
    subscription->metrics = NULL;
    dk__subscription_spans_free(subscription->spans);
    subscription->spans = NULL;
    dk__slots_free(subscription->slots);
    subscription->slots = NULL;
}
