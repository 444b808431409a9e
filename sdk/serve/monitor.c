/*
 * The four pages, on the loop's thread. Who asks /readyz while a check is under way waits for that
 * one's outcome: however many ask, the servers behind are asked once.
 */
#include "serve/monitor.h"

#include "core/log_lines.h"
#include "core/metric_text.h"
#include "core/process_metrics.h"
#include "serve/http.h"
#include "serve/words.h"

#include <assert.h>
#include <dk/log.h>
#include <dk/loop.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { OK = 200, UNAVAILABLE = 503 };

struct dk__monitor {
    struct dk__monitor_config config;
    struct dk__http *http;
    struct dk__http_request *waiting[DK__HTTP_CONNECTIONS_MAX]; /* for the check's outcome */
    size_t waiting_count;
    bool is_checking;
};

/* A page made in memory. */
struct page {
    char *text;
    size_t size;
    FILE *output; /* NULL: no memory */
};

static void page_begin(struct page *page) {
    *page = (struct page){.text = NULL};
    page->output = open_memstream(&page->text, &page->size);
}

static void page_answer(
    struct page *page, struct dk__http_request *request, unsigned status, const char *type) {
    if (page->output != NULL && fclose(page->output) != 0) {
        free(page->text);
        page->text = NULL;
    }
    dk__http_answer(request, status, type, page->text, page->size);
}

static void run_metrics(struct dk__http_request *request, void *context) {
    const enum dk__metrics_form form = dk__metrics_form_of(dk__http_header(request, "Accept"));
    struct page page;
    (void)context;
    page_begin(&page);
    if (page.output != NULL) {
        dk__metrics_write(form, page.output);
    }
    page_answer(&page, request, OK, dk__metrics_content_type(form));
}

static void run_health(struct dk__http_request *request, void *context) {
    (void)context;
    dk__http_answer_text(request, OK, "ok\n");
}

static void run_ready(struct dk__http_request *request, void *context) {
    struct dk__monitor *const monitor = context;
    /* One request a connection, and no more connections than there is room. */
    assert(monitor->waiting_count < DK__HTTP_CONNECTIONS_MAX);
    monitor->waiting[monitor->waiting_count] = request;
    monitor->waiting_count++;
    if (!monitor->is_checking) {
        monitor->is_checking = true;
        monitor->config.check(monitor->config.context, monitor);
    }
}

void dk__monitor_ready(struct dk__monitor *monitor, bool is_ready, const char *words) {
    monitor->is_checking = false;
    while (monitor->waiting_count > 0) {
        struct page page;
        monitor->waiting_count--;
        page_begin(&page);
        if (page.output != NULL) {
            (void)fprintf(page.output, "%s\n%s", is_ready ? "ready" : "not ready", words);
        }
        page_answer(
            &page,
            monitor->waiting[monitor->waiting_count],
            is_ready ? OK : UNAVAILABLE,
            DK__HTTP_PLAIN);
    }
}

static void write_up(int64_t up_s, FILE *output) {
    (void)fprintf(
        output,
        "%" PRId64 " d %02d:%02d:%02d",
        up_s / 86400,
        (int)(up_s / 3600 % 24),
        (int)(up_s / 60 % 60),
        (int)(up_s % 60));
}

static void run_status(struct dk__http_request *request, void *context) {
    const struct dk__monitor *const monitor = context;
    struct page page;
    page_begin(&page);
    if (page.output != NULL) {
        dk__words_version(monitor->config.program, page.output);
        (void)fprintf(
            page.output, ", commit %s\nprocess %d, up ", dk__build_commit(), (int)getpid());
        write_up((dk_clock_ms() - dk__process_start_ms()) / 1000, page.output);
        (void)fprintf(
            page.output,
            ", %" PRId64 " KiB resident, %" PRId64 " descriptors\n",
            dk__process_resident_bytes() / 1024,
            dk__process_open_fds());
        monitor->config.write_status(monitor->config.context, page.output);
        (void)fputs("\nlast warnings and errors\n", page.output);
        dk__log_lines_write(page.output);
    }
    page_answer(&page, request, OK, DK__HTTP_PLAIN);
}

static const struct dk__http_page pages[] = {
    {"/metrics", "metrics for Prometheus, as text or as OpenMetrics", run_metrics},
    {"/healthz", "200 as long as the program lives", run_health},
    {"/readyz", "200 when it can do its work, else 503 and why", run_ready},
    {"/statusz", "what it is and does, for people", run_status},
    {0},
};

enum dk_error dk__monitor_open(
    const struct dk__monitor_config *config,
    struct dk__monitor **ret_monitor,
    struct dk_fault *fault) {
    struct dk__monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "metrics-port: no memory");
    }
    const struct dk__http_config http = {
        .loop = config->loop,
        .address = config->address,
        .port = config->port,
        .pages = pages,
        .context = monitor};
    monitor->config = *config;
    if (dk__http_open(&http, &monitor->http, fault) != DK_OK) {
        free(monitor);
        return fault->error;
    }
    dk__process_metrics_begin(config->program);
    dk_log(
        DK_LOG_INFO,
        "serve",
        "metrics are ready",
        "address=%s port=%d",
        config->address,
        config->port);
    *ret_monitor = monitor;
    return DK_OK;
}

void dk__monitor_close(struct dk__monitor *monitor) {
    if (monitor != NULL) {
        monitor->waiting_count = 0; /* dk__http_close answers them */
        dk__http_close(monitor->http);
        free(monitor);
    }
}
