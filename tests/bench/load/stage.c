/*
 * Redis, the components, and which core is whose.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench/load/stage.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

void stage_remove_folder(const char *folder) {
    const char *const words[] = {"rm", "-rf", folder, NULL};
    struct process remover = {0};
    process_start(&remover, "/dev/null", -1, words);
    (void)waitpid(remover.pid, NULL, 0);
}

void stage_pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)core, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

void stage_open(struct stage *stage) {
    char log[128], port_text[16];
    *stage = (struct stage){.folder = "/tmp/dk-bench.XXXXXX"};
    if (mkdtemp(stage->folder) == NULL) {
        fail("no folder under /tmp");
    }
    stage_pin(STAGE_LOAD_CORE);
    const int port = server_port();
    (void)snprintf(log, sizeof log, "%s/redis.log", stage->folder);
    (void)snprintf(port_text, sizeof port_text, "%d", port);
    (void)snprintf(stage->redis_host, sizeof stage->redis_host, "127.0.0.1:%d", port);
    const char *const words[] = {
        "redis-server", "--port", port_text, "--bind", "127.0.0.1", "--save", "", NULL};
    process_start(&stage->redis, log, STAGE_SERVERS_CORE, words);
    wait_for_port(port);
}

void stage_close(struct stage *stage) {
    process_stop(&stage->redis);
    stage_remove_folder(stage->folder);
}

void stage_flush(struct stage *stage) {
    const char *const words[] = {
        "redis-cli", "-p", strrchr(stage->redis_host, ':') + 1, "FLUSHALL", NULL};
    struct process cli = {0};
    int status = 0;
    process_start(&cli, "/dev/null", STAGE_LOAD_CORE, words);
    if (waitpid(cli.pid, &status, 0) != cli.pid || status != 0) {
        fail("redis-cli FLUSHALL failed");
    }
}

/* Starts `words`, whose socket is stage/name.sock, and gives it its Init. */
static void subject_start(
    struct subject *subject, struct stage *stage, const char *name, const char *const *words) {
    char log[128], socket[128], address[144];
    (void)snprintf(log, sizeof log, "%s/%s.log", stage->folder, name);
    (void)snprintf(socket, sizeof socket, "%s/%s.sock", stage->folder, name);
    (void)snprintf(address, sizeof address, "unix:%s", socket);
    const struct dk_pair properties[] = {
        {DK_BYTES("redisHost"), dk_bytes_of(stage->redis_host)},
    };
    const struct dk_bytes init = operation_init_request(properties, 1);
    const int64_t start_us = now_us();
    process_start(&subject->process, log, STAGE_SERVERS_CORE, words);
    wait_for_socket(socket);
    drive_open(&subject->drive, address);
    subject->drive.instance = "bench";
    drive_once(&subject->drive, "/dapr.proto.components.v1.StateStore/Init", init);
    subject->first_answer_us = now_us() - start_us;
    subject->idle_rss_kib = process_rss_kib(&subject->process);
    free((void *)(uintptr_t)init.data);
}

void subject_open_with(
    struct subject *subject,
    struct stage *stage,
    const char *program,
    const char *name,
    const char *const *before,
    const char *const *behind) {
    enum { WORDS_MAX = 24 };
    char path[256];
    size_t count = 0;
    if (getenv("DK_BIN") == NULL) {
        fail("DK_BIN names no folder of programs");
    }
    (void)snprintf(path, sizeof path, "%s/%s", getenv("DK_BIN"), program);
    const char *const own[] = {
        path, "--socket-dir", stage->folder, "--name", name, "--log-level", "debug", NULL};
    const char *words[WORDS_MAX + 1] = {NULL};
    const char *const *const lists[] = {before, own, behind};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (const char *const *word = lists[i]; *word != NULL; word++) {
            if (count == WORDS_MAX) {
                fail("%s: more than %d words", program, WORDS_MAX);
            }
            words[count++] = *word;
        }
    }
    *subject = (struct subject){.name = program};
    subject_start(subject, stage, name, words);
}

void subject_open(
    struct subject *subject, struct stage *stage, const char *program, int64_t spin_us) {
    char spin_text[24];
    (void)snprintf(spin_text, sizeof spin_text, "%lld", (long long)spin_us);
    const char *const nothing[] = {NULL}, *const spin[] = {"--spin-us", spin_text, NULL};
    subject_open_with(subject, stage, program, spin_us > 0 ? "spinning" : "subject", nothing, spin);
}

void subject_open_peer(struct subject *subject, struct stage *stage) {
    char socket[128];
    if (getenv("DK_PEER") == NULL) {
        fail("DK_PEER names no Go peer");
    }
    (void)snprintf(socket, sizeof socket, "%s/peer.sock", stage->folder);
    const char *const words[] = {getenv("DK_PEER"), socket, NULL};
    *subject = (struct subject){.name = "Go peer"};
    subject_start(subject, stage, "peer", words);
}

/* A Component document for daprd in a folder of its own. */
static void write_component(const char *folder, const char *type, const char *redis_host) {
    char path[192];
    (void)snprintf(path, sizeof path, "%s/statestore.yaml", folder);
    FILE *file = mkdir(folder, 0700) == 0 ? fopen(path, "w") : NULL;
    if (file == NULL) {
        fail("%s cannot be written", path);
    }
    (void)fprintf(
        file,
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: bench\nspec:\n"
        "  type: %s\n  version: v1\n  metadata:\n    - name: redisHost\n      value: \"%s\"\n",
        type,
        redis_host);
    (void)fclose(file);
}

static const struct {
    const char *name, *title, *type;
} stores[] = {
    [STAGE_OURS] = {"ours", "daprd + dk-redis", "state.dk-redis"},
    [STAGE_SPINNING] = {"spinning", "daprd + dk-redis", "state.dk-redis"},
    [STAGE_GO] = {"go", "daprd + Go component", "state.peer"},
    [STAGE_BUILT_IN] = {"builtin", "daprd, built-in", "state.redis"},
};

static const char *program_of(const char *variable) {
    const char *program = getenv(variable);
    if (program == NULL) {
        fail("%s names no program", variable);
    }
    return program;
}

/* The component of a store, ready on its socket in the folder that daprd looks into. */
static void start_component(
    struct subject *subject,
    const struct stage *stage,
    enum stage_store store,
    const char *folder) {
    char program[256], socket[192], log[128], spin[16];
    const bool is_go = store == STAGE_GO;
    (void)snprintf(program, sizeof program, "%s/dk-redis", program_of("DK_BIN"));
    (void)snprintf(socket, sizeof socket, "%s/%s.sock", folder, is_go ? "peer" : "dk-redis");
    (void)snprintf(log, sizeof log, "%s/component-%s.log", stage->folder, stores[store].name);
    (void)snprintf(spin, sizeof spin, "%d", store == STAGE_SPINNING ? STAGE_SPIN_US : 0);
    const char *const ours[] = {program, "--socket-dir", folder, "--spin-us", spin, NULL};
    const char *const peers[] = {is_go ? program_of("DK_PEER") : "", socket, NULL};
    process_start(&subject->process, log, STAGE_SERVERS_CORE, is_go ? peers : ours);
    wait_for_socket(socket);
}

void subject_open_daprd(struct subject *subject, struct stage *stage, enum stage_store store) {
    const char *const name = stores[store].name;
    const char *const daprd = program_of(store == STAGE_BUILT_IN ? "DAPRD_COMPARE" : "DAPRD");
    char folder[128], sockets[160], log[128], address[32], texts[4][16];
    *subject = (struct subject){.name = stores[store].title};
    (void)snprintf(folder, sizeof folder, "%s/%s", stage->folder, name);
    (void)snprintf(sockets, sizeof sockets, "DAPR_COMPONENTS_SOCKETS_FOLDER=%s", folder);
    write_component(folder, stores[store].type, stage->redis_host);
    if (store != STAGE_BUILT_IN) {
        start_component(subject, stage, store, folder);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%d", server_port());
    }
    const char *const words[] = {
        "env",
        sockets,
        "DAPR_HOST_IP=127.0.0.1",
        daprd,
        "--app-id",
        name,
        "--resources-path",
        folder,
        "--dapr-listen-addresses",
        "127.0.0.1",
        "--dapr-internal-grpc-listen-address",
        "127.0.0.1",
        "--dapr-http-port",
        texts[0],
        "--dapr-grpc-port",
        texts[1],
        "--dapr-internal-grpc-port",
        texts[2],
        "--metrics-port",
        texts[3],
        "--metrics-listen-address",
        "127.0.0.1",
        "--enable-metrics=false",
        "--log-level",
        "error",
        NULL};
    (void)snprintf(log, sizeof log, "%s/daprd-%s.log", stage->folder, name);
    process_start(&subject->sidecar, log, STAGE_SERVERS_CORE, words);
    wait_for_port((int)strtol(texts[1], NULL, 10));
    (void)snprintf(address, sizeof address, "127.0.0.1:%s", texts[1]);
    drive_open(&subject->drive, address);
}

int64_t subject_cpu_us(const struct subject *subject) {
    return (subject->process.pid > 0 ? process_cpu_us(&subject->process) : 0) +
           (subject->sidecar.pid > 0 ? process_cpu_us(&subject->sidecar) : 0);
}

int64_t subject_rss_kib(const struct subject *subject) {
    return (subject->process.pid > 0 ? process_rss_kib(&subject->process) : 0) +
           (subject->sidecar.pid > 0 ? process_rss_kib(&subject->sidecar) : 0);
}

void subject_close(struct subject *subject) {
    drive_close(&subject->drive);
    process_stop(&subject->sidecar);
    process_stop(&subject->process);
}

void stage_print_layout(const char *layout) {
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
        "{\"machine\":\"%s\",\"cores\":%ld,\"kernel\":\"%s\",\"layout\":\"%s\"}\n",
        model,
        sysconf(_SC_NPROCESSORS_ONLN),
        system.release,
        layout);
}

void stage_print_pinned(const char *server_name) {
    char layout[96];
    (void)snprintf(
        layout,
        sizeof layout,
        "component and %s on core %d, load on core %d, one connection",
        server_name,
        STAGE_SERVERS_CORE,
        STAGE_LOAD_CORE);
    stage_print_layout(layout);
}

void stage_print_machine(void) {
    stage_print_pinned("Redis");
}
