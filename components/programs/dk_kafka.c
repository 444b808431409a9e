/* dk-kafka: takes the place of Dapr's built-in pubsub.kafka and bindings.kafka. */
#include "bindings/kafka/kafka_input.h"
#include "bindings/kafka/kafka_output.h"
#include "clients/kafka/kafka_farewell.h"
#include "pubsub/kafka/kafka_broker.h"

#include <dk/serve.h>
#include <malloc.h>

/* A broker's answer, of several MiB, goes back to the system with its last message. Left alone, glibc
 * takes them from its heap once the first was freed, and keeps what lies between. */
enum { MMAP_BYTES_MIN = 512 * 1024 };

int main(int argc, char **argv) {
    static const struct dk_service services[] = {
        {
            .name = "dk-kafka",
            .backends =
                {
                    .pubsub = &kafka_broker,
                    .input_binding = &kafka_input,
                    .output_binding = &kafka_output,
                },
        },
        {0},
    };
    /* If refused, it only takes more memory. */
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_BYTES_MIN); /* NOLINT(concurrency-mt-unsafe): one thread */
    const int code = dk_serve(argc, argv, services);
    kafka_farewells_wait();
    return code;
}
