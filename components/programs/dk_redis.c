/* dk-redis: takes the place of Dapr's built-in state.redis. */
#include "statestore/redis/redis_store.h"

#include <dk/serve.h>

int main(int argc, char **argv) {
    static const struct dk_service services[] = {
        {.name = "dk-redis", .backends = {.state = &redis_store}},
        {0},
    };
    return dk_serve(argc, argv, services);
}
