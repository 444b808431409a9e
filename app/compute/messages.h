#ifndef COMPUTE_MESSAGES_H
#define COMPUTE_MESSAGES_H

#include <dapr_kit/compute/v1/compute.pb-c.h>
#include <dapr_kit/compute/v1/records.pb-c.h>
#include <dapr_kit/compute/v1/results.pb-c.h>
#include <dk/bytes.h>

/* The messages of this service without their package, of which a line of code has room for one. */
typedef DaprKit__Compute__V1__Annotations pb_annotations;
typedef DaprKit__Compute__V1__ComputeResult pb_result;
typedef DaprKit__Compute__V1__NearDuplicate pb_near_duplicate;
typedef DaprKit__Compute__V1__DocumentRecord pb_record;
typedef DaprKit__Compute__V1__Bucket pb_bucket;
typedef DaprKit__Compute__V1__Function pb_function;
typedef DaprKit__Compute__V1__Parameter pb_parameter;
typedef DaprKit__Compute__V1__RunFunction pb_run_function;

/* protobuf-c's fields want their texts writable; nobody writes through them. */
static inline char *pb_text(const char *text) {
    union {
        const char *given;
        char *wanted;
    } same = {.given = text};
    return same.wanted;
}

#endif /* COMPUTE_MESSAGES_H */
