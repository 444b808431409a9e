#ifndef DK_BINDING_H
#define DK_BINDING_H

#include <dk/bytes.h>
#include <dk/error.h>
#include <dk/instance.h>
#include <dk/reply.h>
#include <dk/subscription.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The two halves of a binding, as Dapr sees them. Source: dapr.proto.components.v1 InputBinding,
 * OutputBinding. A Component that is both is two instances with one name: daprd opens two
 * connections and sends an Init to each half.
 *
 * Thread: every function of a backend runs on the loop's thread, one after the other.
 * Owner:  a request and all it points to live until its reply is given away.
 */

struct dk_invoke {
    struct dk_bytes operation; /* one of `operations`: the SDK refuses others */
    struct dk_bytes data;
    struct dk_pairs metadata;
};

/* What an output binding answers. */
struct dk_output {
    struct dk_bytes data;
    struct dk_pairs metadata; /* UTF-8 */
    struct dk_bytes content_type;
};

/* Sets the answer of invoke, at most once; then dk_reply_ok. Encoded at once. Without it the answer
 * is empty. */
void dk_reply_output(struct dk_reply *reply, const struct dk_output *output);

struct dk_input_binding_backend {
    struct dk_backend base;
    struct dk_source source; /* the subscription of Read has no topic and no metadata */
    /* NULL: answered by the SDK, the process lives. */
    void (*ping)(struct dk_instance *binding, struct dk_reply *reply);
};

/* A word that invoke understands, "create", and one sentence for the reference page. */
struct dk_binding_operation {
    const char *name;
    const char *help;
};

struct dk_output_binding_backend {
    struct dk_backend base;
    const struct dk_binding_operation *operations; /* ended by a row without name */

    void (*invoke)(
        struct dk_instance *binding, const struct dk_invoke *request, struct dk_reply *reply);
    /* NULL: answered by the SDK, the process lives. */
    void (*ping)(struct dk_instance *binding, struct dk_reply *reply);
};

#ifdef __cplusplus
}
#endif

#endif /* DK_BINDING_H */
