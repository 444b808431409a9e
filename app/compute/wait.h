#ifndef COMPUTE_WAIT_H
#define COMPUTE_WAIT_H

#include "compute/watch.h"

#include <pthread.h>
#include <stdint.h>

/*
 * Waiting on a condition without missing that nobody waits for us any more: a call that ends wakes
 * no condition, so a waiter looks at its watch every WAIT_LOOK_MS.
 *
 * Thread: any. Conditions are made by wait_condition_init, for their clock is the monotonic one.
 */
enum { WAIT_LOOK_MS = 20 };

/* Zero, or the system's error number. */
int wait_condition_init(pthread_cond_t *condition);
/* Until somebody signals, or WAIT_LOOK_MS have passed. The mutex is held, before and after. */
void wait_a_while(pthread_cond_t *condition, pthread_mutex_t *mutex);
/* Monotonic time in ms. */
int64_t wait_now_ms(void);

#endif /* COMPUTE_WAIT_H */
