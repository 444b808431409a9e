/*
 * What a state call costs. The component and Redis share one core, this program drives them from
 * the other over one connection, as daprd does, and checks every answer.
 *
 *     this program ══ Unix socket ══▶ component ──▶ redis-server
 *
 * Prints one JSON object per line: first the machine, then one for each operation and number of
 * calls in flight, with the component's CPU and Redis' in µs per call, answers per write and
 * commands per write; then memory and start-up. DK_BIN names the folder of the programs; DK_PEER,
 * when given, a server of grpc-go whose Ping is measured in the same run for the ratio.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench/process.h"
#include "core/loop.h"
#include "support/h2_client.h"

#include <dapr/proto/components/v1/state.pb-c.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
    INFLIGHT_MAX = 256,
    BULK_ITEMS = 100,
    TRANSACT_ITEMS = 10,
    KEYS = 1000,
    WARM_UP_CALLS = 2000,
    SAMPLES_MAX = 400000,
    SERVERS_CORE = 0,
    CLIENT_CORE = 1,
};

static const char *const service = "/dapr.proto.components.v1.StateStore/";

/* An operation: its path, its requests (one of KEYS, chosen in turn), and what a good answer is. */
struct operation {
    const char *name;
    const char *path;
    struct dk_bytes requests[KEYS];
    bool wants_value;   /* the answer holds the value */
    size_t calls_share; /* of the ordinary number of calls: 1/n */
};

struct run {
    struct dk_loop *loop;
    struct h2_client *client;
    const struct operation *operation;
    size_t value_size;
    uint64_t begun, done, wanted;
    int64_t *latencies_us; /* SAMPLES_MAX */
};

/* One of the calls in flight: when it ends, the next begins in its place. */
struct flight {
    struct run *run;
    int64_t begun_us;
};

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ── requests ───────────────────────────────────────────────────────────────────────────────── */

typedef Dapr__Proto__Components__V1__SetRequest set_request;
typedef Dapr__Proto__Components__V1__GetRequest get_request;

static struct dk_bytes pack(const ProtobufCMessage *message) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    char *bytes = malloc(size + 1);
    (void)protobuf_c_message_pack(message, (uint8_t *)bytes);
    return (struct dk_bytes){bytes, size};
}

static char *key_of(size_t i) {
    static char texts[KEYS][32];
    (void)snprintf(texts[i % KEYS], sizeof texts[0], "bench||key-%06zu", i % KEYS);
    return texts[i % KEYS];
}

/* As daprd sends it: options are always there. */
static set_request set_of(size_t i, uint8_t *value, size_t size) {
    static Dapr__Proto__Components__V1__StateOptions options =
        DAPR__PROTO__COMPONENTS__V1__STATE_OPTIONS__INIT;
    set_request set = DAPR__PROTO__COMPONENTS__V1__SET_REQUEST__INIT;
    set.key = key_of(i);
    set.value.data = value;
    set.value.len = size;
    set.options = &options;
    return set;
}

static void make_ping(struct operation *operation, uint8_t *value, size_t size) {
    (void)value;
    (void)size;
    for (size_t i = 0; i < KEYS; i++) {
        operation->requests[i] = (struct dk_bytes){"", 0};
    }
}

static void make_set(struct operation *operation, uint8_t *value, size_t size) {
    for (size_t i = 0; i < KEYS; i++) {
        const set_request set = set_of(i, value, size);
        operation->requests[i] = pack(&set.base);
    }
}

static void make_get(struct operation *operation, uint8_t *value, size_t size) {
    (void)value;
    (void)size;
    operation->wants_value = true;
    for (size_t i = 0; i < KEYS; i++) {
        get_request get = DAPR__PROTO__COMPONENTS__V1__GET_REQUEST__INIT;
        get.key = key_of(i);
        operation->requests[i] = pack(&get.base);
    }
}

static void make_bulk_get(struct operation *operation, uint8_t *value, size_t size) {
    static get_request gets[BULK_ITEMS];
    static get_request *list[BULK_ITEMS];
    (void)value;
    (void)size;
    operation->wants_value = true;
    for (size_t i = 0; i < KEYS; i++) {
        Dapr__Proto__Components__V1__BulkGetRequest bulk =
            DAPR__PROTO__COMPONENTS__V1__BULK_GET_REQUEST__INIT;
        for (size_t k = 0; k < BULK_ITEMS; k++) {
            dapr__proto__components__v1__get_request__init(&gets[k]);
            gets[k].key = key_of(i + k);
            list[k] = &gets[k];
        }
        bulk.n_items = BULK_ITEMS;
        bulk.items = list;
        operation->requests[i] = pack(&bulk.base);
    }
}

static void make_bulk_set(struct operation *operation, uint8_t *value, size_t size) {
    static set_request sets[BULK_ITEMS];
    static set_request *list[BULK_ITEMS];
    for (size_t i = 0; i < KEYS; i++) {
        Dapr__Proto__Components__V1__BulkSetRequest bulk =
            DAPR__PROTO__COMPONENTS__V1__BULK_SET_REQUEST__INIT;
        for (size_t k = 0; k < BULK_ITEMS; k++) {
            sets[k] = set_of(i + k, value, size);
            list[k] = &sets[k];
        }
        bulk.n_items = BULK_ITEMS;
        bulk.items = list;
        operation->requests[i] = pack(&bulk.base);
    }
}

static void make_transact(struct operation *operation, uint8_t *value, size_t size) {
    typedef Dapr__Proto__Components__V1__TransactionalStateOperation operation_message;
    static set_request sets[TRANSACT_ITEMS];
    static operation_message operations[TRANSACT_ITEMS];
    static operation_message *list[TRANSACT_ITEMS];
    for (size_t i = 0; i < KEYS; i++) {
        Dapr__Proto__Components__V1__TransactionalStateRequest transact =
            DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_REQUEST__INIT;
        for (size_t k = 0; k < TRANSACT_ITEMS; k++) {
            sets[k] = set_of(i + k, value, size);
            dapr__proto__components__v1__transactional_state_operation__init(&operations[k]);
            operations[k].request_case =
                DAPR__PROTO__COMPONENTS__V1__TRANSACTIONAL_STATE_OPERATION__REQUEST_SET;
            operations[k].set = &sets[k];
            list[k] = &operations[k];
        }
        transact.n_operations = TRANSACT_ITEMS;
        transact.operations = list;
        operation->requests[i] = pack(&transact.base);
    }
}

static const struct {
    const char *name, *service, *method;
    void (*make)(struct operation *operation, uint8_t *value, size_t size);
    size_t calls_share;
} operation_rows[] = {
    {"Ping", NULL, "Ping", make_ping, 1},
    {"Set", NULL, "Set", make_set, 1},
    {"Get", NULL, "Get", make_get, 1},
    {"BulkGet100", NULL, "BulkGet", make_bulk_get, 20},
    {"BulkSet100", NULL, "BulkSet", make_bulk_set, 20},
    {"Transact10",
     "/dapr.proto.components.v1.TransactionalStateStore/",
     "Transact",
     make_transact,
     4},
};
enum { OPERATIONS = sizeof operation_rows / sizeof operation_rows[0] };

static void operation_make(
    struct operation *operation, size_t row, uint8_t *value, size_t value_size) {
    char path[128];
    *operation = (struct operation){
        .name = operation_rows[row].name, .calls_share = operation_rows[row].calls_share};
    const char *of = operation_rows[row].service != NULL ? operation_rows[row].service : service;
    (void)snprintf(path, sizeof path, "%s%s", of, operation_rows[row].method);
    operation->path = strdup(path);
    operation_rows[row].make(operation, value, value_size);
}

static void operation_free(struct operation *operation) {
    for (size_t i = 0; i < KEYS; i++) {
        if (operation->requests[i].size > 0) {
            free((void *)(uintptr_t)operation->requests[i].data);
        }
    }
    free((void *)(uintptr_t)operation->path);
}

/* ── driving ────────────────────────────────────────────────────────────────────────────────── */

static void flight_begin(struct flight *flight);

static void on_done(struct h2_call *call) {
    struct flight *flight = call->context;
    struct run *run = flight->run;
    const int64_t latency_us = now_us() - flight->begun_us;
    if (h2_call_status(call) != 0) {
        fail(
            "%s: status %d: %s", run->operation->name, h2_call_status(call), h2_call_message(call));
    }
    if (run->operation->wants_value && h2_call_answer(call, 0).size < run->value_size) {
        fail("%s: an answer without its value", run->operation->name);
    }
    if (run->done < SAMPLES_MAX) {
        run->latencies_us[run->done] = latency_us;
    }
    run->done++;
    h2_call_free(call);
    if (run->begun < run->wanted) {
        flight_begin(flight);
    }
}

static void flight_begin(struct flight *flight) {
    static const char *const headers[] = {"x-component-instance", "bench", NULL};
    struct run *run = flight->run;
    const struct dk_bytes request = run->operation->requests[run->begun % KEYS];
    flight->begun_us = now_us();
    run->begun++;
    struct h2_call *call = h2_call_unary(run->client, run->operation->path, headers, request);
    call->context = flight;
    call->on_done = on_done;
}

/* Makes `calls` calls with so many in flight; returns the µs it took. */
static int64_t drive(struct run *run, uint64_t calls, size_t inflight) {
    struct flight flights[INFLIGHT_MAX];
    const int64_t start_us = now_us();
    run->begun = 0;
    run->done = 0;
    run->wanted = calls;
    for (size_t i = 0; i < inflight; i++) {
        flights[i].run = run;
        flight_begin(&flights[i]);
    }
    while (run->done < run->wanted) {
        if (dk__loop_turn(run->loop, 1000000) != DK_OK) {
            fail("the loop failed");
        }
    }
    return now_us() - start_us;
}

static int compare_latencies(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t percentile(struct run *run, unsigned percent) {
    const size_t count = run->done < SAMPLES_MAX ? run->done : SAMPLES_MAX;
    return run->latencies_us[(count - 1) * percent / 100];
}

/* ── the stage ──────────────────────────────────────────────────────────────────────────────── */

struct stage {
    char folder[64];
    char socket[128];
    char redis_host[32];
    struct process redis, component;
    struct run run;
    int64_t first_answer_us; /* exec to the answer of Init */
    int64_t idle_rss_kib;
};

static void redis_begin(struct stage *stage) {
    char log[128], port_text[16];
    const int port = free_port();
    (void)snprintf(log, sizeof log, "%s/redis.log", stage->folder);
    (void)snprintf(port_text, sizeof port_text, "%d", port);
    (void)snprintf(stage->redis_host, sizeof stage->redis_host, "127.0.0.1:%d", port);
    const char *const words[] = {
        "redis-server", "--port", port_text, "--bind", "127.0.0.1", "--save", "", NULL};
    process_start(&stage->redis, log, SERVERS_CORE, words);
    wait_for_port(port);
}

/* A unary call by itself, its answer dropped. */
static void call_once(struct run *run, const char *path, struct dk_bytes request) {
    static const char *const headers[] = {"x-component-instance", "bench", NULL};
    struct h2_call *call = h2_call_unary(run->client, path, headers, request);
    if (!h2_call_wait(call) || h2_call_status(call) != 0) {
        fail("%s: status %d: %s", path, h2_call_status(call), h2_call_message(call));
    }
    h2_call_free(call);
}

static struct dk_bytes init_of(const char *redis_host) {
    typedef Dapr__Proto__Components__V1__MetadataRequest__PropertiesEntry entry_message;
    entry_message entry = DAPR__PROTO__COMPONENTS__V1__METADATA_REQUEST__PROPERTIES_ENTRY__INIT;
    entry_message *entries[] = {&entry};
    Dapr__Proto__Components__V1__MetadataRequest metadata =
        DAPR__PROTO__COMPONENTS__V1__METADATA_REQUEST__INIT;
    Dapr__Proto__Components__V1__InitRequest init = DAPR__PROTO__COMPONENTS__V1__INIT_REQUEST__INIT;
    entry.key = (char *)(uintptr_t) "redisHost";
    entry.value = (char *)(uintptr_t)redis_host;
    metadata.n_properties = 1;
    metadata.properties = entries;
    init.metadata = &metadata;
    return pack(&init.base);
}

static void component_begin(struct stage *stage, const char *program, bool is_peer) {
    char path[256], log[128], address[160];
    (void)snprintf(log, sizeof log, "%s/component.log", stage->folder);
    (void)snprintf(stage->socket, sizeof stage->socket, "%s/bench.sock", stage->folder);
    (void)snprintf(address, sizeof address, "unix:%s", stage->socket);
    (void)snprintf(
        path, sizeof path, "%s%s%s", is_peer ? "" : getenv("DK_BIN"), is_peer ? "" : "/", program);
    const char *const peer_words[] = {path, stage->socket, NULL};
    const char *const words[] = {
        path, "--socket-dir", stage->folder, "--name", "bench", "--log-level", "debug", NULL};
    const int64_t start_us = now_us();
    process_start(&stage->component, log, SERVERS_CORE, is_peer ? peer_words : words);
    wait_for_socket(stage->socket);
    if (dk__loop_new(&stage->run.loop, NULL) != DK_OK) {
        fail("no loop");
    }
    stage->run.client = h2_client_new(stage->run.loop, address, NULL);
    if (!is_peer) {
        const struct dk_bytes init = init_of(stage->redis_host);
        call_once(&stage->run, "/dapr.proto.components.v1.StateStore/Init", init);
        free((void *)(uintptr_t)init.data);
    }
    stage->first_answer_us = now_us() - start_us;
    stage->idle_rss_kib = process_rss_kib(&stage->component);
}

static void component_end(struct stage *stage) {
    h2_client_free(stage->run.client);
    process_stop(&stage->component);
    dk__loop_free(stage->run.loop);
    stage->run.client = NULL;
    stage->run.loop = NULL;
}

/* ── measuring ──────────────────────────────────────────────────────────────────────────────── */

static double per(int64_t amount, uint64_t calls) {
    return calls == 0 ? 0 : (double)amount / (double)calls;
}

/* One line of JSON; returns the component's CPU in µs per call. Counts come from a component of its
 * own, so that they belong to this operation alone. */
static double measure(
    struct stage *stage,
    const char *program,
    bool is_peer,
    size_t row,
    size_t value_size,
    size_t inflight,
    uint64_t calls) {
    static uint8_t value[65536];
    struct operation operation;
    struct run *run = &stage->run;
    memset(value, 'v', value_size);
    component_begin(stage, program, is_peer);
    run->value_size = value_size;
    if (!is_peer) {
        operation_make(&operation, 1, value, value_size); /* every key has its value */
        run->operation = &operation;
        (void)drive(run, KEYS, 16);
        operation_free(&operation);
    }
    operation_make(&operation, row, value, value_size);
    run->operation = &operation;
    calls /= operation.calls_share;
    const uint64_t warm_up = WARM_UP_CALLS / operation.calls_share;
    (void)drive(run, warm_up < inflight ? inflight : warm_up, inflight);

    const int64_t component_us = process_cpu_us(&stage->component);
    const int64_t redis_us = process_cpu_us(&stage->redis);
    const int64_t took_us = drive(run, calls, inflight);
    const double component_cpu = per(process_cpu_us(&stage->component) - component_us, calls);
    const double redis_cpu = per(process_cpu_us(&stage->redis) - redis_us, calls);
    const int64_t rss_kib = process_rss_kib(&stage->component);
    operation_free(&operation);
    component_end(stage);

    qsort(
        run->latencies_us,
        run->done < SAMPLES_MAX ? run->done : SAMPLES_MAX,
        sizeof *run->latencies_us,
        compare_latencies);
    (void)printf(
        "{\"program\":\"%s\",\"operation\":\"%s\",\"value_bytes\":%zu,\"in_flight\":%zu,"
        "\"calls\":%llu,\"calls_per_s\":%.0f,\"p50_us\":%lld,\"p99_us\":%lld,"
        "\"component_cpu_us\":%.2f,\"redis_cpu_us\":%.2f,\"rss_kib\":%lld",
        is_peer ? "grpc-go peer" : program,
        operation_rows[row].name,
        value_size,
        inflight,
        (unsigned long long)calls,
        (double)calls * 1e6 / (double)took_us,
        (long long)percentile(run, 50),
        (long long)percentile(run, 99),
        component_cpu,
        redis_cpu,
        (long long)rss_kib);
    if (!is_peer) {
        const struct process *log = &stage->component;
        const int64_t answers = process_log_count(log, "the listener is closed", "answers");
        const int64_t reads = process_log_count(log, "the listener is closed", "reads");
        const int64_t writes = process_log_count(log, "the listener is closed", "writes");
        const int64_t commands = process_log_count(log, "the link is closed", "commands");
        const int64_t link_writes = process_log_count(log, "the link is closed", "writes");
        const int64_t link_reads = process_log_count(log, "the link is closed", "reads");
        const int64_t waits = process_log_count(log, "the loop is closed", "waits");
        const int64_t chunks = process_log_count(log, "the loop is closed", "chunks_from_heap");
        (void)printf(
            ",\"answers_per_write\":%.1f,\"commands_per_write\":%.1f,"
            "\"system_calls_per_call\":%.2f,\"chunks_from_heap\":%lld",
            (double)answers / (double)(writes > 0 ? writes : 1),
            link_writes > 0 ? (double)commands / (double)link_writes : 0.0,
            per(reads + writes + waits + (link_writes > 0 ? link_reads + link_writes : 0),
                (uint64_t)answers),
            (long long)chunks);
    }
    (void)printf("}\n");
    (void)fflush(stdout);
    return component_cpu;
}

static void print_machine(void) {
    struct utsname system;
    char line[256], model[128] = "unknown";
    FILE *cpu = fopen("/proc/cpuinfo", "r");
    while (cpu != NULL && fgets(line, sizeof line, cpu) != NULL) {
        if (sscanf(line, "model name : %127[^\n]", model) == 1) {
            break;
        }
    }
    if (cpu != NULL) {
        (void)fclose(cpu);
    }
    (void)uname(&system);
    (void)printf(
        "{\"machine\":\"%s\",\"cores\":%ld,\"kernel\":\"%s\",\"layout\":\"component and Redis on "
        "core %d, load on core %d, one connection\"}\n",
        model,
        sysconf(_SC_NPROCESSORS_ONLN),
        system.release,
        SERVERS_CORE,
        CLIENT_CORE);
}

/* Start-up and memory, beside an idle Redis. */
static void measure_footprint(struct stage *stage) {
    component_begin(stage, "dk-redis", false);
    (void)printf(
        "{\"program\":\"dk-redis\",\"exec_to_init_answer_us\":%lld,\"idle_rss_kib\":%lld}\n",
        (long long)stage->first_answer_us,
        (long long)stage->idle_rss_kib);
    component_end(stage);
}

/* The figures of the project's own bounds; false when one was not reached. */
static bool judge(double ping, double peer) {
    if (peer <= 0) {
        return true;
    }
    (void)printf(
        "{\"ratio\":\"Ping CPU per call, wire/h2 to grpc-go\",\"value\":%.3f,\"bound\":0.25}\n",
        ping / peer);
    return ping / peer <= 0.25;
}

int main(int argc, char **argv) {
    static const size_t inflights[] = {1, 64};
    struct stage stage = {.folder = "/tmp/dk-bench.XXXXXX"};
    const uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    double ping = 0, peer = 0;
    cpu_set_t set;

    if (getenv("DK_BIN") == NULL) {
        fail("DK_BIN names no folder of programs");
    }
    if (calls < 1000 || calls > 100000000) {
        fail("'%s' is no number of calls from 1000 to 100000000", argv[1]);
    }
    if (mkdtemp(stage.folder) == NULL) {
        fail("no folder under /tmp");
    }
    CPU_ZERO(&set);
    CPU_SET(CLIENT_CORE, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
    stage.run.latencies_us = malloc(SAMPLES_MAX * sizeof *stage.run.latencies_us);
    print_machine();
    redis_begin(&stage);
    measure_footprint(&stage);
    for (size_t row = 0; row < OPERATIONS; row++) {
        for (size_t i = 0; i < sizeof inflights / sizeof inflights[0]; i++) {
            (void)measure(
                &stage,
                "dk-redis",
                false,
                row,
                128,
                inflights[i],
                inflights[i] == 1 ? calls / 5 : calls);
        }
    }
    for (size_t row = 1; row < 3; row++) {
        (void)measure(&stage, "dk-redis", false, row, 4096, 64, calls / 2);
    }
    /* The transport alone: dk-memory's Ping is answered without a backend, as the peer's is. */
    ping = measure(&stage, "dk-memory", false, 0, 128, 64, calls);
    if (getenv("DK_PEER") != NULL) {
        peer = measure(&stage, getenv("DK_PEER"), true, 0, 128, 64, calls / 2);
    }
    process_stop(&stage.redis);
    free(stage.run.latencies_us);
    return judge(ping, peer) ? EXIT_SUCCESS : EXIT_FAILURE;
}
