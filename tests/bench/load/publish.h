#ifndef TESTS_BENCH_LOAD_PUBLISH_H
#define TESTS_BENCH_LOAD_PUBLISH_H

#include <dk/bytes.h>
#include <stddef.h>

/*
 * The publish calls of the benchmarks, as daprd sends them, to the topic PUBLISH_TOPIC; the message is
 * the state operations' value. The caller frees a request's data.
 *
 * Thread: the benchmark's.
 */
#define PUBLISH_TOPIC "bench"

enum { PUBLISH_BULK_ENTRIES = 100 };

struct dk_bytes publish_request(const void *message, size_t size);
struct dk_bytes publish_bulk_request(const void *message, size_t size);

#endif /* TESTS_BENCH_LOAD_PUBLISH_H */
