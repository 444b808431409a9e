#ifndef TESTS_INTEROP_SERVER_INTEROP_SERVICE_H
#define TESTS_INTEROP_SERVER_INTEROP_SERVICE_H

struct dk__service;

/* grpc.testing.TestService, for gRPC's interoperability clients; UnimplementedCall is left out on
 * purpose. Bound: an answer of 4 MiB less its frame, 256 answers waiting in one stream; more ends
 * the call. Source: grpc/grpc doc/interop-test-descriptions.md. */
extern const struct dk__service interop_service;

#endif /* TESTS_INTEROP_SERVER_INTEROP_SERVICE_H */
