/*
 * The tool's process is the one that is started and ended: what it does with its program is its own.
 */
#include "bench/load/scene.h"

#include "bench/load/pull.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 24 };

/* Each instance is a group of its own: what it pulls begins with the topic's first message. */
static void instance_open(const struct scene *scene, struct drive *drive) {
    static unsigned groups;
    static char group[32];
    if (scene->kafka != NULL) {
        (void)snprintf(group, sizeof group, "watched-%u", groups++);
        kafka_stage_instance(scene->kafka, drive, group, NULL);
        return;
    }
    const struct dk_pair properties[] = {
        {DK_BYTES("redisHost"), dk_bytes_of(scene->redis->redis_host)}};
    const struct dk_bytes init = operation_init_request(properties, 1);
    drive->instance = "watched";
    drive_once(drive, "/dapr.proto.components.v1.StateStore/Init", init);
    free((void *)(uintptr_t)init.data);
}

static void words_add(const char **words, size_t *count, const char *const *list) {
    for (; *list != NULL; list++) {
        if (*count == WORDS_MAX) {
            fail("a tool with more than %d words", WORDS_MAX);
        }
        words[(*count)++] = *list;
    }
}

void scene_run(
    const struct scene *scene,
    const char *const *tool,
    struct operation *operation,
    uint64_t calls,
    size_t inflight) {
    const bool is_component = scene->redis != NULL || scene->kafka != NULL;
    const char *words[WORDS_MAX + 1] = {NULL};
    char program[256], log[128], socket[128], port_text[16], address[144];
    const int port = is_component ? 0 : server_port();
    size_t count = 0;
    struct process process;
    struct drive drive = {0};
    if (getenv("DK_BIN") == NULL) {
        fail("DK_BIN names no folder of programs");
    }
    (void)snprintf(program, sizeof program, "%s/%s", getenv("DK_BIN"), scene->program);
    (void)snprintf(log, sizeof log, "%s/watched.log", scene->folder);
    (void)snprintf(socket, sizeof socket, "%s/watched.sock", scene->folder);
    (void)snprintf(port_text, sizeof port_text, "%d", port);
    const char *const component[] = {
        program, "--socket-dir", scene->folder, "--name", "watched", NULL};
    const char *const application[] = {program, "--app-port", port_text, NULL};
    words_add(words, &count, tool);
    words_add(words, &count, is_component ? component : application);
    process_start(&process, log, scene->core, words);
    if (is_component) {
        wait_for_socket(socket);
        (void)snprintf(address, sizeof address, "unix:%s", socket);
    } else {
        wait_for_port(port);
        (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    }
    drive_open(&drive, address);
    if (is_component) {
        instance_open(scene, &drive);
    }
    if (operation->kind == OPERATION_PULL) {
        (void)pull_run(&drive, scene->pull_topic, calls);
    } else {
        (void)drive_run(&drive, operation, calls, inflight);
    }
    drive_close(&drive);
    process_stop(&process);
}
