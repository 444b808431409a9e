#ifndef DK_WIRE_DAPRD_ENDPOINT_H
#define DK_WIRE_DAPRD_ENDPOINT_H

#include <dk/error.h>
#include <stdbool.h>

/*
 * From the words of DAPR_GRPC_ENDPOINT to a target of gRPC's. Pure; thread: any.
 *
 * Shape: [scheme:[//]]host[:port][?tls=true|false], or unix:/path. Schemes: http, grpc and dns in
 *        the clear; https and grpcs with TLS; dns://server/host:port asks that name server. Without
 *        a port 443, without a scheme dns; an IPv6 address stands in brackets. "tls" goes with every
 *        scheme that does not say it itself.
 * Source: Dapr's SDKs, which agree on these forms.
 */
enum { DK__ENDPOINT_BYTES = 512 };

struct dk__endpoint {
    char target[DK__ENDPOINT_BYTES]; /* "dns:sidecar:50001", "ipv6:[::1]:443", "unix:/run/d.sock" */
    bool has_tls;
};

/* Errors: DK_INVALID naming `variable`, the text and what is allowed. */
enum dk_error dk__endpoint_parse(
    const char *variable, const char *text, struct dk__endpoint *ret, struct dk_fault *fault);

#endif /* DK_WIRE_DAPRD_ENDPOINT_H */
