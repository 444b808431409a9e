/* dk-memory: state and messages in memory, for a first look and for tests. */
#include "pubsub/memory/memory_broker.h"
#include "statestore/memory/memory_store.h"

#include <dk/serve.h>

int main(int argc, char **argv) {
    static const struct dk_service services[] = {
        {.name = "dk-memory", .backends = {.state = &memory_store, .pubsub = &memory_broker}},
        {0},
    };
    return dk_serve(argc, argv, services);
}
