/*
 * What the component plane's codec costs: a SetRequest of 128 bytes decoded, its empty answer, a
 * GetRequest decoded, a GetResponse of 128 bytes encoded; protobuf-c's price for the same bytes
 * beside it. Prints one JSON object: nanoseconds per operation, the median of ROUNDS rounds and
 * their spread. One thread, memory warm as in a served call.
 */
#include "wire/nanopb/state.h"

#include <dapr/proto/components/v1/state.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

enum { ROUNDS = 21, ROUND_OPERATIONS = 100000, MESSAGE_BYTES_MAX = 512, VALUE_BYTES = 128 };

struct bench {
    struct dk__pool pool;
    struct dk__arena arena;
    struct dk__chain chain;
    char set_bytes[MESSAGE_BYTES_MAX], get_bytes[MESSAGE_BYTES_MAX];
    struct dk_bytes set, get;
    char value[VALUE_BYTES];
    struct dk_item item;
    size_t sum; /* keeps the compiler from leaving the work out */
};

/* As daprd sends it: a key with its prefix, an etag, one metadata entry, both options. */
static void messages_make(struct bench *bench) {
    typedef Dapr__Proto__Components__V1__SetRequest__MetadataEntry entry_message;
    Dapr__Proto__Components__V1__SetRequest set = DAPR__PROTO__COMPONENTS__V1__SET_REQUEST__INIT;
    Dapr__Proto__Components__V1__GetRequest get = DAPR__PROTO__COMPONENTS__V1__GET_REQUEST__INIT;
    Dapr__Proto__Components__V1__Etag etag = DAPR__PROTO__COMPONENTS__V1__ETAG__INIT;
    Dapr__Proto__Components__V1__StateOptions options =
        DAPR__PROTO__COMPONENTS__V1__STATE_OPTIONS__INIT;
    entry_message entry = DAPR__PROTO__COMPONENTS__V1__SET_REQUEST__METADATA_ENTRY__INIT;
    entry_message *entries[] = {&entry};
    static char key[] = "myapp||order-0000001", one[] = "1";
    static char ttl[] = "ttlInSeconds", hour[] = "3600";
    entry.key = ttl;
    entry.value = hour;
    etag.value = one;
    options.concurrency = 1;
    options.consistency = 2;
    memset(bench->value, 'v', sizeof bench->value);
    set.key = key;
    set.value.data = (uint8_t *)bench->value;
    set.value.len = sizeof bench->value;
    set.etag = &etag;
    set.n_metadata = 1;
    set.metadata = entries;
    set.options = &options;
    get.key = key;
    get.consistency = 2;
    bench->set = (struct dk_bytes){
        bench->set_bytes,
        dapr__proto__components__v1__set_request__pack(&set, (uint8_t *)bench->set_bytes)};
    bench->get = (struct dk_bytes){
        bench->get_bytes,
        dapr__proto__components__v1__get_request__pack(&get, (uint8_t *)bench->get_bytes)};
    bench->item =
        (struct dk_item){.data = {bench->value, sizeof bench->value}, .etag = DK_BYTES("1")};
}

static void set_decode(struct bench *bench) {
    struct dk_set request;
    struct dk_fault fault;
    fault.error = DK_OK;
    if (dk__decode_set(bench->set, &bench->arena, &request, &fault) != DK_OK) {
        abort();
    }
    bench->sum += request.value.size + request.metadata.count;
    dk__arena_reset(&bench->arena);
}

static void get_decode(struct bench *bench) {
    struct dk_get request;
    struct dk_fault fault;
    fault.error = DK_OK;
    if (dk__decode_get(bench->get, &bench->arena, &request, &fault) != DK_OK) {
        abort();
    }
    bench->sum += request.key.size;
    dk__arena_reset(&bench->arena);
}

static void get_encode(struct bench *bench) {
    if (!dk__encode_get(&bench->chain, &bench->item)) {
        abort();
    }
    bench->sum += bench->chain.bytes;
    dk__chain_consume(&bench->chain, bench->chain.bytes);
}

/* The empty SetResponse takes no encoding: its message has no bytes. */
static void set_and_value(struct bench *bench) {
    set_decode(bench);
    get_encode(bench);
}

static void *oracle_take(void *context, size_t size) {
    return dk__arena_take(context, size);
}

static void oracle_release(void *context, void *memory) {
    (void)context;
    (void)memory;
}

static void set_decode_by_protobuf_c(struct bench *bench) {
    ProtobufCAllocator allocator = {oracle_take, oracle_release, &bench->arena};
    const Dapr__Proto__Components__V1__SetRequest *set =
        dapr__proto__components__v1__set_request__unpack(
            &allocator, bench->set.size, (const uint8_t *)bench->set.data);
    if (set == NULL) {
        abort();
    }
    bench->sum += set->value.len;
    dk__arena_reset(&bench->arena);
}

static double now_ns(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void run(struct bench *bench, const char *name, void (*operation)(struct bench *bench)) {
    double rounds[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = now_ns();
        for (int i = 0; i < ROUND_OPERATIONS; i++) {
            operation(bench);
        }
        rounds[round] = (now_ns() - begin) / ROUND_OPERATIONS;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], compare);
    printf(
        "\"%s\": {\"median_ns\": %.1f, \"min_ns\": %.1f, \"max_ns\": %.1f}, ",
        name,
        rounds[ROUNDS / 2],
        rounds[0],
        rounds[ROUNDS - 1]);
}

/* The processor's name, without characters that JSON would have to escape. */
static void machine_print(void) {
    char line[256], name[256] = "unknown";
    struct utsname system;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "model name : %255[^\n\"\\]", name) == 1) {
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    (void)uname(&system);
    printf("\"machine\": \"%s, %s %s\", ", name, system.sysname, system.machine);
}

int main(void) {
    static struct bench bench;
    bench.pool.kept_max = 8;
    bench.arena = (struct dk__arena){.pool = &bench.pool, .bytes_max = 64 << 10};
    bench.chain = (struct dk__chain){.pool = &bench.pool, .bytes_max = 64 << 10};
    messages_make(&bench);

    printf("{\"bench\": \"codec\", ");
    machine_print();
#ifdef __OPTIMIZE__
    printf("\"build\": \"optimised, %s\", ", __VERSION__);
#else
    printf("\"build\": \"not optimised, %s\", ", __VERSION__);
#endif
    printf("\"set_request_bytes\": %zu, ", bench.set.size);
    run(&bench, "set_decode", set_decode);
    run(&bench, "get_decode", get_decode);
    run(&bench, "get_response_encode", get_encode);
    run(&bench, "set_decode_and_get_response_encode", set_and_value);
    run(&bench, "set_decode_by_protobuf_c", set_decode_by_protobuf_c);
    printf("\"rounds\": %d, \"operations_per_round\": %d}\n", ROUNDS, ROUND_OPERATIONS);
    dk__arena_reset(&bench.arena);
    dk__chain_reset(&bench.chain);
    dk__pool_clear(&bench.pool);
    return bench.sum == 0;
}
