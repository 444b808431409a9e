/*
 * A component program in people's words, on the loop's thread.
 */
#include "serve/component_status.h"

#include "core/instances.h"
#include "core/metric_text.h"
#include "serve/door_status.h"
#include "wire/grpc/block.h"
#include "wire/grpc/services.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_socket(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 && S_ISSOCK(file.st_mode);
}

/* ── /readyz ────────────────────────────────────────────────────────────────────────────────── */

static void probe_on_done(struct dk__probe *probe) {
    struct dk__component_status *const status =
        (struct dk__component_status
             *)(void *)((char *)probe - offsetof(struct dk__component_status, probe));
    bool is_ready = dk__probe_is_good(probe) && !status->life->is_draining;
    char *text = NULL;
    size_t size = 0;
    FILE *output = open_memstream(&text, &size);
    if (output == NULL) {
        dk__probe_clear(probe);
        dk__monitor_ready(status->monitor, false, "no memory to say more\n");
        return;
    }
    if (status->life->is_draining) {
        (void)fputs("the program is stopping\n", output);
    }
    for (size_t i = 0; i < status->room_count; i++) {
        if (!status->life->is_draining && !is_socket(status->rooms[i].path)) {
            (void)fprintf(output, "socket %s: is gone\n", status->rooms[i].path);
            is_ready = false;
        }
    }
    for (size_t i = 0; i < probe->count; i++) {
        const struct dk__probe_result *const result = &probe->results[i];
        (void)fprintf(
            output,
            "%s '%s': %s\n",
            result->kind,
            result->instance,
            result->is_good ? "answers" : result->words);
    }
    (void)fclose(output);
    dk__probe_clear(probe);
    dk__monitor_ready(status->monitor, is_ready, text == NULL ? "" : text);
    free(text);
}

static void add_block(void *context, struct dk__block *block) {
    dk__probe_add(context, block);
}

void dk__component_status_check(void *context, struct dk__monitor *monitor) {
    struct dk__component_status *const status = context;
    status->monitor = monitor;
    status->probe.loop = status->life->loop;
    status->probe.on_done = probe_on_done;
    for (size_t i = 0; i < status->room_count; i++) {
        dk__services_each(status->rooms[i].services, add_block, &status->probe);
    }
    dk__probe_run(&status->probe);
}

void dk__component_status_end(struct dk__component_status *status) {
    if (status->probe.loop != NULL) {
        dk__probe_clear(&status->probe);
    }
}

/* ── /statusz ───────────────────────────────────────────────────────────────────────────────── */

struct listing {
    const struct dk__block *block;
    FILE *output;
};

static void write_instance(void *context, struct dk_instance *instance) {
    const struct listing *listing = context;
    (void)fprintf(
        listing->output,
        "  %s '%s' of %s%s\n",
        listing->block->row.kind,
        instance->name,
        listing->block->backend->name,
        dk__instances_is_paused(instance) ? ", paused" : "");
}

static void write_block(void *context, struct dk__block *block) {
    struct listing listing = {.block = block, .output = context};
    dk__instances_each(block->instances, write_instance, &listing);
}

void dk__component_status_write(void *context, FILE *output) {
    const struct dk__component_status *const status = context;
    (void)fprintf(output, "%s\n\nsockets\n", status->life->is_draining ? "stopping" : "serving");
    for (size_t i = 0; i < status->room_count; i++) {
        (void)fprintf(output, "  %s\n", status->rooms[i].path);
    }
    (void)fprintf(
        output, "\ninstances, of at most %d for each block of a socket\n", DK__INSTANCES_MAX);
    for (size_t i = 0; i < status->room_count; i++) {
        dk__services_each(status->rooms[i].services, write_block, output);
    }
    (void)fputs("\nservers behind, and messages that daprd has\n", output);
    dk__metrics_write_gauges("dk_backend_", output);
    dk__metrics_write_gauges("dk_pubsub_", output);
    dk__door_status_write(status->life, output);
}
