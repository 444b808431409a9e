/* dk-kafka: takes the place of Dapr's built-in pubsub.kafka and bindings.kafka. */
#include "bindings/kafka/kafka_input.h"
#include "bindings/kafka/kafka_output.h"
#include "clients/kafka/kafka_farewell.h"
#include "pubsub/kafka/kafka_broker.h"

#include <dk/serve.h>

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
    const int code = dk_serve(argc, argv, services);
    kafka_farewells_wait();
    return code;
}
