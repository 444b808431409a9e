#ifndef DK_WIRE_PBC_DAPRD_JOB_H
#define DK_WIRE_PBC_DAPRD_JOB_H

#include "wire/pbc/parts.h"

#include <dk/daprd.h>

/*
 * Jobs that daprd plans. Source: dapr/proto/runtime/v1/jobs.proto.
 *
 * Thread, owner, errors: as wire/pbc/daprd_state.h; DK_INVALID too for a job without a schedule and a
 * due time, and for a negative retry_ms.
 */
struct dk_bytes dk__encode_daprd_schedule_job(
    const struct dk__pbc_writing *writing, const struct dk_daprd_job *job);
struct dk_bytes dk__encode_daprd_get_job(
    const struct dk__pbc_writing *writing, struct dk_bytes name);
struct dk_bytes dk__encode_daprd_delete_job(
    const struct dk__pbc_writing *writing, struct dk_bytes name);

/* The answer to get. A policy of daprd's that is newer than this is DK_JOB_FAILURE_UNSPECIFIED. */
enum dk_error dk__decode_daprd_job(
    struct dk_bytes message,
    struct dk__arena *arena,
    struct dk_daprd_job *ret_job,
    struct dk_fault *fault);

#endif /* DK_WIRE_PBC_DAPRD_JOB_H */
