/*
 * Four threads log more kinds of lines than there are places for, a fifth flushes, and a sixth reads
 * what comes: every line was written or is in the number of one that tells what was not.
 */
#include "core/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, LINES = 20000, KINDS = 100, HELD_AFTER = 5, FLUSH_EVERY_MS = 2 };

static FILE *output; /* the messages of this program itself */
static int reading_end;
static _Atomic(bool) is_over;
static _Atomic(uint64_t) told_calls;
static uint64_t written, counted;

static void die(const char *what) {
    (void)fprintf(output, "%s\n", what);
    exit(EXIT_FAILURE);
}

static void *log_many(void *context) {
    const unsigned char *who = context;
    unsigned char trace_id[DK__LOG_TRACE_BYTES], span_id[DK__LOG_SPAN_BYTES];
    memset(trace_id, *who, sizeof trace_id);
    memset(span_id, *who, sizeof span_id);
    for (int i = 0; i < LINES; i++) {
        char message[16];
        (void)snprintf(message, sizeof message, "kind %d", i % 3 == 0 ? i % KINDS : i % 4);
        dk__log_context_trace(trace_id, span_id);
        dk_log(DK_LOG_WARN, "stress", message, "who=%02x", (unsigned)*who);
        dk__log_context_clear();
    }
    return NULL;
}

static void *flush_all(void *context) {
    while (!atomic_load(&is_over)) {
        (void)dk__log_flush();
        dk__log_flush_all();
        (void)poll(NULL, 0, FLUSH_EVERY_MS);
    }
    return context;
}

static void on_held(void *context) {
    (void)context;
    atomic_fetch_add(&told_calls, 1);
}

/* A line of a thread has the trace of that thread. */
static void check_trace(const char *text) {
    const char *who = strstr(text, " who="), *trace = strstr(text, " trace_id=");
    if (who == NULL || trace == NULL || strncmp(who + 5, trace + 10, 2) != 0) {
        die(text);
    }
}

static void *read_all(void *context) {
    char text[4200];
    FILE *lines = fdopen(reading_end, "r");
    while (fgets(text, sizeof text, lines) != NULL) {
        const char *told = strstr(text, "msg=\"more of these were not written\" lines=");
        if (told != NULL) {
            counted += strtoull(
                strchr(told, '"') + strlen("more of these were not written\" lines=") + 1,
                NULL,
                10);
        } else {
            written++;
            check_trace(text);
        }
    }
    (void)fclose(lines);
    return context;
}

int main(void) {
    pthread_t threads[THREADS], flusher, reader;
    unsigned char whos[THREADS] = {0x11, 0x22, 0x33, 0x44};
    int ends[2];
    output = fdopen(dup(STDERR_FILENO), "w");
    if (output == NULL || pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) {
        return EXIT_FAILURE;
    }
    (void)close(ends[1]);
    reading_end = ends[0];
    dk_log_setup(DK_LOG_INFO, DK_LOG_TEXT, "stress");
    dk__log_hold_after(HELD_AFTER);
    dk__log_on_held(on_held, NULL);
    (void)pthread_create(&reader, NULL, read_all, NULL);
    (void)pthread_create(&flusher, NULL, flush_all, NULL);
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, log_many, &whos[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    atomic_store(&is_over, true);
    (void)pthread_join(flusher, NULL);
    dk__log_on_held(NULL, NULL);
    dk__log_flush_all();
    (void)close(STDERR_FILENO);
    (void)pthread_join(reader, NULL);
    if (written + counted != (uint64_t)THREADS * LINES || counted == 0 || written == 0 ||
        atomic_load(&told_calls) == 0) {
        (void)fprintf(
            output,
            "%llu written, %llu told\n",
            (unsigned long long)written,
            (unsigned long long)counted);
        return EXIT_FAILURE;
    }
    (void)printf(
        "%llu lines written, %llu told\n",
        (unsigned long long)written,
        (unsigned long long)counted);
    return EXIT_SUCCESS;
}
