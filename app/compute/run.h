#ifndef COMPUTE_RUN_H
#define COMPUTE_RUN_H

#include "compute/functions.h"

#include <dk/app.h>

/*
 * Results of functions, never computed twice: what the state store has is read, what another call of
 * this process computes is waited for, and the rest is computed, one function at a time, behind the
 * gate.
 *
 *     join flights ─▶ read the store ─▶ compute what is missing, save, finish ─▶ wait for the others
 *
 * Leadership comes before the look into the store: whoever leads after another has finished finds
 * that one's result there.
 *
 * Thread: the worker of the call. Owner: results are in the call's memory.
 */

/* Names the content and holds it to its bounds; content_close in any case. Errors: DK_TOO_LARGE over
 * content_bytes_max, DK_CANCELLED. `ret_content` keeps the watch. */
enum dk_error content_open(
    struct dk_call *call,
    struct dk_bytes bytes,
    const struct watch *watch,
    struct content *ret_content,
    struct dk_fault *fault);
/* Errors: DK_INVALID with the place of the first byte that is no UTF-8, DK_CANCELLED. */
enum dk_error content_check_text(const struct content *content, struct dk_fault *fault);
void content_close(struct content *content);

/*
 * Runs `count` uses, each function once, and fills their fields of the annotations. `ret_cached[i]`
 * says whether a result was there already, or came from another call.
 * Errors, noted: those of the state store but for saving, which is logged: the result is good all
 * the same. DK_CANCELLED, DK_EXHAUSTED of gate and flights.
 */
enum dk_error run_functions(
    struct dk_call *call,
    struct content *content,
    const struct function_use *uses,
    size_t count,
    pb_annotations **ret_annotations,
    bool *ret_cached);

#endif /* COMPUTE_RUN_H */
