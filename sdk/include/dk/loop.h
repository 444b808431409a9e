#ifndef DK_LOOP_H
#define DK_LOOP_H

#include <dk/error.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dk_loop;

/*
 * One thread's epoll loop: watches of descriptors, timers, and work for the end of the turn.
 *
 * A turn: wait → due timers → ready watches → everything deferred, until none is left.
 *
 * Thread: all functions here from the loop's own thread, dk_loop_wake excepted.
 * Owner:  watches, timers and deferred work are members of the caller's own structures; the loop
 *         keeps pointers while they are armed and allocates nothing for them. Zeroed is unarmed.
 */

enum { DK_READABLE = 1, DK_WRITABLE = 2, DK_HUNG_UP = 4 };

struct dk_watch {
    void (*on_ready)(struct dk_watch *watch, unsigned ready); /* DK_READABLE | … */
    int descriptor;
    unsigned wanted; /* private to the loop */
    bool armed;      /* private to the loop */
};

/* Starts or changes a watch (level-triggered); wanted 0 stops it. Safe from within any callback,
 * for any watch: a stopped watch is not called again, not even in this turn. The descriptor must
 * be open until the watch is stopped. Errors: DK_EXHAUSTED when the kernel has no more room. */
enum dk_error dk_watch_set(struct dk_loop *loop, struct dk_watch *watch, unsigned wanted);

struct dk_timer {
    void (*on_due)(struct dk_timer *timer);
    int64_t due_us;   /* private: monotonic time */
    uint32_t heap_at; /* private: place in the heap plus one; 0 is unarmed */
};

/* Arms a timer `delay_us` from this turn's start, or moves an armed one. It fires once, never early;
 * one armed without delay by a timer fires in the next turn. O(log n).
 * Errors: DK_EXHAUSTED when the heap cannot grow; the timer is then unarmed. */
enum dk_error dk_timer_set(struct dk_loop *loop, struct dk_timer *timer, int64_t delay_us);
void dk_timer_stop(struct dk_loop *loop, struct dk_timer *timer);

struct dk_deferred {
    void (*on_turn_end)(struct dk_deferred *deferred);
    struct dk_deferred *next; /* private */
    bool armed;               /* private */
};

/* Runs once at the end of this turn (within this turn also when called from a deferred callback):
 * the place to write once what many calls of the turn have queued. Arming twice is once. */
void dk_defer(struct dk_loop *loop, struct dk_deferred *deferred);
/* Takes it back; NULL-safe and fine when unarmed. */
void dk_defer_stop(struct dk_loop *loop, struct dk_deferred *deferred);

/* Monotonic time of this turn's start, in µs; costs nothing. */
int64_t dk_loop_now_us(const struct dk_loop *loop);
/* Wall-clock time, in ms since 1970; a vDSO call. */
int64_t dk_clock_ms(void);

#ifdef __cplusplus
}
#endif

#endif /* DK_LOOP_H */
