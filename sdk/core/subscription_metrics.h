#ifndef DK_CORE_SUBSCRIPTION_METRICS_H
#define DK_CORE_SUBSCRIPTION_METRICS_H

#include <dk/metric.h>
#include <dk/subscription.h>

/*
 * What subscriptions count: messages by their fate, those that are out, how long daprd takes.
 * Subscriptions of one instance and topic share their series; an input binding's topic is empty.
 *
 * Thread: the loop's.
 */
extern struct dk_metric dk__subscription_metrics_table[];

struct dk__subscription;
struct dk__subscription_metrics;

/* Counts for a subscription whose base is set, of this window. NULL: off, or no memory: then nothing
 * is counted, and NULL is fine below. */
struct dk__subscription_metrics *dk__subscription_metrics_new(
    const struct dk__subscription *subscription, uint32_t window_max);
void dk__subscription_metrics_free(struct dk__subscription_metrics *metrics);

/* A message left under this ticket of the window's slots; `is_again`: not for the first time. */
void dk__subscription_metrics_delivered(
    struct dk__subscription_metrics *metrics, uint64_t ticket, bool is_again);
/* It came back; ticket 0 for one that was abandoned, whose time says nothing. */
void dk__subscription_metrics_settled(
    struct dk__subscription_metrics *metrics, uint64_t ticket, enum dk_outcome outcome);
/* A settlement of a message that is not out. */
void dk__subscription_metrics_stale(struct dk__subscription_metrics *metrics);

#endif /* DK_CORE_SUBSCRIPTION_METRICS_H */
