#ifndef DK_CORE_LOG_H
#define DK_CORE_LOG_H

#include <dk/log.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What the SDK may do with logging beyond dk/log.h: say whom a thread's lines belong to, hold back
 * lines that repeat, change the level of a running process.
 */

/*
 * The call that a thread works for. Every line that the thread writes until the context is cleared
 * has it as `component`, `trace_id` and `span_id`; an event's own field of such a name goes before.
 *
 * Thread: each has its own. Owner: the ids are copied; `component` lives until it is cleared.
 */
enum { DK__LOG_TRACE_BYTES = 16, DK__LOG_SPAN_BYTES = 8 };

/* The Component's metadata.name; NULL or "": none. */
void dk__log_context_component(const char *component);
/* DK__LOG_TRACE_BYTES and DK__LOG_SPAN_BYTES; NULL: no trace. */
void dk__log_context_trace(const unsigned char *trace_id, const unsigned char *span_id);
void dk__log_context_clear(void);

/*
 * Lines of one kind, which is a scope, a message and a level, may come `lines_max` times in
 * DK__LOG_WINDOW_US; what is more is counted and told by one line when the window is over. Lines at
 * debug are never held back. 0: none are, which is also how a process begins.
 *
 * Thread: main, before other threads log.
 */
enum { DK__LOG_WINDOW_US = 10 * 1000 * 1000 };
void dk__log_hold_after(uint32_t lines_max);

/* Writes what is due of held lines. Returns in how many µs the next is due; -1: none is held, and the
 * next that is will be told to dk__log_on_held. Thread: any. */
int64_t dk__log_flush(void);
/* The same without waiting for a window's end: before the process ends. */
void dk__log_flush_all(void);

/* Whom to tell, once, that a line is held and dk__log_flush has to be called; NULL: nobody, from when
 * this returns. `on_held` runs on whichever thread logs; it must not log and not wait. */
void dk__log_on_held(void (*on_held)(void *context), void *context);

/* From the level of dk_log_setup to debug, and from there back; the process logs which. Thread: any. */
void dk__log_toggle(void);

#endif /* DK_CORE_LOG_H */
