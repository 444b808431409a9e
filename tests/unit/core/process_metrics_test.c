#include "core/process_metrics.h"

#include "core/log_lines.h"
#include "core/metric.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t number_of(const char *family) {
    int64_t number = -1;
    for (const struct dk_metric *metric = dk__metrics_walk_begin(); metric != NULL;
         metric = metric->next) {
        if (strcmp(metric->name, family) == 0) {
            number = dk__series_number(metric->oldest);
        }
    }
    dk__metrics_walk_end();
    return number;
}

Test(process_metrics, the_kernel_is_asked_at_each_look) {
    dk__process_metrics_begin("a-program");
    const int64_t before = number_of("process_open_fds");

    const int descriptor = dup(0);

    cr_assert(ne(int, descriptor, -1));
    cr_assert(eq(i64, number_of("process_open_fds"), before + 1));
    (void)close(descriptor);
    cr_assert(eq(i64, number_of("process_open_fds"), before));
    cr_assert(eq(i64, number_of("process_max_fds"), sysconf(_SC_OPEN_MAX)));
}

Test(process_metrics, memory_and_time_are_those_of_this_process) {
    dk__process_metrics_begin("a-program");
    const int64_t resident = number_of("process_resident_memory_bytes");
    const size_t size = (size_t)32 << 20;

    char *memory = malloc(size);
    cr_assert(ne(ptr, memory, NULL));
    memset(memory, 1, size);

    cr_assert(gt(i64, number_of("process_resident_memory_bytes"), resident + (int64_t)size / 2));
    cr_assert(gt(i64, number_of("process_virtual_memory_bytes"), resident));
    free(memory);
    const int64_t start_ms = number_of("process_start_time_seconds");
    const int64_t now_ms = (int64_t)time(NULL) * 1000;
    cr_assert(ge(i64, now_ms - start_ms, -2000));
    cr_assert(le(i64, now_ms - start_ms, 60000), "this process is younger than a test may last");
}

Test(process_metrics, the_program_is_named) {
    dk__process_metrics_begin("a-program");

    const struct dk_series *build = dk__process_metrics[0].oldest;

    cr_assert(eq(str, (char *)build->values[2], "a-program"));
    cr_assert(eq(i64, number_of("dk_build_info"), 1));
}

Test(process_metrics, lines_count_by_level_and_the_last_troubles_are_kept) {
    char *text = NULL;
    size_t size = 0;
    dk_log_setup(DK_LOG_INFO, DK_LOG_TEXT, "a-program");

    dk_log(DK_LOG_DEBUG, "t", "not written", NULL);
    dk_log(DK_LOG_INFO, "t", "news", NULL);
    for (int i = 0; i < DK__LOG_LINES_KEPT + 2; i++) {
        dk_log(DK_LOG_WARN, "t", "trouble", "number=%d", i);
    }

    cr_assert(eq(i64, dk__log_lines_count(DK_LOG_DEBUG), 0));
    cr_assert(eq(i64, dk__log_lines_count(DK_LOG_INFO), 1));
    cr_assert(eq(i64, dk__log_lines_count(DK_LOG_WARN), DK__LOG_LINES_KEPT + 2));
    FILE *output = open_memstream(&text, &size);
    dk__log_lines_write(output);
    (void)fclose(output);
    cr_assert(eq(ptr, strstr(text, "number=1\n"), NULL), "the oldest made room");
    cr_assert(ne(ptr, strstr(text, "number=2\n"), NULL));
    cr_assert(ne(ptr, strstr(text, "number=9\n"), NULL));
    cr_assert(eq(ptr, strstr(text, "news"), NULL));
    free(text);
}
