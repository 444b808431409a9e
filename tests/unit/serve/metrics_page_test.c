/* What each program shows while it runs, against what it says that it would: docs/metrics.md is made
 * of the latter. */
#include "support/child.h"
#include "support/free_port.h"
#include "support/http_client.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NAME_BYTES_MAX = 128, LOOKS_MAX = 4000 };

static char folder[] = "/tmp/dk-page-XXXXXX";
static pid_t process;
static int port;

static void start(void) {
    child_folder_make(folder);
    port = free_port();
}

static void end(void) {
    int status = 0;
    (void)kill(process, SIGTERM);
    while (!child_has_ended(process, &status)) {
        child_pause_ms(5);
    }
    child_folder_remove(folder);
}

TestSuite(metrics_page, .init = start, .fini = end, .timeout = 60);

static bool is_listening(void) {
    struct http_client http;
    const bool is_there = http_client_try(&http, port);
    http_client_free(&http);
    return is_there;
}

/* Starts the program, as a component or as an application without a sidecar. */
static void run(const char *program, bool is_app) {
    char path[512], metrics[16], serving[16];
    (void)snprintf(path, sizeof path, "%s/%s", DK_PROGRAMS, program);
    (void)snprintf(metrics, sizeof metrics, "%d", port);
    (void)snprintf(serving, sizeof serving, "%d", free_port());
    const char *const words[] = {
        path,
        "--metrics-port",
        metrics,
        is_app ? "--app-port" : "--socket-dir",
        is_app ? serving : folder,
        NULL};
    process = child_start(folder, words);
    for (int i = 0; i < LOOKS_MAX && !is_listening(); i++) {
        child_pause_ms(5);
    }
}

/* What /metrics says, or what --describe metrics prints; free it. */
static char *exposed(void) {
    struct http_client http;
    http_client_begin(&http, port, "GET", "/metrics", "");
    cr_assert(http_client_wait(&http, NULL));
    cr_assert(eq(int, http_client_status(&http), 200), "%s", http.answer);
    char *const text = strdup(http_client_body(&http));
    http_client_free(&http);
    return text;
}

static char *described(const char *program) {
    char command[512];
    char *text = NULL;
    size_t size = 0;
    (void)snprintf(command, sizeof command, "%s/%s --describe metrics", DK_PROGRAMS, program);
    FILE *input = popen(command, "r");
    FILE *output = open_memstream(&text, &size);
    for (int letter = fgetc(input); letter != EOF; letter = fgetc(input)) {
        (void)fputc(letter, output);
    }
    (void)fclose(output);
    cr_assert(eq(int, pclose(input), 0));
    return text;
}

/* For each name between `before` and `after` of a text: `pattern` with it stands in the other.
 * Returns how many. */
static unsigned every(
    const char *text,
    const char *before,
    char after,
    const char *other,
    const char *head,
    const char *tail) {
    unsigned count = 0;
    for (text = strstr(text, before); text != NULL; text = strstr(text, before)) {
        char wanted[2 * NAME_BYTES_MAX];
        text += strlen(before);
        const size_t size = strcspn(text, (const char[]){after, '\0'});
        cr_assert(lt(sz, size, NAME_BYTES_MAX));
        (void)snprintf(wanted, sizeof wanted, "%s%.*s%s", head, (int)size, text, tail);
        cr_assert(ne(ptr, strstr(other, wanted), NULL), "'%s' is not in:\n%s", wanted, other);
        count++;
    }
    return count;
}

static void page_is_true(const char *program, bool is_app) {
    run(program, is_app);
    char *shown = exposed(), *said = described(program);

    const unsigned families = every(shown, "\n# TYPE ", ' ', said, "\n| `", "` | ");
    const unsigned rows = every(said, "\n| `", '`', shown, "\n# TYPE ", " ");

    cr_assert(eq(uint, families, rows));
    cr_assert(gt(uint, families, 15));
    free(shown);
    free(said);
}

Test(metrics_page, of_dk_memory_is_what_it_shows) {
    page_is_true("dk-memory", false);
}

Test(metrics_page, of_dk_redis_is_what_it_shows) {
    page_is_true("dk-redis", false);
}

Test(metrics_page, of_dk_kafka_is_what_it_shows) {
    page_is_true("dk-kafka", false);
}

Test(metrics_page, of_dk_document_is_what_it_shows) {
    page_is_true("dk-document", true);
}

Test(metrics_page, of_dk_compute_is_what_it_shows) {
    page_is_true("dk-compute", true);
}
