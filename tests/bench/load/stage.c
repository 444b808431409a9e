/*
 * Redis, the components, and which core is whose.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench/load/stage.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void remove_folder(const char *folder) {
    const char *const words[] = {"rm", "-rf", folder, NULL};
    struct process remover = {0};
    process_start(&remover, "/dev/null", -1, words);
    (void)waitpid(remover.pid, NULL, 0);
}

void stage_open(struct stage *stage) {
    char log[128], port_text[16];
    cpu_set_t set;
    *stage = (struct stage){.folder = "/tmp/dk-bench.XXXXXX"};
    if (mkdtemp(stage->folder) == NULL) {
        fail("no folder under /tmp");
    }
    CPU_ZERO(&set);
    CPU_SET(STAGE_LOAD_CORE, &set);
    (void)sched_setaffinity(0, sizeof set, &set);

    const int port = free_port();
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
    remove_folder(stage->folder);
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

void subject_open(
    struct subject *subject, struct stage *stage, const char *program, int64_t spin_us) {
    char path[256], spin_text[24];
    if (getenv("DK_BIN") == NULL) {
        fail("DK_BIN names no folder of programs");
    }
    (void)snprintf(path, sizeof path, "%s/%s", getenv("DK_BIN"), program);
    (void)snprintf(spin_text, sizeof spin_text, "%lld", (long long)spin_us);
    const char *const words[] = {
        path,
        "--socket-dir",
        stage->folder,
        "--name",
        "subject",
        "--log-level",
        "debug",
        "--spin-us",
        spin_text,
        NULL};
    *subject = (struct subject){.name = program};
    subject_start(subject, stage, "subject", words);
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

void subject_close(struct subject *subject) {
    drive_close(&subject->drive);
    process_stop(&subject->process);
}

void stage_print_machine(void) {
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
        STAGE_SERVERS_CORE,
        STAGE_LOAD_CORE);
}
